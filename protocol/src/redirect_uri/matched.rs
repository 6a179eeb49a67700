//! Whether the redirect URI of a request is a registered one.
//!
//! [RFC 9700 section 4.1.3](https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3): exact string
//! matching, with the port of a loopback URI as the only exception.

#[cfg(test)]
mod tests;

use serde::Serialize;
use std::fmt;

use super::{RedirectUri, RedirectUriError, RedirectUriKind, RedirectUriPolicy, UriParts};
use crate::json::FromJson;
use crate::params;

/// Proof that a redirect URI is one the client registered. Only [`match_registered`] makes it.
///
/// It can be serialized because it travels inside the sealed authorization request and in the row of
/// a code, whose authenticity is the proof. It is never read from what a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct MatchedRedirectUri {
    redirect_uri: RedirectUri,
    was_sent: bool,
}

impl MatchedRedirectUri {
    /// The URI to redirect to, with the port that the request named.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.redirect_uri.as_str()
    }

    /// Where the redirect leads to.
    #[must_use]
    pub fn kind(&self) -> RedirectUriKind {
        self.redirect_uri.kind()
    }

    /// What a person is shown as the destination; see [`RedirectUri::display_host`].
    #[must_use]
    pub fn display_host(&self) -> String {
        self.redirect_uri.display_host()
    }

    /// Whether the authorization request named the URI. If it did, the token request must repeat it
    /// ([RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).
    #[must_use]
    pub const fn was_sent(&self) -> bool {
        self.was_sent
    }

    /// Whether `earlier`, the redirect URI of an earlier request, leads to the same place: it is the
    /// same text, or differs in the port of the loopback interface only, which an app chooses anew
    /// at each run ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    #[must_use]
    pub fn leads_where(&self, earlier: &str) -> bool {
        let differs_in_port = || {
            let own = without_port(self.as_str());
            self.kind() == RedirectUriKind::Loopback
                && own.is_some()
                && own == without_port(earlier)
        };
        self.as_str() == earlier || differs_in_port()
    }

    /// The URI with `pairs` appended to its query, which is kept as it is; never in a fragment.
    ///
    /// [RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2).
    #[must_use]
    pub fn with_parameters(&self, pairs: &[(&str, &str)]) -> String {
        let uri = self.as_str();
        if pairs.is_empty() {
            return uri.to_owned();
        }
        let separator = match uri.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{separator}{}", params::encode(pairs))
    }
}

/// Finds the registered redirect URI that a request means.
///
/// [RFC 6749 section 3.1.2.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3): it may be left
/// out when exactly one is registered.
/// [RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3): of a loopback URI the
/// port may differ; host, path and query are compared as raw text, so that `127.0.0.1`, `[::1]` and
/// `localhost` each match only themselves.
///
/// # Errors
///
/// `invalid_request`, shown on a local page and never redirected; [`RedirectUriMismatch`] has the
/// reasons.
pub fn match_registered(
    requested: Option<&str>,
    registered: &[RedirectUri],
) -> Result<MatchedRedirectUri, RedirectUriMismatch> {
    let Some(requested) = requested else {
        return match registered {
            [] => Err(RedirectUriMismatch::NoneRegistered),
            [only] => Ok(MatchedRedirectUri { redirect_uri: only.clone(), was_sent: false }),
            _ => Err(RedirectUriMismatch::OmittedButSeveralRegistered),
        };
    };
    if registered.is_empty() {
        return Err(RedirectUriMismatch::NoneRegistered);
    }
    // RFC 9700 section 4.1.3: "exact string matching ... except for port numbers in localhost
    // redirection URIs of native apps".
    if let Some(exact) = registered.iter().find(|uri| uri.as_str() == requested) {
        return Ok(MatchedRedirectUri { redirect_uri: exact.clone(), was_sent: true });
    }
    if !requested.starts_with("http://") {
        return Err(RedirectUriMismatch::NotRegistered);
    }
    let redirect_uri = RedirectUri::parse(requested, &RedirectUriPolicy::default())
        .map_err(RedirectUriMismatch::Refused)?;
    // `requested` has passed the strict parse, so what has its scheme and host is loopback too.
    let wanted = without_port(requested);
    let differs_in_port = |uri: &RedirectUri| {
        without_port(uri.as_str()).is_some_and(|registered| Some(registered) == wanted)
    };
    if registered.iter().any(differs_in_port) {
        Ok(MatchedRedirectUri { redirect_uri, was_sent: true })
    } else {
        Err(RedirectUriMismatch::NotRegistered)
    }
}

/// Scheme, host and the raw path and query of a URI.
fn without_port(uri: &str) -> Option<(&str, &str, &str)> {
    let parts = UriParts::split(uri)?;
    let (host, _) = parts.host_and_port();
    Some((parts.scheme, host, parts.path_and_query))
}

/// Why a request's redirect URI isn't a registered one. Always `invalid_request`, never redirected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectUriMismatch {
    /// The client has no redirect URI.
    NoneRegistered,
    /// The request leaves it out, and there are several to choose from.
    OmittedButSeveralRegistered,
    /// It is an `http` URI that couldn't be registered either.
    Refused(RedirectUriError),
    /// It isn't one of those that are registered.
    NotRegistered,
}

impl fmt::Display for RedirectUriMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoneRegistered => {
                "The client has no registered redirect URI; register one before you use the authorization endpoint."
            }
            Self::OmittedButSeveralRegistered => {
                "The redirect_uri is missing and the client registered several; send the one to use."
            }
            Self::Refused(error) => return error.fmt(formatter),
            Self::NotRegistered => {
                "The redirect_uri is not registered for this client; send one exactly as it was registered (only the port of a loopback URI may differ)."
            }
        })
    }
}

impl std::error::Error for RedirectUriMismatch {}
