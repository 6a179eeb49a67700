// The secret under which a deployment's private keys are sealed: made once, by the first deployment that lacks it.
import { randomBytes } from "node:crypto";
import { Failure } from "./say.mjs";

export const KEYRING_SECRET = "KEYRING_SECRET";

/** What says which worker a command is about, by `wrangler deploy`'s names, which `wrangler secret` has too. */
const NAMES_THE_WORKER = new Set(["--config", "-c", "--env", "-e", "--name", "--cwd", "--env-file"]);

/** With these nothing is deployed. */
const ONLY_TELLS = new Set(["--dry-run", "--help", "-h", "--version", "-v"]);

export function workerArguments(args) {
  const named = [];
  for (let index = 0; index < args.length; index += 1) {
    const [name] = args[index].split("=", 1);
    if (!NAMES_THE_WORKER.has(name)) continue;
    named.push(args[index]);
    if (name === args[index] && index + 1 < args.length) named.push(args[(index += 1)]);
  }
  return named;
}

/**
 * Sets the secret, if the worker that was just deployed with `args` has none. `wrangler(args, input)` runs wrangler and returns
 * what it printed, or null when it failed. Says whether it was set.
 */
export function setKeyringSecret(wrangler, args) {
  if (args.some((arg) => ONLY_TELLS.has(arg))) return false;
  const worker = workerArguments(args);
  let secrets;
  try {
    secrets = JSON.parse(wrangler(["secret", "list", "--format", "json", ...worker]) ?? "");
  } catch {
    secrets = undefined;
  }
  // Setting it where there is one already would lock the keys that the old one sealed.
  if (!Array.isArray(secrets)) throw new Failure(`${missing()} Whether the worker has it couldn't be found out.`);
  if (secrets.some(({ name }) => name === KEYRING_SECRET)) return false;
  const set = wrangler(["secret", "put", KEYRING_SECRET, ...worker], `${randomBytes(32).toString("hex")}\n`);
  if (set === null) throw new Failure(missing());
  return true;
}

function missing() {
  return (
    `The worker is deployed, and the secret ${KEYRING_SECRET}, under which its private keys are sealed, was not set. ` +
    `Deploy again, or: openssl rand -hex 32 | npx wrangler secret put ${KEYRING_SECRET}.`
  );
}
