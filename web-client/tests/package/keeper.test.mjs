// How a session's tokens are kept and refreshed, by a client over a store of the test's own.
import { createClient } from "@latchkey/web-client";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { eventsOf, startServer, storeWith, tokens, until } from "./server.mjs";

const clients = [];
after(() => clients.forEach((client) => client.close()));

async function begin({ session, ...options } = {}) {
  const server = await startServer();
  const store = storeWith(server, session);
  const client = await another(server, store, options);
  return { server, store, client, events: eventsOf(client) };
}

async function another(server, storage, options = {}) {
  const client = await createClient({ issuer: server.issuer, clientId: "c1", redirectUri: "http://127.0.0.1/cb", storage, ...options });
  clients.push(client);
  return client;
}

const HOUR = { obtained: Date.now(), expires: Date.now() + 3_600_000 };
const NEARLY_OVER = { obtained: Date.now() - 3_590_000, expires: Date.now() + 20_000 };

test("needs #38: callers who come together share one refresh", async () => {
  const { server, client, events } = await begin();
  const got = await Promise.all(Array.from({ length: 20 }, () => client.getAccessToken()));
  assert.deepEqual(new Set(got), new Set(["access of r0+"]));
  assert.equal(server.count("/token"), 1);
  assert.deepEqual(events.map(({ type }) => type), ["refreshed"]);
  assert.equal(await client.getAccessToken(), "access of r0+");
  assert.equal(server.count("/token"), 1);
});

test("RFC 6749 section 6, RFC 8707: a refresh sends what it must and no more", async () => {
  const { server, client } = await begin({ session: { resource: "https://api.example/" } });
  await client.getAccessToken();
  assert.deepEqual(server.forms("/token"), [
    { grant_type: "refresh_token", client_id: "c1", refresh_token: "r0", resource: "https://api.example/" },
  ]);
});

test("RFC 6749 section 6: without a new refresh token and scope the old ones go on", async () => {
  const { server, store, client } = await begin();
  server.answers["/token"] = () => [200, { access_token: "new", token_type: "bearer", expires_in: 3600 }];
  assert.equal(await client.getAccessToken(), "new");
  assert.deepEqual([store.session().refreshToken, store.session().scope], ["r0", "a"]);
});

test("issue 5: a token that is still good is used while a refresh fails", async () => {
  const { server, client, events } = await begin({ session: NEARLY_OVER });
  server.answers["/token"] = () => [503, {}];
  assert.equal(await client.getAccessToken(), "access of r0");
  assert.equal(server.count("/token"), 1);
  // And the server is left alone for as long as it wants.
  assert.equal(await client.getAccessToken(), "access of r0");
  assert.equal(server.count("/token"), 1);
  assert.deepEqual(events.map(({ type, detail }) => [type, detail.code]), [["retrying", "temporarily_unavailable"]]);
});

for (const [name, answer, code] of [
  ["429", () => [429, { error: "invalid_grant" }, { "retry-after": "60" }], "temporarily_unavailable"],
  ["500 with HTML", () => [500, "<h1>Oh no</h1>"], "temporarily_unavailable"],
  ["invalid_client", () => [401, { error: "invalid_client" }], "invalid_client"],
  ["a page of a hotel's network", () => [200, "<h1>Please pay</h1>"], "malformed_response"],
  ["a token of another type", () => [200, tokens("r9", { token_type: "DPoP" })], "malformed_response"],
]) {
  test(`needs #39: ${name} keeps the session`, async () => {
    const { server, store, client, events } = await begin();
    server.answers["/token"] = answer;
    await assert.rejects(client.getAccessToken(), { name: "LatchkeyError", code });
    assert.equal(store.session().refreshToken, "r0");
    assert.ok(!events.some(({ type }) => type === "signedout"));
  });
}

test("needs #39: a Retry-After that is longer than a call should wait is told to the caller", async () => {
  const { server, client } = await begin();
  server.answers["/token"] = () => [429, {}, { "retry-after": "60" }];
  await assert.rejects(client.getAccessToken(), { code: "temporarily_unavailable", retryAfter: 60, status: 429 });
  await assert.rejects(client.getAccessToken(), { code: "temporarily_unavailable" });
  assert.equal(server.count("/token"), 1);
});

test("needs #39: a server that comes back within a call's patience is asked again", async () => {
  const { server, client, events } = await begin();
  const answers = [[503, {}, { "retry-after": "1" }], [200, tokens("r1")]];
  server.answers["/token"] = () => answers.shift();
  assert.equal(await client.getAccessToken(), "access of r1");
  assert.deepEqual(events.map(({ type }) => type), ["retrying", "refreshed"]);
});

test("needs #39: invalid_grant ends the session, once and for all who know it", async () => {
  const { server, store, client, events } = await begin();
  server.answers["/token"] = () => [400, { error: "invalid_grant" }];
  await assert.rejects(client.getAccessToken(), { code: "signed_out" });
  await assert.rejects(client.getAccessToken(), { code: "signed_out" });
  assert.equal(store.session(), undefined);
  assert.deepEqual(events, [{ type: "signedout", detail: { reason: "session_ended" } }]);
});

test("needs #39: invalid_grant for an old token leaves a newer one alone", async () => {
  const { server, store, client } = await begin();
  server.answers["/token"] = () => {
    // Another tab was faster, and its message didn't come.
    store.put({ ...HOUR, accessToken: "newer", refreshToken: "r1" });
    return [400, { error: "invalid_grant" }];
  };
  assert.equal(await client.getAccessToken(), "newer");
  assert.equal(store.session().refreshToken, "r1");
});

test("issue 5: a refresh that comes back after a sign-out doesn't sign in again", async () => {
  const { server, store, client } = await begin();
  server.answers["/token"] = async () => {
    await client.signOut();
    return [200, tokens("r1")];
  };
  await assert.rejects(client.getAccessToken(), { code: "signed_out" });
  assert.equal(store.session(), undefined);
});

test("issue 5: without a refresh token the session ends with its token", async () => {
  const { store, client, events } = await begin({ session: { ...HOUR, refreshToken: undefined } });
  assert.equal(await client.getAccessToken(), "access of r0");
  await assert.rejects(client.getAccessToken({ forceRefresh: true }), { code: "signed_out" });
  assert.equal(await client.getAccessToken(), "access of r0");
  store.put({ expires: Date.now() - 1, obtained: Date.now() - 10_000 });
  await assert.rejects(client.getAccessToken(), { code: "signed_out" });
  assert.deepEqual(events.map(({ type }) => type), ["signedout"]);
});

test("issue 5: forceRefresh and minimumValidity ask for another token", async () => {
  const { server, client } = await begin({ session: HOUR });
  assert.equal(await client.getAccessToken(), "access of r0");
  assert.equal(await client.getAccessToken({ forceRefresh: true }), "access of r0+");
  assert.equal(await client.getAccessToken({ minimumValidity: 1_799 }), "access of r0+");
  assert.equal(server.count("/token"), 1);
});

test("issue 5: forceRefresh gives out no token from before", async () => {
  const { server, store, client } = await begin({ session: HOUR });
  server.answers["/token"] = () => [503, {}, { "retry-after": "60" }];
  await assert.rejects(client.getAccessToken({ forceRefresh: true }), { code: "temporarily_unavailable" });
  assert.equal(store.session().refreshToken, "r0");
});

test("issue 5: callers who share a refresh need not share its failure", async () => {
  const { server, client } = await begin({ session: NEARLY_OVER });
  server.answers["/token"] = () => [503, {}, { "retry-after": "60" }];
  const [forced, other] = await Promise.allSettled([client.getAccessToken({ forceRefresh: true }), client.getAccessToken()]);
  assert.equal(forced.reason.code, "temporarily_unavailable");
  assert.equal(other.value, "access of r0");
});

test("issue 5: who aborts leaves the refresh to the others", async () => {
  const { server, client } = await begin();
  let answer;
  server.answers["/token"] = () => new Promise((resolve) => (answer = () => resolve([200, tokens("r1")])));
  const controller = new AbortController();
  const gone = client.getAccessToken({ signal: controller.signal });
  const staying = client.getAccessToken();
  await until(() => answer !== undefined);
  controller.abort();
  await assert.rejects(gone, { code: "aborted" });
  answer();
  assert.equal(await staying, "access of r1");
  assert.equal(server.count("/token"), 1);
});

test("needs #39: whatever storage holds, a client is made and nobody is signed in", async () => {
  const server = await startServer();
  const good = storeWith(server).session();
  for (const text of ["", "null", "[]", "{", "{}", "\u0000", JSON.stringify({ ...good, accessToken: 7 }), JSON.stringify({ ...good, obtained: "x" })]) {
    const store = storeWith(server);
    store.write(text);
    const client = await another(server, store);
    assert.equal(await client.getSession(), null, text);
    await assert.rejects(client.getAccessToken(), { code: "signed_out" });
  }
  // What somebody wrote there leads no token elsewhere either.
  const store = storeWith(server, { tokenEndpoint: "http://evil.example/token" });
  assert.equal(await (await another(server, store)).getSession(), null);
});

test("issue 5: a store that fails says so, and the client goes on once it works again", async () => {
  const server = await startServer();
  const store = storeWith(server, HOUR);
  let works = false;
  const failing = { ...store, get: (key) => (works ? store.get(key) : Promise.reject(new Error("the disk is full"))) };
  const client = await another(server, failing);
  await assert.rejects(client.getAccessToken(), { message: "the disk is full" });
  works = true;
  assert.equal(await client.getAccessToken(), "access of r0");
});

test("needs #38: a duplicated tab follows its original, and another person's session is left alone", async () => {
  const server = await startServer();
  const stores = [storeWith(server), storeWith(server), storeWith(server, { refreshToken: "other", accessToken: "access of other" })];
  const [original, copy, other] = await Promise.all(stores.map((store) => another(server, store)));
  const [ofCopy, ofOther] = [eventsOf(copy), eventsOf(other)];
  await original.getAccessToken();
  await until(() => ofCopy.length > 0);
  assert.equal(stores[1].session().refreshToken, "r0+");
  assert.equal(await copy.getAccessToken(), "access of r0+");
  assert.equal(server.count("/token"), 1);
  assert.deepEqual([stores[2].session().refreshToken, ofOther], ["other", []]);

  await original.signOut();
  await until(() => ofCopy.length > 1);
  assert.deepEqual(ofCopy.map(({ type }) => type), ["refreshed", "signedout"]);
  assert.deepEqual([stores[1].session(), stores[2].session().refreshToken], [undefined, "other"]);
});

test("RFC 7009: signing out revokes the refresh token, and forgets whatever the server says", async () => {
  const { server, store, client, events } = await begin({ session: HOUR });
  assert.deepEqual(await client.signOut(), { revoked: true });
  assert.deepEqual(server.forms("/revoke"), [{ token: "r0", token_type_hint: "refresh_token", client_id: "c1" }]);
  assert.equal(store.session(), undefined);
  assert.deepEqual(events, [{ type: "signedout", detail: { reason: "signed_out" } }]);
  assert.deepEqual(await client.signOut(), { revoked: true });

  const second = await begin({ session: HOUR });
  second.server.answers["/revoke"] = () => [503, ""];
  assert.deepEqual(await second.client.signOut(), { revoked: false });
  assert.equal(second.store.session(), undefined);
});

test("issue 5: a closed client does nothing more", async () => {
  const { client } = await begin({ session: HOUR });
  client.close();
  client.close();
  for (const call of [() => client.getAccessToken(), () => client.getSession(), () => client.signOut(), () => client.signIn()]) {
    await assert.rejects(call(), { code: "aborted" });
  }
});
