// `client.fetch`, which needs no window for anything but a step-up by popup.
import { createClient } from "@latchkey/web-client";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startServer, storeWith } from "./server.mjs";

const clients = [];
after(() => clients.forEach((client) => client.close()));

const HOUR = { obtained: Date.now(), expires: Date.now() + 3_600_000 };

async function begin(options = {}) {
  const server = await startServer();
  const storage = storeWith(server, HOUR);
  const settings = { issuer: server.issuer, clientId: "c1", redirectUri: "http://127.0.0.1/cb", storage, allowedOrigins: [server.issuer] };
  const client = await createClient({ ...settings, ...options });
  clients.push(client);
  return { server, client, storage };
}

test("issue 5: the token goes to allowed origins and nowhere else", async () => {
  const { server, client } = await begin();
  const other = await startServer();
  for (const at of [server, other]) at.answers["/api"] = ({ headers }) => [200, { authorization: headers.authorization ?? null }];
  const from = async (input, init) => (await (await client.fetch(input, init)).json()).authorization;
  assert.equal(await from(`${server.issuer}/api`), "Bearer access of r0");
  assert.equal(await from(new Request(`${server.issuer}/api`)), "Bearer access of r0");
  assert.equal(await from(new URL(`${server.issuer}/api`), { method: "POST", body: "x" }), "Bearer access of r0");
  assert.equal(await from(`${other.issuer}/api`), null);
  assert.equal(await from(`${other.issuer}/api`, { headers: { authorization: "Basic x" } }), "Basic x");
});

test("issue 5: a redirect to another origin takes no token along", async () => {
  const { server, client } = await begin();
  const other = await startServer();
  server.answers["/api"] = () => [307, "", { location: `${other.issuer}/api` }];
  other.answers["/api"] = ({ headers }) => [200, { authorization: headers.authorization ?? null }];
  assert.deepEqual(await (await client.fetch(`${server.issuer}/api`)).json(), { authorization: null });
});

test("issue 5: after 401 there is one refresh and one more try, with the same body", async () => {
  const { server, client } = await begin();
  const bodies = [];
  server.answers["/api"] = ({ headers, body }) => {
    bodies.push(body);
    return [headers.authorization === "Bearer access of r0+" ? 200 : 401, {}];
  };
  const response = await client.fetch(`${server.issuer}/api`, { method: "POST", body: "what is sent" });
  assert.equal(response.status, 200);
  assert.deepEqual([bodies, server.count("/token")], [["what is sent", "what is sent"], 1]);

  server.answers["/api"] = () => [401, {}];
  assert.equal((await client.fetch(`${server.issuer}/api`)).status, 401);
  assert.equal(server.count("/api"), 4);
  assert.equal(server.count("/token"), 2);
});

test("MCL-06: what a call needs is asked for together with what is held", async () => {
  const { server, client } = await begin({ stepUp: "manual" });
  server.answers["/api"] = () => [403, {}, { "www-authenticate": 'Bearer error="insufficient_scope", scope="b c"' }];
  await assert.rejects(client.fetch(`${server.issuer}/api`), { code: "insufficient_scope", scope: "a b c" });
  server.answers["/api"] = () => [403, { error: "not yours" }];
  assert.equal((await client.fetch(`${server.issuer}/api`)).status, 403);
});

test("issue 5: where no window can be opened, the page is told which scopes to sign in with", async () => {
  const { server, client } = await begin();
  server.answers["/api"] = () => [403, {}, { "www-authenticate": 'Bearer error="insufficient_scope", scope="b"' }];
  await assert.rejects(client.fetch(`${server.issuer}/api`), { code: "insufficient_scope", scope: "a b" });
});

test("issue 5: without a session a call to an allowed origin says so, and one elsewhere goes out", async () => {
  const { server, client, storage } = await begin();
  server.answers["/api"] = () => [200, {}];
  storage.write("");
  await assert.rejects(client.fetch(`${server.issuer}/api`), { code: "signed_out" });
  const other = await startServer();
  other.answers["/api"] = () => [200, {}];
  assert.equal((await client.fetch(`${other.issuer}/api`)).status, 200);
});

for (const [member, options] of [
  ["issuer", { issuer: undefined }],
  ["issuer", { issuer: 7 }],
  ["issuer", { issuer: "http://id.example" }],
  ["resource", { resource: "https://api.example/#x" }],
  ["clientId", { clientId: 7 }],
  ["allowedOrigins", { allowedOrigins: "https://api.example" }],
  ["allowedOrigins", { allowedOrigins: ["*"] }],
  ["allowedOrigins", { allowedOrigins: ["http://api.example"] }],
  ["stepUp", { stepUp: "never" }],
  ["storage", { storage: "cookie" }],
  ["storage", { storage: {} }],
]) {
  test(`issue 5: the option ${member} as ${JSON.stringify(Object.values(options)[0])} is refused by its name`, async () => {
    await assert.rejects(begin(options), { name: "LatchkeyError", code: "invalid_options", member });
  });
}
