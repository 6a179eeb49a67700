//! The account page: what has access, a token of one's own, what was done, and taking it back.

use latchkey_tests::{Reply, Server, Tokens};
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

use super::chromium::Chromium;
use super::visit::{ALLOW, Visit, fill_in};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: in Chromium a person sees a connected app and its calls, and revokes it, and its next call is 401",
            |servers| {
                connected_app(servers.examples());
            },
        ),
        Case::new(
            "issue 3: in Chromium a person makes a token, sees it once, uses it as the page says, sees what it did, and revokes it",
            |servers| {
                own_token(servers.examples());
            },
        ),
    ]
}

/// Opens the account page and signs in there.
#[track_caller]
fn sign_in(visit: &Visit<'_>) {
    let chromium = &visit.chromium;
    open_account(visit);
    fill_in(chromium, &visit.person);
    chromium.click("main button[type=submit]");
    chromium.wait_for("#apps");
    let account = chromium.text("main");
    assert!(account.contains(&visit.person.email), "{account}");
    assert!(account.contains("No app has access"), "{account}");
}

fn open_account(visit: &Visit<'_>) {
    visit.chromium.open(&format!("{}/account", visit.server.address()));
}

/// Lets the client ask for the MCP server, and allows it.
#[track_caller]
fn connect(visit: &mut Visit<'_>) -> Tokens {
    let resource = format!("{}/mcp", visit.server.address());
    visit.request = visit.request.clone().and("resource", &resource).and("scope", "mcp");
    visit.open();
    visit.chromium.click(ALLOW);
    let code = visit.arrival().code();
    visit.wait_for_client();
    Tokens::from_reply(&visit.redeem(&visit.request, code))
}

/// Calls a tool of the example.
fn call(server: &Server, token: &str, tool: &str) -> Reply {
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": {} },
    });
    server
        .call("POST", "/mcp")
        .bearer(token)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .body(message.to_string())
        .send()
}

/// Narrows the activity to one group.
#[track_caller]
fn show_only(chromium: &Chromium, group: &str) -> String {
    chromium.click(&format!("#group option[value={group}]"));
    chromium.click("form.filter button");
    // The form of the page before has another one chosen.
    chromium.wait_for(&format!("main:has(#group option[value={group}][selected])"));
    chromium.text("main")
}

fn connected_app(server: &Server) {
    let mut visit = Visit::new(server);
    sign_in(&visit);
    let tokens = connect(&mut visit);
    let _ = call(server, &tokens.access, "list_notes").expect(200);
    let refused = call(server, &tokens.access, "delete_note");
    let reference = refused.expect_error(403, "insufficient_scope");

    let chromium = &visit.chromium;
    open_account(&visit);
    chromium.wait_for("input[value=revoke-app]");
    let account = chromium.text("main");
    for shown in ["Acme Notes", "Use the tools of this server for you", "The MCP server", "Revoke"]
    {
        assert!(account.contains(shown), "no {shown:?} in {account}");
    }

    // The report of a call follows its answer.
    chromium.click("a[href$='/account/activity']");
    until(chromium, "list_notes");
    until(chromium, &reference);
    let everything = chromium.text("main");
    for shown in ["list_notes", "delete_note", "Acme Notes", &reference] {
        assert!(everything.contains(shown), "no {shown:?} in {everything}");
    }
    let calls = show_only(chromium, "calls");
    assert!(calls.contains("list_notes") && !calls.contains("delete_note"), "{calls}");
    let refusals = show_only(chromium, "refusals");
    assert!(refusals.contains(&reference) && !refusals.contains("list_notes"), "{refusals}");
    let export = chromium.script("return document.querySelector('a[href*=\"activity.csv\"]').href");
    assert!(export.as_str().is_some_and(|href| href.ends_with("?group=refusals")), "{export}");

    chromium.click("a[href$='/account']");
    chromium.click("form:has(input[value=revoke-app]) button");
    chromium.wait_for("[role=status]");
    let account = chromium.text("main");
    assert!(account.contains("No app has access"), "{account}");
    call(server, &tokens.access, "list_notes").expect_error(401, "invalid_token");
    visit.client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    visit.expect_quiet_console();
}

fn own_token(server: &Server) {
    let visit = Visit::new(server);
    sign_in(&visit);
    let chromium = &visit.chromium;
    chromium.click("a[href$='/account/tokens']");
    chromium.fill("input[name=label]", "Backup on the office server");
    // Only what it is for.
    for (name, wanted) in
        [("scope", "mcp".to_owned()), ("resource", format!("{}/mcp", server.address()))]
    {
        let mut wrong = chosen(chromium, name);
        match wrong.iter().position(|value| *value == wanted) {
            Some(right) => drop(wrong.remove(right)),
            None => wrong.push(wanted.clone()),
        }
        for value in wrong {
            chromium.click(&format!("input[name={name}][value='{value}']"));
        }
        assert_eq!(chosen(chromium, name), [wanted]);
    }
    chromium.click("main button[type=submit]");
    let token = chromium.text("#token");
    server.secrets().remember(&token);
    assert!(token.starts_with("latchkey_pat_"), "another prefix");
    let _ = call(server, &token, "list_notes").expect(200);
    let commands = texts(
        chromium,
        "return [...document.querySelectorAll('pre code')].map((code) => code.textContent)",
    );
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let shell = Command::new("sh")
            .args(["-c", &command])
            .env("TOKEN", &token)
            .env("NO_PROXY", "*")
            .output();
        let said = String::from_utf8_lossy(&shell.expect("sh").stdout).into_owned();
        assert!(said.contains("delete_note"), "{command}\n{said}");
    }

    chromium.click("main a.button[href$='/account']");
    chromium.wait_for("input[value=revoke-token]");
    let account = chromium.text("main");
    assert!(account.contains("Backup on the office server"), "{account}");
    let source = chromium.script("return document.documentElement.outerHTML");
    assert!(!source.to_string().contains(&token), "the token is shown again");

    chromium.click("a[href$='/account/activity']");
    until(chromium, "list_notes");
    let calls = show_only(chromium, "calls");
    assert!(calls.contains("Backup on the office server"), "{calls}");

    chromium.click("a[href$='/account']");
    until(chromium, "Last used");
    chromium.click("form:has(input[value=revoke-token]) button");
    chromium.wait_for("[role=status]");
    assert_eq!(chromium.count("input[value=revoke-token]"), 0);
    call(server, &token, "list_notes").expect_error(401, "invalid_token");
    visit.expect_quiet_console();
}

/// The ticked boxes of a name.
fn chosen(chromium: &Chromium, name: &str) -> Vec<String> {
    let script = format!(
        "return [...document.querySelectorAll('input[name={name}]:checked')].map((box) => box.value)"
    );
    texts(chromium, &script)
}

/// The texts that a script of the tester returns.
#[track_caller]
fn texts(chromium: &Chromium, script: &str) -> Vec<String> {
    let found = chromium.script(script);
    let found = found.as_array().expect("an array");
    found.iter().map(|text| text.as_str().expect("text").to_owned()).collect()
}

/// Reloads the page until it has these words: what is written after an answer takes a moment.
#[track_caller]
fn until(chromium: &Chromium, words: &str) {
    let started = Instant::now();
    while !chromium.text("main").contains(words) {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "no {words:?} in {}",
            chromium.text("main")
        );
        chromium.open(&chromium.url());
    }
}
