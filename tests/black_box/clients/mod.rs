//! Clients that nobody here wrote, as they come from their registries.

mod oauth2_crate;
mod rmcp;
mod typescript_sdk;

use latchkey_tests::{Browser, Callback, Person, Server};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    [oauth2_crate::trials(), rmcp::trials(), typescript_sdk::trials()]
        .into_iter()
        .flatten()
        .collect()
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
