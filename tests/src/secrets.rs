//! Every secret that the tests have seen, so that they can look for them where they must not be.

use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::http::Reply;

/// Shorter values could be in a log by chance.
const SHORTEST: usize = 12;

/// Secrets that travelled between the tests and one server.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    /// Takes a note of a secret.
    pub fn remember(&self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.lock().expect("secrets").insert(secret.to_owned());
        }
    }

    /// Takes a note of the secrets in a form that is about to be sent.
    pub fn remember_form(&self, fields: &[(String, String)]) {
        const SECRET_FIELDS: [&str; 8] = [
            "client_secret",
            "code",
            "code_verifier",
            "csrf",
            "device_code",
            "password",
            "refresh_token",
            "token",
        ];
        for (name, value) in fields {
            if SECRET_FIELDS.contains(&name.as_str()) {
                self.remember(value);
            }
        }
    }

    /// Takes a note of the secrets in an answer.
    pub fn remember_reply(&self, reply: &Reply) {
        if let Ok(Value::Object(members)) = serde_json::from_slice(&reply.body) {
            const SECRET_MEMBERS: [&str; 6] = [
                "access_token",
                "refresh_token",
                "client_secret",
                "device_code",
                "registration_access_token",
                "token",
            ];
            for name in SECRET_MEMBERS {
                if let Some(secret) = members.get(name).and_then(Value::as_str) {
                    self.remember(secret);
                }
            }
        }
        let location = reply.header("location").and_then(|text| url::Url::parse(text).ok());
        for (name, value) in location.iter().flat_map(url::Url::query_pairs) {
            if name == "code" {
                self.remember(&value);
            }
        }
        for cookie in reply.cookies() {
            self.remember(&cookie.value);
        }
    }

    /// Those that are in `text`, and how many there are in all.
    #[must_use]
    pub fn found_in(&self, text: &str) -> (Vec<String>, usize) {
        let secrets = self.0.lock().expect("secrets");
        let found = secrets.iter().filter(|secret| text.contains(secret.as_str())).cloned();
        (found.collect(), secrets.len())
    }
}
