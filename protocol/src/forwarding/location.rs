//! Which URL of the server behind the gateway a request goes to, and how its redirects come back.

use url::Url;

use crate::configuration::{Configuration, Upstream};
use crate::protected_resource::{self, Requested};
use crate::resource::ResourceIndicator;

/// The URL that a request is forwarded to.
///
/// `public_origin` is the resource's own, which a service binding sees; `rest` is the path after the
/// resource's path, `query` without the question mark. Both go on as they came.
#[must_use]
pub fn upstream_url(
    upstream: &Upstream,
    public_origin: &str,
    rest: &str,
    query: Option<&str>,
) -> String {
    let (origin, path) = place(upstream, public_origin);
    let root = if path.is_empty() && rest.is_empty() { "/" } else { "" };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{origin}{path}{root}{rest}{query}")
}

/// The `Location` of an answer as the client sees it: what lies under the upstream's URL lies under
/// `identifier`, the resource, and anything else is unchanged.
#[must_use]
pub fn public_location(
    location: &str,
    upstream: &Upstream,
    identifier: &ResourceIndicator,
) -> String {
    rewritten(location, upstream, identifier).unwrap_or_else(|| location.to_owned())
}

fn rewritten(
    location: &str,
    upstream: &Upstream,
    identifier: &ResourceIndicator,
) -> Option<String> {
    let public = Url::parse(identifier.as_str()).ok()?;
    let public_origin = public.origin().ascii_serialization();
    let (origin, path) = place(upstream, &public_origin);
    // RFC 3986 section 4.2: a path with one slash before it is on the same origin, with two on another.
    let is_path = location.starts_with('/') && !location.starts_with("//");
    let found = if is_path {
        Url::parse(origin).ok()?.join(location).ok()?
    } else {
        Url::parse(location).ok()?
    };
    let has_user = !found.username().is_empty() || found.password().is_some();
    if has_user || found.origin() != Url::parse(origin).ok()?.origin() {
        return None;
    }
    let rest = under(found.path(), path)?;
    let base = public.path().trim_end_matches('/');
    // A server that knows its public URL may have written that already. The longer path says more.
    if origin == public_origin && base.len() > path.len() && under(found.path(), base).is_some() {
        return None;
    }
    // RFC 3986 section 3.3: an origin's empty path and "/" are one; a resource's path isn't.
    let rest = if rest == "/" && path.is_empty() { "" } else { rest };
    let query = found.query().map(|query| format!("?{query}")).unwrap_or_default();
    let fragment = found.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
    let root = if base.is_empty() && rest.is_empty() { "/" } else { "" };
    let origin = if is_path { "" } else { &public_origin };
    Some(format!("{origin}{base}{root}{rest}{query}{fragment}"))
}

/// What follows `base` in `path`, if that lies under it by whole segments.
fn under<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Origin and path of the upstream; a service binding is called by the public origin.
fn place<'a>(upstream: &'a Upstream, public_origin: &'a str) -> (&'a str, &'a str) {
    match upstream {
        Upstream::Service { path, .. } => (public_origin, path),
        Upstream::Url { origin, path } => (origin, path),
    }
}

/// Whether a client that follows a redirect would call something else than the resource that it
/// called: another origin, another place on this one, or another resource below this one.
///
/// `location` is the server's own `Location`, before [`public_location`]. Most clients send `X-API-Key`
/// along wherever a redirect leads, and `Authorization` everywhere on its origin, so such a redirect
/// would give a person's token away, or have it used on a resource that the server isn't. What can't
/// be read for certain leads out.
#[must_use]
pub fn leads_out(location: &str, requested: &Requested<'_>, configuration: &Configuration) -> bool {
    let Requested { resource, gateway, .. } = requested;
    let location = public_location(location, &gateway.upstream, &resource.identifier);
    let Some(next) = followed(&location, requested) else { return true };
    let found = protected_resource::find(configuration, &resource.place.host, next.path());
    !matches!(found, Some(Ok(found)) if found.resource.identifier == resource.identifier)
}

/// The URL that a client comes to from the one that it requested; `None` when that is another origin,
/// or when two clients could read `location` in two ways.
fn followed(location: &str, requested: &Requested<'_>) -> Option<Url> {
    let place = &requested.resource.place;
    let base = format!("{}{}{}", place.origin, place.path, requested.rest);
    let base = Url::parse(&base).ok()?;
    // `/\host` is another host to browsers and a path to others; tabs and line ends are dropped by some.
    if location.contains(|character: char| character.is_control() || character == '\\') {
        return None;
    }
    // With a scheme it has to be whole: `https:x` and `https:///x` are read in several ways.
    let is_whole = |location: &str| {
        let (scheme, rest) = location.split_once("://").unwrap_or_default();
        scheme.eq_ignore_ascii_case(base.scheme()) && !rest.starts_with('/')
    };
    if Url::parse(location).is_ok() && !is_whole(location.trim()) {
        return None;
    }
    let next = base.join(location).ok()?;
    let has_user = !next.username().is_empty() || next.password().is_some();
    (!has_user && next.origin() == base.origin()).then_some(next)
}

/// Whether the server behind the gateway refused the gateway itself. The client's own credential was
/// good, and a 401 would make it ask a person to sign in again for nothing; it gets 502.
#[must_use]
pub const fn is_upstream_refusal(status: u16) -> bool {
    matches!(status, 401 | 407)
}
