// What must not be seen: every secret of a walk, masked wherever it turns up.
//
// The package masks the members and headers that the specifications name. This goes further: whatever was once a
// token, a code, a state, a verifier or a typed credential is masked by its value, so a server that repeats one in
// an error or a tool's result shows it to nobody.

/** A shorter text could be a common word, and isn't masked by its value. */
const SHORTEST = 8;

/** Members of JSON whose values are secret. */
const SECRET_MEMBERS = new Set([
  "access_token", "refresh_token", "id_token", "token", "code_verifier", "device_code", "client_secret",
  "client_assertion", "assertion", "registration_access_token", "initial_access_token", "password",
]);

/** Parameters of forms and queries whose values are secret. */
const SECRET_PARAMETERS = new Set([...SECRET_MEMBERS, "code", "state"]);

/** Headers whose values are secret. */
const SECRET_HEADERS = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "dpop", "mcp-session-id"]);

/** How a masked value looks: enough to tell two apart. */
export function masked(value) {
  return value.length < 12 ? `…(${value.length})` : `${value.slice(0, 4)}…(${value.length})`;
}

/** The secrets of one walk. */
export class Secrets {
  #values = new Set();

  /** Takes a note of secrets; what is no text is left out. */
  remember(...values) {
    for (const value of values) {
      if (typeof value !== "string" || value.length < SHORTEST) continue;
      this.#values.add(value);
      // The same as it stands in a query or a form.
      this.#values.add(encodeURIComponent(value));
    }
  }

  /** A text without any of the secrets. */
  text(text) {
    // Longer ones first: one secret may begin with another.
    const values = [...this.#values].sort((a, b) => b.length - a.length);
    return values.reduce((rest, value) => rest.replaceAll(value, masked(value)), String(text));
  }

  /** Any value of JSON without any of the secrets, in its keys neither. */
  value(value) {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.value(item)]));
  }
}

/** Headers with the secret ones masked; the scheme of a credential stays. */
export function maskedHeaders(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => {
    if (!SECRET_HEADERS.has(name.toLowerCase())) return [name, value];
    const [scheme, ...rest] = value.split(" ");
    return [name, rest.length > 0 ? `${scheme} ${masked(rest.join(" "))}` : masked(value)];
  }));
}

/** An address with the secrets of its query and fragment masked. */
export function maskedUrl(text) {
  const [, before, query = "", fragment = ""] = String(text).match(/^([^?#]*)(\?[^#]*)?(#.*)?$/s) ?? [];
  if (before === undefined) return "";
  return `${before}${maskedPairs(query)}${maskedPairs(fragment)}`;
}

/** `?a=b&c=d`, `#a=b` or `a=b` with the values of secret parameters masked. */
export function maskedPairs(text) {
  const [, mark, pairs] = text.match(/^([?#]?)(.*)$/s);
  return mark + pairs.split("&").map((pair) => {
    const [name, ...rest] = pair.split("=");
    return rest.length > 0 && SECRET_PARAMETERS.has(name) ? `${name}=${masked(rest.join("="))}` : pair;
  }).join("&");
}

/** A value of JSON with secret members masked, at any depth. */
export function maskedMembers(value) {
  if (Array.isArray(value)) return value.map(maskedMembers);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [
    key,
    SECRET_MEMBERS.has(key) && typeof member === "string" ? masked(member) : maskedMembers(member),
  ]));
}
