import assert from "node:assert/strict";
import { test } from "node:test";
import { callbackChecks, requestChecks } from "../checks/authorization.js";
import { goodServer, states } from "./given.js";

const PAGE = "https://playground.example/playground/";
const RESOURCE = "https://mcp.example/mcp";
const ISSUER = "https://id.example";

const request = (more = {}) => {
  const url = new URL(`${ISSUER}/authorize`);
  for (const [name, value] of Object.entries({ response_type: "code", client_id: "c", redirect_uri: PAGE, state: "s", code_challenge: "A".repeat(43), code_challenge_method: "S256", resource: RESOURCE, ...more })) url.searchParams.set(name, value);
  return url.href;
};

test("RFC 6749 section 4.1.1: a request that must not be sent is told from one that may", () => {
  assert.deepEqual([...new Set(Object.values(states(requestChecks({ url: request(), resource: RESOURCE }))))], ["right"]);
  assert.equal(states(requestChecks({ url: "javascript:alert(1)" })).authorization_endpoint, "wrong");
  assert.equal(states(requestChecks({ url: `${request()}&client_id=other` })).request, "wrong");
  assert.equal(states(requestChecks({ url: request({ code_challenge_method: "plain" }) })).challenge, "wrong");
});

test("RFC 9207 and RFC 6749 section 4.1.2: each fault of a response is named, by itself", () => {
  const code = "C".repeat(43);
  const good = { code, state: "the-state", iss: ISSUER };
  const of = (parameters, server = goodServer, more = "") => states(callbackChecks({ callback: `${PAGE}?${new URLSearchParams(parameters)}${more}`, state: "the-state", server }));
  assert.deepEqual([...new Set(Object.values(of(good)))], ["right"]);
  const silent = { ...goodServer, authorization_response_iss_parameter_supported: undefined };
  const cases = [
    ["another state", { ...good, state: "other" }, goodServer, "", "state", "wrong"],
    ["no state", { code, iss: ISSUER }, goodServer, "", "state", "wrong"],
    ["another issuer", { ...good, iss: "https://evil.example" }, goodServer, "", "iss", "wrong"],
    ["no iss although announced", { code, state: "the-state" }, goodServer, "", "iss", "wrong"],
    ["iss that isn't announced", good, silent, "", "iss", "wrong"],
    ["another issuer, not announced", { ...good, iss: "https://evil.example" }, silent, "", "iss", "wrong"],
    ["no iss, none announced", { code, state: "the-state" }, silent, "", "iss", "unknown"],
    ["a code twice", good, goodServer, "&code=other", "repeated", "wrong"],
    ["a token in the fragment", { state: "the-state", iss: ISSUER }, goodServer, "#access_token=x", "response_place", "wrong"],
    ["a code in the fragment", {}, goodServer, "#code=x", "response_place", "wrong"],
    ["a short code", { ...good, code: "abc" }, goodServer, "", "outcome", "wrong"],
    ["neither code nor error", { state: "the-state", iss: ISSUER }, goodServer, "", "outcome", "wrong"],
    ["a person who declined", { error: "access_denied", state: "the-state", iss: ISSUER }, goodServer, "", "outcome", "right"],
    ["a scope that is refused", { error: "invalid_scope", state: "the-state", iss: ISSUER }, goodServer, "", "outcome", "wrong"],
  ];
  for (const [name, parameters, server, more, id, state] of cases) assert.equal(of(parameters, server, more)[id], state, name);
  for (const check of callbackChecks({ callback: `${PAGE}?${new URLSearchParams(good)}`, state: "the-state", server: goodServer })) assert.ok(!check.found.includes(code), check.id);
});
