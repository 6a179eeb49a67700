// Builds the playground into build-playground/, from which the worker serves it.
import { pathToFileURL } from "node:url";
import { assemblePlayground, PLAYGROUND } from "./lib/playground.mjs";
import { runMain, say } from "./lib/say.mjs";
import { setUp } from "./setup.mjs";
import { buildWebClient } from "./web-client.mjs";

/** Builds the browser package, where it has changed, and puts the playground's files together; the set-up must be done. */
export async function buildPlayground() {
  await buildWebClient();
  assemblePlayground();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp();
    await buildPlayground();
    say(`The playground is in ${PLAYGROUND}`);
  });
}
