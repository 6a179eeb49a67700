//! Protected resources behind the gateway (issue 3).

mod account;
mod activity;
mod activity_export;
mod checks;
mod credentials;
mod discovery;
mod forwarding;
mod headers;
mod introspection;
mod messages;
mod path_confusion;
mod personal_access_tokens;
mod responses;
mod revisions;
mod revocation;
mod signed_introspection;
mod step_up;
mod streaming;
mod upstream_failures;

pub(crate) use activity::wait_for;
pub(crate) use streaming::opened;

use latchkey_tests::upstream::Place;
use latchkey_tests::{Challenge, Reply};
use serde_json::{Value, json};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let cases = [
        discovery::trials(),
        credentials::trials(),
        checks::trials(),
        messages::trials(),
        path_confusion::trials(),
        headers::trials(),
        forwarding::trials(),
        responses::trials(),
        streaming::trials(),
        upstream_failures::trials(),
        revocation::trials(),
        step_up::trials(),
        personal_access_tokens::trials(),
        account::trials(),
        activity::trials(),
        activity_export::trials(),
        introspection::trials(),
        signed_introspection::trials(),
        revisions::trials(),
    ];
    cases.into_iter().flatten().collect()
}

/// Checks that an answer refuses a credential with this status and code, in its body and in its
/// challenge, and returns the challenge.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str) -> Challenge {
    reply.expect_error(status, code);
    let challenge = Challenge::of(reply);
    assert_eq!(challenge.get("error"), Some(code), "{}", reply.describe());
    let description = challenge.get("error_description").unwrap_or_default();
    assert!(description.len() > 20, "{}", reply.describe());
    assert!(challenge.get("resource_metadata").is_some(), "{}", reply.describe());
    // A script on another origin has to be able to read it.
    let exposed = reply.header("access-control-expose-headers").unwrap_or_default();
    assert!(exposed.contains("WWW-Authenticate"), "{}", reply.describe());
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{}", reply.describe());
    challenge
}

/// Checks that nothing reached the upstream.
#[track_caller]
pub(crate) fn nothing_reached(place: &Place) {
    assert_eq!(place.begun(), 0, "{:?}", place.received());
}

/// A call of a tool, as JSON-RPC.
pub(crate) fn tool(name: &str) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": name, "arguments": {} },
    })
}
