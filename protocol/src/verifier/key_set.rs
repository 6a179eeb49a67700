//! The keys that an authorization server publishes, as far as they can have signed an access token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::EncodedPoint;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

use crate::json::FromJson;
use crate::jwt::{ES256, Received, SignatureVerdict};
use crate::time::UnixTime;

/// The longest document that is read, in bytes.
const MAXIMUM_DOCUMENT: usize = 256 * 1024;
/// The most keys that are kept; Latchkey publishes three at most.
const MAXIMUM_KEYS: usize = 64;

/// A JWK set ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)), read.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: BTreeMap<String, PublicKey>,
    fetched_at: UnixTime,
}

impl KeySet {
    /// Reads the body of the response of `jwks_uri`, fetched at `fetched_at`.
    ///
    /// Keys that can't have signed an access token, or can't be named by one, are left out: those of
    /// other types, for other uses or algorithms, without `kid`. RFC 7517 section 5 wants them
    /// ignored, so that a new kind of key stops nobody.
    ///
    /// # Errors
    ///
    /// [`KeySetError`]: it is no JWK set, or nothing of it is left. What was known before is better.
    pub fn parse(jwks: &str, fetched_at: UnixTime) -> Result<Self, KeySetError> {
        #[derive(FromJson)]
        struct Document {
            keys: Vec<Value>,
        }
        if jwks.len() > MAXIMUM_DOCUMENT {
            return Err(KeySetError::TooLarge);
        }
        let document: Document = crate::json::read(jwks).map_err(|_| KeySetError::NotAKeySet)?;
        let mut keys = BTreeMap::new();
        for (key_id, key) in document.keys.into_iter().filter_map(PublicKey::named) {
            // RFC 7517 section 4.5: keys of one set SHOULD have distinct ids; the first one counts.
            if keys.len() < MAXIMUM_KEYS {
                keys.entry(key_id).or_insert(key);
            }
        }
        if keys.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(Self { keys, fetched_at }) }
    }

    /// When it was fetched.
    #[must_use]
    pub const fn fetched_at(&self) -> UnixTime {
        self.fetched_at
    }

    /// Whether it has a key of this id.
    #[must_use]
    pub fn contains(&self, key_id: &str) -> bool {
        self.keys.contains_key(key_id)
    }

    /// Whether the key that the token names made its signature. A token that names none is nobody's:
    /// Latchkey's always do.
    pub(super) fn verdict(&self, token: &Received<'_>) -> SignatureVerdict {
        match token.key_id().and_then(|key_id| self.keys.get(key_id)) {
            Some(key) if key.verifies(token) => SignatureVerdict::Valid,
            Some(_) | None => SignatureVerdict::Invalid,
        }
    }
}

/// A key and the one algorithm it is for.
#[derive(Debug, Clone)]
enum PublicKey {
    /// P-256 with SHA-256 ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
    Es256(VerifyingKey),
}

/// The members of a JWK that matter here
/// ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
#[derive(FromJson)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl PublicKey {
    fn named(jwk: Value) -> Option<(String, Self)> {
        let jwk = Jwk::from_json(jwk).ok()?;
        let for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|name| name == "verify"));
        if !for_signatures {
            return None;
        }
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => Self::es256(jwk.x.as_deref()?, jwk.y.as_deref()?)?,
            _ => return None,
        };
        // RFC 8725 section 3.1: "Each key MUST be used with exactly one algorithm".
        let bound = jwk.alg.as_deref().is_none_or(|algorithm| algorithm == key.algorithm());
        bound.then_some((jwk.kid, key))
    }

    /// RFC 7518 section 6.2.1: both coordinates are 32 bytes, leading zeros included.
    fn es256(x: &str, y: &str) -> Option<Self> {
        let coordinate = |text: &str| <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let (x, y) = (coordinate(x)?, coordinate(y)?);
        let point = EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
        VerifyingKey::from_encoded_point(&point).ok().map(Self::Es256)
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => ES256,
        }
    }

    fn verifies(&self, token: &Received<'_>) -> bool {
        // RFC 8725 section 3.1: the key says which algorithm it is for, never the token alone.
        if token.algorithm() != self.algorithm() {
            return false;
        }
        match self {
            Self::Es256(key) => Signature::from_slice(token.signature())
                .is_ok_and(|signature| key.verify(token.message(), &signature).is_ok()),
        }
    }
}

/// Why a document isn't a key set to work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySetError {
    /// It is longer than any key set.
    TooLarge,
    /// It isn't a JSON object with an array of keys.
    NotAKeySet,
    /// None of its keys can have signed an access token.
    NoUsableKey,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "the JWK set is longer than 256 KB",
            Self::NotAKeySet => "the document is not a JWK set",
            Self::NoUsableKey => "the JWK set has no key for ES256 signatures with a kid",
        })
    }
}

impl std::error::Error for KeySetError {}
