// The operations of a refresh and of a call through a gateway, bare.
import { join } from "node:path";
import { NOTHING } from "../nothing/workers.mjs";
import { folderOf, PLATFORM, scriptWorker } from "../platform.mjs";

export async function bare() {
  return [
    {
      name: "bare",
      ...PLATFORM,
      ...scriptWorker(join(folderOf(import.meta.url), "worker.js")),
      durableObjects: { ACCOUNT: { className: "Account", useSQLite: true } },
      serviceBindings: { NOTHING: NOTHING.name },
    },
    NOTHING,
  ];
}
