// Measures Latchkey side by side with its peers and with the platform's own limit: set-up, build, then bench/.
//
//   npm run bench                            everything, for about eight minutes
//   npm run bench -- --only refresh,cold     some of it; bench/README.md has all flags
//   npm run bench -- --as-built              what is in build/ now, instead of building it first
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, buildWorker } from "./build.mjs";
import { run } from "./lib/run.mjs";
import { Failure, runMain } from "./lib/say.mjs";
import { ROOT, toolEnvironment } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

const LIMIT = join(ROOT, "bench", "contenders", "limit");

runMain(async () => {
  const asBuilt = process.argv.includes("--as-built");
  const flags = process.argv.slice(2).filter((flag) => flag !== "--as-built");
  await setUp();
  if (flags.includes("--help")) return bench("--help");
  // What is wrong with a flag shows before the long build.
  await bench("--check", ...flags);
  if (!asBuilt) await build();
  else if (!existsSync(join(ROOT, "build", "index.js"))) throw new Failure("build/ has no worker: leave --as-built out");
  await buildWorker(LIMIT, "latchkey_bench_limit", join(LIMIT, "build"));
  await bench(...flags);

  function bench(...args) {
    return run("cargo", ["run", "--quiet", "--profile", "load", "-p", "latchkey-bench", "--", ...args], {
      env: { ...toolEnvironment(), LATCHKEY_BENCH_BUILD: asBuilt ? "build/ as it was" : profile() },
      label: "The bench",
    });
  }
});

/** The release profile, and what of it the environment changes. */
function profile() {
  const changed = Object.entries(process.env).filter(([name]) => name.startsWith("CARGO_PROFILE_RELEASE_"));
  return ["release", ...changed.map(([name, value]) => `${name}=${value}`)].join(" ");
}
