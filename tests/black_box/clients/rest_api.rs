//! The REST API of the examples, called as the start message and the account page say.

use latchkey_tests::{Browser, Person, Server};
use serde_json::{Value, json};
use std::process::Command;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![Case::new(
        "issue 3: curl calls the example's REST API with a personal access token as X-API-Key and as bearer, until it is revoked",
        |servers| {
            with_curl(servers.examples());
        },
    )]
}

/// What curl prints: the body, and the status after it.
#[track_caller]
fn curl(url: &str, header: &str, more: &[&str]) -> (u16, Value) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"])
        .args(["--write-out", "\n%{http_code}", "--header", header])
        .args(more)
        .arg(url)
        .output()
        .expect("curl");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let (body, status) = said.rsplit_once('\n').expect("a status");
    (status.parse().expect("a status"), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn with_curl(server: &Server) {
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    let api = format!("{}/api", server.address());
    let token = browser.new_token("curl", &["notes:read", "notes:write"], &[&api]);
    let (key, bearer) = (format!("X-API-Key: {token}"), format!("Authorization: Bearer {token}"));
    let notes = format!("{api}/notes");

    let (status, note) = curl(&notes, &bearer, &["--data", r#"{"text":"hello"}"#]);
    assert_eq!((status, &note["text"]), (201, &json!("hello")), "{note}");
    assert_eq!(curl(&notes, &key, &[]), (200, json!({ "notes": [note] })));
    let (status, whoami) = curl(&format!("{api}/whoami"), &key, &[]);
    assert_eq!(
        (status, &whoami["told"]["latchkey-credential"]),
        (200, &json!("personal_access_token"))
    );
    let headers = whoami["headers"].as_array().expect("headers");
    for own in ["x-api-key", "authorization"] {
        assert!(!headers.contains(&json!(own)), "{whoami}");
    }
    let one = format!("{notes}/{}", note["id"]);
    assert_eq!(curl(&one, &key, &["--request", "DELETE"]), (204, Value::Null));
    assert_eq!(curl(&notes, &key, &[]), (200, json!({ "notes": [] })));

    // It was made for this API and nothing else.
    let (status, refusal) = curl(&format!("{}/mcp", server.address()), &key, &[]);
    assert_eq!((status, &refusal["error"]), (401, &json!("invalid_token")), "{refusal}");

    let _ = browser.take_back("revoke-token", None);
    let (status, refusal) = curl(&notes, &key, &[]);
    assert_eq!((status, &refusal["error"]), (401, &json!("invalid_token")), "{refusal}");
}
