// What the platform itself allows, in Rust: a worker that does nothing, and one in front of bare objects.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { builtWorker, folderOf, ORIGIN, PLATFORM } from "../platform.mjs";

const FOLDER = folderOf(import.meta.url);
const BUILD = join(FOLDER, "build");
/** What objects are asked for, each by a path of its own, so that doing nothing looks at no path. */
const OPERATIONS = ["create", "read", "write"];

export async function limit() {
  const { modules, ...built } = builtWorker(BUILD);
  // It stands beside what it imports.
  const nothing = { type: "ESModule", path: join(BUILD, "nothing.js"), contents: readFileSync(join(FOLDER, "nothing.js"), "utf8") };
  return [
    { name: "limit", ...PLATFORM, ...built, modules: [nothing, ...modules] },
    {
      name: "objects",
      ...PLATFORM,
      ...built,
      modules,
      routes: OPERATIONS.map((operation) => `${new URL(ORIGIN).host}/${operation}/*`),
      durableObjects: { BARE: { className: "Bare", useSQLite: true } },
    },
  ];
}
