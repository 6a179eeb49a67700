//! What a person finds in their activity log, and nobody else in theirs.

use latchkey_tests::upstream::{Answer, Whole};
use latchkey_tests::{Browser, Client, Front, Tokens, Walk, jwt};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::tool;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: sign-ins, consents, token grants, refusals and each tool call are in the activity log",
            |servers| {
                everything(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: a call is logged with method, tool, client, result, time and the reference that the upstream has",
            |servers| {
                one_call(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: a call that its client broke off after it was sent on is in the log all the same",
            |servers| {
                hung_up(servers.gateway());
            },
        ),
        Case::new("issue 6: of 40 calls at the same moment each is in the log once", |servers| {
            at_once(servers.gateway());
        }),
        Case::new(
            "issue 6: where a revocation may be known late a busy client's calls come to the log together, in their order, and the last before its token was taken back too",
            |servers| {
                together(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: what a call of a personal access token did is in the log under its label",
            |servers| {
                by_a_token(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: the log is filtered by kind and by app, on the page and in the exports",
            |servers| {
                filtered(servers.gateway());
            },
        ),
        Case::new("issue 3: the log is read page by page, newest first", |servers| {
            paged(servers.gateway());
        }),
        Case::new("issue 3: a hostile name in the log is shown as text", |servers| {
            hostile(servers.gateway());
        }),
        Case::new(
            "issue 3: a call that nobody's credential was good for is in nobody's log",
            |servers| {
                let front = servers.gateway();
                let mut walk = Walk::begin(&front.server);
                let tokens = front.tokens(&mut walk, "/api", "api");
                let forged = jwt::forge(
                    &jwt::read(&tokens.access).header,
                    &jwt::read(&tokens.access).claims,
                );
                for _ in 0..3 {
                    let _ = front.get("/api/x", Some(&forged)).expect(401);
                }
                // What comes after has arrived, so what comes before would have.
                let _ = front.call("DELETE", "/api/x").bearer(&tokens.access).send().expect(403);
                let entries = wait_for(&mut walk.browser, "refused", 1);
                assert_eq!(kinds(&entries, "refused").len(), 1, "{entries:?}");
            },
        ),
    ]
}

/// Reads the log until it has `count` entries of a kind: it is written after the answers.
#[track_caller]
pub(crate) fn wait_for(browser: &mut Browser<'_>, kind: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let entries = browser.activity(&[]);
        if kinds(&entries, kind).len() >= count {
            return entries;
        }
        assert!(Instant::now() < deadline, "{count} {kind} don't come: {entries:?}");
    }
}

fn kinds<'a>(entries: &'a [Value], kind: &str) -> Vec<&'a Value> {
    entries.iter().filter(|entry| entry["kind"] == kind).collect()
}

fn everything(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    let _ = front.message(&place, &tokens.access, &tool("list_notes")).send().expect(200);
    let _ = front.message(&place, &tokens.access, &tool("delete_note")).send().expect(403);
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
    let _ = front.tokens(&mut walk, "/mcp", "mcp mcp:write");
    let _ = walk.browser.new_token("Backup", &["api"], &[&front.resource("/api")]);
    let _ = walk.browser.take_back("revoke-token", None);
    let request = walk.request().and("scope", "api").and("resource", &front.resource("/api"));
    let page = walk.consent_page(&request);
    let _ = walk.browser.decide(&page, "deny").away();
    let mut other = Browser::new(&front.server);
    let page = other.page("/sign-in").expect(200);
    let wrong = latchkey_tests::Person { password: "wrong".to_owned(), ..walk.person.clone() };
    let _ = other.sign_in(&page, &wrong).page();
    let page = other.page("/sign-in").expect(200);
    let _ = other.sign_in(&page, &walk.person).page().expect(200);
    let _ = walk.browser.take_back("end-other-sessions", None);
    let _ = walk.browser.take_back("revoke-app", None);
    walk.client.refresh(&front.server, &next.refresh).expect_error(400, "invalid_grant");

    let expected = [
        "signed_up",
        "consented",
        "code_redeemed",
        "called",
        "refused",
        "refreshed",
        "widened",
        "personal_access_token_created",
        "personal_access_token_revoked",
        "denied",
        "sign_in_refused",
        "signed_in",
        "session_ended",
        "grant_revoked",
    ];
    let deadline = Instant::now() + Duration::from_secs(60);
    let entries = loop {
        let entries = walk.browser.activity(&[]);
        let missing = expected.iter().find(|kind| kinds(&entries, kind).is_empty());
        let Some(missing) = missing else { break entries };
        assert!(Instant::now() < deadline, "no {missing} in {entries:?}");
    };
    let widened = kinds(&entries, "widened");
    assert_eq!(widened.len(), 1, "{entries:?}");
    assert_eq!(widened[0]["scope"], "mcp:write", "what is new");
    for kind in ["consented", "code_redeemed", "refreshed", "widened", "grant_revoked", "denied"] {
        assert!(
            kinds(&entries, kind).iter().all(|entry| entry["client_id"] == walk.client.id),
            "{kind}"
        );
    }
    // Newest first, in UTC.
    let times: Vec<&str> = entries.iter().map(|entry| entry["time"].as_str().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    assert!(times.iter().all(|time| time.len() == 20 && time.ends_with('Z')), "{times:?}");
    // No secret, in whatever form.
    let page = walk.browser.page("/account/activity").expect(200);
    let (found, known) = front.server.secrets().found_in(&json!(entries).to_string());
    assert!(known > 5 && found.is_empty(), "{found:?}");
    let (found, _) = front.server.secrets().found_in(&page.text());
    assert!(found.is_empty(), "{found:?}");
    // Somebody else's log has nothing of it.
    let mut stranger = Walk::begin(&front.server);
    let entries = stranger.browser.activity(&[]);
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert!(kinds(&entries, "signed_up").len() == 1, "{entries:?}");
}

fn one_call(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.place(Answer::Whole(Whole::status(418).body("short and stout")));
    let _ = front.message(&place, &tokens.access, &tool("list_notes")).send().expect(418);
    let reply = front.message(&place, &tokens.access, &tool("delete_note")).send();
    let reference = reply.expect_error(403, "insufficient_scope");
    let entries = wait_for(&mut walk.browser, "refused", 1);
    let entries = [entries, wait_for(&mut walk.browser, "called", 1)].concat();
    let (called, refused) = (kinds(&entries, "called")[0], kinds(&entries, "refused")[0]);
    for (entry, tool, result) in
        [(called, "list_notes", "418"), (refused, "delete_note", "insufficient_scope")]
    {
        assert_eq!(entry["client_id"], walk.client.id);
        assert_eq!(entry["resource"], front.resource("/mcp"));
        assert_eq!(entry["method"], "POST");
        assert_eq!(entry["rpc_method"], "tools/call");
        assert_eq!((&entry["tool"], &entry["result"]), (&json!(tool), &json!(result)));
    }
    assert!(called["duration_ms"].is_u64(), "{called}");
    assert_eq!(called["reference"], place.only().header("latchkey-reference").unwrap());
    assert_eq!(refused["reference"], reference);
    let page = walk.browser.page("/account/activity").expect(200).text();
    let name = walk.client.document["client_name"].as_str().unwrap();
    for shown in [name, "list_notes", "418", "delete_note", &reference, "Tools"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

fn hung_up(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.place(Answer::Never);
    let message = tool("list_notes").to_string();
    let request = format!(
        "POST /mcp?at={} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{message}",
        place.name(),
        tokens.access,
        message.len()
    );
    let mut client = TcpStream::connect(("127.0.0.1", front.server.port())).expect("connection");
    client.write_all(request.as_bytes()).expect("a request");
    // The upstream has it, and has begun to do whatever it does.
    place.wait_for_request();
    drop(client);
    let entries = wait_for(&mut walk.browser, "called", 1);
    let called = kinds(&entries, "called");
    assert_eq!(called.len(), 1, "{entries:?}");
    let called = called[0];
    assert_eq!(called["client_id"], walk.client.id);
    assert_eq!(called["resource"], front.resource("/mcp"));
    assert_eq!(called["method"], "POST");
    assert_eq!(called["tool"], "list_notes");
    assert_eq!(called["reference"], place.only().header("latchkey-reference").unwrap());
    // It never had an answer, so none is claimed.
    assert!(["102", "504"].map(Value::from).contains(&called["result"]), "{called}");
}

fn at_once(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Many machines", &["api"], &[&front.resource("/api")]);
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| front.call("PUT", &target).api_key(&token).send().expect(200));
        }
    });
    let entries = wait_for(&mut walk.browser, "called", 40);
    let called = kinds(&entries, "called");
    let references: std::collections::BTreeSet<_> =
        called.iter().map(|entry| entry["reference"].as_str().unwrap()).collect();
    assert_eq!((called.len(), references.len()), (40, 40), "{entries:?}");
}

fn together(front: &Front) {
    const CALLS: usize = 60;
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Busy", &["api"], &[&front.resource("/slow-bound")]);
    let place = front.upstream.plain();
    let target = format!("/slow-bound/{}", place.name());
    for _ in 0..CALLS {
        let _ = front.call("GET", &target).api_key(&token).send().expect(200);
    }
    let _ = walk.browser.take_back("revoke-token", None);
    let entries = wait_for(&mut walk.browser, "called", CALLS);
    let mut called = kinds(&entries, "called");
    // The log has the newest first.
    called.reverse();
    let received = place.received();
    let sent: Vec<_> =
        received.iter().map(|request| request.header("latchkey-reference").unwrap()).collect();
    let logged: Vec<_> = called.iter().map(|entry| entry["reference"].as_str().unwrap()).collect();
    assert_eq!(logged, sent);
    assert!(called.iter().all(|entry| entry["label"] == "Busy"), "{called:?}");
}

fn by_a_token(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Nightly backup", &["api"], &[&front.resource("/api")]);
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let _ = front.call("PUT", &target).api_key(&token).send().expect(200);
    let _ = front.call("DELETE", &target).bearer(&token).send().expect(403);
    let _ = walk.browser.take_back("revoke-token", None);
    let _ = wait_for(&mut walk.browser, "called", 1);
    let entries = wait_for(&mut walk.browser, "refused", 1);
    let id = token.split('.').nth(1).unwrap();
    for kind in ["called", "refused"] {
        let entry = kinds(&entries, kind)[0];
        assert_eq!(entry["personal_access_token"], id, "{entry}");
        assert_eq!(entry.get("client_id"), None, "{entry}");
        // Taken back, and still called by its name.
        assert_eq!(entry["label"], "Nightly backup", "{entry}");
    }
    assert_eq!(kinds(&entries, "called")[0]["method"], "PUT");
    let calls = walk.browser.page("/account/activity?group=calls").expect(200).text();
    assert!(calls.contains("Nightly backup"), "{calls}");
    let text = walk.browser.page("/account/activity").expect(200).text();
    assert!(text.matches("Nightly backup").count() >= 4, "{text}");
}

fn filtered(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let first = front.tokens(&mut walk, "/api", "api");
    let second = Client::public(&front.server);
    let mut other = Walk { client: second.clone(), ..walk.clone() };
    let others = front.tokens(&mut other, "/api", "api");
    walk.browser = other.browser;
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    for token in [&first.access, &others.access, &others.access] {
        let _ = front.get(&target, Some(token)).expect(200);
    }
    let _ = wait_for(&mut walk.browser, "called", 3);
    for (group, expected) in [
        ("sign_ins", vec!["signed_in", "signed_up"]),
        ("consents", vec!["consented", "consented"]),
        ("tokens", vec!["code_redeemed", "code_redeemed"]),
        ("refusals", vec![]),
        ("calls", vec!["called", "called", "called"]),
    ] {
        let entries = walk.browser.activity(&[("group", group)]);
        let found: Vec<&str> =
            entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{group}");
        let path = walk.browser.path("/account/activity", &[("group", group)]);
        let page = walk.browser.page(&path).expect(200);
        assert_eq!(page.texts("ol.log > li").len(), expected.len(), "{group}: {}", page.text());
    }
    let calls = walk.browser.activity(&[("group", "calls"), ("app", &second.id)]);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls.iter().all(|entry| entry["client_id"] == second.id), "{calls:?}");
    assert_eq!(walk.browser.activity(&[("app", &walk.client.id)]).len(), 3);

    // The page's own form and links say the same.
    let page = walk.browser.page("/account/activity").expect(200);
    let form = page.forms().into_iter().find(|form| form.action.ends_with("/account/activity"));
    let form = form.expect("a filter");
    assert_eq!(form.method, "get");
    let query = form.filled(&[("group", "calls"), ("app", &second.id)]);
    let path = format!("/account/activity?{}", latchkey_tests::http::encode(&query));
    let page = walk.browser.page(&path).expect(200);
    assert_eq!(page.texts("ol.log > li").len(), 2, "{}", page.text());
    for kind in ["csv", "json"] {
        let link = page.attributes(&format!("a[href*='activity.{kind}']"), "href").concat();
        let exported = walk.browser.page(&link).expect(200);
        assert_eq!(exported.reply.text().matches(&second.id).count(), 2, "{link}");
    }
}

fn paged(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    for number in 0..60 {
        let call = front.message(&place, &tokens.access, &tool(&format!("tool_{number}")));
        let _ = call.send().expect(200);
    }
    let _ = wait_for(&mut walk.browser, "called", 60);
    let mut path = "/account/activity?group=calls".to_owned();
    let mut shown: Vec<String> = Vec::new();
    for expected in [50, 10] {
        let page = walk.browser.page(&path).expect(200);
        let entries = page.texts("ol.log > li");
        assert_eq!(entries.len(), expected, "{path}");
        shown.extend(page.texts("ol.log > li .title code"));
        let older = page.attributes("nav a[href*='before=']", "href");
        assert_eq!(older.len(), usize::from(expected == 50), "{path}");
        path = older.concat();
    }
    // Each once.
    let mut numbers: Vec<usize> =
        shown.iter().map(|name| name.strip_prefix("tool_").unwrap().parse().unwrap()).collect();
    assert_eq!(numbers.first(), Some(&59), "{numbers:?}");
    numbers.sort_unstable();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
    // A page that isn't there, and one that nobody has.
    for path in
        ["/account/activity?before=1", "/account/activity?before=x&group=nothing&app=nobody"]
    {
        let _ = walk.browser.page(path).expect(200);
    }
}

fn hostile(front: &Front) {
    let name = "<script>alert(1)</script>\u{202e}";
    let client = Client::register(
        &front.server,
        &json!({
            "client_name": name,
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": "none",
        }),
    );
    let mut walk = Walk::with(&front.server, client);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let _ = walk.browser.new_token(name, &["api"], &[&front.resource("/api")]);
    let place = front.upstream.plain();
    let long = "x".repeat(10_000);
    for tool_name in [name, "<img src=x onerror=alert(1)>", "\u{200b}\u{2066}", &long] {
        let _ = front.message(&place, &tokens.access, &tool(tool_name)).send().expect(200);
    }
    let _ = wait_for(&mut walk.browser, "called", 4);
    for path in ["/account/activity", "/account"] {
        let page = walk.browser.page(path).expect(200);
        let html = page.reply.text();
        assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
        assert!(!html.contains(['\u{202e}', '\u{0}', '\u{1b}']), "{path}");
        assert!(html.len() < 60_000, "{} bytes", html.len());
    }
    let entries = walk.browser.activity(&[("group", "calls")]);
    assert!(entries.iter().all(|entry| entry["tool"].as_str().unwrap().chars().count() <= 128));
}
