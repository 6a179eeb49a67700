// The WWW-Authenticate header of an answer, read as RFC 9110 section 11.6.1 writes it.

/** The parameters of the Bearer challenge; undefined when there is none. */
export function bearerChallenge(text) {
  if (!text) return undefined;
  const [, parameters] = text.match(/(?:^|,\s*)bearer(?:\s+(.*))?$/is) ?? [];
  if (parameters === undefined) return /(?:^|,\s*)bearer\s*(?:,|$)/i.test(text) ? {} : undefined;
  const found = {};
  for (const [, name, quoted, token] of parameters.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g)) {
    found[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? token;
  }
  return found;
}
