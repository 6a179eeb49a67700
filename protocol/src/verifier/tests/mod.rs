mod key_cache;
mod key_set;
mod tokens;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://id.example";
const API: &str = "https://api.example/v1";
const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn after(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(NOW.seconds() + seconds)
}

fn verifier() -> Verifier {
    let issuer = Issuer::parse(ISSUER).expect("issuer");
    Verifier::new(issuer, ResourceIndicator::parse(API).expect("resource"))
}

/// The authorization server's key, or somebody else's with another seed.
fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).expect("key")
}

/// A JWK as Latchkey publishes it.
fn jwk(key_id: &str, seed: u8) -> Value {
    let point = key(seed).verifying_key().to_encoded_point(false);
    let [x, y] = [point.x(), point.y()].map(|part| URL_SAFE_NO_PAD.encode(part.expect("part")));
    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key_id, "alg": "ES256", "use": "sig" })
}

fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": "current" })
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "AAAAAAAAAAAAAAAAAAAAAA",
        "aud": API,
        "client_id": "app",
        "scope": "read write",
        "jti": "1",
        "grant_id": "AAAAAAAAAAAAAAAAAAAAAA",
        "auth_time": NOW.seconds() - 60,
        "iat": NOW.seconds(),
        "exp": NOW.seconds() + 3600,
    })
}

/// The same with one member changed, or removed by null.
fn with(mut value: Value, name: &str, changed: Value) -> Value {
    let object = value.as_object_mut().expect("object");
    if changed.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), changed);
    }
    value
}

fn signed(seed: u8, header: &Value, claims: &Value) -> String {
    let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature: Signature = key(seed).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn token() -> String {
    signed(7, &header(), &claims())
}
