//! What the cases share: Latchkey behind a man in the middle, and browsers that stay open.

use latchkey_tests::cookies::Jar;
use latchkey_tests::{Browser, Deployment, Middle, Person, Server, Upstream};
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use crate::browser::chromium::Chromium;

/// The servers and browsers.
pub struct World {
    /// In front of the server, at its issuer's address.
    pub middle: Middle,
    /// The server.
    pub server: Server,
    /// Behind the server's gateway.
    pub upstream: Upstream,
    /// Somebody whose apps nobody looks at, and what their browser has.
    somebody: Mutex<Option<(Person, Jar)>>,
    idle: Mutex<Vec<Chromium>>,
}

impl World {
    /// Starts everything but the browsers, which start when they are needed.
    ///
    /// # Errors
    ///
    /// A sentence with the end of the log, when the server doesn't come up.
    pub fn start() -> Result<Self, String> {
        let (middle, upstream) = (Middle::start(), Upstream::start());
        let server = Server::start(Deployment::web_client(&upstream, middle.port()))?;
        middle.lead_to(&server.address());
        let (somebody, idle) = (Mutex::default(), Mutex::default());
        Ok(Self { middle, server, upstream, somebody, idle })
    }

    /// The issuer.
    pub fn issuer(&self) -> String {
        self.middle.origin()
    }

    /// A browser in which nobody is signed in.
    pub fn stranger(&self) -> Lent<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let chromium = idle.unwrap_or_else(Chromium::start);
        chromium.devtools("Network.clearBrowserCookies", &json!({}));
        let _ = chromium.console();
        Lent { world: self, chromium: Some(chromium), goes_back: true }
    }

    /// A browser in which somebody is signed in at Latchkey.
    pub fn somebody(&self) -> Lent<'_> {
        let lent = self.stranger();
        let mut somebody = self.somebody.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, jar) = somebody.get_or_insert_with(|| self.join());
        self.bring(&lent, jar);
        lent
    }

    /// A browser in which somebody is signed in whose account nobody else uses.
    pub fn newcomer(&self) -> Lent<'_> {
        let lent = self.stranger();
        self.bring(&lent, &self.join().1);
        lent
    }

    /// A browser that only this case can use.
    pub fn of_its_own(&self, chromium: Chromium) -> Lent<'_> {
        Lent { world: self, chromium: Some(chromium), goes_back: false }
    }

    fn join(&self) -> (Person, Jar) {
        let (person, mut browser) = (Person::new(), Browser::new(&self.server));
        browser.join(&person);
        (person, browser.jar)
    }

    /// Gives a browser these cookies, as if the person had signed in with it.
    pub fn bring(&self, chromium: &Chromium, jar: &Jar) {
        for cookie in jar.header().unwrap_or_default().split("; ") {
            let (name, value) = cookie.split_once('=').expect("a cookie");
            let cookie =
                json!({ "name": name, "value": value, "url": self.issuer(), "httpOnly": true });
            chromium.devtools("Network.setCookie", &cookie);
        }
    }

    /// Tells the server's list of secrets what has passed, so that its log is searched for them.
    pub fn remember_secrets(&self) {
        for passed in self.middle.everything() {
            self.server.secrets().remember_form(&passed.request.fields());
            for member in ["access_token", "refresh_token"] {
                if let Some(token) = passed.json[member].as_str() {
                    self.server.secrets().remember(token);
                }
            }
        }
    }
}

/// A browser that goes back to the others when its case has passed.
pub struct Lent<'w> {
    world: &'w World,
    chromium: Option<Chromium>,
    goes_back: bool,
}

impl Deref for Lent<'_> {
    type Target = Chromium;

    fn deref(&self) -> &Chromium {
        self.chromium.as_ref().expect("a browser until it is dropped")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(chromium) = self.chromium.take() else { return };
        if std::thread::panicking() || !self.goes_back {
            return;
        }
        // The next case finds one empty tab. What a tab was told to do before its pages goes with it.
        let used = chromium.tabs();
        chromium.switch_to(&used[0]);
        let (_, fresh) = chromium.new_tab();
        for tab in used {
            chromium.switch_to(&tab);
            chromium.close_tab();
        }
        chromium.switch_to(&fresh);
        self.world.idle.lock().unwrap_or_else(PoisonError::into_inner).push(chromium);
    }
}

/// The text that a JSON value is.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
