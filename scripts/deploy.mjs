// Deploys with the wrangler that package-lock.json pins; arguments are passed on. The playground's files are put together
// where wrangler.toml names them.
import { run } from "./lib/run.mjs";
import { runMain } from "./lib/say.mjs";
import { toolEnvironment, WRANGLER } from "./lib/tools.mjs";
import { buildPlayground } from "./playground.mjs";
import { setUp } from "./setup.mjs";

runMain(async () => {
  await setUp();
  // It needs a package that the set-up has only just installed in a clean checkout.
  const { readShipped } = await import("./lib/development.mjs");
  if (readShipped().shipped.assets?.binding === "PLAYGROUND") await buildPlayground();
  await run(process.execPath, [WRANGLER, "deploy", ...process.argv.slice(2)], {
    env: toolEnvironment(),
    group: false,
  });
});
