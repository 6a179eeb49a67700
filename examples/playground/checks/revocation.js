// Whether a revoked token is over.
import { header, jsonOf, last, right, unknown, wrong } from "./check.js";
import { errorChecks } from "./token.js";

/** Checks of a revocation of `kind`, "refresh_token" or "access_token", and of what was tried with the token afterwards. */
export function revocationChecks({ exchanges, kind }) {
  const exchange = last(exchanges, "revocation");
  if (!exchange?.response) return [];
  const title = "The answer is 200";
  const { status } = exchange.response;
  if (status !== 200) return [wrong("revoked", "RFC 7009 section 2.2", title, `${status} ${jsonOf(exchange)?.error ?? ""}`.trim(), "Answer 200, also to a token that nobody knows. A public client sends client_id and no secret."), ...errorChecks(exchange, "RFC 7009 section 2.2.1")];
  const after = kind === "refresh_token" ? last(exchanges, "token") : last(exchanges, "tool_call");
  return [right("revoked", "RFC 7009 section 2.2", title, "200"), kind === "refresh_token" ? refreshRefused(after) : callRefused(after)];
}

function refreshRefused(exchange) {
  const section = "RFC 7009 section 2.1";
  const title = "The revoked token is refused";
  if (!exchange?.response) return unknown("refused", section, title, "it couldn't be tried");
  const error = jsonOf(exchange)?.error;
  if (exchange.response.status === 200) return wrong("refused", section, title, "it still gives tokens", "A revoked refresh token must give nothing any more.");
  if (error === "invalid_grant") return right("refused", section, title, "invalid_grant");
  return wrong("refused", "RFC 6749 section 5.2", title, `${exchange.response.status} ${error ?? ""}`.trim(), "Answer 400 invalid_grant: clients sign in again then.");
}

function callRefused(exchange) {
  const section = "RFC 7009 section 3";
  const title = "The revoked token is refused by the resource";
  if (!exchange?.response) return unknown("refused", section, title, "there is no resource to try it at");
  const { status } = exchange.response;
  if (status !== 401) {
    return unknown("refused", section, title, `${status}: the resource still takes it. If it checks tokens by itself, they are good until they expire.`, "Keep access tokens short-lived, or let the resource ask (RFC 7662).");
  }
  const challenge = header(exchange, "www-authenticate");
  if (challenge !== undefined && !/error="?invalid_token/.test(challenge)) return wrong("refused", "RFC 6750 section 3.1", title, challenge, "Say error=\"invalid_token\", so that clients refresh or sign in again.");
  return right("refused", section, title, challenge ?? "401");
}
