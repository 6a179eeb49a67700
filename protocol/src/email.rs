//! E-mail addresses as sign-in identifiers.

use crate::json::{FromJson, ReadError, Value};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt;

/// An e-mail address: one `@`, something before it and a domain behind it. Compared without regard
/// to case, as every large mail host does.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address as a person types it; `None` when it can't be one. At most 254 bytes
    /// ([RFC 5321 section 4.5.3.1.3](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3)).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // In lower case it may be longer, and what is stored has to pass again when it is read.
        let text = text.trim().to_lowercase();
        if text.len() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return None;
        }
        let (local, domain) = text.rsplit_once('@')?;
        let sound_local = !local.is_empty()
            && local.len() <= 64
            && !local.contains(['@', '<', '>', '"', ',', ';', ':', '\\', '(', ')']);
        let sound_domain = domain.contains('.')
            && domain.is_ascii()
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
        let sound = sound_local && sound_domain && !text.chars().any(is_invisible);
        sound.then_some(Self(text))
    }

    /// The address in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the directory entry that knows this address: its SHA-256, so that no address is
    /// in an object's name.
    #[must_use]
    pub fn directory_key(&self) -> String {
        let hash = Sha256::digest(format!("email\0{}", self.0).as_bytes());
        format!("email-{}", URL_SAFE_NO_PAD.encode(hash))
    }
}

/// Characters that make two addresses look alike: bidirectional controls and zero-width ones.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

impl fmt::Debug for EmailAddress {
    /// Redacted: an address is personal and has no place in a log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailAddress(redacted)")
    }
}

impl FromJson for EmailAddress {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let text = String::from_json(value)?;
        Self::parse(&text).ok_or_else(|| ReadError::new("expected an e-mail address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_compared_without_regard_to_case_and_surrounding_space() {
        let one = EmailAddress::parse(" Ada@Example.COM ").expect("address");
        assert_eq!(one.as_str(), "ada@example.com");
        let two = EmailAddress::parse("ada@example.com").expect("address");
        assert_eq!(one.directory_key(), two.directory_key());
        assert!(!one.directory_key().contains("ada"));
        assert_eq!(format!("{one:?}"), "EmailAddress(redacted)");
    }

    #[test]
    fn what_can_not_be_an_address_is_refused() {
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@-example.com",
            "ada@exa mple.com",
            "ada@example..com",
            "a@b@example.com",
            "<ada@example.com>",
            "ada\u{202e}@example.com",
            "ada\n@example.com",
            // 64 bytes as typed, 96 in lower case.
            &format!("{}@example.com", "\u{130}".repeat(32)),
        ] {
            assert!(EmailAddress::parse(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parse_panic(text in ".{0,300}") {
            if let Some(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Some(address));
            }
        }
    }
}
