//! Secrets and their hashes as types.
//!
//! A [`Secret`] can't be printed or compared by accident; what is stored is its [`SecretHash`].

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

use crate::base64url;
use crate::entropy::Entropy;
use crate::json::{FromJson, ReadError, Value};

/// A value that must not reach a log, a page or a store: a code, a token, a client secret, a verifier.
///
/// `Debug` is redacted, there is no `Display`, and equality is by [`SecretHash::matches`] only.
#[derive(Clone)] // Cloned only where a reply and its hash are made from one draw.
pub struct Secret(String);

impl Secret {
    /// Wraps a value that came over the wire.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Draws a secret of 256 bits, base64url without padding (43 characters).
    ///
    /// [RFC 6749 section 10.10](https://www.rfc-editor.org/rfc/rfc6749#section-10.10) wants a
    /// guessing probability of at most 2^-128 and recommends 2^-160.
    #[must_use]
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(base64url::encode(&entropy.bytes::<32>()))
    }

    /// The value itself. Every call is a place to look at in a review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the value, which is what may be stored. Only for secrets with full entropy,
    /// never for a password.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

impl Serialize for Secret {
    /// Serialized only inside sealed values and messages to the object that owns the secret.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromJson for Secret {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        String::from_json(value).map(Self)
    }
}

/// The SHA-256 of a [`Secret`]: safe to store, compared in constant time.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Whether `secret` is the one this hash was made of. Takes the same time for every answer.
    #[must_use]
    pub fn matches(&self, secret: &Secret) -> bool {
        self.equals(&secret.hash())
    }

    /// Whether both hashes are of the same secret. Takes the same time for every answer.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The stored form: base64url without padding, 43 characters.
    #[must_use]
    pub fn to_text(&self) -> String {
        base64url::encode(&self.0)
    }

    /// Reads a hash as `sha256sum` prints it; `None` when it isn't 64 hexadecimal digits.
    #[must_use]
    pub fn from_hexadecimal(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        let pairs = digits.chunks_exact(2).map(|pair| match pair {
            [high, low] => high << 4 | low,
            _ => 0,
        });
        let bytes: Vec<u8> = pairs.collect();
        (digits.len() == 64).then(|| Some(Self(bytes.try_into().ok()?)))?
    }

    /// Reads the stored form; `None` when it isn't 32 bytes of base64url.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(..)")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl FromJson for SecretHash {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let text = String::from_json(value)?;
        Self::from_text(&text).ok_or_else(|| ReadError::new("expected 32 bytes of base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert_eq!(format!("{:?}", secret.hash()), "SecretHash(..)");
    }

    #[test]
    fn a_generated_secret_has_256_bits_and_differs_from_the_next() {
        let mut entropy = CountingEntropy::default();
        let (first, second) = (Secret::generate(&mut entropy), Secret::generate(&mut entropy));
        assert_eq!(first.expose().len(), 43);
        assert!(!first.hash().matches(&second));
        assert!(first.hash().matches(&first.clone()));
    }

    #[test]
    fn a_hash_as_sha256sum_prints_it_is_read_and_nothing_else() {
        // printf %s value | sha256sum
        let text = "cd42404d52ad55ccfa9aca4adc828aa5800ad9d385a0671fbcbf724118320619";
        let hash = SecretHash::from_hexadecimal(text).expect("a hash");
        assert!(hash.matches(&Secret::new("value")));
        assert!(SecretHash::from_hexadecimal(&text.to_uppercase()).is_some());
        for wrong in
            ["", "cd", text.trim_start_matches('c'), &format!("{text}00"), &text.replace('c', "g")]
        {
            assert!(SecretHash::from_hexadecimal(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_stored_hash_reads_back_and_a_damaged_one_does_not() {
        let hash = Secret::new("value").hash();
        let text = hash.to_text();
        assert!(SecretHash::from_text(&text).expect("reads back").equals(&hash));
        assert!(SecretHash::from_text("").is_none());
        assert!(SecretHash::from_text(&format!("{text}A")).is_none());
        assert!(SecretHash::from_text("not base64!").is_none());
    }
}
