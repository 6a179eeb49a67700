// Requests to the token, revocation and introspection endpoints.
import * as glue from "latchkey:glue";
import { LatchkeyError } from "./error.js";
import { later, malformed, send } from "./http.js";

/** Sends a token request. The answer is as `readTokenAnswer` of web-client/src/tokens.rs describes it, with its `status`. */
export async function askForTokens(url, form, options) {
  return answerOf(await send({ purpose: "token", url, form }, options));
}

/** The error that an answer without tokens is. */
export function refusal({ kind, error, description, retryAfter, member, status }) {
  if (kind === "later") return later("temporarily_unavailable", { retryAfter, status });
  if (kind === "malformed") return malformed(member, status);
  return new LatchkeyError(error, description ?? `The server answered ${error}.`, { status });
}

/** Revokes a token (RFC 7009 section 2.1). */
export async function revoke(url, form, options) {
  const reply = await send({ purpose: "revocation", url, form }, options);
  if (!reply.ok) throw refusal(answerOf(reply));
}

/** Asks about a token (RFC 7662). */
export async function introspect(url, form, authorization, options) {
  const reply = await send({ purpose: "introspection", url, form, authorization }, options);
  if (!reply.ok) throw refusal(answerOf(reply));
  if (typeof reply.body?.active !== "boolean") throw malformed("active", reply.status);
  return reply.body;
}

function answerOf({ status, retryAfter, body }) {
  return { ...glue.readTokenAnswer(status, retryAfter, body), status };
}

/** The answer of the token endpoint. A log shows none of it: the fields are private. */
export class TokenResponse {
  #granted;

  constructor(granted) {
    this.#granted = granted;
  }

  get accessToken() {
    return this.#granted.accessToken;
  }

  get refreshToken() {
    return this.#granted.refreshToken;
  }

  get tokenType() {
    return this.#granted.tokenType;
  }

  get expiresIn() {
    return this.#granted.expiresIn;
  }

  get scope() {
    return this.#granted.scope;
  }
}

// Bundling shortens names, and a console shows them.
Object.defineProperty(TokenResponse, "name", { value: "TokenResponse" });
