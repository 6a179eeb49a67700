//! Which protected resource a request is for, and what is said about it
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
//!
//! A resource on the issuer's origin is found by the path alone: whatever stands in front of this
//! server may have changed `Host`. A resource on another origin is found by host and path.

mod metadata;
#[cfg(test)]
mod metadata_tests;
mod place;
#[cfg(test)]
mod tests;

pub use metadata::{ProtectedResourceMetadata, metadata, metadata_url};
pub(crate) use place::Place;

use std::fmt;

use crate::configuration::{Configuration, Gateway, ProtectedResource};

/// A request for a protected resource that is behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requested<'a> {
    /// The resource.
    pub resource: &'a ProtectedResource,
    /// What is in front of it.
    pub gateway: &'a Gateway,
    /// The request's path after the resource's: empty, or beginning with a slash.
    pub rest: &'a str,
}

/// Why a request can't be forwarded to the resource that its path lies under. Always
/// `invalid_request`, 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteError {
    /// Two programs could read the path differently: we one resource, the upstream another.
    ConfusingPath,
}

impl fmt::Display for RouteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ConfusingPath => {
                "The path can be read in more than one way; send it without empty segments, '.' and '..' segments, backslashes, and percent-encoded dots, slashes or control characters."
            }
        })
    }
}

impl std::error::Error for RouteError {}

/// The resource behind the gateway that a request is for; `None` when there is none at `path`.
///
/// `host` is the request's host, with the port if it has one, and `path` its path as it was sent,
/// without the query. Nothing is decoded and no case is folded; of several resources the one with
/// the longest path is meant.
///
/// # Errors
///
/// `invalid_request`: [`RouteError::ConfusingPath`].
#[must_use]
pub fn find<'a>(
    configuration: &'a Configuration,
    host: &str,
    path: &'a str,
) -> Option<Result<Requested<'a>, RouteError>> {
    let requested = nearest(configuration, host, path)?;
    Some(if is_confusing(requested.rest) { Err(RouteError::ConfusingPath) } else { Ok(requested) })
}

/// The resource behind the gateway that `path` lies under, however the rest of it is written. For
/// what is said about a request; only what [`find`] gives may be forwarded.
#[must_use]
pub fn nearest<'a>(
    configuration: &'a Configuration,
    host: &str,
    path: &'a str,
) -> Option<Requested<'a>> {
    // RFC 8615 section 3: the whole tree belongs to the origin, not to what is configured here.
    if path == WELL_KNOWN || path.starts_with("/.well-known/") {
        return None;
    }
    let under = || {
        configuration.protected_resources.iter().filter_map(|resource| {
            let gateway = resource.gateway.as_ref()?;
            Some(Requested { resource, gateway, rest: resource.place.rest(path)? })
        })
    };
    let longest = |requested: &Requested<'_>| requested.resource.place.path.len();
    under().filter(|requested| requested.resource.place.has_host(host)).max_by_key(longest).or_else(
        || {
            under()
                .filter(|requested| requested.resource.place.is_on_issuers_origin)
                .max_by_key(longest)
        },
    )
}

/// Whether the configuration has a resource on this host, so that a request for it is no surprise.
#[must_use]
pub fn is_known_host(configuration: &Configuration, host: &str) -> bool {
    configuration.protected_resources.iter().any(|resource| resource.place.has_host(host))
}

/// [RFC 8615 section 3](https://www.rfc-editor.org/rfc/rfc8615#section-3)
const WELL_KNOWN: &str = "/.well-known";

/// Whether the upstream could read what follows a resource's path as another path.
fn is_confusing(rest: &str) -> bool {
    // One slash at the very end is common and means the same everywhere.
    let segments = rest.strip_suffix('/').unwrap_or(rest).split('/').skip(1);
    segments.into_iter().any(|segment| {
        // Some servers cut a segment's parameters off before they look for dots: `/..;x/`.
        let name = segment.split_once(';').map_or(segment, |(name, _)| name);
        let unsafe_byte = |byte: u8| byte.is_ascii_control() || matches!(byte, b'\\' | b'?' | b'#');
        segment.is_empty()
            || matches!(name, "." | "..")
            || segment.bytes().any(unsafe_byte)
            || decoded(segment).is_none_or(|bytes| std::str::from_utf8(&bytes).is_err())
    })
}

/// The bytes of a segment; `None` when a percent-encoding is malformed or hides what has a meaning
/// in paths: a slash, a backslash, a dot or a control character.
fn decoded(segment: &str) -> Option<Vec<u8>> {
    let mut pieces = segment.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, after) = piece.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'.') {
            return None;
        }
        bytes.push(byte);
        bytes.extend_from_slice(after.as_bytes());
    }
    Some(bytes)
}
