// npm install jose; wrangler.toml: services = [{ binding = "LATCHKEY", service = "latchkey" }]
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";

let keys; // of this isolate
const good = new Map(); // tokens that were good less than a minute ago: checking a signature costs more than all else

/** The token is good, but not for this: answer 403 `insufficient_scope`. */
export class InsufficientScope extends Error {}

/** The claims of a good token that has these scopes. Other errors: 401, or 503 without the keys. */
export async function verify(env, token, ...needed) {
  const now = Date.now() / 1000;
  let found = good.get(token);
  if (found === undefined || found.until <= now) {
    const claims = Object.freeze(await check(env, token));
    found = { claims, until: Math.min(claims.exp, now + 60) };
    if (good.size >= 1000) good.clear();
    good.set(token, found);
  }
  const held = (found.claims.scope ?? "").split(" ");
  if (!needed.every((scope) => held.includes(scope))) throw new InsufficientScope(`needs ${needed.join(" ")}`);
  return found.claims;
}

async function check(env, token) {
  // Through the binding, because a Worker can't fetch from its own zone.
  keys ??= createRemoteJWKSet(new URL(`${env.ISSUER}/jwks`), {
    [customFetch]: (url, request) => env.LATCHKEY.fetch(url, request),
    cacheMaxAge: 3_600_000,
    cooldownDuration: 30_000,
    timeoutDuration: 5_000,
  });
  const { payload } = await jwtVerify(token, keys, {
    typ: "at+jwt",
    algorithms: ["ES256"],
    issuer: env.ISSUER,
    audience: env.RESOURCE,
    requiredClaims: ["sub", "client_id", "jti", "iat", "exp"],
    clockTolerance: 30,
  });
  return payload;
}
