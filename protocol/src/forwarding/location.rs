//! Which URL of the server behind the gateway a request goes to, and how its redirects come back.

use url::Url;

use crate::configuration::Upstream;
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

/// Whether the server behind the gateway refused the gateway itself. The client's own credential was
/// good, and a 401 would make it ask a person to sign in again for nothing; it gets 502.
#[must_use]
pub const fn is_upstream_refusal(status: u16) -> bool {
    matches!(status, 401 | 407)
}
