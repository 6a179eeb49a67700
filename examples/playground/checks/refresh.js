// What a refresh gives.
import { isObject, jsonOf, last, right, unknown, wrong } from "./check.js";
import { answerChecks, audienceChecks, errorChecks } from "./token.js";

/** Checks of a refresh. `before` and `after` are the tokens that the package read, `after` undefined when it was refused. */
export function refreshChecks({ exchanges, before, after, asked, server }) {
  const exchange = last(exchanges, "token");
  if (!exchange?.response) return [];
  if (exchange.response.status !== 200) return [refused(exchange), ...errorChecks(exchange)];
  return [
    // Without tokens that the package could read there is something else to say, below.
    ...(after ? [rotation(before, after), fresh(before, after)] : []),
    // That a refresh token comes is what the rotation is about.
    ...answerChecks(exchange, asked).filter(({ id }) => id !== "refresh_token"),
    ...audienceChecks(after?.accessToken, asked?.resource, server),
  ];
}

function refused(exchange) {
  const error = jsonOf(exchange)?.error;
  const title = "The refresh token is taken";
  if (error === "invalid_grant") return unknown("refreshed", "RFC 6749 section 6", title, "invalid_grant", "Right if it was revoked, used up or too old; wrong if it is the newest one.");
  const found = `${exchange.response.status}${isObject(jsonOf(exchange)) && error ? ` ${error}` : ""}`;
  return wrong("refreshed", "RFC 6749 section 6", title, found, error === "invalid_scope" ? "A refresh without scope keeps what was granted; only more than that is invalid_scope." : "Answer 200 with tokens, or 400 invalid_grant when the token is no good any more.");
}

function rotation(before, after) {
  const section = "MCP authorization, token theft";
  const title = "The refresh token rotates";
  if (after.refreshToken === undefined) return wrong("rotates", section, title, "no new refresh token", "Give a new one with each refresh, and let the old one end: MCP asks it of public clients.");
  if (after.refreshToken === before.refreshToken) return wrong("rotates", section, title, "the same one again", "Give a new one with each refresh, and let the old one end: a stolen one is noticed then.");
  return right("rotates", section, title, "a new one");
}

function fresh(before, after) {
  const title = "The access token is a new one";
  return after.accessToken !== before.accessToken
    ? right("new_access_token", "RFC 6749 section 6", title, "it is")
    : wrong("new_access_token", "RFC 6749 section 6", title, "the same one again", "Issue another: the client asked because this one ends.");
}
