// The single requests of the flows, each on its own and for tools: what they are given is checked again, and nothing is kept.
import * as glue from "latchkey:glue";
import { findResource, findServer } from "./discovery.js";
import { LatchkeyError, owned } from "./error.js";
import { parametersOf } from "./http.js";
import { ready } from "./load.js";
import { register } from "./registration.js";
import { askForTokens, introspect, refusal, revoke, TokenResponse } from "./tokens.js";

const step = (action) => (...given) => owned(async () => {
  await ready();
  return action(...given);
});

export const createPkce = step(() => glue.createPkce());
export const createState = step(() => glue.createState());
export const discoverResource = step((resource, options) => findResource(String(resource), options));
export const discoverServer = step((issuer, options) => findServer(issuerOf(issuer), options));

export const registerClient = step((server, metadata, options) => {
  glue.checkServer(server);
  if (!Array.isArray(metadata?.redirect_uris)) throw missing("redirect_uris");
  return register(server, metadata, options);
});

export const createAuthorizationRequest = step((server, request) => {
  glue.checkServer(server);
  return authorizationRequest(server, needed(request, "clientId", "redirectUri"), "");
});

export const readCallback = step((callback, { server, state }) =>
  glue.readCallback(queryOf(String(callback)), state, server.issuer, server.authorization_response_iss_parameter_supported === true),
);

export const redeemCode = step((server, request, options) => {
  const { clientId, code, codeVerifier, redirectUri, resource } = needed(request, "clientId", "code", "codeVerifier", "redirectUri");
  const form = { grant_type: "authorization_code", client_id: clientId, code, code_verifier: codeVerifier, redirect_uri: redirectUri, resource };
  return tokens(server, form, options);
});

export const refreshTokens = step((server, request, options) => {
  const { clientId, refreshToken, scope, resource } = needed(request, "clientId", "refreshToken");
  return tokens(server, { grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken, scope, resource }, options);
});

export const revokeToken = step((server, request, options) => {
  const { clientId, token, tokenTypeHint } = needed(request, "clientId", "token");
  return revoke(endpoint(server, "revocation_endpoint"), { token, token_type_hint: tokenTypeHint, client_id: clientId }, options);
});

export const introspectToken = step((server, request, options) => {
  const { token, tokenTypeHint, authorization } = needed(request, "token");
  return introspect(endpoint(server, "introspection_endpoint"), { token, token_type_hint: tokenTypeHint }, authorization, options);
});

/** Writes the request that a person is sent with (RFC 6749 section 4.1.1, RFC 8707 section 2). */
export function authorizationRequest(server, { clientId, redirectUri, scope, resource, prompt, loginHint }, prefix) {
  const rest = parametersOf({ client_id: clientId, redirect_uri: redirectUri, scope, resource, prompt, login_hint: loginHint });
  return glue.beginAuthorization(server.authorization_endpoint, rest.toString(), prefix);
}

/** The query of an address, or what is given when it has none. */
export function queryOf(callback) {
  const [address] = callback.split("#");
  return address.slice(address.indexOf("?") + 1);
}

async function tokens(server, form, options) {
  const answer = await askForTokens(endpoint(server, "token_endpoint"), form, options);
  if (answer.kind !== "granted") throw refusal(answer);
  return new TokenResponse(answer);
}

function endpoint(server, member) {
  glue.checkServer(server);
  if (!server[member]) throw new LatchkeyError("invalid_options", `The server's metadata has no ${member}.`, { member });
  return server[member];
}

function needed(request, ...members) {
  for (const member of members) {
    if (typeof request?.[member] !== "string" || request[member] === "") throw missing(member);
  }
  return request;
}

function missing(member) {
  return new LatchkeyError("invalid_options", `${member} is missing, or not what index.d.ts says.`, { member });
}

// An issuer without a path has no slash at its end, and a URL object always shows one.
function issuerOf(issuer) {
  return issuer instanceof URL && issuer.pathname === "/" && !issuer.search ? issuer.origin : String(issuer);
}
