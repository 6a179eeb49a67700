// The do-nothing worker in JavaScript. Latchkey has it as the service behind its gateway, too.
import { join } from "node:path";
import { folderOf, PLATFORM, scriptWorker } from "../platform.mjs";

export const NOTHING = { name: "nothing", ...PLATFORM, ...scriptWorker(join(folderOf(import.meta.url), "worker.js")) };

export async function nothing() {
  return [NOTHING];
}
