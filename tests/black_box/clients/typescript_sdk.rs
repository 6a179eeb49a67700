//! The OAuth client of the MCP TypeScript SDK, run by Node; `tests/clients-js/walk.mjs` holds its side.

use latchkey_tests::{Browser, Server};
use serde_json::json;

use super::script::Script;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    ["none", "client_secret_basic", "client_secret_post"]
        .into_iter()
        .map(|method| {
            let title = format!("issue 2: the TypeScript SDK registers, refreshes, and starts over when it has to, with {method}");
            Case::new(title, move |servers| whole_walk(servers.standard(), method))
        })
        .collect()
}

fn whole_walk(server: &Server, method: &str) {
    let mut browser = Browser::new(server);
    let mut script = Script::start("walk.mjs", &[&format!("{}/mcp", server.address()), method]);

    let _ = script.authorize(server, &mut browser);
    let authorized = script.expect("authorized");
    assert_eq!(authorized["has_secret"], method != "none");
    assert_eq!(authorized["has_refresh_token"], true);
    assert_eq!(
        (&authorized["token_type"], &authorized["scope"]),
        (&json!("Bearer"), &json!("mcp"))
    );
    assert!(authorized["expires_in"].as_u64().is_some_and(|seconds| seconds > 0), "{authorized}");

    let refreshed =
        json!({ "event": "refreshed", "other_access_token": true, "other_refresh_token": true });
    assert_eq!(script.next(), refreshed);

    // The grant is gone, and the SDK keeps its registration.
    assert_eq!(script.next(), json!({ "event": "invalidated", "scope": "tokens" }));
    let _ = script.authorize(server, &mut browser);
    assert_eq!(script.next(), json!({ "event": "authorized again", "registrations": 1 }));

    // The client is gone, and the SDK registers again.
    assert_eq!(script.next(), json!({ "event": "invalidated", "scope": "all" }));
    let _ = script.authorize(server, &mut browser);
    assert_eq!(script.next(), json!({ "event": "authorized anew", "registrations": 1 }));
    script.end();
}
