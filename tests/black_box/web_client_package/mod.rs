//! The browser package as a front-end developer gets it (issue 5): packed by npm, installed from the tarball into
//! a project that has nothing else, and loaded by real Chromium from there.

mod plain;
mod project;
mod site;
mod vite;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Case;
use crate::browser::chromium::Chromium;

/// The cases.
pub fn trials() -> Vec<Case> {
    [plain::trials(), vite::trials()].into_iter().flatten().collect()
}

/// Waits for what `pages/use.js` says on the page at hand, and returns it.
#[track_caller]
fn outcome(chromium: &Chromium) -> Value {
    serde_json::from_str(&chromium.text("#outcome")).expect("JSON")
}

/// Fails unless the page drew PKCE whose challenge is right, its worker answers, and the console is quiet.
#[track_caller]
fn expect_success(chromium: &Chromium) {
    let outcome = outcome(chromium);
    let verifier = outcome["codeVerifier"].as_str().unwrap_or_else(|| panic!("{outcome}"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(outcome["codeChallenge"], challenge, "RFC 7636 section 4.2");
    assert_eq!(outcome["inWorker"], Value::Null, "nobody is signed in: {outcome}");
    let said = chromium.console();
    let severe: Vec<&String> = said.iter().filter(|line| !line.starts_with("\"DEBUG\"")).collect();
    assert!(severe.is_empty(), "the console has {severe:#?}");
}
