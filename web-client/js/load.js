// Loads the WebAssembly: once, from where it is told or from beside this module, and again after a failure.
import * as glue from "latchkey:glue";
import { defaultSource } from "latchkey:source";
import { LatchkeyError } from "./error.js";

/** What to do when the file isn't where it should be. */
const PLACE =
  "It belongs beside the module, of the same version and unchanged; a bundler must copy it there " +
  '(Vite 7 and older: optimizeDeps.exclude: ["@latchkey/web-client"]). load(url) takes it from elsewhere.';

let loading;

/** See index.d.ts. */
export async function load(source) {
  await (loading ??= begin(source));
}

/** What wasm-bindgen made of web-client/src, once the WebAssembly is there. */
export function ready() {
  return (loading ??= begin());
}

/** The compiled WebAssembly, for `load` in a worker that is to fetch nothing itself. */
export async function compiled() {
  await ready();
  return glue.compiled();
}

async function begin(source) {
  try {
    const { instance, module } = await instantiate(await fetched(source));
    glue.finish(instance, module);
    return glue;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

async function fetched(source) {
  const isAddress = typeof source === "string" || source instanceof URL || source instanceof Request;
  let given;
  try {
    given = await (source === undefined ? defaultSource() : isAddress ? fetch(source) : source);
  } catch (cause) {
    throw unavailable(`latchkey.wasm can't be read (${cause.message}). A page's policy must allow it in connect-src. ${PLACE}`, cause);
  }
  if (given instanceof Response && !given.ok) {
    throw unavailable(`${given.url} answered ${given.status} where latchkey.wasm was expected. ${PLACE}`);
  }
  return given;
}

async function instantiate(given) {
  let bytes = given;
  if (given instanceof Response) {
    const type = given.headers.get("content-type") ?? "";
    // Only with this type may it be compiled while it arrives.
    if (/^application\/wasm\s*$/i.test(type)) return compile(WebAssembly.instantiateStreaming, given);
    bytes = await given.arrayBuffer().catch((cause) => {
      throw unavailable(`latchkey.wasm broke off (${cause.message})`, cause);
    });
    // What many servers answer for every path they don't have.
    if (new DataView(bytes).byteLength < 8 || new DataView(bytes).getUint32(0) !== 0x0061736d) {
      throw unavailable(`${given.url} answered ${type || "something"} where latchkey.wasm was expected. ${PLACE}`);
    }
  }
  if (!(bytes instanceof WebAssembly.Module)) return compile(WebAssembly.instantiate, bytes);
  return { module: bytes, instance: await compile(WebAssembly.instantiate, bytes) };
}

async function compile(how, what) {
  try {
    return await how.call(WebAssembly, what, glue.imports());
  } catch (cause) {
    throw unavailable(
      `The WebAssembly can't be compiled (${cause.message}). A page with a Content-Security-Policy must allow ` +
        "'wasm-unsafe-eval' in script-src; 'unsafe-eval' isn't needed",
      cause,
    );
  }
}

function unavailable(message, cause) {
  return new LatchkeyError("wasm_unavailable", message, { cause });
}
