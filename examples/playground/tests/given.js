// What the tests of the checks share: exchanges as the package would show them.
import assert from "node:assert/strict";

/** An answered exchange. */
export function exchange(purpose, url, status, body, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  return { purpose, request: { method: "GET", url, headers: {} }, response: { status, headers: { "content-type": "application/json", ...headers }, body: text }, milliseconds: 1 };
}

/** The states by id, and that each wrong check says what to change. */
export function states(checks) {
  for (const check of checks) {
    assert.ok(check.section && check.title && check.found, JSON.stringify(check));
    if (check.state === "wrong") assert.ok(check.change, `${check.id} says what to change`);
  }
  return Object.fromEntries(checks.map(({ id, state }) => [id, state]));
}

/** The metadata of a server with nothing wrong. */
export const goodServer = {
  issuer: "https://id.example",
  authorization_endpoint: "https://id.example/authorize",
  token_endpoint: "https://id.example/token",
  registration_endpoint: "https://id.example/register",
  response_types_supported: ["code"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["none"],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
};
