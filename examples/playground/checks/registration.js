// How a client introduces itself: dynamic registration, and its metadata document.
import { emptyMembers, header, isJson, isLoopback, isObject, jsonOf, last, right, shown, unknown, wrong } from "./check.js";
import { errorChecks } from "./token.js";

const RFC7591 = "RFC 7591 section 3.2.1";

/** Checks of a dynamic registration, in which `metadata` was sent. */
export function registrationChecks({ exchanges, metadata }) {
  const exchange = last(exchanges, "registration");
  if (!exchange?.response) return [];
  const { status } = exchange.response;
  if (status >= 400) return [refused(exchange), ...errorChecks(exchange, "RFC 7591 section 3.2.2")];
  const answer = jsonOf(exchange);
  const checks = [
    status === 201 ? right("created", RFC7591, "The answer is 201", "201") : wrong("created", RFC7591, "The answer is 201", String(status), "Answer 201 Created."),
    isJson(exchange, RFC7591),
  ];
  if (!isObject(answer)) return checks;
  return [...checks, clientId(answer), redirectUris(answer, metadata), secret(answer), refreshes(answer), management(answer), emptyMembers(answer, RFC7591), uncached(exchange)];
}

function refused({ response, request }) {
  const title = "The registration is accepted";
  if (response.status === 401) return unknown("accepted", "RFC 7591 section 3", title, "401: this server lets in only who has an initial access token", "Get one from the operator, and type it in above.");
  if (response.status === 429) return unknown("accepted", "RFC 6585 section 4", title, `429${response.headers["retry-after"] ? `, again in ${response.headers["retry-after"]} seconds` : ""}: too many registrations from this network`);
  return wrong("accepted", "RFC 7591 section 3.1", title, String(response.status), `Accept what clients send: ${Object.keys(jsonOf({ response: { body: request.body } }) ?? {}).join(", ")}. Members that you don't know are ignored, not refused.`);
}

function clientId({ client_id: id }) {
  return typeof id === "string" && id ? right("client_id", RFC7591, "client_id is given", id) : wrong("client_id", RFC7591, "client_id is given", shown(id), "Answer with the client_id.");
}

function redirectUris(answer, metadata) {
  const title = "redirect_uris is what was registered";
  const sent = metadata.redirect_uris ?? [];
  const registered = answer.redirect_uris;
  if (Array.isArray(registered) && sent.every((uri) => registered.includes(uri))) return right("redirect_uris", RFC7591, title, registered.join(", "));
  return wrong("redirect_uris", RFC7591, title, shown(registered), "Answer with all that is registered, each redirect URI as it was sent: clients compare.");
}

function secret(answer) {
  const title = "A public client gets no secret";
  const method = answer.token_endpoint_auth_method;
  if (answer.client_secret !== undefined) return wrong("secret", "RFC 7591 section 2", title, `client_secret, with token_endpoint_auth_method ${shown(method)}`, "Register \"none\" as it was asked for: a page can keep no secret.");
  if (method !== undefined && method !== "none") return wrong("secret", "RFC 7591 section 2", title, `token_endpoint_auth_method ${shown(method)}`, "Register \"none\" as it was asked for.");
  return method === "none" ? right("secret", "RFC 7591 section 2", title, "token_endpoint_auth_method none") : wrong("secret", RFC7591, "token_endpoint_auth_method is in the answer", "nothing", "Answer with all that is registered: left out, it means client_secret_basic.");
}

function refreshes({ grant_types: types }) {
  const title = "The client may refresh";
  if (Array.isArray(types) && types.includes("refresh_token")) return right("grant_types", "RFC 7591 section 2", title, types.join(", "));
  return unknown("grant_types", "RFC 7591 section 2", title, shown(types), "Register refresh_token, else people sign in again whenever the access token ends.");
}

function management(answer) {
  const section = "RFC 7592 section 3";
  const title = "The client can manage its registration";
  const [uri, token] = [answer.registration_client_uri, answer.registration_access_token];
  if (uri === undefined && token === undefined) return unknown("management", section, title, "not offered");
  if (uri === undefined || token === undefined) return wrong("management", section, title, uri === undefined ? "a token without registration_client_uri" : "an address without registration_access_token", "Send both or neither.");
  return right("management", section, title, uri);
}

function uncached(exchange) {
  const found = header(exchange, "cache-control");
  const title = "The answer is kept out of caches";
  return found?.includes("no-store") ? right("no_store", RFC7591, title, found) : unknown("no_store", RFC7591, title, found ?? "no Cache-Control", "Send Cache-Control: no-store, as the RFC's examples do.");
}

const CIMD = "draft-ietf-oauth-client-id-metadata-document";

/**
 * Checks of a client's metadata document at `url`, which `exchange` fetched; `server` is the metadata of the server that is
 * to take it, `redirectUri` where the playground is.
 */
export function documentChecks({ url, exchange, server, redirectUri }) {
  return [address(url), flag(server), reach(url, server), ...(exchange?.response ? contents(url, exchange, redirectUri) : [unread()])];
}

function address(text) {
  const section = `${CIMD} section 3`;
  const title = "The client_id is an https address with a path";
  let url;
  try {
    url = new URL(text);
  } catch {
    return wrong("document_url", section, title, shown(text), "Paste the address of the document.");
  }
  const faults = [
    url.protocol === "https:" || isLoopback(url.hostname) ? null : "no https",
    url.pathname === "/" ? "no path" : null,
    url.hash ? "a fragment" : null,
    url.username || url.password ? "a user name" : null,
    /\/\.{1,2}(\/|$)/.test(text) ? "a dot segment" : null,
  ].filter(Boolean);
  if (faults.length > 0) return wrong("document_url", section, title, faults.join(", "), "Use an https address with a path, without fragment, user name and dot segments.");
  if (url.protocol === "http:") return unknown("document_url", section, title, `${text} (http: only a development server on this machine may take it)`);
  return right("document_url", section, title, text);
}

function flag(server) {
  const title = "The server takes metadata documents";
  const section = "MCP authorization, client ID metadata documents";
  return server?.client_id_metadata_document_supported === true
    ? right("document_supported", section, title, "client_id_metadata_document_supported")
    : wrong("document_supported", section, title, shown(server?.client_id_metadata_document_supported), "Announce client_id_metadata_document_supported: true, or register in another way here.");
}

/** The server fetches the document itself, so it has to be able to. */
function reach(url, server) {
  const title = "The server can fetch the document";
  const host = (text) => { try { return new URL(text).hostname; } catch { return ""; } };
  if (isLoopback(host(url)) && !isLoopback(host(server?.issuer))) {
    return wrong("document_reach", `${CIMD} section 6.5`, title, "the document is on this machine, and the server isn't", "Put a document with this page's redirect URI on a public https address, or register in another way.");
  }
  return unknown("document_reach", `${CIMD} section 4`, title, "the server's own affair: what it answers at the next step shows it");
}

const unread = () => unknown("document", `${CIMD} section 4`, "The document can be read", "not by this page (CORS), which no server needs: it fetches the document itself");

function contents(url, exchange, redirectUri) {
  const section = `${CIMD} section 4.1`;
  const { response } = exchange;
  if (response.status !== 200) return [wrong("document", `${CIMD} section 4`, "The document can be read", String(response.status), "Answer 200 there, without a redirect.")];
  const checks = [isJson(exchange, section)];
  const document = jsonOf(exchange);
  if (!isObject(document)) return checks;
  checks.push(document.client_id === url
    ? right("document_client_id", section, "client_id is the document's own address", url)
    : wrong("document_client_id", section, "client_id is the document's own address", shown(document.client_id), "Write the very address into client_id: it is compared byte for byte."));
  const uris = Array.isArray(document.redirect_uris) ? document.redirect_uris : [];
  checks.push(uris.includes(redirectUri)
    ? right("document_redirect_uris", `${CIMD} section 4.5`, "redirect_uris has this page", redirectUri)
    : wrong("document_redirect_uris", `${CIMD} section 4.5`, "redirect_uris has this page", uris.join(", ") || "none", `Add ${redirectUri} to the document, else the server must refuse the sign-in.`));
  const method = document.token_endpoint_auth_method ?? "none";
  checks.push(method === "none"
    ? right("document_method", section, "The document is a public client's", method)
    : wrong("document_method", section, "The document is a public client's", method, "A page can neither keep a secret nor sign: use a document with token_endpoint_auth_method none."));
  if (document.client_secret !== undefined) checks.push(wrong("document_secret", section, "The document holds no secret", "client_secret", "Take it out: the document is public."));
  const size = new TextEncoder().encode(response.body).length;
  if (size > 5_120) checks.push(wrong("document_size", `${CIMD} section 6.6`, "The document has at most 5 KB", `${size} bytes`, "Make it smaller: servers stop reading."));
  return checks;
}
