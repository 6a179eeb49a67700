//! A client of one revision at an MCP server of all of them that notes what reaches it.

use latchkey_tests::Front;
use latchkey_tests::upstream::{Answer, Place, Received, Whole};
use serde_json::{Value, json};
use std::ops::Deref;

use crate::profile::{Profile, borrowed, request};

/// A client of one revision, and what of it reaches the MCP server `/mcp`.
pub(super) struct Observed<'a> {
    /// Its requests to the MCP server are told from others' by `User-Agent`, since its URL is just
    /// `/mcp`.
    pub(super) place: Place,
    profile: Profile<'a>,
}

impl<'a> Deref for Observed<'a> {
    type Target = Profile<'a>;

    fn deref(&self) -> &Profile<'a> {
        &self.profile
    }
}

impl<'a> Observed<'a> {
    pub(super) fn new(front: &'a Front, version: &'static str) -> Self {
        let place = front.upstream.place(Answer::By(server));
        let profile = Profile::new(&front.server, version).named(place.name());
        Self { place, profile }
    }

    /// Initializes, and returns the headers that go with every later request.
    #[track_caller]
    pub(super) fn session(
        &self,
        token: &str,
        is_version_in_header: bool,
    ) -> Vec<(&'static str, String)> {
        let headers = self.profile.session(token, is_version_in_header);
        assert!(headers.iter().any(|(name, _)| *name == "mcp-session-id"), "no session");
        headers
    }

    /// MRS-16: without a token a session is worth nothing, whatever the method.
    #[track_caller]
    pub(super) fn session_is_no_credential(&self, headers: &[(&'static str, String)]) {
        let before = self.place.begun();
        let list = request("tools/list", json!({}));
        for (method, body) in [("POST", Some(&list)), ("GET", None), ("DELETE", None)] {
            let _ = self.send(method, None, &borrowed(headers), body).expect(401);
            let _ = self.send(method, Some("x"), &borrowed(headers), body).expect(401);
        }
        assert_eq!(self.place.begun(), before);
    }
}

/// A small MCP server of every revision.
fn server(received: &Received) -> Whole {
    if received.method == "DELETE" {
        return Whole::status(204);
    }
    if received.method == "GET" {
        let resumed = received.header("last-event-id").unwrap_or("none");
        return Whole::status(200)
            .header("content-type", "text/event-stream")
            .body(format!("id: 2\ndata: after {resumed}\n\n"));
    }
    let message: Value = serde_json::from_slice(&received.body).expect("JSON");
    match message {
        Value::Array(batch) => Whole::json(&batch.iter().filter_map(answer).collect()),
        message => match answer(&message) {
            None => Whole::status(202),
            Some(answer) if message["method"] == "initialize" => {
                Whole::json(&answer).header("mcp-session-id", "session-1")
            }
            Some(answer) => Whole::json(&answer),
        },
    }
}

fn answer(message: &Value) -> Option<Value> {
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "notes", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [{ "name": "list_notes" }, { "name": "delete_note" }] }),
        "tools/call" => {
            json!({ "content": [{ "type": "text", "text": message["params"]["name"] }] })
        }
        _ => return None,
    };
    Some(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
}
