//! JSON web tokens ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)), signed with ES256: access
//! tokens for clients, assertions for the servers behind the gateway, introspection responses for
//! resource servers.
//!
//! `jwt-compact` writes, reads and checks headers and claims. Its algorithms are synchronous and the
//! runtime's Web Crypto is not, so two small algorithms bridge them: [`Unsigned`] hands out the
//! message to sign, and [`SignatureVerdict`] repeats the answer of a check already made over the
//! signed bytes. Neither computes a signature.

mod access_token;
mod algorithm;
mod assertion;
mod foreign;
mod introspection;

pub use access_token::{AccessTokenClaims, Authority, Received};
pub use algorithm::SignatureAlgorithm;
pub use assertion::{ASSERTION_LIFETIME, ASSERTION_TYPE, AssertionClaims};
pub use foreign::{ForeignClaims, ForeignJwt};
pub use introspection::{INTROSPECTION_TYPE, IntrospectionClaims};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jwt_compact::{Algorithm, AlgorithmExt, AlgorithmSignature, Claims, Header};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

use crate::json::FromJson;
use crate::secret::Secret;
use crate::time::UnixTime;

/// The only signature algorithm so far, as written in `alg`.
pub const ES256: &str = "ES256";

/// The longest token that is looked at, in bytes.
pub(crate) const MAXIMUM_LENGTH: usize = 16 * 1024;

/// Header members that must be understood or refused.
// `jwt-compact` reads it, and so by serde.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct WireHeader {
    /// [RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11): extensions; none is understood here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crit: Option<Value>,
}

/// Claims as they came, beside the times, which `jwt-compact` reads and by serde.
#[derive(Serialize)]
struct RawClaims(Map<String, Value>);

impl<'de> Deserialize<'de> for RawClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawClaims;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawClaims, A::Error> {
                let mut claims = Map::new();
                while let Some((name, value)) = map.next_entry()? {
                    // RFC 7519 section 4: claim names MUST be unique.
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a claim came twice"));
                    }
                }
                Ok(RawClaims(claims))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl fmt::Debug for WireHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WireHeader")
    }
}

/// A token that waits for its signature.
#[derive(Debug)]
pub struct Unsigned {
    message: String,
}

impl Unsigned {
    /// Writes header and claims of a token of the type `kind`, to be signed by the key `key_id`. One
    /// that is no credential need not expire.
    fn write<C: Serialize>(
        wire: C,
        kind: &str,
        key_id: &str,
        issued_at: UnixTime,
        expires_at: Option<UnixTime>,
    ) -> Result<Self, JwtError> {
        let mut claims = Claims::new(wire);
        claims.issued_at = Some(date(issued_at)?);
        claims.expiration = expires_at.map(date).transpose()?;
        let header = Header::new(WireHeader::default()).with_token_type(kind).with_key_id(key_id);
        let mut message =
            MessageOnly.token(&header, &claims, &()).map_err(|_| JwtError::Malformed)?;
        // `MessageOnly` signs with nothing, which leaves "<header>.<claims>.".
        message.pop();
        Ok(Self { message })
    }

    /// The bytes to sign ([RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1)).
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// The complete token with the signature that was made over [`Self::message`].
    #[must_use]
    pub fn with_signature(self, signature: &[u8]) -> Secret {
        Secret::new(format!("{}.{}", self.message, URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Who a token says issued it. Nobody has checked that, so it is for a refusal's words only; `None`
/// when it isn't a JWT or doesn't say.
#[must_use]
pub fn claimed_issuer(text: &str) -> Option<String> {
    #[derive(FromJson)]
    struct Claimed {
        iss: String,
    }
    if text.len() > MAXIMUM_LENGTH {
        return None;
    }
    let mut parts = text.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    // RFC 7516 section 9: a token of five parts is encrypted, and its second part is no claims.
    if parts.next().is_some() {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    crate::json::read_bytes::<Claimed>(&claims).ok().map(|claimed| claimed.iss)
}

/// What a check by Web Crypto or by a verifier said about the signature of one [`Received`] token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// The signature is the key's over the token's message.
    Valid,
    /// It isn't.
    Invalid,
}

/// Why a token isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtError {
    /// Not a JWT, or one whose claims aren't those of an access token.
    Malformed,
    /// Another kind of JWT, an ID token for example.
    WrongType,
    /// An algorithm that is not accepted.
    WrongAlgorithm,
    /// The signature is not the key's.
    InvalidSignature,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// Issued by someone else.
    WrongIssuer,
}

impl fmt::Display for JwtError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "not a JWT access token",
            Self::WrongType => "the JWT's typ is not at+jwt",
            Self::WrongAlgorithm => "the JWT's alg is not ES256",
            Self::InvalidSignature => "the signature is not valid",
            Self::Expired => "the token is expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::WrongIssuer => "the token was issued by another server",
        })
    }
}

impl std::error::Error for JwtError {}

fn date(time: UnixTime) -> Result<DateTime<Utc>, JwtError> {
    i64::try_from(time.seconds())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(JwtError::Malformed)
}

fn unix(date: Option<DateTime<Utc>>) -> Result<UnixTime, JwtError> {
    date.and_then(|date| u64::try_from(date.timestamp()).ok())
        .map(UnixTime::from_seconds)
        .ok_or(JwtError::Malformed)
}

/// The bytes of a signature made or checked elsewhere.
struct SignatureBytes(Vec<u8>);

impl AlgorithmSignature for SignatureBytes {
    fn try_from_slice(slice: &[u8]) -> Result<Self, anyhow::Error> {
        Ok(Self(slice.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

/// Repeats the verdict on exactly the message that was checked.
struct AlreadyChecked<'a> {
    algorithm: &'static str,
    message: &'a [u8],
    verdict: SignatureVerdict,
}

impl Algorithm for AlreadyChecked<'_> {
    type SigningKey = ();
    type VerifyingKey = ();
    type Signature = SignatureBytes;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.algorithm)
    }

    fn sign(&self, (): &(), _message: &[u8]) -> SignatureBytes {
        SignatureBytes(Vec::new())
    }

    fn verify_signature(&self, _: &SignatureBytes, (): &(), message: &[u8]) -> bool {
        self.verdict == SignatureVerdict::Valid && message == self.message
    }
}

/// Writes a token without its signature.
struct MessageOnly;

impl Algorithm for MessageOnly {
    type SigningKey = ();
    type VerifyingKey = ();
    type Signature = SignatureBytes;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(ES256)
    }

    fn sign(&self, (): &(), _message: &[u8]) -> SignatureBytes {
        SignatureBytes(Vec::new())
    }

    fn verify_signature(&self, _: &SignatureBytes, (): &(), _: &[u8]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
