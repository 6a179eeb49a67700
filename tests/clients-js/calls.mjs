// An MCP client of the TypeScript SDK as it comes, 1.x or 2.x, with the SDK's own OAuth, at the MCP
// server of the examples; person.mjs says how the test runs it.
//
//   node calls.mjs <1|2> <url of the server> <revision> <walk|expiry|token|own> [client_id]
import { answer, askPerson, expect, fail, Provider, say } from "./person.mjs";

const [sdk, serverUrl, revision, what, clientId] = process.argv.slice(2);
const { Client, ClientCredentialsProvider, StreamableHTTPClientTransport, UnauthorizedError } = await load();
const provider = new Provider();

async function load() {
  if (sdk === "2") return import("@modelcontextprotocol/client");
  const modules = ["index", "streamableHttp", "auth", "auth-extensions"].map((name) => import(`@modelcontextprotocol/sdk/client/${name}.js`));
  return Object.assign({}, ...await Promise.all(modules));
}

/** 1.x offers the newest revision it knows, 2.x what it is told. */
function clientOptions() {
  if (sdk === "1") return {};
  if (revision >= "2026") return { versionNegotiation: { mode: { pin: revision } } };
  return { supportedProtocolVersions: [revision] };
}

/** Connects; a client that isn't authorized asks the person, and connects anew, as the SDK wants it. */
async function connect(options = { authProvider: provider }) {
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), options);
  const client = new Client({ name: "client-under-test", version: "1.0.0" }, clientOptions());
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !provider.authorizationUrl) throw error;
    await authorize(transport);
    return connect(options);
  }
  const negotiated = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion;
  return { client, transport, negotiated };
}

/** Lets the person allow, and gets tokens for what comes back. */
async function authorize(transport) {
  const callback = await askPerson(provider);
  provider.authorizationUrl = undefined;
  // 2.x checks `iss` itself.
  await transport.finishAuth(sdk === "1" ? callback.get("code") : callback);
}

/** Calls a tool and returns what it said; a client that may not asks the person, and calls again. */
async function call(connection, name, args = {}) {
  const once = () => connection.client.callTool({ name, arguments: args });
  const result = await once().catch(async (error) => {
    if (!(error instanceof UnauthorizedError)) throw error;
    await authorize(connection.transport);
    return once();
  });
  if (result.isError) fail(`${name}: ${JSON.stringify(result)}`);
  return JSON.parse(result.content[0].text);
}

async function toolsOf(connection) {
  const { tools } = await connection.client.listTools();
  return tools.map(({ name }) => name).sort();
}

/** Does what needs more scope. */
async function stepUp(connection, name, args) {
  if (sdk === "2") return [connection, await call(connection, name, args)];
  // 1.x refreshes at a 403, which can't widen anything (RFC 6749 section 6), and then gives up. Its
  // host forgets the refresh token, and the next connection asks the person.
  const refused = await call(connection, name, args).then(() => fail("a 403 was expected"), (error) => error);
  expect(refused.code, 403, "after a refresh");
  await connection.client.close();
  delete provider.saved.refresh_token;
  const next = await connect();
  return [next, await call(next, name, args)];
}

async function walk() {
  let connection = await connect();
  say("connected", {
    revision: connection.negotiated,
    tools: await toolsOf(connection),
    client_id: provider.client.client_id,
    scope: provider.saved.scope,
    has_refresh_token: provider.saved.refresh_token !== undefined,
  });
  const note = await call(connection, "add_note", { text: "bread" });
  say("called", { note, notes: await call(connection, "list_notes"), whoami: await call(connection, "whoami") });

  let deleted;
  [connection, deleted] = await stepUp(connection, "delete_note", { id: note.id });
  say("stepped up", { deleted, scope: provider.saved.scope });

  say("revoke me");
  await answer();
  const notes = await call(connection, "list_notes");
  say("recovered", { notes, registrations: provider.registrations });
  await connection.client.close();
}

async function expiry() {
  const connection = await connect();
  const { access_token, refresh_token } = provider.saved;
  say("connected", { revision: connection.negotiated });
  await untilExpired(access_token);
  const notes = await call(connection, "list_notes");
  say("refreshed", {
    notes,
    other_access_token: provider.saved.access_token !== access_token,
    other_refresh_token: provider.saved.refresh_token !== refresh_token,
  });
  await connection.client.close();
}

/** Waits until the gateway refuses a token. */
async function untilExpired(token) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const reply = await fetch(serverUrl, { headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" } });
    await reply.body?.cancel();
    if (reply.status === 401) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  fail("the token doesn't expire");
}

/** A personal access token in a header that the host sets, and no OAuth at all. */
async function token() {
  const headers = { authorization: `Bearer ${process.env.LATCHKEY_TEST_TOKEN}` };
  const connection = await connect({ requestInit: { headers } });
  say("connected", { revision: connection.negotiated, tools: await toolsOf(connection) });
  const note = await call(connection, "add_note", { text: "milk" });
  say("called", { note, whoami: await call(connection, "whoami") });
  await connection.client.close();
}

/** A client that acts for itself, with the SDK's own provider for that, and asks for more when it is told to. */
async function own() {
  const clientSecret = process.env.LATCHKEY_TEST_TOKEN;
  const authProvider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: new URL(serverUrl).origin });
  const connection = await connect({ authProvider });
  const { refresh_token, scope } = await authProvider.tokens();
  const has_refresh_token = refresh_token !== undefined;
  say("connected", { revision: connection.negotiated, tools: await toolsOf(connection), scope, has_refresh_token });
  const note = await call(connection, "add_note", { text: "eggs" });
  const whoami = await call(connection, "whoami");
  say("called", { note, whoami, deleted: await call(connection, "delete_note", { id: note.id }) });
  await connection.client.close();
}

await { walk, expiry, token, own }[what]();
process.exit(0);
