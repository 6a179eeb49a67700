//! What a client reads of servers that may be hostile: callbacks, metadata, token answers, challenges.

use latchkey_protocol::client_side::callback::{self, Expected};
use latchkey_protocol::client_side::{
    Address, BearerChallenge, Resource, Server, TokenAnswer, union_of_scopes,
};
use latchkey_protocol::params::Parameters;
use latchkey_protocol::secret::Secret;
use serde_json::Value;
use url::Url;

use crate::{optional, texts};

const ISSUER: &str = "https://id.example";
const STATE: &str = "the state of this sign-in";

/// A query or header, and a body of JSON.
pub fn check(data: &[u8]) {
    let Some([text, body]) = texts(data) else { return };
    callback(text);
    challenge(text);
    let _ = union_of_scopes(text, body);
    if let Ok(Value::Object(members)) = latchkey_protocol::json::parse(body) {
        server(&members);
        resource(text, &members);
        let answer = TokenAnswer::read(200, optional(text), Some(&members));
        assert!(!answer.ends_session() || members.contains_key("error"), "only an error ends it");
        let answer = TokenAnswer::read(503, optional(text), Some(&members));
        assert!(!answer.ends_session(), "needs #39: an outage ends nothing");
    }
}

/// RFC 9207 section 2.4, RFC 6749 section 10.12: only the answer of this server to this sign-in counts.
fn callback(query: &str) {
    let state = Secret::new(STATE);
    let expected = Expected { state: &state, issuer: ISSUER, issuer_is_sent: true };
    let Ok(code) = callback::read(query, &expected) else { return };
    let query = query.strip_prefix('?').unwrap_or(query);
    let parameters = Parameters::parse(query.as_bytes()).expect("it was read");
    assert_eq!(parameters.get("state"), Ok(Some(STATE)));
    assert_eq!(parameters.get("iss"), Ok(Some(ISSUER)));
    assert_eq!(parameters.get("code"), Ok(Some(code.expose())));
}

fn challenge(header: &str) {
    let Some(challenge) = BearerChallenge::read(header) else { return };
    assert!(header.to_ascii_lowercase().contains("bearer"));
    for value in
        [challenge.error, challenge.scope, challenge.resource_metadata].into_iter().flatten()
    {
        assert!(value.len() <= header.len());
    }
}

/// As a browser reads it: the same algorithm (WHATWG URL).
fn address(text: &str) -> Option<Address> {
    let url = Url::parse(text).ok()?;
    Some(Address {
        protocol: format!("{}:", url.scheme()),
        hostname: url.host_str().unwrap_or_default().to_owned(),
        origin: url.origin().ascii_serialization(),
        pathname: url.path().to_owned(),
        search: url.query().map(|query| format!("?{query}")).unwrap_or_default(),
        has_extras: !url.username().is_empty()
            || url.password().is_some()
            || url.fragment().is_some(),
    })
}

/// CVE-2025-6514: no endpoint runs code, and no secret goes over plain http to the network.
fn server(members: &serde_json::Map<String, Value>) {
    let Ok(server) = Server::read(members, None, address) else { return };
    let endpoints = [
        Some(server.authorization_endpoint),
        Some(server.token_endpoint),
        server.registration_endpoint,
        server.revocation_endpoint,
        server.introspection_endpoint,
    ];
    for endpoint in endpoints.into_iter().flatten() {
        let url = Url::parse(&endpoint).expect("an address");
        let host = url.host_str().expect("a host");
        let is_here = host == "localhost"
            || host.ends_with(".localhost")
            || host == "[::1]"
            || host.starts_with("127.");
        assert!(url.scheme() == "https" || (url.scheme() == "http" && is_here), "{endpoint:?}");
        assert!(url.username().is_empty() && url.password().is_none(), "{endpoint:?}");
    }
    assert!(
        Server::read(members, Some("https://another.example"), address).is_err()
            || server.issuer == "https://another.example"
    );
}

fn resource(asked: &str, members: &serde_json::Map<String, Value>) {
    let Some(asked) = address(asked) else { return };
    let Ok(resource) = Resource::read(members, &asked, address) else { return };
    let named = address(&resource.identifier).expect("an address");
    assert_eq!(named.origin, asked.origin, "RFC 9728 section 3.3");
}
