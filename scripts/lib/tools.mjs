// Which tools, at which versions, and where they are.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");

/** Where built tools are kept, so that every clone and every later run finds them. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "latchkey");
export const TOOLS = join(CACHE, "tools");
/** Chrome for Testing and its driver, where the system has no Chromium package (Ubuntu). */
export const BROWSERS = join(CACHE, "browsers");

/** The Python packages of examples/verify, which `npm test` runs. */
export const PYTHON = join(CACHE, "python");

export const WASM_TARGET = "wasm32-unknown-unknown";

// wasm-bindgen-cli must be the `wasm-bindgen` of Cargo.lock and worker-build the `worker`;
// check-tree.mjs compares them.
export const CARGO_TOOLS = {
  "worker-build": { version: "0.8.7", about: "2 minutes" },
  "wasm-bindgen-cli": { version: "0.2.129", about: "2 minutes" },
};
export const CARGO_TEST_TOOLS = {
  "cargo-deny": { version: "0.20.2", about: "3 minutes" },
  "cargo-fuzz": { version: "0.13.2", about: "1 minute" },
  // Its command is `twiggy`.
  twiggy: { version: "0.8.0", about: "1 minute" },
};

/** What only `npm run sbom` needs. */
export const CARGO_SBOM_TOOLS = {
  "cargo-cyclonedx": { version: "0.5.7", about: "2 minutes" },
};

const nodeBin = (name) => join(ROOT, "node_modules", ".bin", name);

/** wrangler's own start script: run it with this Node. */
export const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** What programs of ours get in their environment: local tools, and nobody phoned home. */
export function toolEnvironment() {
  return {
    PATH: `${join(TOOLS, "bin")}${delimiter}${process.env.PATH ?? ""}`,
    // worker-build downloads each of these unless it is told where they are.
    WASM_BINDGEN_BIN: join(TOOLS, "bin", "wasm-bindgen"),
    WASM_OPT_BIN: nodeBin("wasm-opt"),
    ESBUILD_BIN: nodeBin("esbuild"),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: join(ROOT, ".wrangler", "logs"),
    // Else wrangler dev asks the network which data centre is near, and warns when it can't.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
}

/** The tools of `wanted` that the tools' folder doesn't have at their version. */
export function missingCargoTools(wanted) {
  const record = join(TOOLS, ".crates2.json");
  const installed = existsSync(record) ? Object.keys(JSON.parse(readFileSync(record, "utf8")).installs) : [];
  return Object.entries(wanted).filter(
    ([name, { version }]) => !installed.some((entry) => entry.startsWith(`${name} ${version} `)),
  );
}
