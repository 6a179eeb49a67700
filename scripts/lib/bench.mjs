// Set-up, build, then bench/ with these flags.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, buildWorker } from "../build.mjs";
import { setUp } from "../setup.mjs";
import { run } from "./run.mjs";
import { Failure } from "./say.mjs";
import { ROOT, toolEnvironment } from "./tools.mjs";

const LIMIT = join(ROOT, "bench", "contenders", "limit");

export async function bench(flags) {
  const asBuilt = flags.includes("--as-built");
  const others = flags.filter((flag) => flag !== "--as-built");
  await setUp();
  if (others.includes("--help")) return measure("--help");
  // What is wrong with a flag shows before the long build.
  await measure("--check", ...others);
  if (!asBuilt) await build();
  else if (!existsSync(join(ROOT, "build", "index.js"))) throw new Failure("build/ has no worker: leave --as-built out");
  await buildWorker(LIMIT, "latchkey_bench_limit", join(LIMIT, "build"));
  await measure(...others);

  function measure(...args) {
    return run("cargo", ["run", "--quiet", "--profile", "load", "-p", "latchkey-bench", "--", ...args], {
      env: { ...toolEnvironment(), LATCHKEY_BENCH_BUILD: asBuilt ? "build/ as it was" : profile() },
      label: "The bench",
    });
  }
}

/** The release profile, and what of it the environment changes. */
function profile() {
  const changed = Object.entries(process.env).filter(([name]) => name.startsWith("CARGO_PROFILE_RELEASE_"));
  return ["release", ...changed.map(([name, value]) => `${name}=${value}`)].join(" ");
}
