import assert from "node:assert/strict";
import { test } from "node:test";
import { bearerChallenge } from "../checks/challenge.js";
import { isSafe } from "../checks/check.js";
import { preflights, readable } from "../checks/network.js";
import { resourceChecks } from "../checks/resource.js";
import { documentChecks as metadataChecks, serverChecks } from "../checks/server.js";
import { exchange, goodServer, states } from "./given.js";

const PAGE = "https://playground.example/playground/";
const RESOURCE = "https://mcp.example/mcp";
const ISSUER = "https://id.example";

const prm = { resource: RESOURCE, authorization_servers: [ISSUER], scopes_supported: ["mcp"] };
const challenge = { "www-authenticate": 'Bearer scope="mcp", resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"' };

function ofResource({ status = 401, headers = challenge, document = prm, page = PAGE } = {}) {
  const exchanges = [exchange("protected_resource", RESOURCE, status, {}, headers)];
  if (document) exchanges.push(exchange("protected_resource_metadata", `${new URL(RESOURCE).origin}/.well-known/oauth-protected-resource/mcp`, 200, document));
  else exchanges.push(exchange("protected_resource_metadata", "https://mcp.example/.well-known/oauth-protected-resource", 404, {}));
  return states(resourceChecks({ exchanges, asked: RESOURCE, page }));
}

test("RFC 9728: a resource that is in order has nothing wrong or open", () => {
  assert.deepEqual([...new Set(Object.values(ofResource()))], ["right"]);
});

test("RFC 9728: each fault of a resource is named, by itself", () => {
  const same = "https://mcp.example/playground/";
  const cases = [
    ["resource of another address", { document: { ...prm, resource: `${RESOURCE}/` } }, "resource", "wrong"],
    ["no authorization server", { document: { ...prm, authorization_servers: [] } }, "authorization_servers", "wrong"],
    ["javascript: as issuer", { document: { ...prm, authorization_servers: ["javascript:alert(1)"] } }, "authorization_servers", "wrong"],
    ["offline_access", { document: { ...prm, scopes_supported: ["mcp", "offline_access"] } }, "scopes", "wrong"],
    ["403 without a token", { status: 403 }, "unauthorized", "wrong"],
    ["200 without a token", { status: 200 }, "unauthorized", "unknown"],
    ["405 to GET", { status: 405 }, "unauthorized", "unknown"],
    ["an error in the challenge", { headers: { "www-authenticate": `${challenge["www-authenticate"]}, error="invalid_token"` } }, "no_error", "wrong"],
    ["javascript: as metadata", { headers: { "www-authenticate": 'Bearer resource_metadata="javascript:alert(1)"' } }, "resource_metadata_safe", "wrong"],
    ["no challenge, same origin, no document", { headers: {}, document: null, page: same }, "resource_metadata", "wrong"],
    ["no challenge that another origin can read", { headers: {}, document: null }, "resource_metadata", "unknown"],
    ["no challenge, and a document", { headers: {}, page: same }, "resource_metadata", "unknown"],
    ["no document", { document: null }, "metadata", "wrong"],
  ];
  for (const [name, given, id, state] of cases) assert.equal(ofResource(given)[id], state, name);
});

test("RFC 9110 section 11.6.1: a challenge is read among others, quoted or not, in any case", () => {
  assert.deepEqual(bearerChallenge('Basic realm="x", Bearer scope="a b",resource_metadata="https://x/y"'), { scope: "a b", resource_metadata: "https://x/y" });
  assert.deepEqual(bearerChallenge('bearer error=invalid_token, error_description="say \\"it\\""'), { error: "invalid_token", error_description: 'say "it"' });
  assert.deepEqual(bearerChallenge("Bearer"), {});
  assert.equal(bearerChallenge('Basic realm="x"'), undefined);
  assert.equal(bearerChallenge(undefined), undefined);
});

test("RFC 8414: a server that is in order has nothing wrong or open", () => {
  const found = serverChecks({ exchanges: [exchange("authorization_server_metadata", `${ISSUER}/.well-known/oauth-authorization-server`, 200, goodServer)], issuer: ISSUER });
  assert.deepEqual([...new Set(Object.values(states(found)))], ["right"]);
});

test("RFC 8414: each fault of the metadata is named, by itself", () => {
  const cases = [
    ["another issuer", { issuer: "https://other.example" }, "issuer", "wrong"],
    ["a slash at the end", { issuer: `${ISSUER}/` }, "issuer", "wrong"],
    ["no S256", { code_challenge_methods_supported: ["plain"] }, "pkce", "wrong"],
    ["no methods at all", { code_challenge_methods_supported: undefined }, "pkce", "wrong"],
    ["plain too", { code_challenge_methods_supported: ["S256", "plain"] }, "pkce_plain", "unknown"],
    ["javascript: endpoint", { authorization_endpoint: "javascript:alert(1)" }, "authorization_endpoint", "wrong"],
    ["http endpoint", { token_endpoint: "http://id.example/token" }, "token_endpoint", "wrong"],
    ["an endpoint with a password", { token_endpoint: "https://a:b@id.example/token" }, "token_endpoint", "wrong"],
    ["no token endpoint", { token_endpoint: undefined }, "token_endpoint", "wrong"],
    ["no response types", { response_types_supported: undefined }, "response_types", "wrong"],
    ["no public clients", { token_endpoint_auth_methods_supported: undefined }, "public_clients", "wrong"],
    ["one flag of two", { token_endpoint_auth_methods_supported: ["client_secret_basic"] }, "cimd", "wrong"],
    ["no metadata documents", { client_id_metadata_document_supported: undefined }, "cimd", "unknown"],
    ["no way to register", { client_id_metadata_document_supported: undefined, registration_endpoint: undefined }, "registration", "unknown"],
    ["no iss", { authorization_response_iss_parameter_supported: undefined }, "iss_supported", "unknown"],
    ["iss as a text", { authorization_response_iss_parameter_supported: "true" }, "iss_supported", "wrong"],
    ["implicit", { grant_types_supported: ["authorization_code", "implicit"] }, "grants", "wrong"],
    ["no refresh", { grant_types_supported: ["authorization_code"] }, "grants", "unknown"],
    ["null", { service_documentation: null }, "no_empty_members", "wrong"],
    ["an empty text", { op_policy_uri: "" }, "no_empty_members", "wrong"],
    ["another origin without iss", { authorization_endpoint: "https://login.example/authorize", authorization_response_iss_parameter_supported: undefined }, "authorization_origin", "unknown"],
  ];
  for (const [name, change, id, state] of cases) {
    const document = JSON.parse(JSON.stringify({ ...goodServer, ...change }));
    assert.equal(states(metadataChecks(document, ISSUER))[id], state, name);
  }
});

test("RFC 8414 section 3.2: a place without metadata answers 404, neither a page nor a 5xx", () => {
  const at = (status, body, type) => exchange("authorization_server_metadata", `${ISSUER}/.well-known/openid-configuration`, status, body, { "content-type": type });
  const good = exchange("authorization_server_metadata", `${ISSUER}/.well-known/oauth-authorization-server`, 200, goodServer);
  const wrong = (probe) => states(serverChecks({ exchanges: [probe, good], issuer: ISSUER }))["probe_/.well-known/openid-configuration"];
  assert.equal(wrong(at(200, "<!doctype html>", "text/html")), "wrong");
  assert.equal(wrong(at(500, "", "text/plain")), "wrong");
  assert.equal(wrong(at(404, "", "text/plain")), undefined);
  assert.equal(states(serverChecks({ exchanges: [at(404, "", "text/plain")], issuer: ISSUER })).metadata, "wrong");
});

test("RFC 9700 section 4.11: https, and http on this machine, may be followed, and nothing else", () => {
  for (const address of ["https://id.example/a", "http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost:8787"]) assert.ok(isSafe(address), address);
  for (const address of ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "http://id.example", "https://a:b@id.example", "/a", "", null, undefined, {}]) assert.ok(!isSafe(address), String(address));
});

test("RFC 10017 section 6.3.3.4: an answer that can't be read is told from none, and each says what to do", () => {
  const failed = (more) => ({ purpose: "token", request: { method: "POST", url: `${ISSUER}/token`, headers: { "content-type": "application/json" } }, error: "Failed to fetch", milliseconds: 1, ...more });
  const [closed] = readable([failed({ reached: true })], PAGE);
  assert.equal(closed.state, "wrong");
  assert.match(closed.change, /Access-Control-Allow-Headers: content-type/);
  const [down] = readable([failed({ reached: false }), failed({ reached: false })], PAGE);
  assert.match(down.found, /Nothing answers at https:\/\/id\.example/);
  assert.equal(readable([failed({ reached: false }), failed({ reached: false })], PAGE).length, 1);
  assert.equal(readable([failed({ reached: true })], PAGE, { isForServers: true })[0].state, "unknown");
  const mixed = failed({ reached: false });
  mixed.request.url = "http://mcp.example/token";
  assert.match(readable([mixed], PAGE)[0].found, /this page is https/);
  assert.equal(readable([exchange("token", `${ISSUER}/token`, 200, {})], PAGE)[0].state, "right");
  assert.equal(readable([exchange("token", `${ISSUER}/token`, 200, {})], `${ISSUER}/playground/`)[0].state, "unknown");
  assert.equal(readable([exchange("token", `${ISSUER}/token`, 200, {}, { "access-control-allow-origin": "*" })], `${ISSUER}/playground/`)[0].state, "right");
});

test("RFC 10017 section 6.3.3.4: metadata that MCP clients in browsers can't read is wrong, though others can", () => {
  const url = `${ISSUER}/.well-known/oauth-authorization-server`;
  const closed = { purpose: "preflight", request: { method: "GET", url, headers: {} }, error: "Failed to fetch", milliseconds: 1 };
  const id = "preflight_/.well-known/oauth-authorization-server";
  assert.deepEqual(states(preflights([closed])), { [id]: "wrong" });
  assert.deepEqual(states(preflights([exchange("preflight", url, 200, {})])), { [id]: "right" });
  assert.equal(readable([closed], PAGE).length, 0);
});
