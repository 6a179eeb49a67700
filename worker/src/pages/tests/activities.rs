//! The activity page in the states that matter.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::identifier::PersonalAccessTokenId;
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::time::Lifetime;
use serde_json::{Value, json};

use super::super::activity::{Piece, Tone};
use super::super::{ActivityPage, EntryLine, Happening, Look, Names, Narrowing};
use super::accounts::NOW;
use super::fixtures::{hostile, hostile_look, look};
use super::gallery::Rendered;

struct Known;

impl Names for Known {
    fn client(&self, id: &ClientId) -> Option<&str> {
        id.as_str().ends_with("01").then_some("Claude")
    }

    fn token(&self, _: &PersonalAccessTokenId) -> Option<&str> {
        Some("Backup on the office server")
    }

    fn resource(&self, _: &ResourceIndicator) -> &str {
        "Acme Notes MCP"
    }
}

/// One of everything that can happen.
fn everything() -> Vec<Value> {
    let (claude, gone) = ("latchkey_client_01", "latchkey_client_0sT4n7Ych3kAWqJ1mX0c2v9");
    let id = "b8Rz5QwK1tYp0Lx3Vn6JdA";
    let access =
        json!({ "kind": "access_token", "client_id": claude, "grant": id, "token_id": "" });
    let personal = json!({ "kind": "personal_access_token", "id": id });
    let call = |credential: &Value, method, rpc: Option<&str>, tool: Option<&str>, status: u16| {
        json!({ "kind": "called", "resource": "https://notes.acme.example/mcp", "method": method,
            "credential": credential, "rpc": rpc, "tool": tool, "status": status,
            "duration_ms": u32::from(status) / 6, "reference": "k5f7qjm4" })
    };
    let long = "a_tool_with_a_name_that_goes_on_and_on.".repeat(3);
    vec![
        call(&access, "POST", Some("tools/call"), Some("delete_note"), 200),
        json!({ "kind": "refused", "resource": "https://notes.acme.example/mcp", "method": "POST",
            "credential": access, "rpc": "tools/call", "tool": "delete_note",
            "reason": "insufficient_scope", "reference": "k5f7qjm4" }),
        call(&access, "POST", Some("tools/list"), None, 200),
        call(&personal, "DELETE", None, None, 204),
        call(&personal, "POST", Some("tools/call"), Some(&long), 502),
        json!({ "kind": "code_redeemed", "client_id": claude }),
        json!({ "kind": "consented", "client_id": claude, "scope": "notes:read profile" }),
        json!({ "kind": "widened", "client_id": claude, "scope": "notes:write" }),
        json!({ "kind": "denied", "client_id": gone }),
        json!({ "kind": "signed_in" }),
        json!({ "kind": "sign_in_refused" }),
        json!({ "kind": "session_ended" }),
        json!({ "kind": "refreshed", "client_id": claude }),
        json!({ "kind": "refresh_token_replayed", "client_id": claude }),
        json!({ "kind": "code_replayed", "client_id": claude }),
        json!({ "kind": "code_exhausted", "client_id": gone }),
        json!({ "kind": "revoked", "client_id": gone }),
        json!({ "kind": "grant_revoked", "client_id": claude }),
        json!({ "kind": "personal_access_token_created", "id": id, "label": "CI" }),
        json!({ "kind": "personal_access_token_revoked", "id": id, "label": "CI" }),
        json!({ "kind": "signed_out" }),
        json!({ "kind": "signed_up" }),
    ]
}

pub(super) fn activities() -> Vec<Rendered> {
    let (look, odd, bad) = (look(), hostile_look(), hostile());
    let groups = [
        ("sign_ins", "Sign-ins"),
        ("consents", "What you decided"),
        ("tokens", "Tokens"),
        ("refusals", "Refusals"),
        ("calls", "Calls"),
    ]
    .map(|(value, words)| Narrowing { value, words, is_chosen: false });
    let apps = [("latchkey_client_01", "Claude"), ("latchkey_client_02", "Claude Code")]
        .map(|(value, words)| Narrowing { value, words, is_chosen: false });
    let kinds = everything();
    let happening = |value: &Value| {
        let activity = latchkey_protocol::json::from_value(value.clone()).expect("an activity");
        Happening::of(&activity, &Known)
    };
    let entry = |(number, value): (u64, &Value)| EntryLine {
        at: NOW.minus(Lifetime::seconds(number * number * 97)),
        happening: happening(value),
    };
    let all: Vec<EntryLine> = (0..).zip(&kinds).map(entry).collect();
    let calls: Vec<EntryLine> = (0..50).zip(kinds.iter().take(5).cycle()).map(entry).collect();
    let page = ActivityPage {
        look: &look,
        groups: &groups,
        apps: &apps,
        entries: &all,
        older: None,
        is_older: false,
    };
    let chosen = groups.map(|group| Narrowing { is_chosen: group.value == "calls", ..group });
    let chosen_apps = apps.map(|app| Narrowing { is_chosen: app.words == "Claude", ..app });
    let hostile_entry = EntryLine {
        at: NOW,
        happening: Happening {
            title: vec![Piece::Name(bad.clone()), Piece::Code(bad.clone())],
            facts: vec![vec![Piece::Code(bad.clone())], vec![Piece::Words(bad.clone())]],
            tone: Tone::Alarming,
            reference: Some(bad.clone()),
        },
    };
    let pages: [(&'static str, &Look, ActivityPage<'_>); 5] = [
        ("activity", &look, ActivityPage { ..page }),
        (
            "activity-calls",
            &look,
            ActivityPage {
                groups: &chosen,
                apps: &chosen_apps,
                entries: &calls,
                older: Some(1234),
                is_older: true,
                ..page
            },
        ),
        ("activity-empty", &look, ActivityPage { entries: &[], apps: &[], ..page }),
        ("activity-nothing", &look, ActivityPage { groups: &chosen, entries: &[], ..page }),
        (
            "activity-hostile",
            &odd,
            ActivityPage {
                look: &odd,
                apps: &[Narrowing { value: "latchkey_client_01", words: &bad, is_chosen: true }],
                entries: &[hostile_entry],
                ..page
            },
        ),
    ];
    pages
        .into_iter()
        .map(|(name, look, page)| (name, look.clone(), page.render().expect(name)))
        .collect()
}
