// How the WebAssembly is loaded. Each case has the module afresh, as another page would.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const entry = import.meta.resolve("@latchkey/web-client");
const bytes = readFileSync(new URL("./latchkey.wasm", entry));
let number = 0;
const fresh = () => import(`${entry}?${++number}`);
const wasm = (type, body = bytes, status = 200) => new Response(body, { status, headers: { "content-type": type } });

const SOURCES = {
  "bytes": () => bytes,
  "a module": () => new WebAssembly.Module(bytes),
  "an answer": () => wasm("application/wasm"),
  "an answer to come": () => Promise.resolve(wasm("application/wasm")),
  "an answer with a wrong type": () => wasm("application/octet-stream"),
  "an answer without a type": () => new Response(bytes),
  "an address": () => `data:application/wasm;base64,${bytes.toString("base64")}`,
  "a URL": () => new URL(`data:application/wasm;base64,${bytes.toString("base64")}`),
  "a request": () => new Request(`data:application/wasm;base64,${bytes.toString("base64")}`),
};

for (const [name, source] of Object.entries(SOURCES)) {
  test(`issue 5: load takes ${name}`, async () => {
    const { load, createPkce } = await fresh();
    assert.equal(await load(source()), undefined);
    assert.equal((await createPkce()).codeVerifier.length, 43);
  });
}

const FAILURES = [
  ["an answer of 404", () => wasm("application/wasm", bytes, 404), /answered 404/],
  ["a page instead", () => wasm("text/html", "<!doctype html><title>My application</title>"), /answered text\/html where latchkey\.wasm was expected/],
  ["nothing at all", () => wasm("text/plain", ""), /answered text\/plain where/],
  ["an address that nobody has", () => "http://127.0.0.1:1/latchkey.wasm", /can't be read/],
  ["half of it", () => wasm("application/wasm", bytes.subarray(0, 1_000)), /can't be compiled .*'wasm-unsafe-eval'/],
];

for (const [name, source, words] of FAILURES) {
  test(`issue 5: with ${name} load fails with wasm_unavailable and says why, and may be tried again`, async () => {
    const { load, createPkce, LatchkeyError } = await fresh();
    await assert.rejects(load(source()), (error) => {
      assert(error instanceof LatchkeyError && error instanceof Error, String(error));
      assert.equal(error.name, "LatchkeyError");
      assert.equal(error.code, "wasm_unavailable");
      assert.match(error.message, words);
      return true;
    });
    assert.equal((await createPkce()).codeVerifier.length, 43);
  });
}

test("issue 5: however many ask at once, the WebAssembly is compiled once", async (t) => {
  const { load, createPkce, createState } = await fresh();
  const compile = t.mock.method(WebAssembly, "instantiate");
  const stream = t.mock.method(WebAssembly, "instantiateStreaming");
  await Promise.all([load(), createPkce(), createState(), load(), createPkce()]);
  await createState();
  assert.equal(compile.mock.callCount() + stream.mock.callCount(), 1);
});
