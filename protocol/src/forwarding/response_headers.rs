//! The headers of an answer on its way back from the server behind the gateway.
//!
//! That server's answers come from the origin of the sign-in page. What a header could do to the
//! whole origin doesn't pass.

pub use super::cache::cache_control;
use super::names::{folded, is_latchkeys, is_of_the_connection, is_our_cookie};

/// The most names that a preflight's answer repeats.
const MAXIMUM_REQUESTED: usize = 50;
/// The longest name that a preflight's answer repeats, in bytes.
const MAXIMUM_NAME: usize = 64;
/// The headers that browsers may always send.
const ALLOWED_HEADERS: [&str; 9] = [
    "authorization",
    "content-type",
    "accept",
    "x-api-key",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
];

/// Whether a header of the server behind the gateway reaches the client. `Set-Cookie` doesn't;
/// [`may_set_cookie`] says which of its values do. Nor does `Cache-Control`; [`cache_control`] says
/// what is sent in its place.
#[must_use]
pub fn passes(name: &str) -> bool {
    let name = folded(name);
    if is_of_the_connection(&name) || is_latchkeys(&name) || name.starts_with("access-control-") {
        return false;
    }
    // `CDN-Cache-Control` and its kin (RFC 9213) would overrule what `cache_control` says.
    let is_for_caches = name.ends_with("cache-control")
        || matches!(name.as_str(), "surrogate-control" | "x-accel-expires");
    let is_refused = matches!(
        name.as_str(),
        "set-cookie"
            // The gateway's own word: a challenge of the server behind it would lead a client to
            // another authorization server.
            | "www-authenticate"
            // The gateway adds it.
            | "x-content-type-options"
            // What rules the whole origin, sign-in page included.
            | "clear-site-data"
            | "service-worker-allowed"
            | "strict-transport-security"
            | "public-key-pins"
            | "alt-svc"
            | "nel"
            | "report-to"
            | "set-login"
    );
    !(is_for_caches || is_refused)
}

/// Whether the server behind the gateway may set this cookie (the value of one `Set-Cookie`): not
/// one of ours, by which it could sign a person in as another.
#[must_use]
pub fn may_set_cookie(value: &str) -> bool {
    let pair = value.split(';').next().unwrap_or_default();
    // A browser sends a cookie without a name as its value alone, which can look like one of ours.
    pair.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty() && !is_our_cookie(name))
}

/// The headers of every forwarded answer, to append to those that [`passes`] lets through. The
/// server's own `Vary` and `Content-Security-Policy` stay beside ours.
#[must_use]
pub const fn added() -> [(&'static str, &'static str); 5] {
    [
        // RFC 9110 section 12.5.5. A browser's own cache isn't keyed by who asks either.
        ("vary", "Authorization, X-API-Key"),
        ("x-content-type-options", "nosniff"),
        // An HTML page of the server behind the gateway shares its origin with the sign-in page. In a
        // sandbox it runs no script and posts no form, so it can't act as that page. A policy
        // of the server's own counts besides: of several, each is enforced.
        ("content-security-policy", "sandbox"),
        // No credential is sent by a browser on its own, so any origin may ask.
        ("access-control-allow-origin", "*"),
        (
            "access-control-expose-headers",
            "WWW-Authenticate, Retry-After, Mcp-Session-Id, Mcp-Protocol-Version, *",
        ),
    ]
}

/// The headers of the answer to a preflight ([Fetch](https://fetch.spec.whatwg.org/#http-cors-protocol)),
/// which is 204 without a credential: browsers send none with it.
///
/// `requested_headers` is `Access-Control-Request-Headers`. Each is named because `*` doesn't stand
/// for `Authorization`, and because some MCP headers have names that depend on the tool.
#[must_use]
pub fn preflight(requested_headers: Option<&str>) -> Vec<(&'static str, String)> {
    let mut allowed: Vec<String> = ALLOWED_HEADERS.map(str::to_owned).into();
    let requested = requested_headers.unwrap_or_default().split(',').map(str::trim);
    for name in requested.filter(|name| is_token(name)).take(MAXIMUM_REQUESTED) {
        let name = name.to_ascii_lowercase();
        if !allowed.contains(&name) {
            allowed.push(name);
        }
    }
    vec![
        ("access-control-allow-origin", "*".to_owned()),
        ("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned()),
        ("access-control-allow-headers", allowed.join(", ")),
        ("access-control-max-age", "86400".to_owned()),
        ("vary", "Access-Control-Request-Headers".to_owned()),
    ]
}

/// [RFC 9110 section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
fn is_token(name: &str) -> bool {
    (1..=MAXIMUM_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
