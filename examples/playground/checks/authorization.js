// The authorization request, and the response that comes back by the browser's address.
import { isSafe, right, shown, unknown, wrong } from "./check.js";

/** Checks of a request before anybody is sent anywhere. `url` is the whole address. */
export function requestChecks({ url, resource }) {
  if (!isSafe(url)) return [wrong("authorization_endpoint", "RFC 9700 section 4.11", "authorization_endpoint may be followed", shown(url), "Use an https address: a javascript: address would run the server's script in the client's page.")];
  const query = new URL(url).searchParams;
  const repeated = [...new Set([...query.keys()].filter((name) => name !== "resource" && query.getAll(name).length > 1))];
  return [
    repeated.length === 0
      ? right("request", "RFC 6749 section 4.1.1", "The request says who asks for what", ["response_type", "client_id", "redirect_uri", "scope", "state"].filter((name) => query.has(name)).join(", "))
      : wrong("request", "RFC 6749 section 3.1", "No parameter is there twice", repeated.join(", "), "authorization_endpoint has a query with parameters of the request in it: take them out."),
    query.get("code_challenge_method") === "S256"
      ? right("challenge", "RFC 7636 section 4.3", "code_challenge with S256", "S256")
      : wrong("challenge", "RFC 7636 section 4.3", "code_challenge with S256", shown(query.get("code_challenge_method")), "The request must use S256."),
    query.has("resource")
      ? right("request_resource", "RFC 8707 section 2", "resource says for what the token is", query.getAll("resource").join(", "))
      : unknown("request_resource", "RFC 8707 section 2", "resource says for what the token is", resource ? "left out" : "none: an issuer alone was pasted", "MCP clients send the MCP server's address with every request."),
  ];
}

/**
 * Checks of a response. `callback` is the address that the browser came back to, `state` what was sent, `server` the metadata of
 * the server that was asked.
 */
export function callbackChecks({ callback, state, server }) {
  const url = new URL(callback);
  const query = url.searchParams;
  const checks = [inQuery(url), once(query)];
  checks.push(query.get("state") === state
    ? right("state", "RFC 6749 section 4.1.2", "state is the one that was sent", "it is")
    : wrong("state", "RFC 6749 section 10.12", "state is the one that was sent", query.has("state") ? "another one" : "none", "Send state back unchanged. If you didn't begin this sign-in, somebody else did: the code is not used."));
  checks.push(issuer(query, server));
  checks.push(outcome(query));
  return checks.filter(Boolean);
}

function inQuery(url) {
  const section = "RFC 9700 section 4.3.2";
  const fragment = new URLSearchParams(url.hash.slice(1));
  if (fragment.has("access_token") || url.searchParams.has("access_token")) {
    return wrong("response_place", "RFC 9700 section 2.1.2", "No token is in the address", "access_token", "Answer response_type=code with a code alone: addresses end up in histories and logs.");
  }
  if (fragment.has("code") || fragment.has("error")) return wrong("response_place", "RFC 6749 section 4.1.2", "The response is in the query", "in the fragment", "Use the query for response_type=code, unless response_mode says otherwise.");
  return right("response_place", section, "The response is in the query, without a token", "it is");
}

function once(query) {
  const twice = [...new Set(query.keys())].filter((name) => query.getAll(name).length > 1);
  return twice.length === 0
    ? null
    : wrong("repeated", "RFC 6749 section 3.1", "No parameter is there twice", twice.join(", "), "Send each parameter once: two programs could read two different values.");
}

function issuer(query, server) {
  const section = "RFC 9207 section 2.4";
  const title = "iss is the issuer that was asked";
  const found = query.get("iss");
  const announced = server.authorization_response_iss_parameter_supported === true;
  if (found === server.issuer && announced) return right("iss", section, title, found);
  if (found === server.issuer) return wrong("iss", "RFC 9207 section 3", "iss is announced", found, "Put authorization_response_iss_parameter_supported: true into the metadata, as iss is sent.");
  if (found !== null) return wrong("iss", section, title, `${shown(found)}, asked was ${shown(server.issuer)}`, "Send the issuer of the metadata, byte for byte. Clients must throw this response away: another server may have sent it.");
  if (announced) return wrong("iss", section, title, "none, though the metadata announces it", "Send iss with every response, errors and denials too. Clients must throw this response away.");
  return unknown("iss", section, title, "none, and none is announced", "Send iss and announce it: it keeps a client from giving this server's code to another.");
}

function outcome(query) {
  const error = query.get("error");
  if (error !== null) {
    const words = [error, query.get("error_description")].filter(Boolean).join(": ");
    const section = "RFC 6749 section 4.1.2.1";
    if (error === "access_denied") return right("outcome", section, "The person decided", words);
    return wrong("outcome", section, "The request is allowed", words, ADVICE[error] ?? "Look at the server's log: the request is in the trace.");
  }
  const code = query.get("code");
  if (!code) return wrong("outcome", "RFC 6749 section 4.1.2", "There is a code or an error", "neither", "Send code, or error.");
  return code.length >= 22
    ? right("outcome", "RFC 6749 section 4.1.2", "There is a code", `of ${code.length} characters`)
    : wrong("outcome", "RFC 6749 section 10.10", "The code can't be guessed", `of ${code.length} characters`, "Draw at least 128 random bits: 22 characters.");
}

const ADVICE = {
  invalid_scope: "Leave scopes that you don't know out, instead of refusing the request: MCP clients add some by habit. Or ask for others above.",
  invalid_target: "The server doesn't know the resource: add it there, or ask for another above.",
  invalid_request: "A parameter of the request is refused; the trace has all of them.",
  unauthorized_client: "Let the client use the code flow.",
  unsupported_response_type: "Support response_type=code.",
};
