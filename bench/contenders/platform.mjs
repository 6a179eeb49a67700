// What is the same for every contender: the compatibility date and flags of the shipped wrangler.toml, and how a built
// Rust worker is read.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";

/** The folder of a module, from its `import.meta.url`. */
export const folderOf = (url) => dirname(fileURLToPath(url));

/** The repository's folder. */
export const ROOT = join(folderOf(import.meta.url), "..", "..");

/** The shipped wrangler.toml. */
export const SHIPPED = parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8"));

/** Where the contenders are, as they see it; never looked up. */
export const ORIGIN = "https://id.example";

/** What every worker has. */
export const PLATFORM = {
  compatibilityDate: SHIPPED.compatibility_date,
  compatibilityFlags: SHIPPED.compatibility_flags,
};

/** The modules of a worker that worker-build made in `folder`; its WebAssembly may be from another file. */
export function builtWorker(folder, wasm = join(folder, "index_bg.wasm")) {
  const module = (type, name, from) => ({ type, path: join(folder, name), contents: readFileSync(from) });
  const modules = [module("ESModule", "index.js", join(folder, "index.js")), module("CompiledWasm", "index_bg.wasm", wasm)];
  return { modulesRoot: folder, modules };
}

/** A worker of one JavaScript file. */
export function scriptWorker(path) {
  return { modules: [{ type: "ESModule", path, contents: readFileSync(path, "utf8") }] };
}
