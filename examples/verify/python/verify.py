# pip install "PyJWT[crypto]>=2.15"
import os

import jwt

ISSUER = os.environ["ISSUER"]  # https://id.example.com, as in its metadata, to the byte
RESOURCE = os.environ["RESOURCE"]  # https://api.example.com/v1, as `uri` in its configuration

# Kept for an hour; a key that is new is fetched at once, but no more than once in 30 seconds.
KEYS = jwt.PyJWKClient(f"{ISSUER}/jwks", lifespan=3600, cooldown_duration=30, timeout=5)


class InsufficientScope(Exception):
    """The token is good, but not for this: answer 403 `insufficient_scope`."""


def verify(token: str, *needed: str) -> dict:
    """The claims of a good token that has these scopes. PyJWTError: 401, or 503 without the keys."""
    verified = jwt.decode_complete(
        token,
        KEYS.get_signing_key_from_jwt(token),
        algorithms=["ES256"],
        issuer=ISSUER,
        audience=RESOURCE,
        leeway=30,
        options={"require": ["iss", "aud", "sub", "client_id", "jti", "iat", "exp"]},
    )
    # PyJWT leaves this one to you. Without it any other JWT of this issuer would do.
    kind = str(verified["header"].get("typ")).lower()
    if kind not in ("at+jwt", "application/at+jwt"):
        raise jwt.InvalidTokenError("not an access token")
    claims = verified["payload"]
    if not set(needed) <= set(claims.get("scope", "").split()):
        raise InsufficientScope(" ".join(needed))
    return claims
