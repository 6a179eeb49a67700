//! The runtime's Web Crypto: this server's own ES256 keys and signatures
//! ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)), and the signatures of
//! others.

use js_sys::{Array, JSON, Object, Reflect, Uint8Array};
use latchkey_protocol::json;
use latchkey_protocol::jwt::SignatureAlgorithm;
use latchkey_protocol::secret::Secret;
use serde_json::Value;
use std::cell::OnceCell;
use std::fmt;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

use crate::failure::Failure;

/// A fresh key pair.
#[derive(Debug)]
pub struct KeyPair {
    /// The public JWK: `kty`, `crv`, `x`, `y` only.
    pub public_jwk: Value,
    /// The private JWK, as JSON text.
    pub private_jwk: Secret,
}

/// A key that the runtime holds and that can't be read back from it.
#[derive(Debug, Clone)]
pub struct ImportedKey(CryptoKey);

/// Makes an ES256 key pair.
pub async fn generate_es256() -> Result<KeyPair, Failure> {
    let subtle = subtle()?;
    let usages = usages(&["sign", "verify"]);
    let promise = subtle
        .generate_key_with_object(&ecdsa_p256()?, true, &usages)
        .map_err(|cause| failed("making a key", &cause))?;
    let pair = JsFuture::from(promise).await.map_err(|cause| failed("making a key", &cause))?;
    let private = Reflect::get(&pair, &"privateKey".into())
        .map_err(|cause| failed("making a key", &cause))?
        .unchecked_into::<CryptoKey>();
    let promise =
        subtle.export_key("jwk", &private).map_err(|cause| failed("exporting a key", &cause))?;
    let jwk = JsFuture::from(promise).await.map_err(|cause| failed("exporting a key", &cause))?;
    let text = JSON::stringify(&jwk)
        .map(String::from)
        .map_err(|cause| failed("exporting a key", &cause))?;
    let whole = json::parse(&text)
        .map_err(|cause| Failure::unavailable("exporting a key", cause.place_only()))?;
    let mut public = serde_json::Map::new();
    for member in ["kty", "crv", "x", "y"] {
        let value = whole
            .get(member)
            .ok_or_else(|| Failure::unavailable("exporting a key", format!("no {member}")))?;
        public.insert(member.to_owned(), value.clone());
    }
    Ok(KeyPair { public_jwk: Value::Object(public), private_jwk: Secret::new(text) })
}

/// Hands a private JWK to the runtime, for signing only.
pub async fn import_private(jwk: &Secret) -> Result<ImportedKey, Failure> {
    import(jwk.expose(), &ecdsa_p256()?, "sign").await
}

/// Hands a public JWK to the runtime, for checking only.
pub async fn import_public(jwk: &Value) -> Result<ImportedKey, Failure> {
    import(&jwk.to_string(), &ecdsa_p256()?, "verify").await
}

/// Signs `message` with ES256. The signature is the 64 bytes that a JWT wants.
pub async fn sign_es256(key: &ImportedKey, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let promise = subtle()?
        .sign_with_object_and_u8_array(&ecdsa_sha256()?, &key.0, message)
        .map_err(|cause| failed("signing", &cause))?;
    let buffer = JsFuture::from(promise).await.map_err(|cause| failed("signing", &cause))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Whether `signature` is the key's over `message`.
pub async fn verify_es256(
    key: &ImportedKey,
    signature: &[u8],
    message: &[u8],
) -> Result<bool, Failure> {
    let promise = subtle()?
        .verify_with_object_and_u8_array_and_u8_array(&ecdsa_sha256()?, &key.0, signature, message)
        .map_err(|cause| failed("checking a signature", &cause))?;
    let answer =
        JsFuture::from(promise).await.map_err(|cause| failed("checking a signature", &cause))?;
    Ok(answer.as_bool() == Some(true))
}

/// Whether the private key signs what the public one believes. A key that the runtime doesn't take is no pair.
///
/// # Errors
///
/// [`Failure`] when the runtime has no Web Crypto.
pub async fn is_pair(private_jwk: &Secret, public_jwk: &Value) -> Result<bool, Failure> {
    const MESSAGE: &[u8] = b"a key that is brought";
    subtle()?;
    let Ok(private) = import_private(private_jwk).await else { return Ok(false) };
    let Ok(public) = import_public(public_jwk).await else { return Ok(false) };
    let signature = sign_es256(&private, MESSAGE).await?;
    verify_es256(&public, &signature, MESSAGE).await
}

/// Whether `signature` is by the private half of `jwk` over `message`. A key that the runtime doesn't
/// take made no signature.
///
/// # Errors
///
/// [`Failure`] when the runtime has no Web Crypto.
pub async fn verify_with_jwk(
    algorithm: SignatureAlgorithm,
    jwk: &Value,
    signature: &[u8],
    message: &[u8],
) -> Result<bool, Failure> {
    let (key_algorithm, signature_algorithm) = match algorithm {
        SignatureAlgorithm::Es256 => (ecdsa_p256()?, ecdsa_sha256()?),
        SignatureAlgorithm::Rs256 => {
            let rsa = [("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-256")];
            (object(&rsa)?, object(&rsa)?)
        }
        SignatureAlgorithm::EdDsa => {
            let ed25519 = [("name", "Ed25519")];
            (object(&ed25519)?, object(&ed25519)?)
        }
    };
    let Ok(key) = import(&jwk.to_string(), &key_algorithm, "verify").await else {
        return Ok(false);
    };
    let checked = subtle()?.verify_with_object_and_u8_array_and_u8_array(
        &signature_algorithm,
        &key.0,
        signature,
        message,
    );
    // A signature of another length makes some runtimes throw rather than say no.
    let Ok(promise) = checked else { return Ok(false) };
    Ok(JsFuture::from(promise).await.is_ok_and(|answer| answer.as_bool() == Some(true)))
}

async fn import(jwk: &str, algorithm: &Object, usage: &str) -> Result<ImportedKey, Failure> {
    let key_data = JSON::parse(jwk)
        .map_err(|cause| failed("reading a key", &cause))?
        .unchecked_into::<Object>();
    // The exported JWK names both uses; the runtime refuses a key with fewer uses than it names.
    for member in ["key_ops", "ext", "use", "alg", "kid"] {
        Reflect::delete_property(&key_data, &member.into())
            .map_err(|cause| failed("reading a key", &cause))?;
    }
    let promise = subtle()?
        .import_key_with_object("jwk", &key_data, algorithm, false, &usages(&[usage]))
        .map_err(|cause| failed("importing a key", &cause))?;
    let key = JsFuture::from(promise).await.map_err(|cause| failed("importing a key", &cause))?;
    Ok(ImportedKey(key.unchecked_into()))
}

fn subtle() -> Result<SubtleCrypto, Failure> {
    js_sys::global()
        .unchecked_into::<WorkerGlobalScope>()
        .crypto()
        .map(|crypto| crypto.subtle())
        .map_err(|cause| failed("finding Web Crypto", &cause))
}

fn ecdsa_p256() -> Result<Object, Failure> {
    object(&[("name", "ECDSA"), ("namedCurve", "P-256")])
}

/// The same object each time: it would be seven ways over the boundary of the WebAssembly.
fn ecdsa_sha256() -> Result<Object, Failure> {
    thread_local! {
        static MADE: OnceCell<Object> = const { OnceCell::new() };
    }
    MADE.with(|made| match made.get() {
        Some(made) => Ok(made.clone()),
        None => {
            let new = object(&[("name", "ECDSA"), ("hash", "SHA-256")])?;
            Ok(made.get_or_init(|| new).clone())
        }
    })
}

fn object(members: &[(&str, &str)]) -> Result<Object, Failure> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), &(*value).into())
            .map_err(|cause| failed("naming an algorithm", &cause))?;
    }
    Ok(object)
}

fn usages(names: &[&str]) -> JsValue {
    names.iter().map(|name| JsValue::from(*name)).collect::<Array>().into()
}

fn failed(doing: &'static str, cause: &JsValue) -> Failure {
    struct Shown<'a>(&'a JsValue);
    impl fmt::Display for Shown<'_> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "{:?}", self.0)
        }
    }
    Failure::unavailable(doing, Shown(cause))
}
