//! MCP clients of the official TypeScript SDK, 1.x and 2.x, at the example that `npm start` serves;
//! `tests/clients-js/calls.mjs` holds their side.

use latchkey_tests::{Browser, Client, Person, Server};
use serde_json::{Value, json};

use super::script::Script;
use super::{REVISIONS, TOOLS, asked_for, parameter, scopes};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    // 1.x speaks one revision, and the server has to agree.
    let versions = [("1", "2025-11-25")].into_iter();
    let versions = versions.chain(REVISIONS.into_iter().map(|revision| ("2", revision)));
    let walks = versions.clone().map(|(sdk, revision)| {
        let title = format!("issue 3: the TypeScript SDK {sdk}.x calls the example's tools in MCP {revision}, asks for more scope, loses its grant and recovers");
        Case::new(title, move |servers| whole_walk(servers.examples(), sdk, revision))
    });
    let others = [("1", "2025-11-25"), ("2", "2025-11-25"), ("2", "2026-07-28")];
    let expiries = others.into_iter().map(|(sdk, revision)| {
        let title = format!("issue 3: the TypeScript SDK {sdk}.x in MCP {revision} gets a new access token by itself when the old one has expired");
        Case::new(title, move |servers| expiry(servers.brief_examples(), sdk, revision))
    });
    let own = versions.clone().map(|(sdk, revision)| {
        let title = format!("EXT-01, issue 4: the TypeScript SDK {sdk}.x in MCP {revision} calls tools for itself, by client_credentials and with no person");
        Case::new(title, move |servers| for_itself(servers.examples(), sdk, revision))
    });
    let tokens = versions.map(|(sdk, revision)| {
        let title = format!("issue 3: the TypeScript SDK {sdk}.x in MCP {revision} calls tools with a personal access token and no OAuth");
        Case::new(title, move |servers| with_a_token(servers.examples(), sdk, revision))
    });
    walks.chain(expiries).chain(tokens).chain(own).collect()
}

fn mcp(server: &Server) -> String {
    format!("{}/mcp", server.address())
}

fn whole_walk(server: &Server, sdk: &str, revision: &str) {
    let mut browser = Browser::new(server);
    let mut script = Script::start("calls.mjs", &[sdk, &mcp(server), revision, "walk"]);

    // It learns from the 401 where to sign in, for which resource, and what to ask for.
    let url = script.authorize(server, &mut browser);
    assert_eq!(parameter(&url, "resource"), mcp(server));
    assert_eq!(asked_for(&url), "mcp");
    let connected = script.expect("connected");
    assert_eq!(connected["revision"], revision);
    assert_eq!(connected["tools"], json!(TOOLS));
    assert_eq!(connected["scope"], "mcp");
    assert_eq!(connected["has_refresh_token"], true);

    let called = script.expect("called");
    let note = &called["note"];
    assert_eq!(note["text"], "bread");
    assert_eq!(called["notes"], json!([note]));
    let whoami = &called["whoami"];
    assert_eq!(whoami["client_id"], connected["client_id"], "{whoami}");
    assert_eq!(whoami["scope"], "mcp", "{whoami}");
    assert_eq!(whoami["credential"], "access_token", "{whoami}");
    for told in ["subject", "reference"] {
        assert!(whoami[told].as_str().is_some_and(|text| text.len() > 5), "{whoami}");
    }

    // Deleting needs one more scope.
    let url = script.authorize(server, &mut browser);
    assert_eq!(asked_for(&url), "mcp notes:write");
    let stepped_up = script.expect("stepped up");
    assert_eq!(stepped_up["deleted"], json!({ "deleted": note["id"] }));
    assert_eq!(scopes(stepped_up["scope"].as_str().expect("scope")), ["mcp", "notes:write"]);

    // The person takes it all back.
    script.expect("revoke me");
    let _ = browser.take_back("revoke-app", None);
    script.tell("done");
    assert_eq!(script.expect("invalidated")["scope"], "tokens");
    let url = script.authorize(server, &mut browser);
    assert_eq!(asked_for(&url), "mcp");
    assert_eq!(script.next(), json!({ "event": "recovered", "notes": [], "registrations": 1 }));
    script.end();

    expect_activity(&browser.activity(&[("group", "calls")]), &["list_notes", "delete_note"]);
    let refused = browser.activity(&[("group", "refusals")]);
    let results: Vec<&Value> = refused.iter().map(|entry| &entry["result"]).collect();
    assert!(results.contains(&&json!("insufficient_scope")), "{refused:?}");
}

/// The log names these tools, each with a result.
#[track_caller]
fn expect_activity(entries: &[Value], tools: &[&str]) {
    for tool in tools {
        let mut entries_of = entries.iter().filter(|entry| entry["tool"] == *tool);
        assert!(entries_of.any(|entry| entry["result"] == "200"), "no {tool}: {entries:?}");
    }
}

fn expiry(server: &Server, sdk: &str, revision: &str) {
    let mut browser = Browser::new(server);
    let mut script = Script::start("calls.mjs", &[sdk, &mcp(server), revision, "expiry"]);
    let _ = script.authorize(server, &mut browser);
    assert_eq!(script.expect("connected")["revision"], revision);
    let refreshed = json!({
        "event": "refreshed", "notes": [], "other_access_token": true, "other_refresh_token": true,
    });
    assert_eq!(script.next(), refreshed);
    script.end();
}

fn for_itself(server: &Server, sdk: &str, revision: &str) {
    let client = Client::configured("poster");
    let arguments = [sdk, &mcp(server), revision, "own", &client.id];
    let secret = client.secret.as_deref().expect("a secret");
    let mut script = Script::with_token("calls.mjs", &arguments, secret);
    let connected = script.expect("connected");
    assert_eq!((&connected["revision"], &connected["tools"]), (&json!(revision), &json!(TOOLS)));
    // 2.x asks for what the 401 named, 1.x for nothing and so gets all that it may have.
    let scope = if sdk == "1" { "mcp notes:write" } else { "mcp" };
    assert_eq!(connected["scope"], scope);
    assert_eq!(connected["has_refresh_token"], false);
    let called = script.expect("called");
    let whoami = &called["whoami"];
    assert_eq!((&whoami["subject"], &whoami["client_id"]), (&json!("poster"), &json!("poster")));
    assert_eq!(whoami["subject_type"], "client", "{whoami}");
    // 2.x asked for more by itself, which the operator allows it.
    assert_eq!(called["deleted"], json!({ "deleted": called["note"]["id"] }));
    script.end();
}

fn with_a_token(server: &Server, sdk: &str, revision: &str) {
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    let token = browser.new_token("Notes script", &["mcp"], &[&mcp(server)]);
    let arguments = [sdk, &mcp(server), revision, "token"];
    let mut script = Script::with_token("calls.mjs", &arguments, &token);
    let connected = script.expect("connected");
    assert_eq!((&connected["revision"], &connected["tools"]), (&json!(revision), &json!(TOOLS)));
    let called = script.expect("called");
    assert_eq!(called["note"]["text"], "milk");
    let whoami = &called["whoami"];
    assert_eq!(whoami["credential"], "personal_access_token", "{whoami}");
    assert_eq!(whoami["client_id"], Value::Null, "{whoami}");
    script.end();
}
