//! Clients that nobody here wrote, as they come from their registries.

mod oauth2_crate;
mod replay;
mod rest_api;
mod rmcp;
mod rmcp_calls;
mod script;
mod typescript_calls;
mod typescript_sdk;

use latchkey_tests::{Browser, Callback, Person, Server};
use std::time::{Duration, Instant};

use crate::Case;

/// The revisions of the Model Context Protocol that the example speaks.
const REVISIONS: [&str; 4] = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
/// The tools that the example has, in the order of their names.
const TOOLS: [&str; 4] = ["add_note", "delete_note", "list_notes", "whoami"];

/// The cases.
pub fn trials() -> Vec<Case> {
    let cases = [
        oauth2_crate::trials(),
        rmcp::trials(),
        typescript_sdk::trials(),
        rmcp_calls::trials(),
        typescript_calls::trials(),
        rest_api::trials(),
        replay::trials(),
    ];
    cases.into_iter().flatten().collect()
}

/// A person's part: opens what the client wants opened, creates an account and allows the request.
#[track_caller]
fn sign_up_and_allow(server: &Server, authorization_url: &str) -> Callback {
    allow(server, &mut Browser::new(server), authorization_url)
}

/// The same in a browser of one's own, which may be signed in already.
#[track_caller]
fn allow(server: &Server, browser: &mut Browser<'_>, authorization_url: &str) -> Callback {
    let path = server
        .local_path("/", authorization_url)
        .unwrap_or_else(|| panic!("the client leads elsewhere: {authorization_url}"));
    let mut page = browser.page(&path).expect(200);
    if let Some(link) = page.attributes("a[href*='/sign-up']", "href").pop() {
        let sign_up = browser.page(&link).expect(200);
        page = browser.sign_up(&sign_up, &Person::new()).page().expect(200);
    }
    browser.decide(&page, "allow").away()
}

/// The scopes of a request or an answer, in the order of their names.
fn scopes(text: &str) -> Vec<&str> {
    let mut scopes: Vec<&str> = text.split(' ').collect();
    scopes.sort_unstable();
    scopes
}

/// The scopes that an authorization request asks for, but for the wish to stay connected, which some
/// clients add by themselves.
fn asked_for(url: &url::Url) -> String {
    let asked = parameter(url, "scope");
    let mut scopes = scopes(&asked);
    scopes.retain(|scope| *scope != "offline_access");
    scopes.join(" ")
}

/// The value of a parameter in a query, empty when there is none.
fn parameter(url: &url::Url, name: &str) -> String {
    let mut values = url.query_pairs().filter(|(own, _)| own == name);
    values.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Waits until the MCP server refuses an access token.
fn until_refused(server: &Server, token: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.call("GET", "/mcp").bearer(token).send().status != 401 {
        assert!(Instant::now() < deadline, "the token doesn't expire");
        std::thread::sleep(Duration::from_millis(200));
    }
}
