// npm install jose
import { createRemoteJWKSet, jwtVerify } from "jose";

const ISSUER = process.env.ISSUER; // https://id.example.com, as in its metadata, to the byte
const RESOURCE = process.env.RESOURCE; // https://api.example.com/v1, as `uri` in its configuration

// Kept for an hour; a key that is new is fetched at once, but no more than once in 30 seconds.
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`), {
  cacheMaxAge: 3_600_000,
  cooldownDuration: 30_000,
  timeoutDuration: 5_000,
});

/** The token is good, but not for this: answer 403 `insufficient_scope`. */
export class InsufficientScope extends Error {}

/** The claims of a good token that has these scopes. Other errors: 401, or 503 without the keys. */
export async function verify(token, ...needed) {
  const { payload } = await jwtVerify(token, keys, {
    typ: "at+jwt",
    algorithms: ["ES256"],
    issuer: ISSUER,
    audience: RESOURCE,
    requiredClaims: ["sub", "client_id", "jti", "iat", "exp"],
    clockTolerance: 30,
  });
  const held = (payload.scope ?? "").split(" ");
  if (!needed.every((scope) => held.includes(scope))) throw new InsufficientScope(`needs ${needed.join(" ")}`);
  return payload;
}
