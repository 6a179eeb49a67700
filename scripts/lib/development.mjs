// What `npm start` serves: the shipped wrangler.toml, and with it the playground and the two examples behind the gateway.
//
// wrangler.toml itself names no other worker, because a deployment of it would have to have one. A
// wrangler.toml with an upstream of its own is served without the examples.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parse } from "smol-toml";
import { PLAYGROUND, playgroundAssets } from "./playground.mjs";
import { Failure } from "./say.mjs";
import { ROOT } from "./tools.mjs";

const SHIPPED = join(ROOT, "wrangler.toml");
const WRITTEN = join(ROOT, ".wrangler", "development", "wrangler.json");
export const EXAMPLES = ["mcp-server", "rest-api"].map((name) => join(ROOT, "examples", name, "wrangler.toml"));

const SERVICES = [
  { binding: "MCP_SERVER", service: "latchkey-example-mcp-server" },
  { binding: "REST_API", service: "latchkey-example-rest-api" },
];
const SCOPES = [
  { name: "mcp", title: "Use the tools of this server for you", default: true },
  { name: "notes:read", title: "Read your notes" },
  { name: "notes:write", title: "Change your notes", detail: "Write and delete them.", implies: ["notes:read"] },
];
const RESOURCES = [
  {
    path: "/mcp",
    name: "The MCP server",
    kind: "mcp",
    upstream: { service: "MCP_SERVER" },
    scopes: ["mcp"],
    tools: { delete_note: ["notes:write"] },
  },
  {
    path: "/api",
    name: "The notes API",
    kind: "http",
    // The API has /notes where the world sees /api/notes.
    upstream: { service: "REST_API", path: "/" },
    scopes: ["notes:read"],
    methods: { POST: ["notes:write"], DELETE: ["notes:write"] },
  },
];

/**
 * The configurations for one `wrangler dev`, ours first; our worker's name; whether the examples are among them, and
 * whether the playground is served. `consentAs` is the address of the test user who allows every client, or undefined for none.
 */
export function developmentConfigurations(consentAs) {
  const { name, main, shipped, served } = readShipped();
  const hasExamples = served !== null;
  const ours = hasExamples ? served : withoutBuild(shipped);
  mkdirSync(dirname(WRITTEN), { recursive: true });
  const fromThere = (path) => relative(dirname(WRITTEN), path);
  const assets = assetsOf(shipped, fromThere);
  const written = { ...withTestUser(ours, consentAs), main: fromThere(main), assets };
  writeFileSync(WRITTEN, `${JSON.stringify(written, null, 2)}\n`);
  const hasPlayground = assets.binding === "PLAYGROUND" && shipped.vars?.LATCHKEY?.playground !== false;
  return { configurations: hasExamples ? [WRITTEN, ...EXAMPLES] : [WRITTEN], name, hasExamples, hasPlayground };
}

/**
 * Our worker's name and main module, its configuration as shipped, and the same with the examples, or null when it has
 * an upstream of its own.
 */
export function readShipped() {
  let shipped;
  try {
    // Not with wrangler's own reader: importing wrangler makes a signal end this program at once.
    shipped = parse(readFileSync(SHIPPED, "utf8"));
  } catch (error) {
    throw new Failure(`wrangler.toml can't be read: ${error.message}`);
  }
  return { name: shipped.name, main: join(ROOT, shipped.main), shipped, served: withExamples(shipped) };
}

/** The playground's files, or the assets that wrangler.toml has: a worker has one such folder. */
function assetsOf({ assets }, fromThere) {
  if (assets?.directory === undefined) return playgroundAssets(fromThere(PLAYGROUND));
  return { ...assets, directory: fromThere(join(ROOT, assets.directory)) };
}

/** The build has run already. */
function withoutBuild({ build, ...rest }) {
  return rest;
}

function withTestUser(configuration, consentAs) {
  if (consentAs === undefined) return configuration;
  const settings = configuration.vars?.LATCHKEY ?? {};
  const development = { ...settings.development, consent_as: consentAs };
  return { ...configuration, vars: { ...configuration.vars, LATCHKEY: { ...settings, development } } };
}

function withExamples(shipped) {
  const settings = shipped.vars?.LATCHKEY ?? {};
  const resources = settings.resources ?? [];
  const scopes = settings.scopes ?? [];
  // What is wrong in a way of its own goes to the server as it is: it names the key.
  if (!Array.isArray(resources) || !Array.isArray(scopes) || resources.some((resource) => resource?.upstream)) return null;

  return {
    ...withoutBuild(shipped),
    services: withMissing(shipped.services ?? [], SERVICES, "binding"),
    vars: {
      ...shipped.vars,
      LATCHKEY: {
        ...settings,
        scopes: withMissing(scopes, SCOPES, "name"),
        resources: withMissing(
          resources.map((resource) => ({ ...RESOURCES.find(({ path }) => path === resource?.path), ...resource })),
          RESOURCES,
          "path",
        ),
      },
    },
  };
}

/** The entries there are, and those of `wanted` whose `key` none of them has. */
function withMissing(entries, wanted, key) {
  return [...entries, ...wanted.filter((entry) => !entries.some((other) => other?.[key] === entry[key]))];
}
