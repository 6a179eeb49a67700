// The steps, against a server whose answers the test decides.
import * as latchkey from "@latchkey/web-client";
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { startServer, tokens } from "./server.mjs";

const { createAuthorizationRequest, discoverResource, discoverServer, introspectToken, readCallback, redeemCode, refreshTokens, registerClient, revokeToken } = latchkey;

test("MCL-01: a resource's own word about its metadata goes first, and its scope too", async () => {
  const server = await startServer();
  const metadata = { resource: `${server.issuer}/mcp`, authorization_servers: [server.issuer], scopes_supported: ["a", "b"] };
  server.answers["/mcp"] = () => [401, {}, { "www-authenticate": `Bearer scope="a", resource_metadata="${server.issuer}/elsewhere"` }];
  server.answers["/elsewhere"] = () => [200, metadata];
  const found = await discoverResource(`${server.issuer}/mcp`);
  assert.deepEqual([found.metadata, found.metadataUrl, found.scope], [metadata, `${server.issuer}/elsewhere`, "a"]);
  assert.equal(server.count("/.well-known/oauth-protected-resource/mcp"), 0);
});

test("MCL-01, RFC 9728 section 3.1: else it is looked for beside the path and at the root", async () => {
  const server = await startServer();
  const metadata = { resource: server.issuer, authorization_servers: [server.issuer], scopes_supported: ["a", "b"] };
  server.answers["/.well-known/oauth-protected-resource"] = () => [200, metadata];
  const found = await discoverResource(new URL(`${server.issuer}/mcp`));
  assert.deepEqual([found.metadata, found.scope, found.challenge], [metadata, "a b", undefined]);
  assert.deepEqual(server.requests.map(({ path }) => path), ["/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"]);
});

test("RFC 9728 section 7.3: a resource that points to an address which must not be followed is refused", async () => {
  const server = await startServer();
  for (const url of ["javascript:alert(1)", "http://evil.example/", "https://a:b@evil.example/"]) {
    server.answers["/mcp"] = () => [401, {}, { "www-authenticate": `Bearer resource_metadata="${url}"` }];
    await assert.rejects(discoverResource(`${server.issuer}/mcp`), { code: "unsafe_endpoint", member: "resource_metadata" });
  }
});

test("RFC 8414 section 3: an issuer's metadata is found, also under OpenID's name, and with a URL object", async () => {
  const server = await startServer();
  assert.equal((await discoverServer(new URL(server.issuer))).metadata.issuer, server.issuer);
  delete server.answers["/.well-known/oauth-authorization-server"];
  server.answers["/.well-known/openid-configuration"] = () => [200, server.metadata];
  const found = await discoverServer(server.issuer);
  assert.equal(found.metadataUrl, `${server.issuer}/.well-known/openid-configuration`);
});

for (const [name, answer, expected] of [
  ["another issuer", (server) => [200, { ...server.metadata, issuer: "https://evil.example" }], { code: "wrong_issuer" }],
  ["javascript:", (server) => [200, { ...server.metadata, authorization_endpoint: "javascript:alert(1)" }], { code: "unsafe_endpoint", member: "authorization_endpoint" }],
  ["no S256", (server) => [200, { ...server.metadata, code_challenge_methods_supported: ["plain"] }], { code: "pkce_not_supported" }],
  ["no token endpoint", (server) => [200, { ...server.metadata, token_endpoint: undefined }], { code: "malformed_response", member: "token_endpoint" }],
  ["HTML", () => [200, "<!doctype html>"], { code: "not_discoverable" }],
  ["a list", () => [200, []], { code: "not_discoverable" }],
  ["503", () => [503, {}], { code: "temporarily_unavailable", status: 503 }],
  ["a body without end", () => [200, `"${"x".repeat(600_000)}"`], { code: "malformed_response", member: "end" }],
]) {
  test(`RFC 8414 section 3.3, MCL-02: metadata with ${name} is refused as ${expected.code}`, async () => {
    const server = await startServer();
    for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]) {
      server.answers[path] = () => answer(server);
    }
    await assert.rejects(discoverServer(server.issuer), { name: "LatchkeyError", ...expected });
  });
}

test("MCL-07, BRW-02: a client registers as what it is, and wants no secret", async () => {
  const server = await startServer();
  server.answers["/register"] = ({ body }) => [201, { ...JSON.parse(body), client_id: "c9" }];
  const native = await registerClient(server.metadata, { redirect_uris: ["http://127.0.0.1/cb"], client_name: "App" });
  assert.deepEqual(native, {
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    application_type: "native",
    redirect_uris: ["http://127.0.0.1/cb"],
    client_name: "App",
    client_id: "c9",
  });
  const web = await registerClient(server.metadata, { redirect_uris: ["https://app.example/cb"] }, { initialAccessToken: "iat" });
  assert.equal(web.application_type, "web");
  assert.equal(server.requests.at(-1).headers.authorization, "Bearer iat");

  server.answers["/register"] = () => [201, { client_id: "c9", client_secret: "s", token_endpoint_auth_method: "client_secret_basic" }];
  await assert.rejects(registerClient(server.metadata, { redirect_uris: ["https://app.example/cb"] }), { code: "registration_not_supported" });
  server.answers["/register"] = () => [400, { error: "invalid_redirect_uri", error_description: "No." }];
  await assert.rejects(registerClient(server.metadata, { redirect_uris: ["https://app.example/cb"] }), { code: "invalid_redirect_uri", message: "No.", status: 400 });
  server.answers["/register"] = () => [429, {}, { "retry-after": "9" }];
  await assert.rejects(registerClient(server.metadata, { redirect_uris: ["https://app.example/cb"] }), { code: "temporarily_unavailable", retryAfter: 9 });
  await assert.rejects(registerClient(server.metadata, {}), { code: "invalid_options", member: "redirect_uris" });
  const closed = { ...server.metadata, registration_endpoint: undefined };
  await assert.rejects(registerClient(closed, { redirect_uris: ["https://app.example/cb"] }), { code: "registration_not_supported" });
});

test("RFC 6749 section 4.1: the whole way, step by step, and a log shows no secret of it", async () => {
  const server = await startServer();
  const exchanges = [];
  const options = { onExchange: (exchange) => exchanges.push(exchange) };
  const [clientId, redirectUri, resource] = ["c1", "http://127.0.0.1/cb", "https://api.example/"];
  const request = await createAuthorizationRequest(server.metadata, { clientId, redirectUri, resource, scope: "a b", prompt: "login", loginHint: "a@b.example" });
  const sent = Object.fromEntries(new URL(request.url).searchParams);
  const { state, code_challenge: challenge, ...rest } = sent;
  assert.deepEqual(rest, {
    response_type: "code", code_challenge_method: "S256", client_id: clientId, redirect_uri: redirectUri, scope: "a b", resource, prompt: "login", login_hint: "a@b.example",
  });
  assert.equal(state, request.state);

  const code = "code".repeat(10);
  const back = `${redirectUri}?${new URLSearchParams({ code, state, iss: server.issuer })}#_`;
  assert.equal(await readCallback(new URL(back), { server: server.metadata, state }), code);
  server.answers["/token"] = ({ form }) => [200, tokens(`secret-of-${form.grant_type}-of-many-letters`)];
  const first = await redeemCode(server.metadata, { clientId, code, codeVerifier: request.codeVerifier, redirectUri, resource }, options);
  assert.deepEqual(server.forms("/token")[0], {
    grant_type: "authorization_code", client_id: clientId, code, code_verifier: request.codeVerifier, redirect_uri: redirectUri, resource,
  });
  const second = await refreshTokens(server.metadata, { clientId, refreshToken: first.refreshToken, resource }, options);
  assert.deepEqual([second.tokenType, second.expiresIn, second.scope], ["Bearer", 3600, "a"]);
  await revokeToken(server.metadata, { clientId, token: second.refreshToken, tokenTypeHint: "refresh_token" }, options);
  server.answers["/introspect"] = () => [200, { active: false }];
  const basic = `Basic ${btoa("resource:with-a-secret-of-its-own")}`;
  assert.deepEqual(await introspectToken(server.metadata, { token: first.accessToken, authorization: basic }, options), { active: false });

  const secrets = [code, request.codeVerifier, first.accessToken, first.refreshToken, second.accessToken, second.refreshToken, basic.slice(6)];
  const shown = [JSON.stringify(exchanges), ...[request, first, second].flatMap((value) => [inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value), String(value)])].join("\n");
  for (const secret of secrets) assert.ok(!shown.includes(secret), secret);
  assert.deepEqual(exchanges.map(({ purpose, response }) => [purpose, response.status]), [["token", 200], ["token", 200], ["revocation", 200], ["introspection", 200]]);
  assert.match(exchanges[0].request.body, /code=code…\(40\)&code_verifier=.{4}…\(43\)&redirect_uri=http%3A/);
  assert.match(exchanges[3].request.headers.authorization, /^Basic .{4}…\(\d+\)$/);
});

test("RFC 6749 section 5.2: a server's error keeps its code, its words and its status", async () => {
  const server = await startServer();
  const request = { clientId: "c1", refreshToken: "r" };
  server.answers["/token"] = () => [400, { error: "invalid_grant", error_description: "It is over." }];
  await assert.rejects(refreshTokens(server.metadata, request), { name: "LatchkeyError", code: "invalid_grant", message: "It is over.", status: 400 });
  server.answers["/token"] = () => [302, "", { location: "/elsewhere" }];
  await assert.rejects(refreshTokens(server.metadata, request), { code: "network_error" });
  assert.equal(server.count("/elsewhere"), 0);
});

test("issue 5: what a caller leaves out is named, and an aborted step says so", async () => {
  const server = await startServer();
  await assert.rejects(redeemCode(server.metadata, { clientId: "c1" }), { code: "invalid_options", member: "code" });
  await assert.rejects(createAuthorizationRequest(server.metadata, {}), { code: "invalid_options", member: "clientId" });
  await assert.rejects(revokeToken({ ...server.metadata, revocation_endpoint: undefined }, { clientId: "c", token: "t" }), { code: "invalid_options", member: "revocation_endpoint" });
  await assert.rejects(discoverServer("http://id.example"), { code: "invalid_options", member: "issuer" });
  const controller = new AbortController();
  server.answers["/.well-known/oauth-authorization-server"] = () => new Promise(() => controller.abort());
  await assert.rejects(discoverServer(server.issuer, { signal: controller.signal }), { code: "aborted" });
});
