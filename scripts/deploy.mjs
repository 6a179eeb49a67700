// Deploys with the wrangler that package-lock.json pins; arguments are passed on.
import { run } from "./lib/run.mjs";
import { runMain } from "./lib/say.mjs";
import { toolEnvironment, WRANGLER } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

runMain(async () => {
  await setUp();
  await run(process.execPath, [WRANGLER, "deploy", ...process.argv.slice(2)], {
    env: toolEnvironment(),
    group: false,
  });
});
