//! The issuer identifier.

use serde::Serialize;
use std::fmt;

use super::{ConfigurationError, server_address};

/// The issuer identifier of the deployment
/// ([RFC 8414 section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)): an https URI without
/// query, fragment or trailing slash. http is allowed on loopback, for development.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Issuer {
    text: String,
    #[serde(skip)]
    origin: String,
    #[serde(skip)]
    path: String,
}

impl Issuer {
    /// Reads the setting `ISSUER`.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError`] for key `ISSUER`.
    pub fn parse(text: &str) -> Result<Self, ConfigurationError> {
        let refuse = |found: &str, wanted: &str| {
            Err(ConfigurationError::new("ISSUER", format!("{found} ({text:?})"), wanted))
        };
        // RFC 8414 section 2: no query and no fragment.
        let url = server_address::parse(text, "ISSUER", "https://id.example.com")?;
        if text.ends_with('/') {
            // RFC 8414 section 3.3: issuers are compared byte for byte, and most clients write
            // them without the slash.
            return refuse("a trailing slash", "the same URI without the slash");
        }
        let path = if url.path() == "/" { "" } else { url.path() };
        let origin = url.origin().ascii_serialization();
        // RFC 8414 section 3.3: what is not already in its canonical form would never compare equal.
        if format!("{origin}{path}") != text {
            return refuse("a form that is not canonical", &format!("\"{origin}{path}\""));
        }
        Ok(Self { text: text.to_owned(), path: path.to_owned(), origin })
    }

    /// The identifier, byte for byte as in `iss`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path, empty or starting with `/`, never ending with one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the deployment runs on https, so that cookies can be `Secure` and `__Host-`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// Whether the deployment runs on http, which only an issuer on this machine may: a development
    /// server.
    #[must_use]
    pub fn is_http_on_loopback(&self) -> bool {
        let authority = self.origin.strip_prefix("http://").unwrap_or_default();
        ["127.0.0.1", "[::1]", "localhost"].iter().any(|host| {
            authority
                .strip_prefix(host)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_issuer_is_kept_byte_for_byte_and_split() {
        for (text, origin, path) in [
            ("https://id.example", "https://id.example", ""),
            ("https://id.example/tenant1", "https://id.example", "/tenant1"),
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787", ""),
            ("http://[::1]:8787/a/b", "http://[::1]:8787", "/a/b"),
        ] {
            let issuer = Issuer::parse(text).expect(text);
            assert_eq!((issuer.as_str(), issuer.origin(), issuer.path()), (text, origin, path));
        }
    }

    #[test]
    fn an_issuer_that_would_never_compare_equal_is_refused() {
        for text in ["https://ID.example", "https://id.example:443", "https://id.example/a/../b"] {
            assert!(Issuer::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parse_panic_and_what_is_accepted_is_kept(
            text in "(https?://)?[a-zA-Z0-9.:@/?#%\\[\\]-]{0,40}|.{0,40}"
        ) {
            if let Ok(issuer) = Issuer::parse(&text) {
                prop_assert_eq!(issuer.as_str(), text.as_str());
                prop_assert_eq!(format!("{}{}", issuer.origin(), issuer.path()), text);
            }
        }
    }
}
