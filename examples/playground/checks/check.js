// The form of a check, and what several files of checks ask.

/**
 * What is checked, where the specification says so, what was found and, when it is wrong, what to change.
 *
 * @typedef {{ id: string, section: string, title: string, state: "right"|"wrong"|"unknown", found: string, change?: string }} Check
 */

/** It is as the specification says. */
export const right = (id, section, title, found) => ({ id, section, title, state: "right", found });

/** It isn't. `change` says what the server's operator should do. */
export const wrong = (id, section, title, found, change) => ({ id, section, title, state: "wrong", found, change });

/** It can't be seen from here, or is left to the server. `change` is worth a thought, if given. */
export const unknown = (id, section, title, found, change) => ({ id, section, title, state: "unknown", found, ...(change ? { change } : {}) });

/** The answer's body as JSON; undefined when it is none. */
export function jsonOf(exchange) {
  try {
    return JSON.parse(exchange?.response?.body ?? "");
  } catch {
    return undefined;
  }
}

/** Whether a value is a JSON object. */
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** A header of an answer, whatever the case of its name. */
export function header(exchange, name) {
  const headers = Object.entries(exchange?.response?.headers ?? {});
  return headers.find(([own]) => own.toLowerCase() === name)?.[1];
}

/** Whether it is a request that an answer belongs to. The browser's own way to the server and back is none. */
export const isSent = ({ purpose }) => purpose !== "authorization_request" && purpose !== "authorization_response";

/** A value as a reader finds it in the document. */
export const shown = (value) => (value === undefined ? "nothing" : JSON.stringify(value));

/** The last exchange of a purpose that was answered, else the last of it. */
export function last(exchanges, purpose) {
  const all = exchanges.filter((exchange) => exchange.purpose === purpose);
  return all.findLast(({ response }) => response) ?? all.at(-1);
}

/** Whether an address may be followed: https, or http on this machine, without a password. */
export function isSafe(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  if (url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/** Whether a host is this machine. */
export function isLoopback(host) {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The origin of an address; undefined when it is none. */
export function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return undefined;
  }
}

/** What to say of two identifiers that must be the same. */
export function differenceOf(found, wanted) {
  if (typeof found !== "string") return "It is missing.";
  if (found.replace(/\/$/, "") === wanted.replace(/\/$/, "")) return "Only the slash at the end differs; identifiers are compared byte for byte.";
  if (found.toLowerCase() === wanted.toLowerCase()) return "Only the case of letters differs; identifiers are compared byte for byte.";
  return "It names another.";
}

/** RFC 6749 section 5.1 of an answer that has tokens in it. */
export function notStored(exchange) {
  const section = "RFC 6749 section 5.1";
  const title = "Cache-Control: no-store";
  const found = header(exchange, "cache-control");
  if (found?.toLowerCase().includes("no-store")) return right("no_store", section, title, found);
  return wrong("no_store", section, title, found ?? "no Cache-Control", "Send Cache-Control: no-store with every answer that has a token or a code in it.");
}

/** Whether the answer says that it is JSON, and is. */
export function isJson(exchange, section) {
  const type = header(exchange, "content-type") ?? "";
  const title = "The answer is application/json";
  const parsed = jsonOf(exchange);
  if (parsed === undefined) return wrong("json", section, title, `${type || "no Content-Type"}, and the body is no JSON`, "Answer with a JSON object and Content-Type: application/json.");
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return wrong("json", section, title, type || "no Content-Type", "Send Content-Type: application/json.");
  return right("json", section, title, type);
}

/** Members that are null, empty texts or empty lists: strict clients stop at them. */
export function emptyMembers(document, section) {
  const title = "No member is null or empty";
  const empty = Object.entries(document ?? {}).filter(([, value]) => value === null || value === "" || (Array.isArray(value) && value.length === 0)).map(([name]) => name);
  if (empty.length === 0) return right("no_empty_members", section, title, "none is");
  return wrong("no_empty_members", section, title, empty.join(", "), "Leave out what has no value: some clients refuse the whole document for a null or an empty text.");
}
