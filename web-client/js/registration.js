// A client that registers itself (RFC 7591).
import { LatchkeyError } from "./error.js";
import { later, malformed, send } from "./http.js";

/** Registers a public client and gives the server's answer. */
export async function register(server, metadata, { initialAccessToken, ...options } = {}) {
  const url = server.registration_endpoint;
  if (!url) {
    throw new LatchkeyError("registration_not_supported", "The server lets no client register itself. Give a clientId that its operator made.");
  }
  const authorization = initialAccessToken && `Bearer ${initialAccessToken}`;
  const json = { ...defaultsFor(metadata), ...metadata };
  const { status, body, retryAfter } = await send({ purpose: "registration", url, json, authorization }, options);
  if (status === 429 || status >= 500) throw later("temporarily_unavailable", { status, retryAfter: Number(retryAfter) || undefined });
  if (typeof body?.error === "string") throw new LatchkeyError(body.error, body.error_description ?? `The server answered ${body.error}.`, { status });
  if (typeof body?.client_id !== "string") throw malformed("client_id", status);
  // BRW-02: a browser holds no secret.
  if ((body.token_endpoint_auth_method ?? "none") !== "none") {
    throw new LatchkeyError("registration_not_supported", "The server insists on a client secret, which a browser can't keep.");
  }
  return body;
}

/** MCL-07: what a browser's client is, unless the caller says otherwise. */
function defaultsFor({ redirect_uris: uris }) {
  return {
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    // OpenID Connect Registration section 2: http redirect URIs are for native applications.
    application_type: String(uris?.[0]).startsWith("http:") ? "native" : "web",
  };
}
