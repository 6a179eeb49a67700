//! Access tokens whose signature was checked with a key set: it is the same the next time.
//!
//! A hit says that the signature is good, and nothing else: issuer, times and whether the token was taken back are looked at each
//! time. It is part of its key set, so that a key which is dropped takes along what it signed.

use latchkey_protocol::secret::SecretHash;
use std::cell::RefCell;
use std::collections::HashSet;

/// The most tokens that are known: some 100 KB.
const CAPACITY: usize = 1_000;

/// By the hash of the whole token, so that one with another signature, or none, is another.
#[derive(Debug, Default)]
pub struct CheckedSignatures(RefCell<HashSet<String>>);

impl CheckedSignatures {
    /// Whether the token's signature was good.
    pub fn has(&self, token: &SecretHash) -> bool {
        self.0.borrow().contains(&token.to_text())
    }

    /// Notes that the token's signature is good. A bad one isn't noted: it costs whoever sends it.
    pub fn note(&self, token: &SecretHash) {
        let mut known = self.0.borrow_mut();
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(token.to_text());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_protocol::secret::Secret;

    #[test]
    fn issue_6_only_a_token_that_was_noted_is_known_and_no_more_than_so_many_are() {
        let known = CheckedSignatures::default();
        let hash = |text: &str| Secret::new(text.to_owned()).hash();
        known.note(&hash("header.claims.signature"));
        assert!(known.has(&hash("header.claims.signature")));
        for other in ["header.claims.", "header.claims.Signature", "header.claims", ""] {
            assert!(!known.has(&hash(other)), "{other}");
        }
        for number in 0..=CAPACITY {
            known.note(&hash(&number.to_string()));
            assert!(known.0.borrow().len() <= CAPACITY);
        }
        assert!(known.has(&hash(&CAPACITY.to_string())));
    }
}
