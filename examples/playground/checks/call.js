// What an MCP server answers to a call with the token.
import { bearerChallenge } from "./challenge.js";
import { header, right, shown, unknown, wrong } from "./check.js";

const TRANSPORT = "MCP transports, Streamable HTTP";

/** Checks of one JSON-RPC request. `message` is the answer that was read from JSON or from the event stream. */
export function callChecks({ exchange, message, id, method }) {
  if (!exchange?.response) return [];
  const { status } = exchange.response;
  if (status === 401) return [unauthorized(exchange)];
  if (status === 403) return [forbidden(exchange)];
  if (status < 200 || status > 299) return [wrong(`${method}_status`, TRANSPORT, `${method} is answered`, String(status), "Look at the answer below, and at the server's log.")];
  if (id === undefined) return [accepted(status, method)];
  const checks = [form(exchange, method)];
  if (message === undefined) return [...checks, wrong(`${method}_message`, "JSON-RPC 2.0 section 5", `${method} is answered with its own id`, "no such message", "Answer the request in this response, with the id that it had.")];
  checks.push(right(`${method}_message`, "JSON-RPC 2.0 section 5", `${method} is answered with its own id`, shown(message.id)));
  if (message.error) checks.push(failed(message.error, method));
  if (method === "initialize" && message.result) checks.push(version(message.result));
  if (method === "tools/call" && message.result?.isError) checks.push(unknown("tool_error", "MCP tools, error handling", "The tool did it", "isError: its own words are in the answer"));
  return checks;
}

function unauthorized(exchange) {
  const challenge = bearerChallenge(header(exchange, "www-authenticate"));
  const title = "The token is accepted";
  const words = [challenge?.error, challenge?.error_description].filter(Boolean).join(": ") || "401";
  return wrong("token_accepted", "RFC 6750 section 3.1", title, words, "If the token is fresh: check its audience (aud is the resource), its issuer, and that the resource has the server's current keys.");
}

/** MCP: Runtime insufficient scope. */
function forbidden(exchange) {
  const section = "MCP authorization, runtime insufficient scope";
  const title = "A missing scope is named";
  const text = header(exchange, "www-authenticate");
  const challenge = bearerChallenge(text);
  if (challenge?.error === "insufficient_scope" && challenge.scope) return right("insufficient_scope", section, title, `${challenge.scope}. It is filled in at Authorization: sign in again to get it`);
  if (challenge?.error === "insufficient_scope") return wrong("insufficient_scope", section, title, text, "Add scope=\"…\" with everything that the call needs.");
  if (text === undefined) return unknown("insufficient_scope", section, title, "403 without a WWW-Authenticate that can be read", "If a scope is missing, send error=\"insufficient_scope\" and scope=\"…\", and expose the header to scripts.");
  return wrong("insufficient_scope", section, title, text, "Send 403 with error=\"insufficient_scope\" and scope=\"…\".");
}

function accepted(status, method) {
  return status === 202 || status === 204
    ? right(`${method}_accepted`, TRANSPORT, "A notification is answered with 202", String(status))
    : unknown(`${method}_accepted`, TRANSPORT, "A notification is answered with 202", String(status), "Answer 202 without a body.");
}

function form(exchange, method) {
  const type = header(exchange, "content-type") ?? "";
  const title = `${method} is answered as JSON or as an event stream`;
  return /^(application\/json|text\/event-stream)\s*(;|$)/i.test(type)
    ? right(`${method}_form`, TRANSPORT, title, type)
    : wrong(`${method}_form`, TRANSPORT, title, type || "no Content-Type", "Send application/json or text/event-stream.");
}

function failed({ code, message }, method) {
  const words = `${code}: ${message}`;
  if (code === -32_601 && method === "initialize") return unknown(`${method}_result`, "MCP 2026-07-28", "initialize is known", words, "Choose the revision 2026-07-28, which has no initialize.");
  return wrong(`${method}_result`, "JSON-RPC 2.0 section 5.1", `${method} gives a result`, words, "Look at the request: the server says what it misses.");
}

function version({ protocolVersion, serverInfo }) {
  const title = "The server says which revision it speaks";
  if (typeof protocolVersion !== "string") return wrong("protocol_version", "MCP lifecycle", title, shown(protocolVersion), "Send protocolVersion.");
  return right("protocol_version", "MCP lifecycle", title, [protocolVersion, serverInfo?.name].filter((text) => typeof text === "string").join(", "));
}
