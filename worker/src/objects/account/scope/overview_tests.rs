use latchkey_protocol::grant::GrantRecord;
use latchkey_protocol::scope::Scope as GrantedScope;
use serde_json::{Value, json};

use super::*;

const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const DAY: u64 = 24 * 60 * 60;

/// An id that is told from another by its first letter.
fn id(first: char) -> String {
    format!("{first}AAAAAAAAAAAAAAAAAAAAA")
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn live(idle_until: u64) -> Value {
    json!({"state": "live", "salt": HASH, "current": HASH, "generation": 0, "rotated_at": 1,
           "idle_until": idle_until})
}

/// A grant that ends at 1,000 at the latest.
fn grant(first: char, created_at: u64, scope: &str, family: &Value) -> StoredGrant {
    let record = json!({
        "id": id(first), "client_id": "the-app", "client_name": format!("The app {first}"),
        "redirect_uri": "http://127.0.0.1/callback", "redirect_uri_was_sent": true,
        "scope": scope, "resources": ["https://id.example/mcp"], "authenticated_at": 1,
        "created_at": created_at, "last_used_at": created_at + 1, "ends_at": 1_000,
        "code": {"state": "redeemed", "code_hash": HASH, "code_challenge": null},
        "family": family,
    });
    let record: GrantRecord = latchkey_protocol::json::from_value(record).expect("a grant");
    let forget_at = record.forget_at();
    StoredGrant { record, version: 1, forget_at, last_called_at: None }
}

fn of_installation(mut stored: StoredGrant, first: char) -> StoredGrant {
    stored.record.installation = GrantId::parse(&id(first));
    stored
}

#[test]
fn an_installation_is_one_line_whatever_number_of_grants_it_has() {
    let mut first = grant('A', 10, "notes:read", &live(500));
    first.last_called_at = Some(at(90));
    let second = of_installation(grant('B', 20, "notes:read notes:write", &live(2_000)), 'A');
    let other = grant('C', 30, "notes:read", &live(600));
    let lines = apps(vec![second, other, first], at(100));

    assert_eq!(lines.len(), 2);
    let line = &lines[0];
    assert_eq!(line.grant.as_str(), id('B'), "the newest stands for all");
    assert_eq!(line.client_name.as_deref(), Some("The app B"));
    assert_eq!(line.scope, GrantedScope::parse("notes:read notes:write").expect("a scope"));
    assert_eq!((line.first_used_at, line.last_used_at), (at(10), at(90)));
    assert_eq!((line.idle_until, line.ends_at), (at(2_000), at(1_000)));
    assert_eq!(lines[1].grant.as_str(), id('C'), "the later used comes first");
    assert_eq!(lines[1].last_used_at, at(31));
}

#[test]
fn what_has_ended_or_waits_for_its_code_is_not_listed() {
    let ended = json!({"state": "ended", "reason": "revoked_by_person", "at": 50});
    let grants = || {
        vec![
            grant('A', 10, "notes:read", &ended),
            grant('B', 10, "notes:read", &json!({"state": "not_started"})),
            grant('C', 10, "notes:read", &live(99)),
            grant('D', 10, "notes:read", &live(500)),
        ]
    };
    let ids = |now| -> Vec<String> {
        apps(grants(), at(now)).iter().map(|app| app.grant.to_string()).collect()
    };
    assert_eq!(ids(98).len(), 2);
    assert_eq!(ids(99), [id('D')]);
    assert_eq!(ids(1_000), [""; 0]);
}

#[test]
fn this_browser_comes_first_and_sessions_that_are_over_are_not_listed() {
    let session = |first: char, last_used_at: u64| -> SessionRecord {
        let record = json!({"id": id(first), "secret_hash": HASH, "authenticated_at": 1,
                            "last_used_at": last_used_at, "ends_at": 400 * DAY});
        latchkey_protocol::json::from_value(record).expect("a session")
    };
    let lifetimes = Lifetimes::default();
    let idle = lifetimes.session_idle.as_seconds();
    let sessions =
        vec![session('A', 5), session('B', idle), session('C', idle + 7), session('D', idle + 9)];
    let this = SessionId::parse(&id('C')).expect("an id");
    let lines = session_lines(sessions, &this, &lifetimes, at(idle + 10));
    let shown: Vec<(String, bool, UnixTime)> = lines
        .into_iter()
        .map(|line| (line.id.to_string(), line.is_this_one, line.ends_at))
        .collect();
    let ends_at = |last_used_at: u64| at(last_used_at + idle).min(at(400 * DAY));
    assert_eq!(
        shown,
        [
            (id('C'), true, ends_at(idle + 7)),
            (id('D'), false, ends_at(idle + 9)),
            (id('B'), false, ends_at(idle)),
        ]
    );
}

#[test]
fn issue_6_a_page_has_whole_clients_and_says_after_which_the_next_begins() {
    let of = |client: &str, first: char| {
        let mut stored = grant(first, 10, "notes:read", &live(500));
        stored.record.client_id = ClientId::parse(client).expect("an id");
        stored
    };
    let page = |clients: &[&str], most| {
        let grants = clients.iter().zip('A'..).map(|(client, first)| of(client, first)).collect();
        let (grants, more) = of_whole_clients(grants, most);
        let shown: Vec<_> =
            grants.iter().map(|stored| stored.record.client_id.to_string()).collect();
        (shown.join(" "), more.map(|client| client.to_string()))
    };
    let after = |client: &str| Some(client.to_owned());
    assert_eq!(page(&[], 3), (String::new(), None));
    assert_eq!(page(&["a", "b"], 3), ("a b".to_owned(), None));
    assert_eq!(page(&["a", "b", "b"], 3), ("a".to_owned(), after("a")), "b may have more");
    assert_eq!(page(&["a", "a", "b"], 3), ("a a".to_owned(), after("a")));
    assert_eq!(page(&["a", "a", "a"], 3), ("a a a".to_owned(), after("a")), "never none");
}
