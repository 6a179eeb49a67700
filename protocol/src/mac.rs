//! HMAC-SHA256 with a 256-bit key, the only way it is used here: to derive one secret from another.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::digest::Key;
use hmac::{Hmac, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;
use std::fmt;

use crate::entropy::Entropy;
use crate::json::{FromJson, ReadError, Value};
use crate::secret::Secret;

/// 256 random bits, stored as base64url. A damaged one makes its record unreadable: it must never turn
/// into a key that somebody knows.
#[derive(Clone)] // Cloned with the record that it belongs to.
pub struct MacKey([u8; 32]);

impl MacKey {
    /// Draws a new key.
    #[must_use]
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The secret of 256 bits that belongs to the concatenated `parts` under this key. Without the key
    /// nobody can make it.
    #[must_use]
    pub fn derive(&self, parts: &[&[u8]]) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(hmac_sha256(&self.0, parts)))
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MacKey(redacted)")
    }
}

impl Serialize for MacKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromJson for MacKey {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let text = String::from_json(value)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| ReadError::new("expected 32 bytes of base64url"))
    }
}

/// The HMAC-SHA256 ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)) of the concatenated `parts`.
#[must_use]
pub fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // RFC 2104 section 2: a key shorter than the block is padded with zeros. A whole block is the
    // one key length for which making the MAC can't fail.
    let mut block = Key::<Hmac<Sha256>>::default();
    for (target, source) in block.iter_mut().zip(key) {
        *target = *source;
    }
    let mut mac = <Hmac<Sha256> as Mac>::new(&block);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    #[test]
    fn rfc4231_4_2_test_case_1_with_the_key_padded() {
        let mut key = [0; 32];
        key[..20].copy_from_slice(&[0x0b; 20]);
        let expected = [
            0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b,
            0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c,
            0x2e, 0x32, 0xcf, 0xf7,
        ];
        assert_eq!(hmac_sha256(&key, &[b"Hi ", b"There"]), expected);
    }

    #[test]
    fn a_key_reads_back_and_a_damaged_one_does_not_become_another() {
        let key = MacKey::generate(&mut CountingEntropy::default());
        let json = serde_json::to_string(&key).expect("json");
        let again: MacKey = crate::json::read(&json).expect("reads back");
        assert!(key.derive(&[b"a"]).hash().matches(&again.derive(&[b"a"])));
        assert!(!key.derive(&[b"a"]).hash().matches(&key.derive(&[b"b"])));
        assert!(crate::json::read::<MacKey>("\"AAAA\"").is_err());
        assert_eq!(format!("{key:?}"), "MacKey(redacted)");
    }
}
