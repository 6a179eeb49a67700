//! An app in a browser, and what a case has it do: a few lines of JavaScript, as an app would have them.

use latchkey_tests::middle::Passed;
use latchkey_tests::{Client, Reply};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::site::Site;
use super::world::{Lent, World, text};
use crate::browser::visit::ALLOW;

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with an app in its first tab.
pub struct App<'w> {
    pub world: &'w World,
    pub chromium: Lent<'w>,
    pub site: Site,
    /// The app's registration.
    pub client: Client,
    /// The app's first tab.
    pub tab: String,
    /// What `createClient` gets besides what a case says.
    options: Value,
}

/// How a call ended that threw.
#[derive(Debug, Clone)]
pub struct Failure(pub Value);

impl Failure {
    /// The stable code.
    pub fn code(&self) -> &str {
        self.0["code"].as_str().unwrap_or_else(|| panic!("an error without a code: {}", self.0))
    }

    /// Its words.
    pub fn message(&self) -> &str {
        text(&self.0["message"])
    }

    /// Fails unless it is a `LatchkeyError` with this code.
    #[track_caller]
    pub fn expect(self, code: &str) -> Self {
        assert_eq!(self.0["code"], code, "{}", self.0);
        assert_eq!((&self.0["name"], &self.0["isOurs"]), (&json!("LatchkeyError"), &json!(true)));
        self
    }
}

impl<'w> App<'w> {
    /// An app with one registration in a browser in which somebody is signed in at Latchkey.
    pub fn new(world: &'w World) -> Self {
        Self::with(world, world.somebody(), Site::start(""))
    }

    /// The same whose pages run this script before the package's.
    pub fn with_prelude(world: &'w World, prelude: &str) -> Self {
        Self::with(world, world.somebody(), Site::start(prelude))
    }

    /// This app in this browser.
    pub fn with(world: &'w World, chromium: Lent<'w>, site: Site) -> Self {
        let client = Client::register(
            &world.server,
            &json!({
                "client_name": "Acme Notes",
                "redirect_uris": [site.callback()],
                "token_endpoint_auth_method": "none",
            }),
        );
        let options = json!({
            "issuer": world.issuer(),
            "resource": format!("{}/api", world.issuer()),
            "clientId": client.id,
            "redirectUri": site.callback(),
            "scope": "api",
        });
        let tab = chromium.tab();
        let app = Self { world, chromium, site, client, tab, options };
        app.open();
        app
    }

    /// Opens the app's page in the tab at hand.
    #[track_caller]
    pub fn open(&self) {
        self.chromium.open(&format!("{}/", self.site.origin()));
        self.wait_until_ready();
    }

    /// Waits until a page of the app has loaded the package's script.
    #[track_caller]
    pub fn wait_until_ready(&self) {
        self.chromium.wait_for("html[data-ready]");
    }

    /// Runs a few lines of JavaScript to their end and returns what they return.
    #[track_caller]
    pub fn run(&self, lines: &str) -> Value {
        self.attempt(lines).unwrap_or_else(|failure| panic!("{lines}\n{}", failure.0))
    }

    /// Runs a few lines of JavaScript that end in a throw.
    #[track_caller]
    pub fn fails(&self, lines: &str) -> Failure {
        match self.attempt(lines) {
            Err(failure) => failure,
            Ok(value) => panic!("{lines}\nreturned {value}"),
        }
    }

    #[track_caller]
    fn attempt(&self, lines: &str) -> Result<Value, Failure> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; attempt(async () => {{ {lines} }}).then(done);"
        );
        outcome(self.chromium.script_in_its_time(&script))
    }

    /// Begins a few lines of JavaScript that may leave the page, or take until the case goes on.
    #[track_caller]
    pub fn begin(&self, lines: &str) {
        self.chromium.script(&format!("window.begun = attempt(async () => {{ {lines} }});"));
    }

    /// The same in a click of the person, without which browsers open no popup.
    #[track_caller]
    pub fn click(&self, lines: &str) {
        self.chromium.script(&format!(
            "document.querySelector('#act').onclick = () => {{ window.begun = attempt(async () => {{ {lines} }}); }};"
        ));
        self.chromium.click("#act");
    }

    /// Waits for the end of what was begun.
    #[track_caller]
    pub fn ended(&self) -> Result<Value, Failure> {
        outcome(self.chromium.script_in_its_time("window.begun.then(arguments[0]);"))
    }

    /// Waits for the good end of what was begun.
    #[track_caller]
    pub fn done(&self) -> Value {
        self.ended().unwrap_or_else(|failure| panic!("{}", failure.0))
    }

    /// Waits for what was begun to fail.
    #[track_caller]
    pub fn failed(&self) -> Failure {
        match self.ended() {
            Err(failure) => failure,
            Ok(value) => panic!("it returned {value}"),
        }
    }

    /// Makes the page's client, with these options (a JavaScript object) besides the usual ones.
    #[track_caller]
    pub fn create(&self, options: &str) {
        self.run(&self.creation(options));
    }

    /// The lines that make the page's client.
    pub fn creation(&self, options: &str) -> String {
        format!(
            "window.client = listen(await latchkey.createClient({{ ...{}, ...({options}) }}));",
            self.options
        )
    }

    /// Signs in by redirect, with a client of these options, and returns what `handleCallback` does.
    #[track_caller]
    pub fn sign_in(&self, options: &str) -> Value {
        self.create(options);
        self.begin("await client.signIn();");
        self.chromium.click(ALLOW);
        self.arrive(options)
    }

    /// Waits for the callback's page and handles it.
    #[track_caller]
    pub fn arrive(&self, options: &str) -> Value {
        self.wait_until_ready();
        self.create(options);
        self.run("return await client.handleCallback();")
    }

    /// The same where that fails.
    #[track_caller]
    pub fn arrive_in_vain(&self, options: &str) -> Failure {
        self.wait_until_ready();
        self.create(options);
        self.fails("return await client.handleCallback();")
    }

    /// The access token, as the app gets it.
    #[track_caller]
    pub fn access_token(&self) -> String {
        text(&self.run("return await client.getAccessToken();")).to_owned()
    }

    /// Opens the app's page in another tab with a client of its own; returns the tab.
    #[track_caller]
    pub fn another_tab(&self, options: &str) -> String {
        let (_, tab) = self.chromium.new_tab();
        self.open();
        self.create(options);
        tab
    }

    /// Goes back to the app's first tab.
    #[track_caller]
    pub fn back_to_first(&self) {
        self.chromium.switch_to(&self.tab);
    }

    /// The events of the page's client so far of this type, each its detail.
    #[track_caller]
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let all = self.chromium.script("return window.happened;");
        let own = all.as_array().expect("events").iter().filter(|event| event["type"] == kind);
        own.map(|event| event["detail"].clone()).collect()
    }

    /// Waits for an event of this type, and returns the detail of the first.
    #[track_caller]
    pub fn wait_for_event(&self, kind: &str) -> Value {
        self.wait_until(&format!("the event {kind}"), || self.events(kind).into_iter().next())
    }

    /// Waits until something can be seen.
    #[track_caller]
    pub fn wait_until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "{what} doesn't come");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The app's token requests that were answered.
    pub fn token_requests(&self) -> Vec<Passed> {
        self.world.middle.passed(&self.client.id, "/token")
    }

    /// How many of the app's token requests have come, answered or not.
    pub fn token_requests_begun(&self) -> usize {
        self.world.middle.begun(&self.client.id, "/token")
    }

    /// Calls the API without the package.
    pub fn call(&self, access_token: &str) -> Reply {
        let place = self.world.upstream.plain();
        let target = format!("/api/notes?at={}", place.name());
        self.world.server.call("GET", &target).bearer(access_token).send()
    }

    /// What the page's origin keeps: both storages as one JSON text.
    #[track_caller]
    pub fn stored(&self) -> String {
        let stored = self.chromium.script(
            "return JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]);",
        );
        text(&stored).to_owned()
    }
}

impl Drop for App<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for passed in self.world.middle.passed(&self.client.id, "/token") {
                eprintln!(
                    "{} {:?} -> {}",
                    passed.request.target,
                    passed.request.fields(),
                    passed.json
                );
            }
        }
    }
}

fn outcome(outcome: Value) -> Result<Value, Failure> {
    match outcome.get("failed") {
        Some(failed) => Err(Failure(failed.clone())),
        None => Ok(outcome["value"].clone()),
    }
}
