// What a protected resource says of itself: its answer without a token, and its metadata.
import { bearerChallenge } from "./challenge.js";
import { differenceOf, header, isJson, isObject, isSafe, jsonOf, last, originOf, right, shown, unknown, wrong } from "./check.js";

/** Checks of the exchanges with the resource at `asked`, made by the page at `page`. */
export function resourceChecks({ exchanges, asked, page }) {
  const first = last(exchanges, "protected_resource");
  const document = documentOf(exchanges);
  return [
    ...(first?.response ? answerChecks(first, document, page) : []),
    ...metadataChecks(exchanges, document, asked, first),
  ];
}

/** The exchange that brought the metadata: the last one that was answered with an object. */
function documentOf(exchanges) {
  const all = exchanges.filter(({ purpose }) => purpose === "protected_resource_metadata");
  return all.findLast((exchange) => exchange.response?.status === 200 && isObject(jsonOf(exchange)));
}

function answerChecks(first, document, page) {
  const { status } = first.response;
  const section = "RFC 6750 section 3.1";
  const title = "A call without a token is answered with 401";
  const checks = [];
  if (status === 401) checks.push(right("unauthorized", section, title, "401"));
  else if (status < 400) checks.push(unknown("unauthorized", section, title, `${status}: ${first.request.method} works without a token. It may be public, or guarded for other methods only.`));
  else if ([404, 405, 406, 415].includes(status)) checks.push(unknown("unauthorized", section, title, `${status} to ${first.request.method}. What other methods answer can't be seen here.`, "Check the credential before the method, so that every client gets the 401."));
  else checks.push(wrong("unauthorized", section, title, String(status), "Answer 401 with WWW-Authenticate: clients begin to authorize only then."));
  if (status === 401) checks.push(...challengeChecks(first, document, page));
  return checks;
}

function challengeChecks(first, document, page) {
  const text = header(first, "www-authenticate");
  const challenge = bearerChallenge(text);
  const section = "RFC 9728 section 5.1";
  const title = "The 401 has WWW-Authenticate: Bearer with resource_metadata";
  if (!challenge?.resource_metadata) return [withoutHint(section, title, text, first, document, page)];
  const checks = [right("resource_metadata", section, title, challenge.resource_metadata)];
  if (!isSafe(challenge.resource_metadata)) {
    checks.push(wrong("resource_metadata_safe", "RFC 9728 section 7.1", "resource_metadata may be followed", challenge.resource_metadata, "Name an https address. Clients must not follow any other."));
  }
  checks.push(challenge.error === undefined
    ? right("no_error", "RFC 6750 section 3.1", "Without a token the challenge has no error", "none")
    : wrong("no_error", "RFC 6750 section 3.1", "Without a token the challenge has no error", `error="${challenge.error}"`, "Send error only to a request that had a token: clients take it for a token that went bad."));
  checks.push(challenge.scope
    ? right("challenge_scope", "MCP authorization, scope selection", "The challenge names the scope to ask for", challenge.scope)
    : unknown("challenge_scope", "MCP authorization, scope selection", "The challenge names the scope to ask for", "no scope", "Add scope=\"…\": clients then ask for what is needed, and for nothing else."));
  return checks;
}

function withoutHint(section, title, text, first, document, page) {
  const change = "Send WWW-Authenticate: Bearer resource_metadata=\"…\" with the 401.";
  // A script sees a header of another origin only when the server exposes it.
  if (text === undefined && originOf(first.request.url) !== originOf(page)) {
    return unknown("resource_metadata", section, title, "No WWW-Authenticate can be read: it is missing, or not exposed to scripts.", `${change} And Access-Control-Expose-Headers: WWW-Authenticate.`);
  }
  if (document) return unknown("resource_metadata", section, title, text ?? "no WWW-Authenticate; the metadata is found all the same, at its well-known address", change);
  return wrong("resource_metadata", section, title, text ?? "no WWW-Authenticate", change);
}

function metadataChecks(exchanges, exchange, asked, first) {
  const title = "Protected resource metadata is served";
  const section = "RFC 9728 section 3";
  if (!exchange) {
    const tried = exchanges.filter(({ purpose }) => purpose === "protected_resource_metadata");
    // Where nothing answers, or a page may not read, there is something else to say.
    if (![first, ...tried].some((exchange) => exchange?.response)) return [];
    const found = tried.map(({ request, response }) => `${response?.status ?? "no answer"} at ${request.url}`).join("; ");
    return [wrong("metadata", section, title, found || "nowhere", `Serve the document at ${wellKnown(asked)}, and name it in the 401.`)];
  }
  const document = jsonOf(exchange);
  const checks = [right("metadata", section, title, exchange.request.url), isJson(exchange, "RFC 9728 section 3.2")];
  checks.push(document.resource === asked
    ? right("resource", "RFC 9728 section 3.3", "resource is the address that was asked", asked)
    : wrong("resource", "RFC 9728 section 3.3", "resource is the address that was asked", `${shown(document.resource)}, asked was ${shown(asked)}. ${differenceOf(document.resource, asked)}`,
      "Make resource the very address that clients are given, or give clients the address that resource says."));
  checks.push(...authorizationServers(document.authorization_servers));
  checks.push(scopes(document.scopes_supported));
  return checks;
}

function authorizationServers(servers) {
  const section = "MCP authorization, authorization server discovery";
  const title = "authorization_servers names an issuer";
  if (!Array.isArray(servers) || servers.length === 0) return [wrong("authorization_servers", section, title, shown(servers), "List the issuer of your authorization server.")];
  const unsafe = servers.find((issuer) => !isSafe(issuer));
  if (unsafe !== undefined) return [wrong("authorization_servers", section, title, shown(unsafe), "An issuer is an https address.")];
  const several = servers.length > 1 ? ". The first is used here; paste another one above to walk through it" : "";
  return [right("authorization_servers", section, title, `${servers.join(", ")}${several}`)];
}

function scopes(supported) {
  const section = "MCP authorization, refresh tokens";
  const title = "scopes_supported of a resource has no offline_access";
  if (!Array.isArray(supported) || supported.length === 0) return unknown("scopes", "RFC 9728 section 2", "scopes_supported lists what to ask for", "it doesn't", "List the few scopes that a client needs to begin with.");
  if (supported.includes("offline_access")) return wrong("scopes", section, title, supported.join(" "), "offline_access is the authorization server's affair: list it there, and leave it out here.");
  return right("scopes", section, title, supported.join(" "));
}

/** Where the metadata of a resource is (RFC 9728 section 3.1). */
export function wellKnown(resource) {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname.replace(/\/$/, "")}${search}`;
}
