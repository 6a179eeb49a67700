// Deploys with the wrangler that package-lock.json pins; arguments are passed on. The playground's files are put together
// where wrangler.toml names them, and the secret that seals the private keys is set if there is none.
import { spawnSync } from "node:child_process";
import { setKeyringSecret } from "./lib/keyring-secret.mjs";
import { run } from "./lib/run.mjs";
import { runMain, say } from "./lib/say.mjs";
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
  const wrangler = (args, input = "") => {
    const options = { input, encoding: "utf8", env: { ...process.env, ...toolEnvironment() }, timeout: 120_000 };
    const { status, stdout } = spawnSync(process.execPath, [WRANGLER, ...args], options);
    return status === 0 ? stdout : null;
  };
  if (setKeyringSecret(wrangler, process.argv.slice(2))) say("The secret KEYRING_SECRET is set: the private keys are sealed under it.");
});
