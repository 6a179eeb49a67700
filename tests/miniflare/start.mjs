// Serves one worker in a Miniflare of its own, without wrangler: up in a second, and nothing between a request and workerd.
//
//   node tests/miniflare/start.mjs CONFIGURATION PORT STORAGE [faults]
//
// CONFIGURATION is the worker's wrangler.toml. With `faults` the worker is wrapped by faults.mjs, so that a case can let the
// platform fail. The limits by network are left out, since all requests come from one. Whoever starts this ends its process group.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare } from "miniflare";
import { parse } from "smol-toml";

const [configuration, port, storage, faults] = process.argv.slice(2);
if (storage === undefined || (faults !== undefined && faults !== "faults")) {
  console.error("Use: start.mjs CONFIGURATION PORT STORAGE [faults]");
  process.exit(2);
}

const shipped = parse(readFileSync(configuration, "utf8"));
const main = resolve(dirname(configuration), shipped.main);
const folder = dirname(main);

const module = (type, name, from = folder) => ({ type, path: join(folder, name), contents: readFileSync(join(from, name)) });
const built = [module("ESModule", "index.js"), module("CompiledWasm", "index_bg.wasm")];
const wrapper = () => module("ESModule", "faults.mjs", dirname(fileURLToPath(import.meta.url)));

const sqlite = new Set(shipped.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []));
const objects = (shipped.durable_objects?.bindings ?? []).map(({ name, class_name }) => [
  name,
  { className: class_name, useSQLite: sqlite.has(class_name) },
]);

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: Number(port),
  // The network would be asked which data centre is near.
  cf: false,
  logRequests: false,
  log: new Log(LogLevel.ERROR),
  defaultPersistRoot: storage,
  workers: [
    {
      name: shipped.name,
      compatibilityDate: shipped.compatibility_date,
      compatibilityFlags: shipped.compatibility_flags,
      modulesRoot: folder,
      modules: faults ? [wrapper(), ...built] : built,
      kvNamespaces: (shipped.kv_namespaces ?? []).map(({ binding }) => binding),
      durableObjects: Object.fromEntries(objects),
      bindings: { ...shipped.vars, ...secrets() },
      // By which faults.mjs is a client that hangs up: one of the HTTP port's isn't noticed as long as nothing is sent to it.
      serviceBindings: faults ? { SELF: shipped.name } : {},
    },
  ],
});
await miniflare.ready;

/** What stands beside the configuration, as wrangler reads it. */
function secrets() {
  try {
    const lines = readFileSync(join(dirname(configuration), ".dev.vars"), "utf8").split("\n");
    return Object.fromEntries(lines.filter(Boolean).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}
