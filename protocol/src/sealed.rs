//! Values that travel through the browser and come back unread and unchanged.
//!
//! A sealed value is encrypted and authenticated (XChaCha20-Poly1305 with a random 192-bit nonce),
//! carries its own expiry, and is bound to the purpose it was made for: what was sealed as an
//! authorization request opens as nothing else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt;

use crate::entropy::Entropy;
use crate::identifier::AccountId;
use crate::json::FromJson;
use crate::mac::hmac_sha256;
use crate::secret::{Secret, SecretHash};
use crate::time::UnixTime;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
/// A request line is at most 16 KB on the platform; a longer sealed value was never made here.
const MAX_TEXT: usize = 14 * 1024;

/// A symmetric key of 256 bits. Never printed.
#[derive(Clone)] // Cloned from the cached keyring into each request's context.
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// Draws a new key.
    #[must_use]
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The key that belongs to `purpose` under a random `secret`. Without the secret nobody can make it.
    #[must_use]
    pub fn derived(secret: &Secret, purpose: &str) -> Self {
        let key: [u8; 32] = Sha256::digest(secret.expose().as_bytes()).into();
        Self(hmac_sha256(&key, &[purpose.as_bytes()]))
    }

    /// A name for this key, from which it can't be found: which key sealed a value.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let whole = hmac_sha256(&self.0, &[b"fingerprint"]);
        URL_SAFE_NO_PAD.encode(whole.first_chunk::<6>().copied().unwrap_or_default())
    }

    /// Reads the stored form; `None` when it isn't 32 bytes of base64url.
    #[must_use]
    pub fn from_secret(secret: &Secret) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(secret.expose()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The form in which the key ring stores the key.
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Seals `value` for `purpose` until `expires_at`.
    ///
    /// # Errors
    ///
    /// [`SealError`] when the value can't be written as JSON.
    pub fn seal<T: Serialize>(
        &self,
        purpose: &str,
        value: &T,
        expires_at: UnixTime,
        entropy: &mut impl Entropy,
    ) -> Result<String, SealError> {
        let plaintext =
            crate::json::write(&Envelope { expires_at, value }).map_err(|_| SealError)?;
        let nonce = entropy.bytes::<NONCE_BYTES>();
        let ciphertext = XChaCha20Poly1305::new(Key::from_slice(&self.0))
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload { msg: plaintext.as_bytes(), aad: purpose.as_bytes() },
            )
            .map_err(|_| SealError)?;
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn open_bytes(&self, purpose: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let (version, rest) = bytes.split_first()?;
        if *version != VERSION || rest.len() < NONCE_BYTES {
            return None;
        }
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES)?;
        XChaCha20Poly1305::new(Key::from_slice(&self.0))
            .decrypt(
                XNonce::from_slice(nonce),
                Payload { msg: ciphertext, aad: purpose.as_bytes() },
            )
            .ok()
    }

    /// A token that proves that a form was served to this browser for this `purpose`: the
    /// HMAC-SHA256 of both
    /// ([RFC 6749 section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    #[must_use]
    pub fn csrf_token(&self, browser: &Secret, purpose: &str) -> Secret {
        // The zero bytes keep two different pairs from running together into one message.
        let parts: [&[u8]; 4] = [b"csrf\0", purpose.as_bytes(), b"\0", browser.expose().as_bytes()];
        Secret::new(URL_SAFE_NO_PAD.encode(hmac_sha256(&self.0, &parts)))
    }

    /// What a browser keeps in which somebody has signed in with a sign-in identifier (by its directory
    /// key), so that strangers' tries don't make it wait. It opens nothing, and doesn't show whose it is.
    #[must_use]
    pub fn known_browser(&self, directory_key: &str) -> Secret {
        let mac = hmac_sha256(&self.0, &[b"known-browser\0", directory_key.as_bytes()]);
        Secret::new(URL_SAFE_NO_PAD.encode(mac))
    }

    /// The account to ask instead when a sign-in identifier (by its directory key) has none: always the
    /// same, so that asking again takes as long as it does where there is one. Nobody without this key
    /// knows which it is, so that nobody can see whether it was asked.
    #[must_use]
    pub fn stand_in(&self, directory_key: &str) -> AccountId {
        let mac = hmac_sha256(&self.0, &[b"stand-in\0", directory_key.as_bytes()]);
        let mut bytes = [0; 16];
        for (target, source) in bytes.iter_mut().zip(mac) {
            *target = source;
        }
        AccountId::from_bytes(bytes)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealingKey(redacted)")
    }
}

/// Opens what one of `keys` sealed for `purpose`. Newer keys come first; older ones are kept for as
/// long as what they sealed may live.
///
/// # Errors
///
/// [`OpenError::Expired`] when it was ours and its time is over, otherwise [`OpenError::Invalid`].
pub fn open<T: FromJson>(
    keys: &[SealingKey],
    purpose: &str,
    text: &str,
    now: UnixTime,
) -> Result<T, OpenError> {
    if text.len() > MAX_TEXT {
        return Err(OpenError::Invalid);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Invalid)?;
    let plaintext =
        keys.iter().find_map(|key| key.open_bytes(purpose, &bytes)).ok_or(OpenError::Invalid)?;
    let envelope: Envelope<T> =
        crate::json::read_bytes(&plaintext).map_err(|_| OpenError::Invalid)?;
    if envelope.expires_at.has_passed(now) {
        return Err(OpenError::Expired);
    }
    Ok(envelope.value)
}

/// Whether `presented` is what one of `keys` gave a browser that signed in with this identifier.
#[must_use]
pub fn is_known_browser(keys: &[SealingKey], directory_key: &str, presented: &Secret) -> bool {
    let presented: SecretHash = presented.hash();
    keys.iter().any(|key| presented.matches(&key.known_browser(directory_key)))
}

/// Whether `token` is the CSRF token that one of `keys` made for this browser and purpose.
#[must_use]
pub fn csrf_matches(keys: &[SealingKey], browser: &Secret, purpose: &str, token: &Secret) -> bool {
    let presented: SecretHash = token.hash();
    keys.iter().any(|key| presented.matches(&key.csrf_token(browser, purpose)))
}

#[derive(Serialize, FromJson)]
struct Envelope<T> {
    #[serde(rename = "e")]
    expires_at: UnixTime,
    #[serde(rename = "v")]
    value: T,
}

/// A value that couldn't be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealError;

/// Why a sealed value didn't open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// Not made here, made for something else, or changed on the way.
    Invalid,
    /// Ours, but its time is over.
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_000);
    const LATER: UnixTime = UnixTime::from_seconds(1_600);

    fn key() -> SealingKey {
        SealingKey::generate(&mut CountingEntropy::default())
    }

    fn sealed() -> String {
        key().seal("request", &"value", LATER, &mut CountingEntropy::default()).expect("seals")
    }

    #[test]
    fn a_sealed_value_opens_with_its_key_for_its_purpose_until_it_expires() {
        assert_eq!(open::<String>(&[key()], "request", &sealed(), NOW).as_deref(), Ok("value"));
        assert_eq!(open::<String>(&[key()], "request", &sealed(), LATER), Err(OpenError::Expired));
        assert_eq!(open::<String>(&[key()], "session", &sealed(), NOW), Err(OpenError::Invalid));
        let mut entropy = CountingEntropy::default();
        let _ = SealingKey::generate(&mut entropy);
        let other = SealingKey::generate(&mut entropy);
        assert_eq!(
            open::<String>(std::slice::from_ref(&other), "request", &sealed(), NOW),
            Err(OpenError::Invalid)
        );
        assert!(open::<String>(&[other, key()], "request", &sealed(), NOW).is_ok());
    }

    #[test]
    fn every_changed_character_makes_it_invalid() {
        let text = sealed();
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ascii");
            assert!(open::<String>(&[key()], "request", &changed, NOW).is_err(), "at {index}");
        }
    }

    #[test]
    fn the_plaintext_does_not_show() {
        assert!(!sealed().contains("value"));
        assert_eq!(format!("{:?}", key()), "SealingKey(redacted)");
    }

    #[test]
    fn rfc6749_10_12_a_csrf_token_is_bound_to_browser_and_purpose() {
        let (browser, other) = (Secret::new("browser"), Secret::new("other"));
        let token = key().csrf_token(&browser, "consent:1");
        assert!(csrf_matches(&[key()], &browser, "consent:1", &token));
        assert!(!csrf_matches(&[key()], &other, "consent:1", &token));
        assert!(!csrf_matches(&[key()], &browser, "consent:2", &token));
        assert!(!csrf_matches(&[], &browser, "consent:1", &token));
    }

    #[test]
    fn who_has_no_account_has_one_stand_in_that_only_this_key_makes() {
        let one = key().stand_in("email-a");
        assert_eq!(one, key().stand_in("email-a"));
        assert_ne!(one, key().stand_in("email-b"));
        assert_eq!(AccountId::parse(one.as_str()), Some(one.clone()), "an account can have it");
        let mut entropy = CountingEntropy::default();
        let _ = SealingKey::generate(&mut entropy);
        assert_ne!(one, SealingKey::generate(&mut entropy).stand_in("email-a"));
    }

    #[test]
    fn a_browser_is_known_for_the_identifier_that_signed_in_there_only() {
        let kept = key().known_browser("email-a");
        assert!(is_known_browser(&[key()], "email-a", &kept));
        assert!(!is_known_browser(&[key()], "email-b", &kept));
        assert!(!is_known_browser(&[], "email-a", &kept));
        let browser = Secret::new("email-a");
        assert!(!is_known_browser(&[key()], "email-a", &key().csrf_token(&browser, "sign-in")));
    }

    #[test]
    fn a_key_reads_back_from_its_stored_form() {
        let again = SealingKey::from_secret(&key().to_secret()).expect("reads");
        assert!(open::<String>(&[again], "request", &sealed(), NOW).is_ok());
        assert!(SealingKey::from_secret(&Secret::new("short")).is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_open_panic(text in "[A-Za-z0-9_-]{0,200}|.{0,50}") {
            prop_assert!(open::<String>(&[key()], "request", &text, NOW).is_err());
        }
    }
}
