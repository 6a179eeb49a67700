//! Which protected resource a request is for, and what is said about it
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
//!
//! A resource on the issuer's origin is found by the path alone: whatever stands in front of this
//! server may have changed `Host`. A resource on another origin is found by host and path.

mod confusion;
#[cfg(test)]
mod confusion_tests;
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
                "The path can be read in more than one way; send it in the case in which the resource is written, without empty segments, '.' and '..' segments, backslashes, and percent-encoded letters, digits, '-', '.', '_', '~', slashes, percent signs or control characters."
            }
        })
    }
}

impl std::error::Error for RouteError {}

/// The resource behind the gateway that a request is for; `None` when there is none at `path`.
///
/// `host` is the request's host, with the port if it has one, and `path` its path as it was sent,
/// without the query. Nothing is decoded and no case is folded; of several resources the one with
/// the longest path is meant. A path that a more careless program would find under another, longer
/// one of them is for neither: the server behind may be that program.
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
    let is_confusing = confusion::is_confusing(requested.rest)
        || could_be_for_another(configuration, host, path, &requested);
    Some(if is_confusing { Err(RouteError::ConfusingPath) } else { Ok(requested) })
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
    if under().any(|requested| is_probe(requested.rest)) {
        return None;
    }
    under().filter(|requested| requested.resource.place.has_host(host)).max_by_key(longest).or_else(
        || {
            under()
                .filter(|requested| requested.resource.place.is_on_issuers_origin)
                .max_by_key(longest)
        },
    )
}

/// Whether a client looks for a metadata document below the resource. None is there, and what isn't
/// there is 404 to a client that looks: a 401 would end its search.
fn is_probe(rest: &str) -> bool {
    ["/.well-known/oauth-", "/.well-known/openid-configuration"]
        .iter()
        .any(|place| rest.starts_with(place))
}

/// Whether the configuration has a resource on this host, so that a request for it is no surprise.
#[must_use]
pub fn is_known_host(configuration: &Configuration, host: &str) -> bool {
    configuration.protected_resources.iter().any(|resource| resource.place.has_host(host))
}

/// [RFC 8615 section 3](https://www.rfc-editor.org/rfc/rfc8615#section-3)
const WELL_KNOWN: &str = "/.well-known";

/// Whether a more careless program would find `path` under a resource with a longer path than the
/// one that was found. Only resources behind the gateway count: for the others no request comes here,
/// however it is written.
fn could_be_for_another(
    configuration: &Configuration,
    host: &str,
    path: &str,
    found: &Requested<'_>,
) -> bool {
    let found = &found.resource.place;
    let mut longer = configuration
        .protected_resources
        .iter()
        .filter(|resource| resource.gateway.is_some())
        .map(|resource| &resource.place)
        // What is on the request's own host has been found before what is on the issuer's origin.
        .filter(|place| {
            place.has_host(host) || (place.is_on_issuers_origin && !found.has_host(host))
        })
        .filter(|place| place.path.len() > found.path.len())
        .peekable();
    if longer.peek().is_none() {
        return false;
    }
    let reduced = confusion::reduced(path);
    longer.any(|place| reduced.starts_with(&confusion::reduced(&place.path)))
}
