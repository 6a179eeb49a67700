// Builds the worker into build/, where wrangler.toml's `main` points.
//
// wrangler runs this as its build command, so from a clean checkout it does the set-up too. When
// neither the compiled WebAssembly nor a tool has changed, the slow half (wasm-opt) is skipped.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { INSTANCES, withInstances } from "./lib/instances.mjs";
import { run } from "./lib/run.mjs";
import { shippedRustflags } from "./lib/rustflags.mjs";
import { SIMILAR_FUNCTIONS, nameBySimilarity } from "./lib/similar-functions.mjs";
import { duration, runMain, say } from "./lib/say.mjs";
import { ROOT, TOOLS, toolEnvironment, WASM_TARGET } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

const BUILD = join(ROOT, "build");
const OUTPUTS = ["index.js", "index_bg.wasm"];

/** Takes the names and what else only tools read out of the WebAssembly. */
const STRIP = ["--strip-debug", "--strip-producers", "--strip-target-features"];
/** What worker-build lets wasm-opt write, and no more: workerd has to read it. */
const FEATURES = [
  "mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types", "exception-handling",
];

/** Where the WebAssembly of the crate `name` is with its functions' names. */
export const named = (name) => join(ROOT, "target", "named", `${name}.wasm`);

/** Builds what has changed; the set-up must be done. */
export async function build() {
  const started = Date.now();
  const hasChanged = await buildWorker(join(ROOT, "worker"), "latchkey_worker", BUILD, { survivesPanics: true });
  if (!hasChanged) {
    say(`Build: nothing has changed (${duration(Date.now() - started)})`);
    return;
  }
  const wasm = join(BUILD, "index_bg.wasm");
  const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
  say(`Build: ${kib(statSync(wasm).size)} of WebAssembly, ${kib(gzipSync(readFileSync(wasm)).length)} compressed (${duration(Date.now() - started)})`);
}

/**
 * Builds the worker of the crate `name` in `crate` into `folder`; returns whether there was anything to do. One that survives
 * panics has a fresh instance take over.
 */
export async function buildWorker(crate, name, folder, { survivesPanics = false } = {}) {
  const env = { ...toolEnvironment(), ...(await shippedRustflags()) };
  // The very command that worker-build gives cargo, so that its own finds everything done.
  await run("cargo", ["build", "--lib", "--release", "--target", WASM_TARGET], { env, cwd: crate });

  const inputs = hashOfInputs(crate, name);
  const stamp = join(folder, ".inputs");
  const isThere = OUTPUTS.every((output) => existsSync(join(folder, output)));
  if (isThere && existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return false;
  // Made beside and then put in place, so that two builds at once don't write into each other.
  const fresh = `${folder}-${process.pid}`;
  try {
    const args = ["--release", "--out-dir", relative(crate, fresh)];
    await run(join(TOOLS, "bin", "worker-build"), args, { env, cwd: crate });
    if (survivesPanics) await withInstances(fresh);
    // worker-build leaves every function's name in what is shipped, a tenth of it; whoever profiles finds them here.
    const wasm = join(fresh, "index_bg.wasm");
    mkdirSync(dirname(named(name)), { recursive: true });
    copyFileSync(wasm, named(name));
    nameBySimilarity(wasm);
    const features = FEATURES.map((feature) => `--enable-${feature}`);
    await run(env.WASM_OPT_BIN, [wasm, "--reorder-functions-by-name", ...STRIP, ...features, "--output", wasm], { env });
    writeFileSync(join(fresh, ".inputs"), inputs);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return true;
}

function hashOfInputs(crate, name) {
  const target = resolve(ROOT, "worker", process.env.CARGO_TARGET_DIR ?? "../target");
  const hash = createHash("sha256");
  for (const path of [
    join(target, WASM_TARGET, "release", `${name}.wasm`),
    join(TOOLS, ".crates2.json"),
    join(ROOT, "package-lock.json"),
    join(crate, "Cargo.toml"),
    ...INSTANCES,
    SIMILAR_FUNCTIONS,
    fileURLToPath(import.meta.url),
  ]) {
    hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp();
    await build();
  });
}
