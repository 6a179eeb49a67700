//! Which URLs a `client_id` may be
//! ([section 3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-3)).

use std::fmt;
use url::{Host, Url};

use super::special_use::{Reach, is_loopback, refuse_special_use};

/// A URL from which a document or a set of keys may be fetched. Nothing else is ever fetched for a
/// client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentUrl {
    text: String,
    host: String,
}

impl DocumentUrl {
    /// Reads a `client_id` or `jwks_uri`.
    ///
    /// # Errors
    ///
    /// `invalid_client` for a `client_id`: [`DocumentUrlError`] says which rule it breaks. Nothing
    /// was fetched then.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, DocumentUrlError> {
        use DocumentUrlError as Error;
        // RFC 3986 section 2: a URI is ASCII.
        if !text.is_ascii() {
            return Err(Error::NotCanonical);
        }
        let url = Url::parse(text).map_err(|_| Error::NotAUrl)?;
        // A text that the parser changes is another URL to whoever compares it as a text.
        if url.as_str() != text {
            return Err(Error::NotCanonical);
        }
        let host = url.host().ok_or(Error::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if reach == Reach::PublicAndLoopback && is_loopback(&host) => {}
            "http" => return Err(Error::NotHttps),
            _ => return Err(Error::NotAUrl),
        }
        // A name with a dot at its end is the same host by another name, which lists don't have.
        if url.host_str().is_some_and(|host| host.ends_with('.')) {
            return Err(Error::NotCanonical);
        }
        // Section 3: "MUST NOT contain a fragment component and MUST NOT contain a username or
        // password component."
        if url.fragment().is_some() {
            return Err(Error::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(Error::UserInformation);
        }
        // Section 3: "MUST contain a path component".
        if url.path() == "/" {
            return Err(Error::NoPath);
        }
        // Section 3: "MUST NOT contain single-dot or double-dot path segments"; the parser has
        // resolved plain ones, so only encoded ones can be left.
        let path = url.path().to_ascii_lowercase();
        if path.contains("%2e") || path.contains("%2f") || path.contains("%5c") {
            return Err(Error::NotCanonical);
        }
        if !(reach == Reach::PublicAndLoopback && is_loopback(&host)) {
            refuse_special_use(&host).map_err(|_| Error::SpecialUse)?;
        }
        let host = match &host {
            Host::Domain(name) => (*name).to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => format!("[{address}]"),
        };
        Ok(Self { text: text.to_owned(), host })
    }

    /// The URL, to the byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// Why a URL is never fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentUrlError {
    /// It is no https URL at all.
    NotAUrl,
    /// It is http, and not on the loopback interface of a developer's machine.
    NotHttps,
    /// It is written in another way than its canonical one, or hides dots or slashes.
    NotCanonical,
    /// It has a fragment.
    Fragment,
    /// It has a user name, a password, or an `@`.
    UserInformation,
    /// It has no path.
    NoPath,
    /// Its host isn't on the public internet.
    SpecialUse,
    /// The deployment doesn't talk to its host.
    HostNotAllowed,
}

impl fmt::Display for DocumentUrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAUrl => "It is not an https URL.",
            Self::NotHttps => "It is an http URL; it has to be https.",
            Self::NotCanonical => "It is not written in its canonical form.",
            Self::Fragment => "It has a fragment.",
            Self::UserInformation => "It has a user name or an '@'.",
            Self::NoPath => "It has no path.",
            Self::SpecialUse => "Its host is not on the public internet.",
            Self::HostNotAllowed => "This server does not accept clients of its host.",
        })
    }
}

impl std::error::Error for DocumentUrlError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cim_01_a_client_id_url_is_https_with_a_path_and_nothing_that_misleads() {
        use DocumentUrlError as Error;
        for good in [
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://app.example.com:8443/client.json",
            "https://app.example.com/client.json?v=2",
            "https://app.example.com/clients/",
        ] {
            assert_eq!(DocumentUrl::parse(good, Reach::Public).expect(good).as_str(), good);
        }
        for (wrong, error) in [
            ("", Error::NotAUrl),
            ("client", Error::NotAUrl),
            ("ftp://app.example.com/client.json", Error::NotAUrl),
            ("javascript:alert(1)", Error::NotAUrl),
            ("data:application/json,{}", Error::NotAUrl),
            ("http://app.example.com/client.json", Error::NotHttps),
            ("http://127.0.0.1/client.json", Error::NotHttps),
            ("https://app.example.com", Error::NotCanonical),
            ("https://app.example.com/", Error::NoPath),
            ("https://app.example.com/?x=/client.json", Error::NoPath),
            ("HTTPS://app.example.com/client.json", Error::NotCanonical),
            ("https://APP.example.com/client.json", Error::NotCanonical),
            ("https://app.example.com:443/client.json", Error::NotCanonical),
            ("https://app.example.com/a/../client.json", Error::NotCanonical),
            ("https://app.example.com/a/./client.json", Error::NotCanonical),
            ("https://app.example.com/a/%2e%2e/client.json", Error::NotCanonical),
            ("https://app.example.com/a%2Fclient.json", Error::NotCanonical),
            ("https://app.example.com\\client.json", Error::NotCanonical),
            ("https://app.example.com/client.json#x", Error::Fragment),
            ("https://user@app.example.com/client.json", Error::UserInformation),
            ("https://user:pass@app.example.com/client.json", Error::UserInformation),
            ("https://app.example.com/@evil.example.org", Error::UserInformation),
            (" https://app.example.com/client.json", Error::NotCanonical),
            ("https://app.exa\tmple.com/client.json", Error::NotCanonical),
            ("https://app.example.com./client.json", Error::NotCanonical),
            ("https://localhost./client.json", Error::NotCanonical),
            ("https://127.1/client.json", Error::NotCanonical),
            ("https://127.0.0.1/client.json", Error::SpecialUse),
            ("https://[::1]/client.json", Error::SpecialUse),
            ("https://localhost/client.json", Error::SpecialUse),
            ("https://169.254.169.254/latest/meta-data/", Error::SpecialUse),
        ] {
            assert_eq!(DocumentUrl::parse(wrong, Reach::Public), Err(error), "{wrong}");
        }
    }

    #[test]
    fn only_a_server_on_loopback_fetches_from_loopback() {
        for local in [
            "http://127.0.0.1:9000/client.json",
            "http://localhost:9000/client.json",
            "http://[::1]:9000/client.json",
        ] {
            assert!(DocumentUrl::parse(local, Reach::PublicAndLoopback).is_ok(), "{local}");
            assert!(DocumentUrl::parse(local, Reach::Public).is_err(), "{local}");
        }
        for other in ["http://127.0.0.2/client.json", "http://10.0.0.1/client.json"] {
            let refused = DocumentUrl::parse(other, Reach::PublicAndLoopback);
            assert_eq!(refused, Err(DocumentUrlError::NotHttps), "{other}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_what_passes_is_kept_to_the_byte(
            text in "(https?://)?[a-zA-Z0-9.:@/?#%\\[\\]\\\\-]{0,60}|.{0,40}"
        ) {
            for reach in [Reach::Public, Reach::PublicAndLoopback] {
                if let Ok(url) = DocumentUrl::parse(&text, reach) {
                    prop_assert_eq!(url.as_str(), &text);
                    prop_assert!(!url.host().is_empty());
                }
            }
        }
    }
}
