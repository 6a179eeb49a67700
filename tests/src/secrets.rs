//! Every secret that the tests have seen, so that they can look for them where they must not be.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::http::Reply;

/// Shorter values could be in a log by chance.
const SHORTEST: usize = 12;
/// Values of fewer different characters are made up by tests: `AAAA…` is in every second file.
const FEWEST_CHARACTERS: usize = 5;
/// The most text of answers that is kept, in bytes.
const MOST_ANSWERS: usize = 64 * 1024 * 1024;

/// Where a secret may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nowhere: a token, a code, a verifier, a password, a client's secret.
    Credential,
    /// On the page that a person sees, error pages included: what a form brings back.
    OfPages,
    /// Everywhere but in the log: whose token it is.
    Subject,
}

/// What is secret wherever it is used: nobody knows to which server it goes.
static EVERYWHERE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Takes a note of a secret that belongs to no one server, as a client's private key does.
pub fn remember_everywhere(secret: &str) {
    if is_telling(secret) {
        EVERYWHERE.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
    }
}

fn is_telling(secret: &str) -> bool {
    secret.len() >= SHORTEST && secret.bytes().collect::<BTreeSet<_>>().len() >= FEWEST_CHARACTERS
}

/// Secrets that travelled between the tests and one server.
#[derive(Debug, Default)]
pub struct Secrets {
    known: Mutex<BTreeMap<String, Kind>>,
    /// What anybody may know, also where a case sends it as if it were a secret.
    public: Mutex<BTreeSet<String>>,
    errors: Mutex<Errors>,
}

/// What the server said when it refused or failed, each text once.
#[derive(Debug, Default)]
struct Errors {
    texts: BTreeSet<String>,
    bytes: usize,
}

impl Secrets {
    /// Takes a note of a secret.
    pub fn remember(&self, secret: &str) {
        self.remember_as(Kind::Credential, secret);
    }

    fn remember_as(&self, kind: Kind, secret: &str) {
        if is_telling(secret) {
            let mut known = self.known.lock().expect("secrets");
            known.entry(secret.to_owned()).and_modify(|old| *old = kind.min(*old)).or_insert(kind);
        }
    }

    /// Takes a note of what isn't secret: an S256 challenge travels through the browser and is stored, and
    /// some cases then send it as a verifier.
    pub fn publish(&self, text: &str) {
        self.public.lock().expect("public texts").insert(text.to_owned());
    }

    /// Takes a note of the secrets in a form that is about to be sent.
    pub fn remember_form(&self, fields: &[(String, String)]) {
        const SECRET_FIELDS: [&str; 8] = [
            "client_assertion",
            "client_secret",
            "code",
            "code_verifier",
            "device_code",
            "password",
            "refresh_token",
            "token",
        ];
        for (name, value) in fields {
            if SECRET_FIELDS.contains(&name.as_str()) {
                self.remember(value);
            } else if matches!(name.as_str(), "csrf" | "request") {
                self.remember_as(Kind::OfPages, value);
            }
        }
    }

    /// Takes a note of the secrets in an answer, and of the answer if it is an error.
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
            if let Some(subject) = members.get("access_token").and_then(subject_of) {
                self.remember_as(Kind::Subject, &subject);
            }
        }
        let location = reply.header("location").and_then(|text| url::Url::parse(text).ok());
        for (name, value) in location.iter().flat_map(url::Url::query_pairs) {
            match &*name {
                "code" => self.remember(&value),
                "request" => self.remember_as(Kind::OfPages, &value),
                _ => {}
            }
        }
        for cookie in reply.cookies() {
            self.remember(&cookie.value);
        }
        if reply.status >= 400 {
            self.remember_error(reply);
        }
    }

    fn remember_error(&self, reply: &Reply) {
        let shown = ["www-authenticate", "location"].map(|name| reply.header(name));
        let shown = shown.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let mut errors = self.errors.lock().expect("errors");
        if errors.bytes < MOST_ANSWERS {
            let text = format!("{shown}\n{}", reply.text());
            errors.bytes += text.len();
            errors.texts.insert(text);
        }
    }

    /// What the server said when it refused or failed.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.texts.iter().cloned().collect()
    }

    /// All of them, with those that belong to no one server.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Kind> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let public = self.public.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|secret, _| !public.contains(secret));
        let everywhere = EVERYWHERE.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(everywhere.iter().map(|secret| (secret.clone(), Kind::Credential)));
        all
    }

    /// Those that are in `text`, and how many there are in all. Whose tokens they are is no secret there.
    #[must_use]
    pub fn found_in(&self, text: &str) -> (Vec<String>, usize) {
        let secrets = self.known.lock().expect("secrets");
        let secrets = secrets.iter().filter(|(_, kind)| **kind != Kind::Subject);
        let secrets: Vec<&String> = secrets.map(|(secret, _)| secret).collect();
        let found = secrets.iter().filter(|secret| text.contains(secret.as_str()));
        (found.map(|secret| (*secret).clone()).collect(), secrets.len())
    }
}

/// The `sub` of a person's access token. The one of a client's own token is its `client_id`, which the log has.
fn subject_of(token: &Value) -> Option<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.decode(token.as_str()?.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    (claims["sub"] != claims["client_id"]).then(|| claims["sub"].as_str().map(str::to_owned))?
}
