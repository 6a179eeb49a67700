//! Decisions made twice, in two tabs, or by a hand that is too quick.

use latchkey_tests::{Authorization, Client, Server, deployment::workspace_root};
use serde_json::Value;

use super::visit::{ALLOW, DENY, Visit, expect_no_violation};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "needs 31: back and Allow again is the same code, and after its use a page that says so",
            |servers| {
                back_and_again(servers.standard());
            },
        ),
        Case::new(
            "needs 31: back and reload after Don't allow let a person allow after all",
            |servers| {
                second_thoughts(servers.standard());
            },
        ),
        Case::new(
            "needs 31: two tabs finish their own requests, whichever signs in first",
            |servers| {
                two_tabs(servers.standard());
            },
        ),
        Case::new("needs 31: a double click on Allow gives one code", |servers| {
            double_click(servers.standard());
        }),
        Case::new(
            "needs 31: an app that is opened by a link gets a page with the link, and nothing is blocked",
            |servers| {
                app_link(servers.standard());
            },
        ),
    ]
}

fn back_and_again(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    visit.open();
    visit.sign_in();
    chromium.click(ALLOW);
    let code = visit.arrival().code();

    visit.wait_for_client();
    chromium.back();
    chromium.click(ALLOW);
    assert_eq!(visit.arrival().code(), code);
    let _ = visit.redeem(&visit.request, code).expect(200);

    visit.wait_for_client();
    chromium.back();
    chromium.click(ALLOW);
    chromium.wait_for(".state.good");
    assert!(chromium.title().starts_with("Already allowed"), "{}", chromium.title());
    assert!(chromium.text("main").contains("Acme Notes"));
    assert!(visit.listener.all().is_empty());
    visit.expect_quiet_console();
}

fn second_thoughts(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    visit.open();
    visit.sign_in();
    chromium.click(DENY);
    assert_eq!(visit.arrival().get("error").as_deref(), Some("access_denied"));
    visit.wait_for_client();
    chromium.back();
    chromium.wait_for(ALLOW);
    chromium.open(&chromium.url());
    chromium.click(ALLOW);
    let code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, code).expect(200);
}

fn two_tabs(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    let second = Authorization::of(&visit.client).with("redirect_uri", &visit.listener.url());
    visit.open();
    let (first_tab, second_tab) = chromium.new_tab();
    chromium.open(&visit.address_of(&second));
    visit.sign_in();

    // The sign-in page in the first tab is from before; it still does its work.
    chromium.switch_to(&first_tab);
    visit.sign_in();
    chromium.click(ALLOW);
    let first_code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, first_code.clone()).expect(200);

    chromium.switch_to(&second_tab);
    // It was shown to a session that has been replaced since, so the page may come once more.
    chromium.script("document.body.dataset.before = 'yes'");
    chromium.click(ALLOW);
    chromium.wait_for("body:not([data-before])");
    if chromium.count("#done") == 0 {
        chromium.click(ALLOW);
    }
    let arrival = visit.listener.wait(&visit.chromium);
    assert_eq!(arrival.get("state").as_deref(), second.get("state"));
    let second_code = arrival.code();
    server.secrets().remember(&second_code);
    assert_ne!(second_code, first_code);
    let _ = visit.redeem(&second, second_code).expect(200);
}

fn double_click(server: &Server) {
    let visit = Visit::new(server);
    visit.open();
    visit.sign_in();
    visit.chromium.double_click(ALLOW);
    let _ = visit.listener.wait(&visit.chromium);
    visit.wait_for_client();
    // A second answer, if there is one, comes at once.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let mut codes: Vec<String> =
        visit.listener.all().iter().map(super::listener::Arrival::code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 1, "{codes:?}");
    let _ = visit.redeem(&visit.request, visit.arrival().code()).expect(200);
}

fn app_link(server: &Server) {
    let fixture = workspace_root().join("tests/fixtures/registrations/cursor.json");
    let metadata = std::fs::read_to_string(fixture).expect("cursor.json");
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let client = Client::register(server, &metadata);
    assert_eq!(client.redirect_uri, "cursor://anysphere.cursor-mcp/oauth/callback");
    for (button, parameter) in [(DENY, "error=access_denied"), (ALLOW, "code=")] {
        let visit = Visit::new(server);
        let chromium = &visit.chromium;
        chromium.open(&visit.address_of(&Authorization::of(&client)));
        visit.sign_in();
        assert!(chromium.text("main").contains("cursor://"), "{}", chromium.text("main"));
        chromium.click(button);
        chromium.wait_for("main a.button.primary");
        let target = chromium.script("return document.querySelector('main a.button.primary').href");
        let target = target.as_str().expect("href");
        assert!(target.starts_with("cursor://anysphere.cursor-mcp/oauth/callback?"), "{target}");
        assert!(target.contains(parameter), "{target}");
        // A scheme that nothing opens here may be said to be unknown; the policy isn't broken.
        expect_no_violation(chromium);
    }
}
