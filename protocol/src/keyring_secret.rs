//! The secret under which the keyring's private keys are sealed, so that neither its storage nor a message has one in the clear.

use std::fmt;

use crate::entropy::Entropy;
use crate::sealed::{self, SealError, SealingKey};
use crate::secret::Secret;
use crate::time::UnixTime;

/// The shortest secret that is accepted, in bytes: it has to be random.
pub const SHORTEST_KEYRING_SECRET: usize = 32;

/// What a sealed key begins with. No key in the clear does: those are JSON, or 43 characters of base64url.
const MARK: &str = "sealed:";
/// A key lies sealed until it is deleted: the end of the year 9999.
const NEVER: UnixTime = UnixTime::from_seconds(253_402_300_799);
const PURPOSE: &str = "latchkey keyring";

/// The deployment's secret, made into keys: the first seals, each opens.
#[derive(Debug)]
pub struct KeyringSecret(Vec<SealingKey>);

/// Why a stored key can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockedError {
    /// It is sealed, and there is no secret.
    NoSecret,
    /// It is sealed under another secret, or damaged.
    OtherSecret,
}

impl fmt::Display for LockedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoSecret => {
                "the keys are sealed and KEYRING_SECRET is missing: set it to what it was, or drop the keys"
            }
            Self::OtherSecret => {
                "the keys are sealed under another KEYRING_SECRET: set it to what it was, or drop the keys"
            }
        })
    }
}

impl KeyringSecret {
    /// Reads the secret: one, or the new one and the one before it, separated by white space. `None` when one of them
    /// is shorter than [`SHORTEST_KEYRING_SECRET`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let secrets: Vec<&str> = text.split_whitespace().collect();
        let is_long = |secret: &&str| secret.len() >= SHORTEST_KEYRING_SECRET;
        (!secrets.is_empty() && secrets.iter().all(is_long)).then(|| {
            Self(
                secrets
                    .into_iter()
                    .map(|secret| SealingKey::derived(&Secret::new(secret), PURPOSE))
                    .collect(),
            )
        })
    }

    /// Seals what is secret of the key `key_id`. It opens as no other key's.
    ///
    /// # Errors
    ///
    /// [`SealError`] never in practice: a text can be written as JSON.
    pub fn seal(
        &self,
        key_id: &str,
        secret: &Secret,
        entropy: &mut impl Entropy,
    ) -> Result<Secret, SealError> {
        let key = self.0.first().ok_or(SealError)?;
        let sealed = key.seal(&purpose(key_id), secret, NEVER, entropy)?;
        Ok(Secret::new(format!("{MARK}{}:{sealed}", key.fingerprint())))
    }

    /// Whether `stored` is sealed as it would be now.
    #[must_use]
    pub fn has_sealed(&self, stored: &Secret) -> bool {
        let by = fingerprint(stored);
        self.0.first().is_some_and(|key| by == Some(key.fingerprint().as_str()))
    }
}

/// Whether a stored key is sealed.
#[must_use]
pub fn is_sealed(stored: &Secret) -> bool {
    fingerprint(stored).is_some()
}

/// Opens what is stored of the key `key_id`. What was stored before there was a secret is in the clear.
///
/// # Errors
///
/// [`LockedError`], which says what the operator has to do.
pub fn open(
    secret: Option<&KeyringSecret>,
    key_id: &str,
    stored: &Secret,
) -> Result<Secret, LockedError> {
    let Some(rest) = stored.expose().strip_prefix(MARK) else { return Ok(stored.clone()) };
    let secret = secret.ok_or(LockedError::NoSecret)?;
    let (_, sealed) = rest.split_once(':').ok_or(LockedError::OtherSecret)?;
    // It never ends, so no clock is needed.
    sealed::open(&secret.0, &purpose(key_id), sealed, UnixTime::from_seconds(0))
        .map_err(|_| LockedError::OtherSecret)
}

fn fingerprint(stored: &Secret) -> Option<&str> {
    stored.expose().strip_prefix(MARK)?.split_once(':').map(|(fingerprint, _)| fingerprint)
}

fn purpose(key_id: &str) -> String {
    format!("key {key_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn of(text: &str) -> KeyringSecret {
        KeyringSecret::parse(text).expect(text)
    }

    fn sealed(by: &KeyringSecret) -> Secret {
        by.seal("a", &Secret::new("{\"d\":\"private\"}"), &mut CountingEntropy::default())
            .expect("seals")
    }

    #[test]
    fn issue_7_a_sealed_key_opens_as_itself_with_its_secret_and_in_no_other_way() {
        let stored = sealed(&of(ONE));
        assert!(is_sealed(&stored) && !stored.expose().contains("private"));
        let opened = |secret: Option<&KeyringSecret>, key_id: &str| {
            open(secret, key_id, &stored).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(opened(Some(&of(ONE)), "a").as_deref(), Ok("{\"d\":\"private\"}"));
        assert_eq!(opened(Some(&of(ONE)), "b"), Err(LockedError::OtherSecret));
        assert_eq!(opened(Some(&of(OTHER)), "a"), Err(LockedError::OtherSecret));
        assert_eq!(opened(None, "a"), Err(LockedError::NoSecret));
        assert!(!format!("{:?}", of(ONE)).contains("0123"));
    }

    #[test]
    fn issue_7_a_new_secret_beside_the_old_one_opens_what_the_old_one_sealed() {
        let stored = sealed(&of(ONE));
        let both = of(&format!("{OTHER}\n{ONE}\n"));
        assert!(open(Some(&both), "a", &stored).is_ok());
        assert!(of(ONE).has_sealed(&stored) && !both.has_sealed(&stored));
        assert!(both.has_sealed(&sealed(&both)) && of(OTHER).has_sealed(&sealed(&both)));
    }

    #[test]
    fn issue_7_what_was_stored_before_there_was_a_secret_reads_on() {
        for clear in ["{\"kty\":\"EC\"}", "LLegF9veaOJFs6-RmcG4R27idqgFQn9D0zbnEcNXWMU"] {
            let stored = Secret::new(clear);
            assert!(!is_sealed(&stored) && !of(ONE).has_sealed(&stored));
            for secret in [None, Some(&of(ONE))] {
                let opened = open(secret, "a", &stored).expect("in the clear");
                assert_eq!(opened.expose(), clear);
            }
        }
    }

    #[test]
    fn issue_7_a_secret_that_could_be_guessed_is_none() {
        for text in ["", "  ", "short", &format!("{ONE} short")] {
            assert!(KeyringSecret::parse(text).is_none(), "{text}");
        }
    }
}
