// What the platform itself allows, in Rust: a worker that does nothing, and a bare object.
import { join } from "node:path";
import { builtWorker, folderOf, PLATFORM } from "../platform.mjs";

export async function limit() {
  return [
    {
      name: "limit",
      ...PLATFORM,
      ...builtWorker(join(folderOf(import.meta.url), "build")),
      durableObjects: { BARE: { className: "Bare", useSQLite: true } },
    },
  ];
}
