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

/** The modules of a worker that worker-build made in `folder`. */
export function builtWorker(folder) {
  const module = (type, name) => ({ type, path: join(folder, name), contents: readFileSync(join(folder, name)) });
  return { modulesRoot: folder, modules: [module("ESModule", "index.js"), module("CompiledWasm", "index_bg.wasm")] };
}

/** A worker of one JavaScript file. */
export function scriptWorker(path) {
  return { modules: [{ type: "ESModule", path, contents: readFileSync(path, "utf8") }] };
}
