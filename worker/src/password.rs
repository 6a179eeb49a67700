//! Passwords: Argon2id with 19 MiB and two passes, in PHC form.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::secret::Secret;

use crate::failure::Failure;

/// The fewest characters of a new password.
pub const MINIMUM_CHARACTERS: u32 = 8;
/// The most bytes: enough for any passphrase, too few to keep the processor busy.
const MAXIMUM_BYTES: usize = 1_024;

/// Memory in KiB, passes and lanes, as OWASP recommends for Argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash of no password at all. Checking against it takes as long as checking a real one, so that
/// the time doesn't tell whether an account exists.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bGF0Y2hrZXktbm9ib2R5$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a new password may be used.
pub fn is_acceptable(password: &Secret) -> bool {
    let text = password.expose();
    text.len() <= MAXIMUM_BYTES
        && u32::try_from(text.chars().count()).is_ok_and(|count| count >= MINIMUM_CHARACTERS)
}

/// Hashes a new password.
pub fn hash(password: &Secret, entropy: &mut impl Entropy) -> Result<Secret, Failure> {
    let failed =
        |cause: argon2::password_hash::Error| Failure::unavailable("hashing a password", cause);
    let salt = SaltString::encode_b64(&entropy.bytes::<16>()).map_err(failed)?;
    let hash = argon2id()?.hash_password(password.expose().as_bytes(), &salt).map_err(failed)?;
    Ok(Secret::new(hash.to_string()))
}

/// The hash of an account that no password opens.
pub fn hash_of_nobody() -> Secret {
    Secret::new(NOBODY)
}

/// Whether `password` is the one of `stored`. With `None` it does the same work and says no.
pub fn verify(password: &Secret, stored: Option<&Secret>) -> Result<bool, Failure> {
    let text = stored.map_or(NOBODY, Secret::expose);
    let hash = PasswordHash::new(text)
        .map_err(|cause| Failure::unavailable("reading a password's hash", cause))?;
    if password.expose().len() > MAXIMUM_BYTES {
        return Ok(false);
    }
    let right = argon2id()?.verify_password(password.expose().as_bytes(), &hash).is_ok();
    Ok(right && stored.is_some())
}

fn argon2id() -> Result<Argon2<'static>, Failure> {
    let parameters = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|cause| Failure::unavailable("setting up Argon2id", cause))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_password_is_stored_as_argon2id_and_only_the_right_one_opens_it() {
        let hash = hash(&Secret::new("correct horse"), &mut Fixed).expect("hashes");
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&Secret::new("correct horse"), Some(&hash)).expect("verifies"));
        assert!(!verify(&Secret::new("wrong horse"), Some(&hash)).expect("verifies"));
        assert!(!verify(&Secret::new("correct horse"), None).expect("does the same work"));
    }

    #[test]
    fn no_password_opens_an_account_that_has_none() {
        for password in ["", NOBODY, "latchkey-nobody"] {
            let verified = verify(&Secret::new(password), Some(&hash_of_nobody()));
            assert!(!verified.expect("does the same work"), "{password}");
        }
    }

    #[test]
    fn a_short_or_endless_password_is_not_accepted() {
        assert!(!is_acceptable(&Secret::new("7 chars")));
        assert!(is_acceptable(&Secret::new("8 chars!")));
        assert!(is_acceptable(&Secret::new("päßwörtē")));
        assert!(!is_acceptable(&Secret::new("x".repeat(1_025))));
    }
}
