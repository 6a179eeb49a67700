//! A device without a browser, and what a person does for it.

use serde_json::{Value, json};

use crate::browser::{Browser, Landing};
use crate::client::Client;
use crate::http::Reply;
use crate::page::Page;
use crate::random;
use crate::server::Server;

/// The name of the grant.
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A device that has asked for a code.
#[derive(Debug, Clone)]
pub struct Device<'a> {
    server: &'a Server,
    /// Its client.
    pub client: Client,
    /// The answer to its request.
    pub document: Value,
}

impl Client {
    /// Registers a client that has the device grant only, and so no redirect URI, and authenticates
    /// with `method`.
    #[track_caller]
    #[must_use]
    pub fn of_device(server: &Server, method: &str) -> Self {
        let metadata = json!({
            "client_name": format!("Device {}", random::text(6)),
            "grant_types": [DEVICE_GRANT],
            "token_endpoint_auth_method": method,
        });
        Self::register(server, &metadata)
    }
}

impl<'a> Device<'a> {
    /// A device of a new public client, which asks for the default.
    #[track_caller]
    #[must_use]
    pub fn new(server: &'a Server) -> Self {
        Self::of(server, Client::of_device(server, "none"), &[])
    }

    /// A device of this client that asks for a code with these fields.
    ///
    /// # Panics
    ///
    /// When it gets none.
    #[track_caller]
    #[must_use]
    pub fn of(server: &'a Server, client: Client, fields: &[(&str, &str)]) -> Self {
        let reply = client.call(server, "/device_authorization", fields).send().expect(200);
        Self { server, client, document: reply.json() }
    }

    fn text(&self, name: &str) -> &str {
        self.document[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.document))
    }

    /// The code that only it has.
    #[must_use]
    pub fn device_code(&self) -> &str {
        self.text("device_code")
    }

    /// The code that it shows.
    #[must_use]
    pub fn user_code(&self) -> &str {
        self.text("user_code")
    }

    /// The path of the page with the code in it.
    ///
    /// # Panics
    ///
    /// When the address lies elsewhere.
    #[must_use]
    pub fn complete_path(&self) -> String {
        let address = self.text("verification_uri_complete");
        self.server.local_path("/", address).unwrap_or_else(|| panic!("elsewhere: {address}"))
    }

    /// Asks for its tokens.
    #[must_use]
    pub fn poll(&self) -> Reply {
        self.poll_with(&[])
    }

    /// Asks for its tokens and finds that nobody has decided, whether or not it came too early.
    ///
    /// # Panics
    ///
    /// When somebody has.
    #[track_caller]
    pub fn expect_waiting(&self) {
        let reply = self.poll();
        assert_eq!(reply.status, 400, "{}", reply.describe());
        let error = reply.json()["error"].clone();
        assert!(error == "authorization_pending" || error == "slow_down", "{}", reply.describe());
    }

    /// Asks for its tokens with more fields.
    #[must_use]
    pub fn poll_with(&self, more: &[(&str, &str)]) -> Reply {
        self.poll_as(&self.client, more)
    }

    /// Asks for its tokens in another client's name.
    #[must_use]
    pub fn poll_as(&self, client: &Client, more: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("grant_type", DEVICE_GRANT), ("device_code", self.device_code())];
        fields.extend(more);
        client.token(self.server, &fields)
    }
}

impl Browser<'_> {
    /// Opens the page for a device's code and sends this one.
    #[track_caller]
    #[must_use]
    pub fn enter_code(&mut self, code: &str) -> Page {
        let path = self.path("/device", &[]);
        let page = self.page(&path).expect(200);
        self.submit(&page, &page.form("/device"), &[("user_code", code)]).page()
    }

    /// Presses Allow or Don't allow (`allow`, `deny`) on the page at hand.
    #[track_caller]
    #[must_use]
    pub fn decide_device(&mut self, page: &Page, decision: &str) -> Page {
        match self.submit(page, &page.form("/device"), &[("decision", decision)]) {
            Landing::Page(page) => page,
            Landing::Away(callback) => panic!("away to {}", callback.location),
        }
    }

    /// Enters a device's code and allows it.
    #[track_caller]
    pub fn allow_device(&mut self, device: &Device<'_>) {
        let page = self.enter_code(device.user_code()).expect(200);
        let done = self.decide_device(&page, "allow").expect(200);
        assert_eq!(done.heading(), "You can go back to your device");
    }
}
