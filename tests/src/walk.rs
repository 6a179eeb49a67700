//! The whole walk of a person and a client: register, authorize, sign up or in, consent, tokens.

use crate::browser::{Browser, Landing};
use crate::client::{Authorization, Callback, Client, Code, Tokens};
use crate::page::Page;
use crate::random;
use crate::server::Server;

/// Somebody with an account, or about to have one.
#[derive(Debug, Clone)]
pub struct Person {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Person {
    /// Somebody nobody has seen before.
    #[must_use]
    pub fn new() -> Self {
        Self {
            email: format!("{}@people.example", random::text(12)),
            password: format!("quiet river {}", random::text(12)),
        }
    }
}

impl Default for Person {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser<'_> {
    /// Fills in the sign-up page at hand.
    #[track_caller]
    #[must_use]
    pub fn sign_up(&mut self, page: &Page, person: &Person) -> Landing {
        self.enter(page, "/sign-up", person)
    }

    /// Fills in the sign-in page at hand.
    #[track_caller]
    #[must_use]
    pub fn sign_in(&mut self, page: &Page, person: &Person) -> Landing {
        self.enter(page, "/sign-in", person)
    }

    #[track_caller]
    fn enter(&mut self, page: &Page, endpoint: &str, person: &Person) -> Landing {
        let form = page.form(endpoint);
        self.submit(page, &form, &[("email", &person.email), ("password", &person.password)])
    }

    /// Presses Allow or Don't allow (`allow`, `deny`) on the consent page at hand.
    #[track_caller]
    #[must_use]
    pub fn decide(&mut self, page: &Page, decision: &str) -> Landing {
        self.submit(page, &page.form("/consent"), &[("decision", decision)])
    }

    /// Creates an account without any client asking, and is signed in then.
    ///
    /// # Panics
    ///
    /// When that doesn't work.
    #[track_caller]
    pub fn join(&mut self, person: &Person) {
        let path = self.path("/sign-up", &[]);
        let page = self.page(&path).expect(200);
        let landed = self.sign_up(&page, person).page().expect(200);
        assert!(landed.text().contains(&person.email), "{}", landed.reply.describe());
    }
}

/// One client, one person and their browser, signed in.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    /// The server.
    pub server: &'a Server,
    /// The client.
    pub client: Client,
    /// The person.
    pub person: Person,
    /// The person's browser.
    pub browser: Browser<'a>,
}

impl<'a> Walk<'a> {
    /// A public client on the web, and a person with a new account.
    #[track_caller]
    #[must_use]
    pub fn begin(server: &'a Server) -> Self {
        Self::with(server, Client::public(server))
    }

    /// This client, and a person with a new account.
    #[track_caller]
    #[must_use]
    pub fn with(server: &'a Server, client: Client) -> Self {
        let (person, mut browser) = (Person::new(), Browser::new(server));
        browser.join(&person);
        Self { server, client, person, browser }
    }

    /// A complete authorization request of the client.
    pub fn request(&self) -> Authorization {
        Authorization::of(&self.client)
    }

    /// Opens a request and stops at the consent page.
    #[track_caller]
    #[must_use]
    pub fn consent_page(&mut self, request: &Authorization) -> Page {
        let page = self.browser.page(&request.path(self.server)).expect(200);
        assert!(page.reply.text().contains("name=\"decision\""), "{}", page.reply.describe());
        page
    }

    /// Opens a request and allows it.
    #[track_caller]
    #[must_use]
    pub fn approve(&mut self, request: &Authorization) -> Callback {
        let page = self.consent_page(request);
        self.browser.decide(&page, "allow").away()
    }

    /// Gets a code.
    #[track_caller]
    #[must_use]
    pub fn code(&mut self) -> Code {
        let request = self.request();
        let callback = self.approve(&request);
        request.code(&callback)
    }

    /// Gets tokens.
    #[track_caller]
    #[must_use]
    pub fn tokens(&mut self) -> Tokens {
        let code = self.code();
        Tokens::from_reply(&self.client.redeem(self.server, &code))
    }

    /// Gets tokens for a request of one's own making.
    #[track_caller]
    #[must_use]
    pub fn tokens_for(&mut self, request: &Authorization) -> Tokens {
        let callback = self.approve(request);
        Tokens::from_reply(&self.client.redeem(self.server, &request.code(&callback)))
    }
}
