//! Redirect URIs: which ones a client may register, and which request matches them.
//!
//! [RFC 6749 section 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2),
//! [RFC 8252](https://www.rfc-editor.org/rfc/rfc8252) for native apps and
//! [RFC 9700 section 2.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1). A redirect URI is read
//! strictly: what a parser would have to repair is refused, so that every later reader, ours and the
//! browser's, sees the same scheme and host in it.

mod matched;
#[cfg(test)]
mod tests;

pub use matched::{MatchedRedirectUri, RedirectUriMismatch, match_registered};

use crate::json::FromJson;
use serde::Serialize;
use std::fmt;
use url::Url;

/// The longest redirect URI, in bytes.
pub const MAXIMUM_LENGTH: usize = 2000;

/// The only hosts of an `http` redirect URI: the literals of
/// [RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3) and `localhost`
/// ([section 8.3](https://www.rfc-editor.org/rfc/rfc8252#section-8.3)).
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Schemes that run code, read local data or open connections in a browser. Not even the
/// configuration can allow them.
const FORBIDDEN_SCHEMES: [&str; 12] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "jar",
    "javascript",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Which redirect URIs with a private-use scheme are accepted. The default accepts none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectUriPolicy {
    /// Exact URIs, such as `cursor://anysphere.cursor-mcp/oauth/callback`.
    pub private_use: Vec<String>,
    /// Accept every scheme with a `.`, such as `com.example.app:/callback`: a domain of the app's
    /// maker, reversed ([RFC 8252 section 7.1](https://www.rfc-editor.org/rfc/rfc8252#section-7.1)).
    pub reverse_domain_schemes: bool,
}

impl RedirectUriPolicy {
    fn accepts(&self, text: &str, parts: &UriParts<'_>) -> bool {
        // RFC 8252 section 8.4: "schemes without a period character SHOULD be rejected".
        let reverse_domain = || {
            let labels = parts.scheme.split('.');
            let hierarchical = parts.authority.is_some() || parts.path_and_query.starts_with('/');
            labels.clone().count() > 1
                && labels.clone().all(|label| !label.is_empty())
                && hierarchical
        };
        self.private_use.iter().any(|allowed| allowed == text)
            || self.reverse_domain_schemes && reverse_domain()
    }
}

/// Where a redirect leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedirectUriKind {
    /// `https`: a website, or an app that claimed the address.
    Https,
    /// `http` on the person's own device; the port is the app's choice at each run.
    Loopback,
    /// A scheme of the app's own, on the person's own device.
    PrivateUse,
}

/// A redirect URI that a client registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, FromJson)]
#[serde(transparent)]
// Deserializing only wraps: it is for rows and sealed values, whose text `parse` has checked before
// it was stored. What a client sends goes through `parse`.
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads a redirect URI that a client wants to register.
    ///
    /// [RFC 6749 section 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2),
    /// [RFC 8252 section 7](https://www.rfc-editor.org/rfc/rfc8252#section-7),
    /// [RFC 9700 section 4.1.3](https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3).
    ///
    /// # Errors
    ///
    /// `invalid_redirect_uri` at registration, `invalid_request` (never redirected) at the
    /// authorization endpoint; [`RedirectUriError`] has the reasons.
    pub fn parse(text: &str, policy: &RedirectUriPolicy) -> Result<Self, RedirectUriError> {
        check_characters(text)?;
        // RFC 6749 section 3.1.2: "The redirection endpoint URI MUST be an absolute URI".
        let parts = UriParts::split(text).ok_or(RedirectUriError::NotAbsolute)?;
        if FORBIDDEN_SCHEMES.contains(&parts.scheme.to_ascii_lowercase().as_str()) {
            return Err(RedirectUriError::ForbiddenScheme);
        }
        let authority = parts.authority.unwrap_or_default();
        if authority.contains('@') {
            return Err(RedirectUriError::UserInformation);
        }
        if authority.contains('%') {
            return Err(RedirectUriError::EncodedHost);
        }
        let has_upper_case = |part: &str| part.bytes().any(|byte| byte.is_ascii_uppercase());
        if has_upper_case(parts.scheme) || has_upper_case(authority) {
            return Err(RedirectUriError::NotNormalized);
        }
        let (host, port) = parts.host_and_port();
        match parts.scheme {
            "https" if host.is_empty() => return Err(RedirectUriError::NoHost),
            "https" => {}
            // RFC 8252 section 7.3 and 8.3: `http` only where the request doesn't leave the device.
            "http" if LOOPBACK_HOSTS.contains(&host) => {}
            "http" => return Err(RedirectUriError::HttpNotLoopback),
            _ if policy.accepts(text, &parts) => {}
            _ => return Err(RedirectUriError::SchemeNotAllowed),
        }
        if !is_plain_host(host) {
            return Err(RedirectUriError::InvalidHost);
        }
        if has_dot_segment(parts.path()) {
            return Err(RedirectUriError::DotSegment);
        }
        // A parser drops the default port, but an app may listen on any port of the loopback
        // interface (RFC 8252 section 7.3), 80 included.
        if parts.scheme == "http" && port == Some("80") {
            check_normalized(&format!("http://{host}{}", parts.path_and_query))?;
        } else {
            check_normalized(text)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// The URI exactly as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the redirect leads to.
    #[must_use]
    pub fn kind(&self) -> RedirectUriKind {
        match UriParts::split(&self.0).map(|parts| parts.scheme) {
            Some("https") => RedirectUriKind::Https,
            Some("http") => RedirectUriKind::Loopback,
            _ => RedirectUriKind::PrivateUse,
        }
    }

    /// What a person is shown as the destination: `host` or `host:port`, and for a private-use scheme
    /// `scheme://authority`, or `scheme:` when there is no authority.
    #[must_use]
    pub fn display_host(&self) -> String {
        let Some(parts) = UriParts::split(&self.0) else {
            return self.0.clone();
        };
        match (self.kind(), parts.authority) {
            (RedirectUriKind::Https | RedirectUriKind::Loopback, authority) => {
                authority.unwrap_or_default().to_owned()
            }
            (RedirectUriKind::PrivateUse, Some(authority)) => {
                format!("{}://{authority}", parts.scheme)
            }
            (RedirectUriKind::PrivateUse, None) => format!("{}:", parts.scheme),
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The parts of an absolute URI without a fragment, as they are written
/// ([RFC 3986 section 3](https://www.rfc-editor.org/rfc/rfc3986#section-3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UriParts<'a> {
    pub(crate) scheme: &'a str,
    /// What is between `//` and the path; `None` when there is no `//`.
    pub(crate) authority: Option<&'a str>,
    pub(crate) path_and_query: &'a str,
}

impl<'a> UriParts<'a> {
    /// Splits `text`; `None` when it doesn't begin with a scheme. Checks nothing else.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let mut characters = scheme.bytes();
        let is_scheme = characters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && characters
                .all(|next| next.is_ascii_alphanumeric() || matches!(next, b'+' | b'-' | b'.'));
        if !is_scheme {
            return None;
        }
        let (authority, path_and_query) = match rest.strip_prefix("//") {
            None => (None, rest),
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, path_and_query) = rest.split_at_checked(end)?;
                (Some(authority), path_and_query)
            }
        };
        Some(Self { scheme, authority, path_and_query })
    }

    /// The host with the brackets of an IPv6 literal, and the port after the `:` when there is one.
    fn host_and_port(&self) -> (&'a str, Option<&'a str>) {
        let authority = self.authority.unwrap_or_default();
        match authority.rsplit_once(':') {
            // A colon inside the brackets of an IPv6 literal isn't the port's.
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        }
    }

    fn path(&self) -> &'a str {
        self.path_and_query.split_once('?').map_or(self.path_and_query, |(path, _)| path)
    }
}

/// Refuses what isn't a character of a URI ([RFC 3986 appendix A](https://www.rfc-editor.org/rfc/rfc3986#appendix-A)),
/// a fragment, and a text that is too long.
fn check_characters(text: &str) -> Result<(), RedirectUriError> {
    if text.len() > MAXIMUM_LENGTH {
        return Err(RedirectUriError::TooLong);
    }
    for byte in text.bytes() {
        match byte {
            // RFC 6749 section 3.1.2: "The endpoint URI MUST NOT include a fragment component."
            b'#' => return Err(RedirectUriError::Fragment),
            b'\\' => return Err(RedirectUriError::Backslash),
            0..=b' ' | 0x7f => return Err(RedirectUriError::WhitespaceOrControl),
            0x80.. => return Err(RedirectUriError::NotAscii),
            _ if !is_uri_character(byte) => return Err(RedirectUriError::ForbiddenCharacter),
            _ => {}
        }
    }
    if percent_sequences_are_well_formed(text) {
        Ok(())
    } else {
        Err(RedirectUriError::MalformedPercentSequence)
    }
}

/// Whether a URI without a fragment may have this byte.
pub(crate) const fn is_uri_character(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// Whether every `%` has two hexadecimal digits after it.
pub(crate) fn percent_sequences_are_well_formed(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        after.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether a host is an IPv6 literal or of the characters of a domain name. No wildcard and no
/// delimiter: those only ever serve to make one host look like another.
pub(crate) fn is_plain_host(host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match literal {
        Some(address) => {
            address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        }
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')),
    }
}

/// Whether a path has a `.` or `..` segment, also with the dots or the slashes percent-encoded.
fn has_dot_segment(path: &str) -> bool {
    path.to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/")
        .split('/')
        .any(|segment| matches!(segment, "." | ".."))
}

/// Refuses what the URL standard's parser, and so a browser, reads as something else than it says.
/// Only the `/` that it adds to a bare origin is let pass.
fn check_normalized(text: &str) -> Result<(), RedirectUriError> {
    let url = Url::parse(text).map_err(|_| RedirectUriError::Malformed)?;
    let serialized = url.as_str();
    if serialized == text || serialized.strip_suffix('/') == Some(text) {
        Ok(())
    } else {
        Err(RedirectUriError::NotNormalized)
    }
}

/// Why a redirect URI is refused. `invalid_redirect_uri` at registration, `invalid_request` at the
/// authorization endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectUriError {
    /// It is empty or has no scheme.
    NotAbsolute,
    /// It is longer than [`MAXIMUM_LENGTH`].
    TooLong,
    /// It has a fragment, maybe an empty one.
    Fragment,
    /// It has a backslash, which browsers read as a slash.
    Backslash,
    /// It has white space or a control character, which browsers drop.
    WhitespaceOrControl,
    /// It has a character outside ASCII.
    NotAscii,
    /// It has an ASCII character that a URI may not have.
    ForbiddenCharacter,
    /// A `%` isn't followed by two hexadecimal digits.
    MalformedPercentSequence,
    /// The scheme runs code or reads local data.
    ForbiddenScheme,
    /// The private-use scheme isn't among those that the configuration accepts.
    SchemeNotAllowed,
    /// It has a user name or password before the host.
    UserInformation,
    /// The host or port is percent-encoded.
    EncodedHost,
    /// `https` without a host.
    NoHost,
    /// `http` to a host other than the three loopback literals.
    HttpNotLoopback,
    /// The host has a character that no host name has, such as `*`.
    InvalidHost,
    /// The path has a `.` or `..` segment, maybe percent-encoded.
    DotSegment,
    /// A parser reads it as another text: upper-case host, default port, shortened address.
    NotNormalized,
    /// No parser reads it: a port that is no number, an IPv6 literal with nine groups.
    Malformed,
}

impl fmt::Display for RedirectUriError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAbsolute => {
                "The redirect URI is not absolute; send the whole URI with its scheme and host."
            }
            Self::TooLong => "The redirect URI is longer than 2000 characters; use a shorter one.",
            Self::Fragment => "The redirect URI has a fragment; remove the '#' and what follows it.",
            Self::Backslash => "The redirect URI has a backslash; use '/' between path segments.",
            Self::WhitespaceOrControl => {
                "The redirect URI has white space or a control character; remove it or percent-encode it."
            }
            Self::NotAscii => {
                "The redirect URI has a character outside ASCII; percent-encode the path and write the host in its 'xn--' form."
            }
            Self::ForbiddenCharacter => {
                "The redirect URI has a character that RFC 3986 does not allow in a URI; percent-encode it."
            }
            Self::MalformedPercentSequence => {
                "The redirect URI has a '%' without two hexadecimal digits after it; write a literal percent sign as '%25'."
            }
            Self::ForbiddenScheme => {
                "The redirect URI has a scheme that is never accepted; use https, or http on 127.0.0.1, [::1] or localhost."
            }
            Self::SchemeNotAllowed => {
                "The redirect URI has a private-use scheme that this server does not accept; use https, or http on 127.0.0.1, [::1] or localhost, or ask the server's operator to allow the exact URI."
            }
            Self::UserInformation => {
                "The redirect URI has a user name or password before the host; remove what is before the '@'."
            }
            Self::EncodedHost => {
                "The redirect URI has a percent-encoded host or port; write it without percent-encoding."
            }
            Self::NoHost => "The redirect URI has no host; write it as https://host/path.",
            Self::HttpNotLoopback => {
                "The redirect URI uses http for a host that is not the loopback interface; use https, or exactly 127.0.0.1, [::1] or localhost as the host."
            }
            Self::InvalidHost => {
                "The redirect URI has a host with a character that host names do not have; wildcards are not supported, register each host."
            }
            Self::DotSegment => {
                "The redirect URI has a '.' or '..' segment in its path; write the path that it leads to."
            }
            Self::NotNormalized => {
                "The redirect URI is not in its normal form; write scheme and host in lower case, the IP address in full and no default port."
            }
            Self::Malformed => {
                "The redirect URI is malformed; check its host and port, and send it as scheme://host:port/path."
            }
        })
    }
}

impl std::error::Error for RedirectUriError {}
