//! A person at Chromium and a client on their machine.

use latchkey_tests::{Authorization, Browser, Client, Person, Reply, Server, client::Code};
use serde_json::{Value, json};

use super::chromium::Chromium;
use super::listener::{Answer, Arrival, Listener};

/// The button that allows.
pub const ALLOW: &str = "button[value=allow]";
/// The button that refuses.
pub const DENY: &str = "button[value=deny]";

/// The client's own page, after a callback.
pub const DONE: &str = "<title>Done</title><body id=done>Back in the app";

/// A client that listens on loopback, its request, and a person with an account.
pub struct Visit<'a> {
    pub server: &'a Server,
    pub client: Client,
    pub listener: Listener,
    pub request: Authorization,
    pub person: Person,
    pub chromium: Chromium,
}

impl<'a> Visit<'a> {
    /// A visit that hasn't begun: nobody is signed in.
    pub fn new(server: &'a Server) -> Self {
        Self::of(server, Chromium::start(), Answer::Page(DONE.to_owned()))
    }

    /// A visit with this browser, of a client whose callback answers this.
    pub fn of(server: &'a Server, chromium: Chromium, answer: Answer) -> Self {
        let client = native_client(server, &json!({ "client_name": "Acme Notes" }));
        let listener = Listener::start(answer);
        let request = Authorization::of(&client).with("redirect_uri", &listener.url());
        let person = Person::new();
        Browser::new(server).join(&person);
        Self { server, client, listener, request, person, chromium }
    }

    /// Opens the client's request.
    #[track_caller]
    pub fn open(&self) {
        self.chromium.open(&self.address_of(&self.request));
    }

    /// The address of a request.
    pub fn address_of(&self, request: &Authorization) -> String {
        format!("{}{}", self.server.address(), request.path(self.server))
    }

    /// Signs in on the page at hand and waits for the consent page.
    #[track_caller]
    pub fn sign_in(&self) {
        fill_in(&self.chromium, &self.person);
        self.chromium.click("main button[type=submit]");
        self.chromium.wait_for(ALLOW);
    }

    /// Waits for the client to be called, checks what belongs to every answer, and forgets it.
    #[track_caller]
    pub fn arrival(&self) -> Arrival {
        let arrival = self.listener.wait(&self.chromium);
        self.listener.forget();
        assert_eq!(arrival.get("state").as_deref(), self.request.get("state"), "{arrival:?}");
        assert_eq!(arrival.get("iss"), Some(self.server.issuer()), "{arrival:?}");
        if let Some(code) = arrival.get("code") {
            self.server.secrets().remember(&code);
        }
        arrival
    }

    /// Waits until the browser shows the client's own page.
    #[track_caller]
    pub fn wait_for_client(&self) {
        self.chromium.wait_for("#done");
    }

    /// What the client does with a code.
    pub fn redeem(&self, request: &Authorization, code: String) -> Reply {
        let code = Code {
            code,
            verifier: request.verifier.clone(),
            redirect_uri: request.get("redirect_uri").unwrap_or_default().to_owned(),
        };
        self.client.redeem(self.server, &code)
    }

    /// Fails when the console has anything at all.
    #[track_caller]
    pub fn expect_quiet_console(&self) {
        let said = self.chromium.console();
        assert!(said.is_empty(), "the console has {said:#?}");
    }
}

/// Fails when the console has a violation of a page's policy.
#[track_caller]
pub fn expect_no_violation(chromium: &Chromium) {
    let said = chromium.console();
    let violation = |line: &String| {
        ["Content Security Policy", "form-action"].iter().any(|words| line.contains(words))
    };
    assert!(!said.iter().any(violation), "{said:#?}");
}

/// Fills in the sign-in or sign-up page at hand.
#[track_caller]
pub fn fill_in(chromium: &Chromium, person: &Person) {
    chromium.fill("input[name=email]", &person.email);
    chromium.fill("input[name=password]", &person.password);
}

/// Registers a client on the person's machine, with more metadata.
pub fn native_client(server: &Server, more: &Value) -> Client {
    let mut metadata = json!({
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    for (member, value) in more.as_object().expect("an object") {
        metadata[member] = value.clone();
    }
    Client::register(server, &metadata)
}
