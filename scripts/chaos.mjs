// Kills the server with SIGKILL while it writes, again and again on the same storage, and checks after each kill that nothing
// acknowledged is lost and nothing is given twice: set-up, build, then tests/src/chaos/.
//
//   npm run chaos                            200 kills, for about ten minutes
//   npm run chaos -- --kills 20 --seed 7     fewer, and drawn as in the run that printed this seed
//   npm run chaos -- --as-built              what is in build/ now, instead of building it first
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { run } from "./lib/run.mjs";
import { Failure, runMain } from "./lib/say.mjs";
import { ROOT, toolEnvironment } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

runMain(async () => {
  const asBuilt = process.argv.includes("--as-built");
  const flags = process.argv.slice(2).filter((flag) => flag !== "--as-built");
  await setUp();
  if (!asBuilt) await build();
  else if (!existsSync(join(ROOT, "build", "index.js"))) throw new Failure("build/ has no worker: leave --as-built out");
  await run("cargo", ["run", "--quiet", "-p", "latchkey-tests", "--bin", "chaos", "--", ...flags], {
    env: toolEnvironment(),
    label: "The chaos run",
  });
});
