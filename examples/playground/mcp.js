// Calls of an MCP server over Streamable HTTP: one request, and its answer as JSON or from an event stream.
import { maskedHeaders, maskedMembers } from "./mask.js";

/** The revision without initialize and sessions. */
export const STATELESS = "2026-07-28";
/** Larger answers are cut: they are there to be looked at. */
const LONGEST = 1024 * 1024;
const CLIENT = { name: "latchkey-playground", version: "1.0.0" };

/** One client's conversation with the server at `address`. */
export class Mcp {
  #address;
  #token;
  #options;
  #session;
  #revision;
  #lastId = 0;

  /** `options`: `onExchange`, `signal`, and `remember` for what turns out to be secret. */
  constructor(address, token, revision, options) {
    this.#address = address;
    this.#token = token;
    this.#revision = revision;
    this.#options = options;
  }

  /** The same conversation with another token, or listened to by somebody else. */
  continued(token, options) {
    this.#token = token;
    this.#options = options;
    return this;
  }

  /** Says hello, where the revision has that. Returns what `request` returns, for each message. */
  async initialize() {
    if (this.#revision === STATELESS) return [];
    const hello = await this.request("initialize", { protocolVersion: this.#revision, capabilities: {}, clientInfo: CLIENT });
    if (!hello.message?.result) return [hello];
    const agreed = hello.message.result.protocolVersion;
    if (typeof agreed === "string") this.#revision = agreed;
    return [hello, await this.#send({ jsonrpc: "2.0", method: "notifications/initialized" })];
  }

  /** Sends a request; `message` is its answer, undefined when there is none. */
  request(method, params) {
    this.#lastId += 1;
    return this.#send({ jsonrpc: "2.0", id: this.#lastId, method, params: this.#revision === STATELESS ? { ...params, _meta: meta() } : params });
  }

  async #send(message) {
    const headers = {
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${this.#token}`,
      "content-type": "application/json",
      ...this.#headersOfRevision(message),
    };
    const { exchange, text } = await send("tool_call", this.#address, { method: "POST", headers, body: JSON.stringify(message) }, this.#options, message.id);
    const session = exchange.session;
    if (session) this.#session = session;
    return { exchange: exchange.shown, id: message.id, method: message.method, message: messageOf(text, exchange.shown, message.id) };
  }

  #headersOfRevision({ method, params }) {
    if (this.#revision === STATELESS) {
      const named = method === "tools/call" ? { "mcp-name": params.name } : {};
      return { "mcp-protocol-version": STATELESS, "mcp-method": method, ...named };
    }
    // The revision is agreed on in the answer to initialize, which the header therefore isn't part of.
    const agreed = method === "initialize" ? {} : { "mcp-protocol-version": this.#revision };
    return { ...agreed, ...(this.#session ? { "mcp-session-id": this.#session } : {}) };
  }
}

function meta() {
  return {
    "io.modelcontextprotocol/protocolVersion": STATELESS,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
}

/** One request of the playground's own, shown as the package shows its own: masked. */
export async function send(purpose, url, init, { onExchange, signal, remember }, id) {
  const started = performance.now();
  const shown = {
    purpose,
    request: { method: init.method, url, headers: maskedHeaders(init.headers), ...(init.body ? { body: maskedBody(init.body) } : {}) },
    milliseconds: 0,
  };
  let text = "";
  let session;
  try {
    const response = await fetch(url, { ...init, signal, credentials: "omit", cache: "no-store", redirect: "follow" });
    session = response.headers.get("mcp-session-id") ?? undefined;
    remember?.(session);
    text = await bodyOf(response, id);
    shown.response = { status: response.status, headers: maskedHeaders(Object.fromEntries(response.headers)), body: maskedBody(text) };
  } catch (error) {
    shown.error = error.message;
  }
  shown.milliseconds = Math.round(performance.now() - started);
  onExchange?.(shown);
  return { exchange: { shown, session }, text };
}

/** The whole body; of an event stream what comes until the answer to `id`, because the stream may stay open. */
async function bodyOf(response, id) {
  if (!response.body) return "";
  const isStream = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    const isAnswered = isStream && id !== undefined && events(text).some((event) => answers(event, id));
    if (isAnswered || text.length > LONGEST) {
      await reader.cancel();
      return text;
    }
  }
}

/** The JSON of each complete event of a stream (HTML section 9.2.6). */
export function events(text) {
  const blocks = text.replace(/\r\n?/g, "\n").split("\n\n").slice(0, -1);
  return blocks.flatMap((block) => {
    const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, "")).join("\n");
    return data ? [parsed(data)] : [];
  }).filter((event) => event !== undefined);
}

/** The answer to `id` in a body of either form. */
export function messageOf(text, exchange, id) {
  if (id === undefined || !exchange.response) return undefined;
  const type = exchange.response.headers["content-type"] ?? "";
  const all = type.startsWith("text/event-stream") ? events(`${text}\n\n`) : [parsed(text)].flat();
  return all.find((message) => answers(message, id));
}

const answers = (message, id) => message?.id === id && ("result" in message || "error" in message);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A body as it may be shown. */
function maskedBody(text) {
  const value = parsed(text);
  if (value !== undefined) return JSON.stringify(maskedMembers(value));
  // The data lines of an event stream are JSON too.
  return text.split("\n").map((line) => {
    const [, before, data] = line.match(/^(data: ?)(.*)$/) ?? [];
    const event = data === undefined ? undefined : parsed(data);
    return event === undefined ? line : `${before}${JSON.stringify(maskedMembers(event))}`;
  }).join("\n");
}

