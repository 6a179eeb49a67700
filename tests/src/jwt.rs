//! A resource server's view of an access token: verified with nothing but the published keys.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::EncodedPoint;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::Value;

use crate::server::Server;

/// A token whose signature is right.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The JOSE header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

/// The keys that the server's metadata leads to.
///
/// # Panics
///
/// When `jwks_uri` is missing or doesn't answer with a JWK set.
#[must_use]
pub fn keys(server: &Server) -> Vec<Value> {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    let uri = metadata["jwks_uri"].as_str().expect("jwks_uri").to_owned();
    let path = server.local_path("/", &uri).expect("jwks_uri on the issuer's origin");
    server.get(&path).expect(200).json()["keys"].as_array().expect("keys").clone()
}

/// Verifies an ES256 signature with one of `keys`, chosen by `kid`
/// ([RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).
///
/// # Errors
///
/// A sentence, when it isn't a token of these keys.
pub fn verify(token: &str, keys: &[Value]) -> Result<Verified, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err(format!("{} parts", parts.len()));
    };
    let decode =
        |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|error| format!("no base64url: {error}"));
    let json = |part: &str| {
        serde_json::from_slice::<Value>(&decode(part)?).map_err(|error| format!("no JSON: {error}"))
    };
    let verified = Verified { header: json(header)?, claims: json(claims)? };
    if verified.header["alg"] != "ES256" {
        return Err(format!("alg {}", verified.header["alg"]));
    }
    let key = keys
        .iter()
        .find(|key| key["kid"] == verified.header["kid"] && key["kid"].is_string())
        .ok_or_else(|| format!("no key {}", verified.header["kid"]))?;
    if key["kty"] != "EC" || key["crv"] != "P-256" {
        return Err(format!("no P-256 key: {key}"));
    }
    let coordinate = |name: &str| {
        let bytes = decode(key[name].as_str().unwrap_or_default())?;
        <[u8; 32]>::try_from(bytes).map_err(|_| format!("{name} isn't 32 bytes"))
    };
    let point = EncodedPoint::from_affine_coordinates(
        &coordinate("x")?.into(),
        &coordinate("y")?.into(),
        false,
    );
    let key = VerifyingKey::from_encoded_point(&point).map_err(|_| "no point of the curve")?;
    let signature = Signature::from_slice(&decode(signature)?).map_err(|_| "no signature")?;
    let message = token.rsplit_once('.').map_or("", |(message, _)| message);
    key.verify(message.as_bytes(), &signature).map_err(|_| "a wrong signature")?;
    Ok(verified)
}

/// Signs a token with a key that no server has
/// ([RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1)).
///
/// # Panics
///
/// Never: the key is a constant.
#[must_use]
pub fn forge(header: &Value, claims: &Value) -> String {
    let key = SigningKey::from_slice(&[7; 32]).expect("key");
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature: Signature = key.sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// The public half of the key that [`forge`] signs with, as a client publishes it
/// ([RFC 7518 section 6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1)).
///
/// # Panics
///
/// Never: the key is a constant.
#[must_use]
#[cfg(test)]
fn forging_key(kid: &str) -> Value {
    let key = SigningKey::from_slice(&[7; 32]).expect("key");
    let point = key.verifying_key().to_encoded_point(false);
    let coordinate = |bytes: Option<&p256::FieldBytes>| {
        URL_SAFE_NO_PAD.encode(bytes.expect("an uncompressed point"))
    };
    serde_json::json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
        "x": coordinate(point.x()), "y": coordinate(point.y()),
    })
}

/// The header and the claims of a token, whoever signed it.
///
/// # Panics
///
/// When it is no JWT.
#[must_use]
pub fn read(token: &str) -> Verified {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    Verified { header: parts.next().expect("header"), claims: parts.next().expect("claims") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // RFC 7515 appendix A.3, with a `kid` in the key set and without one in the header.
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    #[test]
    fn rfc7515_appendix_a_3_a_token_without_a_key_id_is_not_accepted() {
        let key = json!({
            "kty": "EC", "crv": "P-256", "kid": "a",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        assert!(verify(TOKEN, &[key]).is_err_and(|error| error.starts_with("no key")));
    }

    #[test]
    fn what_is_forged_verifies_with_the_forging_key_and_no_other() {
        let token = forge(&json!({ "alg": "ES256", "kid": "a" }), &json!({ "sub": "b" }));
        let verified = verify(&token, &[forging_key("a")]).expect("verified");
        assert_eq!(verified.claims, json!({ "sub": "b" }));
        assert!(verify(&token, &[forging_key("b")]).is_err());
    }

    #[test]
    fn what_is_no_token_is_refused_without_a_panic() {
        for text in ["", "a.b", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(verify(text, &[]).is_err(), "{text}");
        }
    }
}
