// What a request without an answer can be, and whether answers can be read by scripts (CORS).
import { header, isSent, originOf, right, unknown, wrong } from "./check.js";

const SECTION = "RFC 10017 section 6.3.3.4";
const TITLE = "Readable by scripts (CORS)";

/**
 * One check of each address that was asked. `reached` of an exchange without an answer says what a second look found:
 * true when something answers there that scripts may not read, false when nothing does.
 */
export function readable(exchanges, page, { isForServers = false } = {}) {
  const addresses = new Map();
  for (const exchange of exchanges) {
    if (["probe", "preflight"].includes(exchange.purpose) || !isSent(exchange)) continue;
    const origin = originOf(exchange.request.url);
    const isDown = !exchange.response && exchange.reached === false;
    const id = isDown ? `down_${origin}` : `cors_${exchange.purpose}_${origin}`;
    const before = addresses.get(id);
    // Of several requests to one address the one without an answer is the one to speak of.
    if (before === undefined || (!exchange.response && !isDown)) addresses.set(id, ofOne(id, exchange, origin, page, isForServers));
  }
  return [...addresses.values()];
}

function ofOne(id, exchange, origin, page, isForServers) {
  if (exchange.response) return answered(id, exchange, origin, page, isForServers);
  const where = `${exchange.request.method} ${exchange.request.url}`;
  if (originOf(page)?.startsWith("https:") && exchange.request.url.startsWith("http:")) {
    return unknown(id, SECTION, TITLE, `${where}: this page is https, and the browser asks no http address from it. Serve the playground on this machine (npm start).`);
  }
  if (exchange.reached && isForServers) {
    return unknown(id, SECTION, TITLE, `${where}: there is an answer, closed to scripts. That is as it should be: only servers ask here.`);
  }
  if (exchange.reached) {
    const names = asked(exchange);
    const preflight = names ? ` Answer OPTIONS with 204 without asking for a credential, with Access-Control-Allow-Headers: ${names}.` : "";
    return wrong(id, SECTION, TITLE, `${where}: there is an answer, and the browser lets no script read it.`,
      `Send Access-Control-Allow-Origin: * with every answer, errors too.${preflight}`);
  }
  return wrong(id, "Fetch section 3.2", "The server answers", `${where}: ${exchange.error ?? "no answer"}. Nothing answers at ${origin}: the address is wrong, the server is down, its certificate isn't trusted, or this browser is offline, blocks it, or keeps pages from this machine's network.`,
    "Open the address in a tab of its own: what the browser says there is the reason.");
}

/** Whether MCP clients in browsers, which send a header of their own, may read the metadata too. */
export function preflights(exchanges) {
  return exchanges.filter(({ purpose }) => purpose === "preflight").map((exchange) => {
    const id = `preflight_${new URL(exchange.request.url).pathname}`;
    const title = "Readable with MCP-Protocol-Version, as MCP clients send it";
    if (exchange.response) return right(id, SECTION, title, exchange.request.url);
    return wrong(id, SECTION, title, `${exchange.request.url}: not readable with the header, and readable without`,
      "Answer OPTIONS there with 204, without asking for a credential, and name mcp-protocol-version in Access-Control-Allow-Headers.");
  });
}

function answered(id, exchange, origin, page, isForServers) {
  if (origin !== originOf(page)) return right(id, SECTION, TITLE, `${origin} lets this page read its answers`);
  const allowed = header(exchange, "access-control-allow-origin");
  if (allowed) return right(id, SECTION, TITLE, `Access-Control-Allow-Origin: ${allowed}`);
  const closed = isForServers ? "that is as it should be: only servers ask here" : "pages of other origins can't read it";
  return unknown(id, SECTION, TITLE, `This page has the same origin, so it may read; there is no Access-Control-Allow-Origin, so ${closed}.`,
    isForServers ? undefined : "Send Access-Control-Allow-Origin: * if clients that run in a browser are to work.");
}

/** The headers that the browser asks about first; an empty text when there are none. */
function asked(exchange) {
  const simple = ["accept", "accept-language", "content-language"];
  const names = Object.entries(exchange.request.headers)
    .filter(([name, value]) => !simple.includes(name.toLowerCase()) && !(name.toLowerCase() === "content-type" && /^(application\/x-www-form-urlencoded|text\/plain)/.test(value)))
    .map(([name]) => name.toLowerCase());
  return names.join(", ");
}
