// Makes what worker-build wrote into a function that can be called again, and puts worker/js/instances.js in front of it, which
// lets an instance of the WebAssembly that has panicked end what it has while a fresh one takes over.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./tools.mjs";

/** The files that decide what comes of it. */
export const INSTANCES = [join(ROOT, "worker", "js", "instances.js"), fileURLToPath(import.meta.url)];

const EXTERNAL = ["cloudflare:workers", "./index_bg.wasm"];
const PARAMETERS = "require, module, exports, WebAssembly, addEventListener, Proxy";

/** Changes `index.js` of the worker that worker-build made in `folder`. */
export async function withInstances(folder) {
  // What npm installs is there only once the set-up has run, and this file is read before.
  const { build } = await import("esbuild");
  const scratch = mkdtempSync(join(folder, ".instances-"));
  try {
    const entry = join(folder, "index.js");
    const made = await build({
      entryPoints: [entry],
      bundle: true,
      format: "cjs",
      platform: "neutral",
      external: EXTERNAL,
      write: false,
      logLevel: "error",
    });
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      external: EXTERNAL,
      write: false,
      metafile: true,
      logLevel: "error",
    });
    const [{ exports }] = Object.values(metafile.outputs);
    const classes = exports.filter((name) => name !== "default");
    writeFileSync(join(scratch, "glue.js"), `export function glue(${PARAMETERS}) {\n${made.outputFiles[0].text}\n}\n`);
    writeFileSync(join(scratch, "instances.js"), readFileSync(INSTANCES[0]));
    const lines = classes.map((name) => `export const ${name} = object(${JSON.stringify(name)});`);
    const main = ['import { Entrypoint, object } from "./instances.js";', "export default Entrypoint;", ...lines];
    writeFileSync(join(scratch, "main.js"), main.join("\n"));
    const outfile = join(scratch, "index.js");
    await build({
      entryPoints: [join(scratch, "main.js")],
      bundle: true,
      format: "esm",
      external: EXTERNAL,
      minify: true,
      outfile,
      logLevel: "error",
    });
    renameSync(outfile, entry);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
