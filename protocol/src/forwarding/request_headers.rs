//! The headers of a request on its way to the server behind the gateway.

use std::net::IpAddr;

use super::names::{folded, is_another_proxys, is_latchkeys, is_of_the_connection, is_our_cookie};
use crate::access::Holder;
use crate::resource::ResourceIndicator;
use crate::secret::Secret;

/// Whether a header of the client reaches the server behind the gateway. `Cookie` doesn't;
/// [`other_cookies`] says what of it does.
#[must_use]
pub fn passes(name: &str) -> bool {
    let plain = name.to_ascii_lowercase();
    let name = folded(name);
    if is_of_the_connection(&name) || is_latchkeys(&name) {
        return false;
    }
    // MRS-15: the client's credential, and proofs of its possession.
    let is_credential = matches!(name.as_str(), "authorization" | "x-api-key" | "dpop" | "cookie");
    // Who calls from where, which the gateway says itself.
    let is_origin = matches!(name.as_str(), "host" | "forwarded" | "x-forwarded" | "x-host")
        || name.starts_with("x-forwarded-")
        || is_another_proxys(&name);
    // Another method or URL than the one whose scopes were checked.
    let is_override = matches!(
        name.as_str(),
        "x-http-method-override" | "x-http-method" | "x-method-override" | "x-rewrite-url"
    ) || name.starts_with("x-original-");
    // The answer to `Expect` is the connection's: the body is already on its way.
    let is_expect = name == "expect";
    // `Content_Encoding` is `Content-Encoding` to some servers, and the checks saw only the latter.
    let is_disguised =
        name != plain && ["content-", "mcp-"].iter().any(|prefix| name.starts_with(prefix));
    !(is_credential || is_origin || is_override || is_expect || is_disguised)
}

/// The same for a request to an MCP server whose body wasn't read ([`crate::mcp`]): `Mcp-Method` and
/// `Mcp-Name` name a call that nothing was compared with, and a server may go by them.
#[must_use]
pub fn passes_without_message(name: &str) -> bool {
    passes(name) && !matches!(folded(name).as_str(), "mcp-method" | "mcp-name")
}

/// What of a `Cookie` header reaches the server behind the gateway: all but our own cookies, which
/// sign a person in. `None` when nothing is left.
#[must_use]
pub fn other_cookies(header: &str) -> Option<String> {
    // Several headers may have been joined by a comma instead of a semicolon.
    let without_ours = |pair: &str| {
        let kept: Vec<_> = pair.split(',').filter(|part| !is_ours(part)).collect();
        kept.join(",").trim().to_owned()
    };
    let kept: Vec<_> =
        header.split(';').map(without_ours).filter(|pair| !pair.is_empty()).collect();
    (!kept.is_empty()).then(|| kept.join("; "))
}

fn is_ours(pair: &str) -> bool {
    is_our_cookie(pair.split('=').next().unwrap_or_default())
}

/// Who calls, for the server behind the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The person or client, and their credential.
    pub holder: &'a Holder,
    /// The signed assertion ([`crate::jwt::AssertionClaims`]).
    pub assertion: &'a Secret,
    /// The reference id of the request, as in the log.
    pub reference: &'a str,
    /// The resource that is called.
    pub resource: &'a ResourceIndicator,
    /// The address that the client's connection came from, as the platform says.
    pub client_address: Option<&'a str>,
}

/// The headers that say who calls. They are set after every header that [`passes`] lets through.
#[must_use]
pub fn identity_headers(identity: &Identity<'_>) -> Vec<(&'static str, String)> {
    let Identity { holder, assertion, reference, resource, client_address } = identity;
    let mut headers = vec![
        ("latchkey-subject", holder.subject.to_string()),
        ("latchkey-subject-type", holder.subject.kind().to_owned()),
        ("latchkey-scope", holder.scope.to_string()),
        ("latchkey-credential", holder.credential.kind().as_str().to_owned()),
        ("latchkey-assertion", assertion.expose().to_owned()),
        ("latchkey-reference", (*reference).to_owned()),
    ];
    if let Some(client_id) = holder.credential.client_id() {
        headers.push(("latchkey-client-id", client_id.to_string()));
    }
    // From the configuration, never from the request's own `Host`.
    if let Some((scheme, rest)) = resource.as_str().split_once("://") {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        headers.push(("x-forwarded-host", host.to_owned()));
        headers.push(("x-forwarded-proto", scheme.to_owned()));
    }
    if let Some(address) = client_address.and_then(|text| text.trim().parse::<IpAddr>().ok()) {
        headers.push(("x-forwarded-for", address.to_string()));
    }
    headers
}
