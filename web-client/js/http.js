// Requests to servers, each read to its end, and their trace.
import * as glue from "latchkey:glue";
import { throwIfAborted } from "./abort.js";
import { LatchkeyError } from "./error.js";

/** The longest answer that is read, in bytes. Metadata and tokens have a hundredth of it. */
const LONGEST_ANSWER = 512 * 1024;
/** How long a request without a signal of its own may take, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Sends a GET, or a POST of `form` or `json`, and gives `{ status, retryAfter, challenge, body }`; `body` is the JSON object
 * of the answer, if it is one. `with` are the caller's options: `fetch`, `onExchange`, `signal`.
 */
export async function send({ purpose, url, form, json, authorization }, { fetch = globalThis.fetch, onExchange, signal } = {}) {
  throwIfAborted(signal);
  const text = form ? parametersOf(form).toString() : json && JSON.stringify(json);
  const headers = { accept: "application/json" };
  if (text !== undefined) headers["content-type"] = form ? "application/x-www-form-urlencoded" : "application/json";
  if (authorization) headers.authorization = authorization;
  const isPost = text !== undefined;
  const exchange = onExchange && begun(purpose, isPost ? "POST" : "GET", url, headers, text);
  const began = Date.now();
  let response;
  let answer;
  try {
    response = await fetch(url, {
      method: isPost ? "POST" : "GET",
      headers,
      body: text,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      // Secrets go where the metadata says and nowhere else.
      redirect: isPost ? "error" : "follow",
      cache: isPost ? "no-store" : "default",
      signal: signal ?? AbortSignal.timeout(PATIENCE),
    });
    answer = await textOf(response);
  } catch (cause) {
    if (exchange) tell(onExchange, { ...exchange, error: String(cause?.message ?? cause), milliseconds: Date.now() - began });
    throwIfAborted(signal);
    throw cause instanceof LatchkeyError ? cause : later("network_error", { cause });
  }
  if (exchange) tell(onExchange, { ...exchange, response: shown(response, answer), milliseconds: Date.now() - began });
  return {
    status: response.status,
    ok: response.ok,
    retryAfter: response.headers.get("retry-after") ?? undefined,
    challenge: response.headers.get("www-authenticate") ?? undefined,
    body: objectOf(answer),
  };
}

/** The error for a server that is busy or can't be reached. */
export function later(code, details) {
  const message =
    code === "network_error"
      ? "The server can't be reached: offline, or refused by the server's CORS or this page's policy."
      : "The server can't answer for now. Nothing is lost; try again later.";
  return new LatchkeyError(code, message, details);
}

/** The error for an answer that isn't what the specification says. */
export function malformed(member, status) {
  return new LatchkeyError("malformed_response", `The server's answer has no usable ${member}.`, { member, status });
}

/** Parameters without those that are left out or empty, which count the same (RFC 6749 section 3.1). */
export function parametersOf(pairs) {
  return new URLSearchParams(Object.entries(pairs).filter(([, value]) => value !== undefined && value !== ""));
}

/** JSON that is an object; undefined for anything else. */
export function objectOf(text) {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Not JSON: HTML of a proxy, say.
  }
  return undefined;
}

async function textOf(response) {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > LONGEST_ANSWER) {
      void reader.cancel();
      throw malformed("end", response.status);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function tell(onExchange, exchange) {
  try {
    onExchange(exchange);
  } catch (error) {
    // What a listener throws is its own affair, but not lost.
    reportError?.(error);
  }
}

function begun(purpose, method, url, headers, text) {
  const request = { method, url, headers: masked(headers) };
  if (text !== undefined) request.body = headers["content-type"].endsWith("json") ? maskedText(text) : maskedForm(text);
  return { purpose, request };
}

function shown(response, text) {
  return { status: response.status, headers: masked(Object.fromEntries(response.headers)), body: maskedText(text) };
}

/** OAuth's answers are flat, so the members of the object itself are looked at. */
function masked(members) {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, typeof value === "string" && glue.isSecret(name) ? maskOf(name, value) : value]),
  );
}

function maskOf(name, value) {
  const [, scheme, secret] = (name === "authorization" && /^(\S+ )(.*)$/.exec(value)) || [null, "", value];
  return scheme + mask(secret);
}

/** So much of a secret that two can be told apart, and its length. Of a short one four characters would be a good part. */
const mask = (secret) => `${secret.length < 24 ? "" : secret.slice(0, 4)}…(${secret.length})`;

function maskedText(text) {
  const value = objectOf(text);
  return value ? JSON.stringify(masked(value)) : text;
}

function maskedForm(text) {
  const pair = ([name, value]) => `${name}=${glue.isSecret(name) ? mask(value) : encodeURIComponent(value)}`;
  return [...new URLSearchParams(text)].map(pair).join("&");
}
