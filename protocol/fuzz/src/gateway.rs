//! What decides where a request of a stranger goes behind the gateway, and which of its headers go along.

use latchkey_protocol::forwarding::{location, request_headers, response_headers};
use latchkey_protocol::protected_resource;
use url::Url;

use crate::deployment::CONFIGURATION;
use crate::{optional, texts};

/// A host, a path, a query or location, the name of a header.
pub fn check(data: &[u8]) {
    let Some([host, path, query, header]) = texts(data) else { return };
    for host in [host, "id.example"] {
        route(host, path, query);
    }
    headers(header, query);
}

/// RFC 3986 section 6: a path that is forwarded means the same to whoever reads it.
fn route(host: &str, path: &str, query: &str) {
    let Some(Ok(requested)) = protected_resource::find(&CONFIGURATION, host, path) else { return };
    let rest = requested.rest;
    assert!(path.ends_with(rest) && (rest.is_empty() || rest.starts_with('/')));
    let lower = rest.to_ascii_lowercase();
    for hidden in ["//", "/../", "/./", "\\", "%2e", "%2f", "%5c", "%00", "%61", "\0", "\n"] {
        assert!(!lower.contains(hidden), "{rest:?} has {hidden:?}");
    }
    assert!(!lower.ends_with("/..") && !lower.ends_with("/."));
    // A resource below this one would have been found, however its path is written.
    if requested.resource.identifier.as_str().ends_with("/mcp") {
        let first = rest.split('/').nth(1).unwrap_or_default();
        assert!(!first.eq_ignore_ascii_case("admin"), "{path:?} is for /mcp/admin");
    }
    let url = location::upstream_url(
        &requested.gateway.upstream,
        "https://id.example",
        rest,
        optional(query),
    );
    if let Ok(parsed) = Url::parse(&url) {
        let root =
            location::upstream_url(&requested.gateway.upstream, "https://id.example", "", None);
        let root = Url::parse(&root).expect("the upstream itself");
        assert_eq!(parsed.origin(), root.origin());
        let below = parsed.path().strip_prefix(root.path().trim_end_matches('/'));
        assert!(below.is_some_and(|below| below.is_empty() || below.starts_with('/')), "{url:?}");
    }
    redirect(query, &requested);
}

/// A redirect that a client may follow with its credential stays on the resource that it called.
fn redirect(target: &str, requested: &protected_resource::Requested<'_>) {
    if location::leads_out(target, requested, &CONFIGURATION) {
        return;
    }
    let identifier = &requested.resource.identifier;
    let public = location::public_location(target, &requested.gateway.upstream, identifier);
    let base = Url::parse(&format!("{}{}", identifier.as_str(), requested.rest)).expect("a URL");
    let next = base.join(&public).expect("a client follows it");
    assert_eq!(next.origin(), base.origin(), "{target:?}");
    assert!(next.username().is_empty() && next.password().is_none(), "{target:?}");
    let resource = Url::parse(identifier.as_str()).expect("a URL");
    let below = next.path().strip_prefix(resource.path());
    assert!(below.is_some_and(|below| below.is_empty() || below.starts_with('/')), "{target:?}");
}

/// The client's credential and what only the gateway may say stop here, in any writing.
fn headers(name: &str, value: &str) {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    if request_headers::passes(name) {
        let stopped = ["authorization", "xapikey", "cookie", "dpop", "host", "forwarded"];
        let is_stopped = stopped.contains(&plain.as_str());
        // `au-thorization` is another header to everybody.
        let folded =
            name.to_ascii_lowercase().replace(|one: char| !one.is_ascii_alphanumeric(), "-");
        assert!(
            !is_stopped
                || !["authorization", "x-api-key", "cookie", "dpop", "host", "forwarded"]
                    .contains(&folded.as_str()),
            "{name:?} passes"
        );
        assert!(
            !folded.starts_with("latchkey-") && !folded.starts_with("x-forwarded-"),
            "{name:?}"
        );
    }
    assert!(request_headers::passes(name) || !request_headers::passes_without_message(name));
    let _ = response_headers::passes(name);
    let cached = latchkey_protocol::forwarding::response_headers::preflight(optional(value));
    for (name, value) in cached {
        let is_field = |byte: u8| byte == b'\t' || (0x20..0x7f).contains(&byte) || byte >= 0x80;
        assert!(value.bytes().all(is_field), "{name}: {value:?} is one line");
    }
}
