//! What an operator asks the admin API.

use serde_json::Value;

use crate::client::Client;
use crate::deployment::ADMIN_TOKEN;
use crate::http::{Call, Reply};
use crate::server::Server;

impl Server {
    /// A request to the admin API, such as to `/admin/clients`, with the operator's token.
    pub fn admin(&self, method: &str, endpoint: &str) -> Call<'_> {
        self.call(method, &self.at(endpoint)).bearer(ADMIN_TOKEN)
    }

    /// The same with a JSON body.
    #[must_use]
    pub fn admin_json(&self, method: &str, endpoint: &str, body: &Value) -> Reply {
        let call = self.admin(method, endpoint).header("content-type", "application/json");
        call.body(body.to_string()).send()
    }

    /// Makes a client by the admin API.
    ///
    /// # Panics
    ///
    /// When that doesn't work.
    #[track_caller]
    #[must_use]
    pub fn administered_client(&self, body: &Value) -> Client {
        Client::from_reply(&self.admin_json("POST", "/admin/clients", body).expect(201))
    }

    /// Makes an initial access token.
    ///
    /// # Panics
    ///
    /// When that doesn't work.
    #[track_caller]
    #[must_use]
    pub fn initial_access_token(&self, body: &Value) -> Value {
        self.admin_json("POST", "/admin/initial-access-tokens", body).expect(201).json()
    }
}
