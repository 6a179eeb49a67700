import assert from "node:assert/strict";
import { test } from "node:test";
import { callChecks } from "../checks/call.js";
import { exchange, states } from "./given.js";
import { introspectionChecks } from "../checks/introspection.js";
import { refreshChecks, replayChecks } from "../checks/refresh.js";
import { documentChecks, registrationChecks } from "../checks/registration.js";
import { revocationChecks } from "../checks/revocation.js";
import { tokenChecks } from "../checks/token.js";

const ISSUER = "https://id.example";
const RESOURCE = "https://mcp.example/mcp";
const server = { issuer: ISSUER, client_id_metadata_document_supported: true };
const asked = { scope: "mcp", resource: RESOURCE };
const noStore = { "cache-control": "no-store" };

/** A JWT that nobody has signed. */
function jwt(claims, header = { typ: "at+jwt", alg: "ES256" }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}.${"s".repeat(86)}`;
}

const tokens = { accessToken: jwt({ iss: ISSUER, aud: RESOURCE }), refreshToken: "refresh-0" };
const answer = { access_token: "abcd…(400)", token_type: "Bearer", expires_in: 3600, scope: "mcp", refresh_token: "abcd…(43)" };
const token = (body, { status = 200, headers = noStore } = {}) => exchange("token", `${ISSUER}/token`, status, body, headers);
const ofToken = (body, more, given = tokens) => states(tokenChecks({ exchanges: [token(body, more)], tokens: given, asked, server }));

test("RFC 6749 section 5.1: a token answer that is in order has nothing wrong or open", () => {
  assert.deepEqual([...new Set(Object.values(ofToken(answer)))], ["right"]);
});

test("RFC 6749 section 5.1: each fault of a token answer is named, by itself", () => {
  const cases = [
    ["cached", answer, { headers: {} }, "no_store", "wrong"],
    ["no type", { ...answer, token_type: undefined }, {}, "token_type", "wrong"],
    ["another type", { ...answer, token_type: "mac" }, {}, "token_type", "wrong"],
    ["bearer in small letters", { ...answer, token_type: "bearer" }, {}, "token_type", "right"],
    ["expires_in as a text", { ...answer, expires_in: "3600" }, {}, "expires_in", "wrong"],
    ["no expires_in", { ...answer, expires_in: undefined }, {}, "expires_in", "unknown"],
    ["a week", { ...answer, expires_in: 604_800 }, {}, "expires_in", "unknown"],
    ["scope as a list", { ...answer, scope: ["mcp"] }, {}, "scope", "wrong"],
    ["no refresh token", { ...answer, refresh_token: undefined }, {}, "refresh_token", "unknown"],
    ["null", { ...answer, id_token: null }, {}, "no_empty_members", "wrong"],
    ["no JSON", "access_token=x", { headers: { ...noStore, "content-type": "text/plain" } }, "json", "wrong"],
    ["refused", { error: "invalid_grant" }, { status: 400 }, "granted", "wrong"],
    ["refused without words", "no", { status: 400 }, "error_form", "wrong"],
    ["a 500", { error: "server_error" }, { status: 500 }, "error_status", "wrong"],
    ["invalid_grant as a 401", { error: "invalid_grant" }, { status: 401 }, "error_status", "wrong"],
  ];
  for (const [name, body, more, id, state] of cases) assert.equal(ofToken(body, more)[id], state, name);
});

test("RFC 8707 section 2 and RFC 9068: whom a token is for is seen where it can be, and never claimed where it can't", () => {
  const of = (accessToken) => ofToken(answer, {}, { accessToken });
  assert.equal(of("opaque").audience, "unknown");
  assert.equal(of(jwt({ iss: ISSUER, aud: ["https://other.example", RESOURCE] })).audience, "right");
  assert.equal(of(jwt({ iss: ISSUER, aud: "https://other.example" })).audience, "wrong");
  assert.equal(of(jwt({ iss: "https://other.example", aud: RESOURCE })).token_issuer, "wrong");
  assert.equal(of(jwt({ iss: ISSUER, aud: RESOURCE }, { alg: "none" })).token_alg, "wrong");
  assert.equal(of(jwt({ iss: ISSUER, aud: RESOURCE }, { typ: "JWT" })).token_typ, "unknown");
  assert.equal(of("a.b.c").audience, "unknown");
});

test("MCP, token theft: a refresh token that doesn't rotate is wrong", () => {
  const of = (after, body = answer, more = {}) => states(refreshChecks({ exchanges: [token(body, more)], before: tokens, after, asked, server }));
  const next = { accessToken: jwt({ iss: ISSUER, aud: RESOURCE, jti: "2" }), refreshToken: "refresh-1" };
  assert.deepEqual([...new Set(Object.values(of(next)))], ["right"]);
  assert.equal(of({ ...next, refreshToken: tokens.refreshToken }).rotates, "wrong");
  assert.equal(of({ ...next, refreshToken: undefined }).rotates, "wrong");
  assert.equal(of({ ...next, accessToken: tokens.accessToken }).new_access_token, "wrong");
  assert.equal(of(undefined, { error: "invalid_grant" }, { status: 400 }).refreshed, "unknown");
  assert.equal(of(undefined, { error: "invalid_scope" }, { status: 400 }).refreshed, "wrong");
});

test("RFC 9700 section 4.14.2: a used refresh token may get its own successor again, and nothing else", () => {
  const of = (after, body = answer, more = {}) => states(replayChecks({ exchanges: [token(body, more)], after, current: "refresh-1" })).replay;
  assert.equal(of(null, { error: "invalid_grant" }, { status: 400 }), "right");
  assert.equal(of({ accessToken: "a", refreshToken: "refresh-1" }), "right");
  assert.equal(of({ accessToken: "a", refreshToken: "refresh-2" }), "wrong");
  assert.equal(of({ accessToken: "a", refreshToken: undefined }), "wrong");
  assert.equal(of(null, { error: "server_error" }, { status: 500 }), "wrong");
});

test("RFC 7009: a revoked token that still works is wrong, and one whose resource checks by itself is left open", () => {
  const revoked = (status = 200) => exchange("revocation", `${ISSUER}/revoke`, status, status === 200 ? "" : { error: "invalid_client" });
  const call = (status, headers) => exchange("tool_call", RESOURCE, status, {}, headers);
  const of = (exchanges, kind) => states(revocationChecks({ exchanges, kind }));
  assert.deepEqual(of([revoked(), token({ error: "invalid_grant" }, { status: 400 })], "refresh_token"), { revoked: "right", refused: "right" });
  assert.equal(of([revoked(), token(answer)], "refresh_token").refused, "wrong");
  assert.equal(of([revoked(), token({ error: "server_error" }, { status: 500 })], "refresh_token").refused, "wrong");
  assert.equal(of([revoked(401)], "refresh_token").revoked, "wrong");
  assert.equal(of([revoked(), call(401, { "www-authenticate": 'Bearer error="invalid_token"' })], "access_token").refused, "right");
  assert.equal(of([revoked(), call(401, { "www-authenticate": "Bearer" })], "access_token").refused, "wrong");
  assert.equal(of([revoked(), call(200)], "access_token").refused, "unknown");
  assert.equal(of([revoked()], "access_token").refused, "unknown");
});

test("RFC 7662 section 2.1: introspection that is closed is right, and one that tells everybody is wrong", () => {
  const of = (status, body, hasCredential = false, expectActive = true) => states(introspectionChecks({ exchanges: [exchange("introspection", `${ISSUER}/introspect`, status, body)], hasCredential, expectActive }));
  assert.equal(of(401, {}).closed, "right");
  assert.equal(of(200, { active: true }).closed, "wrong");
  assert.equal(of(200, { active: false }).closed, "unknown");
  assert.equal(of(200, { active: false, sub: "x" }, true).inactive_only, "wrong");
  assert.equal(of(200, { active: "true" }, true).active, "wrong");
  assert.equal(of(200, { active: false }, true, false).active, "right");
  assert.equal(of(200, { active: true, exp: "1", aud: RESOURCE }, true).exp, "wrong");
  assert.equal(of(401, {}, true).answered, "unknown");
});

const metadata = { redirect_uris: ["https://playground.example/playground/"] };
const registered = { client_id: "c", redirect_uris: metadata.redirect_uris, token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"], registration_client_uri: `${ISSUER}/register/c`, registration_access_token: "abcd…(43)" };

test("RFC 7591: each fault of a registration is named, by itself", () => {
  const of = (body, status = 201, headers = noStore) => states(registrationChecks({ exchanges: [exchange("registration", `${ISSUER}/register`, status, body, headers)], metadata }));
  assert.deepEqual([...new Set(Object.values(of(registered)))], ["right"]);
  const cases = [
    ["200", registered, 200, "created", "wrong"],
    ["no client_id", { ...registered, client_id: undefined }, 201, "client_id", "wrong"],
    ["other redirect URIs", { ...registered, redirect_uris: ["https://playground.example/"] }, 201, "redirect_uris", "wrong"],
    ["a secret", { ...registered, client_secret: "abcd…(43)" }, 201, "secret", "wrong"],
    ["another method", { ...registered, token_endpoint_auth_method: "client_secret_post" }, 201, "secret", "wrong"],
    ["no refresh", { ...registered, grant_types: ["authorization_code"] }, 201, "grant_types", "unknown"],
    ["half of the management", { ...registered, registration_access_token: undefined }, 201, "management", "wrong"],
    ["an empty text", { ...registered, client_uri: "" }, 201, "no_empty_members", "wrong"],
    ["refused", { error: "invalid_redirect_uri" }, 400, "accepted", "wrong"],
    ["by invitation", { error: "invalid_token" }, 401, "accepted", "unknown"],
    ["too often", { error: "slow_down" }, 429, "accepted", "unknown"],
  ];
  for (const [name, body, status, id, state] of cases) assert.equal(of(body, status)[id], state, name);
});

test("client ID metadata documents: each fault of a document is named, by itself", () => {
  const url = "https://client.example/playground/client.json";
  const redirectUri = metadata.redirect_uris[0];
  const good = { client_id: url, redirect_uris: [redirectUri], token_endpoint_auth_method: "none" };
  const of = (document, given = {}) => states(documentChecks({ url, exchange: exchange("client_metadata_document", url, 200, document), server, redirectUri, ...given }));
  assert.ok(!Object.values(of(good)).includes("wrong"));
  const cases = [
    ["another client_id", { ...good, client_id: `${url}?` }, {}, "document_client_id", "wrong"],
    ["another redirect URI", { ...good, redirect_uris: [] }, {}, "document_redirect_uris", "wrong"],
    ["a secret", { ...good, client_secret: "x" }, {}, "document_secret", "wrong"],
    ["a client that signs", { ...good, token_endpoint_auth_method: "private_key_jwt" }, {}, "document_method", "wrong"],
    ["too large", { ...good, padding: "x".repeat(6_000) }, {}, "document_size", "wrong"],
    ["a server without the flag", good, { server: { issuer: ISSUER } }, "document_supported", "wrong"],
    ["no path", good, { url: "https://client.example" }, "document_url", "wrong"],
    ["http elsewhere", good, { url: "http://client.example/x" }, "document_url", "wrong"],
    ["this machine, and a server that isn't", good, { url: "http://127.0.0.1:8787/x" }, "document_reach", "wrong"],
    ["unreadable here", good, { exchange: undefined }, "document", "unknown"],
  ];
  for (const [name, document, given, id, state] of cases) assert.equal(of(document, given)[id], state, name);
});

test("MCP, runtime insufficient scope: a refusal that names no scope is wrong, and one that does is right", () => {
  const of = (status, headers, message, method = "tools/call") => states(callChecks({ exchange: exchange("tool_call", RESOURCE, status, {}, headers), message, id: 1, method }));
  assert.equal(of(403, { "www-authenticate": 'Bearer error="insufficient_scope", scope="notes:write"' }).insufficient_scope, "right");
  assert.equal(of(403, { "www-authenticate": 'Bearer error="insufficient_scope"' }).insufficient_scope, "wrong");
  assert.equal(of(403, {}).insufficient_scope, "unknown");
  assert.equal(of(401, { "www-authenticate": 'Bearer error="invalid_token"' }).token_accepted, "wrong");
  assert.equal(of(200, {}, { id: 1, result: {} })["tools/call_message"], "right");
  assert.equal(of(200, {}, undefined)["tools/call_message"], "wrong");
  assert.equal(of(200, { "content-type": "text/html" }, { id: 1, result: {} })["tools/call_form"], "wrong");
  assert.equal(of(200, {}, { id: 1, error: { code: -32_602, message: "no" } })["tools/call_result"], "wrong");
  assert.equal(of(200, {}, { id: 1, result: { isError: true } }).tool_error, "unknown");
  assert.equal(of(404, {})["tools/call_status"], "wrong");
});
