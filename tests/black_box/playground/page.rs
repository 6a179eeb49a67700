//! The playground's page, as a person uses it.

use latchkey_tests::{Browser, Person, Server};
use serde_json::{Value, json};

use crate::browser::chromium::Chromium;
use crate::browser::visit::{ALLOW, fill_in};

/// The steps, in the order of the page.
pub const STEPS: [&str; 8] = [
    "discovery",
    "registration",
    "authorization",
    "token",
    "call",
    "refresh",
    "introspection",
    "revocation",
];

/// A person at the playground of a server.
pub struct Playground<'a> {
    /// The server that the playground comes from.
    pub server: &'a Server,
    /// The browser.
    pub chromium: Chromium,
    /// Somebody with an account at the server.
    pub person: Person,
}

impl<'a> Playground<'a> {
    /// The page, opened.
    #[track_caller]
    pub fn open(server: &'a Server) -> Self {
        let playground = Self { server, chromium: Chromium::start(), person: Person::new() };
        Browser::new(server).join(&playground.person);
        playground.chromium.open(&playground.url());
        playground
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("{}{}", self.server.address(), self.server.at("/playground/"))
    }

    /// Presses a button that belongs to a step, and waits until the step has run.
    #[track_caller]
    pub fn run(&self, step: &str, button: &str) {
        self.chromium.click(button);
        self.ended(step);
    }

    /// Waits until a step has run.
    #[track_caller]
    pub fn ended(&self, step: &str) {
        self.chromium.wait_for(&format!(
            "section[data-step={step}]:is([data-state=done],[data-state=failed]):not([aria-busy])"
        ));
    }

    /// Discovers an address.
    #[track_caller]
    pub fn discover(&self, address: &str) {
        self.chromium.fill("#address", address);
        self.run("discovery", "#discover");
    }

    /// Signs in and allows on the server's pages.
    #[track_caller]
    pub fn sign_in_and_allow(&self) {
        fill_in(&self.chromium, &self.person);
        self.chromium.click("main button[type=submit]");
        self.chromium.click(ALLOW);
    }

    /// Whether a step ended well.
    #[track_caller]
    pub fn is_done(&self, step: &str) -> bool {
        let state = format!("return document.querySelector('[data-step={step}]').dataset.state");
        self.chromium.script(&state) == "done"
    }

    /// The checks of a step that are in this state.
    #[track_caller]
    pub fn checks(&self, step: &str, state: &str) -> Vec<String> {
        let found = self.chromium.script(&format!(
            "return [...document.querySelectorAll('[data-step={step}] [data-check][data-state={state}]')]
                .map((check) => check.dataset.check)"
        ));
        let ids = found.as_array().expect("a list").iter();
        ids.map(|id| id.as_str().expect("an id").to_owned()).collect()
    }

    /// Fails unless a step ended well and these checks of it are right, and none wrong.
    #[track_caller]
    pub fn expect_right(&self, step: &str, wanted: &[&str]) {
        let text = || self.chromium.text(&format!("[data-step={step}]"));
        assert!(self.is_done(step), "{step} stopped: {}", text());
        assert_eq!(self.checks(step, "wrong"), [""; 0], "{step}: {}", text());
        let right = self.checks(step, "right");
        for id in wanted {
            assert!(right.iter().any(|found| found == id), "{step}: no {id} among {right:?}");
        }
    }

    /// Fails unless these checks of a step are wrong, each in red and with what to change.
    #[track_caller]
    pub fn expect_wrong(&self, step: &str, wanted: &[&str]) {
        let wrong = self.checks(step, "wrong");
        for id in wanted {
            assert!(wrong.iter().any(|found| found == id), "{step}: no {id} among {wrong:?}");
            let shown = self.chromium.script(&format!(
                "const check = document.querySelector('[data-step={step}] [data-check={id}][data-state=wrong]');
                 const title = check.querySelector('.check-title');
                 return [check.checkVisibility(), getComputedStyle(title).color,
                     getComputedStyle(document.documentElement).getPropertyValue('--danger').trim(),
                     check.querySelector('.change').textContent.length > 10]"
            ));
            assert_eq!(shown[0], json!(true), "{id} can't be seen");
            assert_eq!(shown[1], rgb(&shown[2]), "{id} isn't red");
            assert_eq!(shown[3], json!(true), "{id} doesn't say what to change");
        }
    }

    /// Everything that the page holds, shown or folded.
    #[track_caller]
    pub fn everything(&self) -> String {
        let all = self.chromium.script("return document.documentElement.outerHTML");
        all.as_str().expect("text").to_owned()
    }
}

/// A colour as a stylesheet has it, in the form of computed styles.
fn rgb(hex: &Value) -> String {
    let hex = hex.as_str().expect("a colour").trim_start_matches('#');
    let part = |index: usize| u8::from_str_radix(&hex[index..index + 2], 16).expect("a colour");
    format!("rgb({}, {}, {})", part(0), part(2), part(4))
}
