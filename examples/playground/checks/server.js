// What an authorization server says of itself: its metadata, as RFC 8414 and OpenID Connect Discovery write it.
import { differenceOf, emptyMembers, isJson, isLoopback, isObject, isSafe, jsonOf, originOf, right, shown, unknown, wrong } from "./check.js";

const RFC8414 = "RFC 8414 section 2";

/** Checks of the exchanges in which the metadata of `issuer` was looked for. */
export function serverChecks({ exchanges, issuer }) {
  const probes = exchanges.filter(({ purpose }) => purpose === "authorization_server_metadata");
  const exchange = probes.findLast((probe) => probe.response?.status === 200 && isObject(jsonOf(probe)));
  const others = probes.filter((probe) => probe !== exchange && probe.response);
  const checks = others.flatMap(placeWithout);
  if (!exchange) {
    if (probes.every(({ response }) => !response)) return checks;
    const found = others.map(({ request, response }) => `${response.status} at ${request.url}`).join("; ");
    return [wrong("metadata", "RFC 8414 section 3", "Authorization server metadata is served", found, `Serve the document at ${wellKnown(issuer)}.`), ...checks];
  }
  return [
    right("metadata", "RFC 8414 section 3", "Authorization server metadata is served", exchange.request.url),
    ...documentChecks(jsonOf(exchange), issuer),
    isJson(exchange, "RFC 8414 section 3.2"),
    ...checks,
  ];
}

/** A place that has no document: clients go on to the next one only after an answer that says so. */
function placeWithout(probe) {
  const { request, response } = probe;
  const section = "RFC 8414 section 3.2";
  const title = "A place without metadata answers 404";
  const id = `probe_${new URL(request.url).pathname}`;
  if (response.status >= 500) return [wrong(id, section, title, `${response.status} at ${request.url}`, "Answer 404: some clients end their search at a 5xx.")];
  // A document that is another issuer's, where more than one was looked for, is a document.
  if (response.status < 300 && !isObject(jsonOf(probe))) return [wrong(id, section, title, `${response.status} without JSON at ${request.url}`, "Answer 404 where there is no document, and never a page.")];
  return [];
}

/** Checks of a metadata document. */
export function documentChecks(document, issuer) {
  return [
    issuerIs(document.issuer, issuer),
    ...addresses(document),
    codeResponses(document),
    ...pkce(document.code_challenge_methods_supported),
    publicClients(document),
    metadataDocuments(document),
    registration(document),
    responseIssuer(document),
    grants(document.grant_types_supported),
    emptyMembers(document, "RFC 8414 section 3.2"),
  ];
}

function issuerIs(found, wanted) {
  const title = "issuer is the one that was asked for";
  if (found !== wanted) {
    return wrong("issuer", "RFC 8414 section 3.3", title, `${shown(found)}, asked was ${shown(wanted)}. ${differenceOf(found, wanted)}`,
      "The resource's authorization_servers, issuer, and iss in responses must be the same text.");
  }
  const url = new URL(wanted);
  if (url.search || url.hash) return wrong("issuer", RFC8414, "issuer has no query and no fragment", wanted, "An issuer is scheme, host and path.");
  if (url.protocol === "http:" && isLoopback(url.hostname)) return right("issuer", "RFC 8414 section 3.3", title, `${found} (http is for this machine only)`);
  return right("issuer", "RFC 8414 section 3.3", title, found);
}

/** The endpoints, each of which must be there or may, and must be safe to follow. */
const ENDPOINTS = [
  ["authorization_endpoint", true], ["token_endpoint", true], ["registration_endpoint", false], ["revocation_endpoint", false],
  ["introspection_endpoint", false], ["device_authorization_endpoint", false], ["jwks_uri", false],
];

function addresses(document) {
  const checks = [];
  const safe = [];
  for (const [name, isRequired] of ENDPOINTS) {
    const value = document[name];
    if (value === undefined) {
      if (isRequired) checks.push(wrong(name, RFC8414, `${name} is there`, "nothing", `Add ${name}.`));
    } else if (!isSafe(value)) {
      checks.push(wrong(name, "RFC 9700 section 4.11", `${name} may be followed`, shown(value), `Use an https address${/^\s*javascript:/i.test(value) ? ": a javascript: address would run the server's script in the client's page" : ""}. Clients must refuse any other.`));
    } else {
      safe.push(name);
    }
  }
  if (safe.length > 0) checks.push(right("endpoints", RFC8414, "Endpoints are https addresses, or on this machine", safe.join(", ")));
  const origin = originOf(document.issuer);
  const elsewhere = originOf(document.authorization_endpoint);
  if (isSafe(document.authorization_endpoint) && elsewhere !== origin && document.authorization_response_iss_parameter_supported !== true) {
    checks.push(unknown("authorization_origin", "RFC 9700 section 4.4.2", "The authorization endpoint is on the issuer's origin, or iss is sent", elsewhere, "Some clients refuse an authorization endpoint on another origin without iss in responses (RFC 9207)."));
  }
  return checks;
}

function codeResponses({ response_types_supported: types }) {
  const title = "response_types_supported has code";
  return Array.isArray(types) && types.includes("code")
    ? right("response_types", RFC8414, title, types.join(", "))
    : wrong("response_types", RFC8414, title, shown(types), "The member is required: list \"code\".");
}

function pkce(methods) {
  const section = "MCP authorization, authorization code protection";
  const title = "code_challenge_methods_supported has S256";
  if (!Array.isArray(methods) || !methods.includes("S256")) {
    return [wrong("pkce", section, title, shown(methods), "List \"S256\", and check code_verifier: MCP clients must refuse a server that doesn't announce it.")];
  }
  const plain = methods.includes("plain")
    ? [unknown("pkce_plain", "RFC 9700 section 2.1.1", "plain is not offered", methods.join(", "), "Leave plain out: it doesn't protect the code from who reads the request.")]
    : [];
  return [right("pkce", section, title, methods.join(", ")), ...plain];
}

function publicClients({ token_endpoint_auth_methods_supported: methods }) {
  const section = "RFC 8414 section 2";
  const title = "Clients without a secret are accepted (none)";
  if (Array.isArray(methods) && methods.includes("none")) return right("public_clients", section, title, methods.join(", "));
  const found = methods === undefined ? "nothing, which means client_secret_basic alone" : shown(methods);
  return wrong("public_clients", section, title, found, "List \"none\" in token_endpoint_auth_methods_supported: MCP clients on people's machines and in browsers can keep no secret.");
}

function metadataDocuments(document) {
  const section = "MCP authorization, client ID metadata documents";
  const title = "Both flags that clients with a metadata document look for";
  const supported = document.client_id_metadata_document_supported === true;
  const none = document.token_endpoint_auth_methods_supported?.includes?.("none") ?? false;
  if (supported && none) return right("cimd", section, title, "client_id_metadata_document_supported, and none");
  if (supported) return wrong("cimd", section, title, "client_id_metadata_document_supported without none", "List \"none\" in token_endpoint_auth_methods_supported too: without it clients such as Claude register dynamically instead.");
  return unknown("cimd", section, title, "client_id_metadata_document_supported is not true", "MCP wants it: clients then need no registration.");
}

function registration(document) {
  const section = "MCP authorization, client registration";
  const title = "A client that nobody knows can introduce itself";
  const ways = [
    document.client_id_metadata_document_supported === true ? "by a metadata document" : null,
    document.registration_endpoint === undefined ? null : "by dynamic registration",
  ].filter(Boolean);
  return ways.length > 0
    ? right("registration", section, title, ways.join(", "))
    : unknown("registration", section, title, "no: the operator gives each client its id", "Take metadata documents, or add registration_endpoint.");
}

function responseIssuer({ authorization_response_iss_parameter_supported: flag }) {
  const section = "RFC 9207 section 3";
  const title = "Authorization responses say who they are from (iss)";
  if (flag === true) return right("iss_supported", section, title, "authorization_response_iss_parameter_supported");
  if (flag === undefined || flag === false) return unknown("iss_supported", section, title, "not announced", "Send iss with every authorization response, errors too, and say so in the metadata. A later MCP revision will require it.");
  return wrong("iss_supported", section, title, shown(flag), "The member is true or false.");
}

function grants(types) {
  const title = "grant_types_supported has authorization_code and refresh_token";
  if (types === undefined) return unknown("grants", RFC8414, title, "nothing, which means authorization_code and implicit", "Say what there is: clients ask for refresh tokens only where they are announced.");
  if (!Array.isArray(types) || !types.includes("authorization_code")) return wrong("grants", RFC8414, title, shown(types), "List \"authorization_code\".");
  if (types.includes("implicit")) return wrong("grants", "RFC 9700 section 2.1.2", "implicit is not offered", types.join(", "), "Take implicit away: it puts tokens in addresses.");
  if (!types.includes("refresh_token")) return unknown("grants", RFC8414, title, types.join(", "), "Without refresh_token people sign in again whenever the access token ends.");
  return right("grants", RFC8414, title, types.join(", "));
}

/** Where the metadata of an issuer is (RFC 8414 section 3.1). */
export function wellKnown(issuer) {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, "")}`;
}
