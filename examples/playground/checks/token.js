// What the token endpoint answers: to a code, to a refresh token, and when it refuses.
import { emptyMembers, isJson, isObject, jsonOf, last, notStored, right, shown, unknown, wrong } from "./check.js";

const RFC6749 = "RFC 6749 section 5.1";

/**
 * Checks of a redeemed code. `tokens` is what the package read, for the claims of a JWT; `asked` the scope and the resource that
 * were asked for, `server` its metadata.
 */
export function tokenChecks({ exchanges, tokens, asked, server }) {
  const exchange = last(exchanges, "token");
  if (!exchange?.response) return [];
  if (exchange.response.status !== 200) return [wrong("granted", RFC6749, "The code is taken", answerOf(exchange), adviceOn(exchange)), ...errorChecks(exchange)];
  return [...answerChecks(exchange, asked), ...audienceChecks(tokens?.accessToken, asked?.resource, server)];
}

/** What every answer with tokens is checked for. */
export function answerChecks(exchange, asked) {
  const answer = jsonOf(exchange);
  const checks = [isJson(exchange, RFC6749), notStored(exchange)];
  if (!isObject(answer)) return checks;
  return [...checks, tokenType(answer.token_type), lifetime(answer.expires_in), scope(answer.scope, asked?.scope), refresh(answer.refresh_token), emptyMembers(answer, RFC6749)];
}

function tokenType(type) {
  const title = "token_type is Bearer";
  if (typeof type !== "string") return wrong("token_type", RFC6749, title, shown(type), "Send token_type: \"Bearer\".");
  if (type.toLowerCase() === "bearer") return right("token_type", RFC6749, title, type);
  return wrong("token_type", RFC6749, title, type, "A client that didn't ask for another type can use Bearer only.");
}

function lifetime(seconds) {
  const title = "expires_in says for how long, in seconds";
  if (seconds === undefined) return unknown("expires_in", RFC6749, title, "nothing", "Send it: clients refresh in time then, instead of after a failed call.");
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds <= 0) return wrong("expires_in", RFC6749, title, shown(seconds), "Send a whole number above 0, not a text.");
  if (seconds > 86_400) return unknown("expires_in", "RFC 9700 section 2.2.2", "The access token is short-lived", `${seconds} seconds`, "An hour or less limits what a stolen token is good for.");
  return right("expires_in", RFC6749, title, `${seconds} seconds`);
}

function scope(granted, asked) {
  const title = "scope says what was granted";
  if (granted === undefined) return unknown("scope", RFC6749, title, "nothing, which means what was asked for", "Send it always: some clients don't know the rule.");
  if (typeof granted !== "string") return wrong("scope", RFC6749, title, shown(granted), "Send one text, with spaces between.");
  const missing = (asked ?? "").split(" ").filter((token) => token && !granted.split(" ").includes(token));
  return right("scope", RFC6749, title, missing.length > 0 ? `${granted || "(none)"}; not granted: ${missing.join(" ")}` : granted || "(none)");
}

function refresh(token) {
  const title = "A refresh token comes with it";
  if (token === undefined) return unknown("refresh_token", RFC6749, title, "none", "Without one people sign in again whenever the access token ends. Some servers give one for the scope offline_access.");
  return right("refresh_token", RFC6749, title, "it does");
}

/** For whom the token is, where that can be seen. */
export function audienceChecks(token, resource, server) {
  const section = "RFC 8707 section 2";
  const title = "The token is for the resource that was asked for";
  const jwt = typeof token === "string" ? claimsOf(token) : undefined;
  if (!jwt) return [unknown("audience", section, title, "the token is opaque: only the server, or introspection, can tell")];
  const audiences = [jwt.claims.aud].flat().filter((value) => typeof value === "string");
  const checks = [];
  if (!resource) checks.push(unknown("audience", section, title, `aud ${audiences.join(", ") || "nothing"}; no resource was asked for`));
  else if (audiences.includes(resource)) checks.push(right("audience", section, title, `aud ${audiences.join(", ")}`));
  else checks.push(wrong("audience", section, title, `aud ${audiences.join(", ") || "nothing"}, asked was ${resource}`, "Take the parameter resource and make it the audience: the resource must refuse a token that is for another."));
  if (server) {
    checks.push(jwt.claims.iss === server.issuer
      ? right("token_issuer", "RFC 9068 section 4", "iss of the token is the issuer", server.issuer)
      : wrong("token_issuer", "RFC 9068 section 4", "iss of the token is the issuer", shown(jwt.claims.iss), "Write the issuer of the metadata into the token: resource servers compare."));
  }
  const type = String(jwt.header.typ ?? "").toLowerCase().replace(/^application\//, "");
  checks.push(type === "at+jwt"
    ? right("token_typ", "RFC 9068 section 2.1", "typ says that it is an access token", "at+jwt")
    : unknown("token_typ", "RFC 9068 section 2.1", "typ says that it is an access token", shown(jwt.header.typ), "Use typ at+jwt, so that no other JWT is taken for one."));
  if (jwt.header.alg === "none") checks.push(wrong("token_alg", "RFC 9068 section 2.1", "The token is signed", "alg none", "Sign it."));
  return checks;
}

/** Header and claims of a JWT, unverified; undefined when it is none. */
export function claimsOf(token) {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(decoded(part)));
    return isObject(header) && isObject(claims) ? { header, claims } : undefined;
  } catch {
    return undefined;
  }
}

function decoded(part) {
  const bytes = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

/** Checks of an answer that is an error. */
export function errorChecks(exchange, section = "RFC 6749 section 5.2") {
  const answer = jsonOf(exchange);
  const { status } = exchange.response;
  const checks = [];
  const title = "An error is JSON with the member error";
  if (status === 401 && section.includes("7591")) return checks;
  if (typeof answer?.error === "string") checks.push(right("error_form", section, title, answer.error));
  else checks.push(wrong("error_form", section, title, isObject(answer) ? Object.keys(answer).join(", ") || "an empty object" : "no JSON object", "Answer {\"error\": \"…\", \"error_description\": \"…\"}: clients decide by error what to do next."));
  if (status >= 500 && status !== 503) checks.push(wrong("error_status", section, "No error of the client is a 5xx", String(status), "Answer 400 or 401 to what the client did wrong, and 503 with Retry-After to what you can't do now."));
  if (answer?.error === "invalid_client" && status === 400) checks.push(unknown("error_status", section, "invalid_client is a 401", "400", "Answer 401: clients then register again by themselves."));
  if (answer?.error === "invalid_grant" && status !== 400) checks.push(wrong("error_status", section, "invalid_grant is a 400", String(status), "Answer 400."));
  return checks;
}

function answerOf(exchange) {
  const answer = jsonOf(exchange);
  const words = [answer?.error, answer?.error_description].filter((text) => typeof text === "string").join(": ");
  return `${exchange.response.status} ${words}`.trim();
}

/** What the refusal of a code usually comes from. */
const ADVICE = {
  invalid_grant: "The code was used before or is too old, or redirect_uri, client_id or code_verifier is not the one that it belongs to. The trace has what was sent.",
  invalid_client: "The server doesn't know the client any more, or wants a secret of it. Register again; for public clients allow token_endpoint_auth_method none.",
  unsupported_grant_type: "Support authorization_code at this endpoint; the body is a form.",
  unauthorized_client: "Let the client use this grant.",
  invalid_request: "The request's form is in the trace. If all is there, the server wants more than RFC 6749 section 4.1.3 says.",
  invalid_target: "The server doesn't know this resource. It must not use up the code for that.",
};

const adviceOn = (exchange) => ADVICE[jsonOf(exchange)?.error] ?? "Look at the answer below, and at the server's log.";
