//! What the log calls a person, a grant or a session: the same name each time, and not the id itself.
//!
//! The id of an account is the `sub` of its tokens, so every resource server knows it. Whoever finds a
//! log must not be able to say whose lines they are, also if they have such a list; so the name is an HMAC
//! under a key of the deployment. The operator, who has the key, computes it from the id.

use hmac::digest::Key;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fmt;

/// How many bytes of the HMAC make the name: 64 bits tell everybody of one deployment apart.
const BYTES: usize = 8;

/// The key under which names are made.
#[derive(Clone)] // Cloned for each name: what has been absorbed of the key is the same each time.
pub struct PseudonymKey(Hmac<Sha256>);

impl PseudonymKey {
    /// The key with these bytes, of any length ([RFC 2104 section 2](https://www.rfc-editor.org/rfc/rfc2104#section-2)).
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        // RFC 2104 section 2: a key that is longer than the block is hashed, a shorter one padded.
        let mut block = Key::<Hmac<Sha256>>::default();
        let hashed;
        let bytes = if key.len() > block.len() {
            hashed = Sha256::digest(key);
            hashed.as_slice()
        } else {
            key
        };
        for (target, source) in block.iter_mut().zip(bytes) {
            *target = *source;
        }
        Self(<Hmac<Sha256> as Mac>::new(&block))
    }

    /// What the log calls whatever has this id: 16 hexadecimal digits.
    #[must_use]
    pub fn name(&self, id: &str) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
        let mac = self.0.clone().chain_update(id.as_bytes()).finalize().into_bytes();
        mac.iter().take(BYTES).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PseudonymKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4231_4_2_and_4_7_the_name_is_the_beginning_of_the_hmac() {
        assert_eq!(PseudonymKey::new(&[0x0b; 20]).name("Hi There"), "b0344c61d8db3853");
        let long = PseudonymKey::new(&[0xaa; 131]);
        let name = long.name("Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(name, "60e431591ee0b67f");
    }

    #[test]
    fn issue_7_a_name_is_the_same_under_one_key_and_another_under_another() {
        let (one, other) = (PseudonymKey::new(b"one"), PseudonymKey::new(b"other"));
        assert_eq!(one.name("a person"), one.name("a person"));
        assert_ne!(one.name("a person"), one.name("another"));
        assert_ne!(one.name("a person"), other.name("a person"));
        assert_eq!(format!("{one:?}"), "PseudonymKey(redacted)");
    }
}
