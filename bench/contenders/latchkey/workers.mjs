// Latchkey as it is deployed: the worker of build/, with the bindings of the shipped wrangler.toml and without its limits
// per network, since all requests come from one.
import { join } from "node:path";
import { BESIDE, beside } from "../beside/workers.mjs";
import { NOTHING } from "../nothing/workers.mjs";
import { builtWorker, ORIGIN, PLATFORM, ROOT, SHIPPED } from "../platform.mjs";

const SCOPES = [{ name: "mcp", title: "Use your tools", default: true }];

// The peer's answers come from KV, which may be a minute old; `remembered` gives the same assurance, `asked` a better one:
// the person's account is asked at each call.
const resource = (path, revocation_bound) => ({
  path,
  upstream: { service: "NOTHING", path: "/" },
  scopes: ["mcp"],
  revocation_bound,
});
// The third is no resource of the gateway's: its API checks tokens by itself.
const RESOURCES = [
  resource("/remembered", 60),
  resource("/asked", 0),
  { uri: `${ORIGIN}${BESIDE}`, scopes: ["mcp"] },
];

/** What a run wants different. */
const SETTINGS = JSON.parse(process.env.LATCHKEY_BENCH_SETTINGS ?? "{}");

/** By which the operator is known; without one nobody is. */
const { LATCHKEY_BENCH_ADMIN_TOKEN: ADMIN_TOKEN } = process.env;

/** Whether it counts what each request does: only where somebody reads its log. */
const IS_COUNTED = process.env.LATCHKEY_BENCH_LOG !== undefined;

export async function latchkey({ isInspected = false } = {}) {
  const sqlite = new Set(SHIPPED.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []));
  const objects = SHIPPED.durable_objects.bindings.map(({ name, class_name }) => [
    name,
    { className: class_name, useSQLite: sqlite.has(class_name) },
  ]);
  return [
    {
      name: SHIPPED.name,
      ...PLATFORM,
      // Whoever looks inside wants to see the functions' names, which the shipped file leaves out.
      ...builtWorker(join(ROOT, "build"), isInspected ? join(ROOT, "target", "named", "latchkey_worker.wasm") : undefined),
      kvNamespaces: SHIPPED.kv_namespaces.map(({ binding }) => binding),
      durableObjects: Object.fromEntries(objects),
      serviceBindings: { NOTHING: NOTHING.name },
      bindings: {
        ISSUER: ORIGIN,
        ...(ADMIN_TOKEN && { ADMIN_TOKEN }),
        LATCHKEY: { scopes: SCOPES, resources: RESOURCES, playground: false, log: { trace: IS_COUNTED }, ...SETTINGS },
      },
    },
    NOTHING,
    await beside(SHIPPED.name),
  ];
}
