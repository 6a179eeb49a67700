// Builds the worker into build/, where wrangler.toml's `main` points.
//
// wrangler runs this as its build command, so from a clean checkout it does the set-up too. When
// neither the compiled WebAssembly nor a tool has changed, the slow half (wasm-opt) is skipped.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { run } from "./lib/run.mjs";
import { duration, runMain, say } from "./lib/say.mjs";
import { ROOT, TOOLS, toolEnvironment, WASM_TARGET } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

const BUILD = join(ROOT, "build");
const STAMP = join(BUILD, ".inputs");
const OUTPUTS = ["index.js", "index_bg.wasm"].map((name) => join(BUILD, name));

/** Builds what has changed; the set-up must be done. */
export async function build() {
  const started = Date.now();
  const env = toolEnvironment();
  const crate = join(ROOT, "worker");
  // The very command that worker-build gives cargo, so that its own finds everything done.
  await run("cargo", ["build", "--lib", "--release", "--target", WASM_TARGET], { env, cwd: crate });

  const inputs = hashOfInputs();
  if (OUTPUTS.every(existsSync) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === inputs) {
    say(`Build: nothing has changed (${duration(Date.now() - started)})`);
    return;
  }
  // Made beside and then put in place, so that two builds at once don't write into each other.
  const fresh = `build-${process.pid}`;
  try {
    await run(join(TOOLS, "bin", "worker-build"), ["--release", "--out-dir", `../${fresh}`], { env, cwd: crate });
    writeFileSync(join(ROOT, fresh, ".inputs"), inputs);
    rmSync(BUILD, { recursive: true, force: true });
    renameSync(join(ROOT, fresh), BUILD);
  } finally {
    rmSync(join(ROOT, fresh), { recursive: true, force: true });
  }
  const wasm = join(BUILD, "index_bg.wasm");
  const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
  say(`Build: ${kib(statSync(wasm).size)} of WebAssembly, ${kib(gzipSync(readFileSync(wasm)).length)} compressed (${duration(Date.now() - started)})`);
}

function hashOfInputs() {
  const target = resolve(ROOT, "worker", process.env.CARGO_TARGET_DIR ?? "../target");
  const hash = createHash("sha256");
  for (const path of [
    join(target, WASM_TARGET, "release", "latchkey_worker.wasm"),
    join(TOOLS, ".crates2.json"),
    join(ROOT, "package-lock.json"),
    join(ROOT, "worker", "Cargo.toml"),
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
