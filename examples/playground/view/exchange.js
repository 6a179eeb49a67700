// A request and its answer, folded.
import { isSent } from "../checks/check.js";
import { element } from "./element.js";

const NAMES = {
  protected_resource: "The resource, without a token",
  protected_resource_metadata: "Protected resource metadata",
  authorization_server_metadata: "Authorization server metadata",
  registration: "Registration",
  client_metadata_document: "The client’s metadata document",
  token: "Token endpoint",
  revocation: "Revocation",
  introspection: "Introspection",
  tool_call: "The MCP server",
  authorization_request: "Where the browser goes",
  authorization_response: "Where it comes back to",
  preflight: "Metadata, asked for as MCP clients do",
  probe: "A second look, without reading",
};

/** The exchange as an element. */
export function exchangeView(exchange) {
  const { purpose, request, response, error, milliseconds } = exchange;
  const isNavigation = !isSent(exchange);
  const [place] = isNavigation ? request.url.split(/[?#]/) : [request.url];
  const outcome = isNavigation ? "" : String(response?.status ?? "no answer");
  const took = milliseconds > 0 ? ` · ${Math.round(milliseconds)} ms` : "";
  return element("details", { class: "exchange" },
    element("summary", {},
      element("span", { class: "what" },
        element("span", { class: "purpose" }, [NAMES[purpose] ?? purpose, methodOf(request)].filter(Boolean).join(": ")),
        element("code", {}, `${request.method} ${place}`)),
      element("span", { class: response || isNavigation ? "outcome" : "outcome none" }, `${outcome}${took}`)),
    part(isNavigation ? "Address" : "Request", `${request.method} ${isNavigation ? parameters(request.url) : request.url}`, request),
    isNavigation ? null : response ? part("Answer", String(response.status), response) : element("div", { class: "part-of" }, element("h4", {}, "Answer"), element("p", { class: "found" }, error ?? "none")));
}

/** The method of a JSON-RPC request. */
function methodOf({ headers, body }) {
  if (headers["content-type"] !== "application/json") return undefined;
  try {
    const { method } = JSON.parse(body);
    return typeof method === "string" ? method : undefined;
  } catch {
    return undefined;
  }
}

function part(title, first, { headers, body }) {
  const lines = [first, ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)];
  const text = body ? `${lines.join("\n")}\n\n${pretty(body)}` : lines.join("\n");
  return element("div", { class: "part-of" }, element("h4", {}, title), element("pre", { tabindex: "0", "aria-label": title }, text));
}

/** An address with a parameter on each line. */
const parameters = (url) => url.replace(/[?&#]/g, "\n  $&");

/** JSON with line breaks, a form with one parameter a line, anything else as it is. */
function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return /^[\w.%-]+=[^\n]*$/.test(body) ? body.replaceAll("&", "\n&") : body;
  }
}
