//! A server with an upstream behind it, and a person whose tokens several cases share.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::client::Tokens;
use crate::cookies::Jar;
use crate::deployment::Deployment;
use crate::http::{Call, Reply};
use crate::server::Server;
use crate::upstream::{Place, Upstream};
use crate::walk::{Person, Walk};
use crate::{Browser, Client};

/// A server and what is behind its gateway.
#[derive(Debug)]
pub struct Front {
    /// The server.
    pub server: Server,
    /// What is behind it.
    pub upstream: Upstream,
    shared: Mutex<Option<Shared>>,
}

/// A person who has an account, and the tokens they have got so far.
#[derive(Debug)]
struct Shared {
    person: Person,
    jar: Jar,
    tokens: BTreeMap<(String, String), String>,
}

impl Front {
    /// Starts both.
    ///
    /// # Errors
    ///
    /// A sentence with the end of the log, when the server doesn't come up.
    pub fn start(deployment: fn(&Upstream) -> Deployment) -> Result<Self, String> {
        let upstream = Upstream::start();
        let server = Server::start(deployment(&upstream))?;
        Ok(Self { server, upstream, shared: Mutex::new(None) })
    }

    /// The identifier of the resource at `path`, or that identifier itself.
    #[must_use]
    pub fn resource(&self, path: &str) -> String {
        if path.starts_with('/') {
            format!("{}{path}", self.server.issuer())
        } else {
            path.to_owned()
        }
    }

    /// An access token for a resource with a scope, of a person that the cases share: nobody may
    /// revoke it. Each has a client of its own, so that no two are one installation.
    #[track_caller]
    #[must_use]
    pub fn token(&self, resource: &str, scope: &str) -> String {
        // A case that failed here doesn't spoil it for the others.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (resource.to_owned(), scope.to_owned());
        if let Some(token) = shared.as_ref().and_then(|shared| shared.tokens.get(&key)) {
            return token.clone();
        }
        let mut walk = match shared.as_ref() {
            None => Walk::begin(&self.server),
            Some(Shared { person, jar, .. }) => {
                let mut browser = Browser::new(&self.server);
                browser.jar = jar.clone();
                let client = Client::public(&self.server);
                Walk { server: &self.server, client, person: person.clone(), browser }
            }
        };
        let token = self.tokens(&mut walk, resource, scope).access;
        let Walk { person, browser, .. } = walk;
        let none = || Shared { person, jar: Jar::default(), tokens: BTreeMap::new() };
        let known = shared.get_or_insert_with(none);
        known.jar = browser.jar;
        known.tokens.insert(key, token.clone());
        token
    }

    /// Tokens for a resource with a scope, of a person of one's own.
    #[track_caller]
    #[must_use]
    pub fn tokens(&self, walk: &mut Walk<'_>, resource: &str, scope: &str) -> Tokens {
        let request = walk.request().and("resource", &self.resource(resource)).and("scope", scope);
        let tokens = walk.tokens_for(&request);
        assert_eq!(tokens.scope, scope, "{}", tokens.document);
        tokens
    }

    /// A request.
    pub fn call(&self, method: &str, target: &str) -> Call<'_> {
        self.server.call(method, target)
    }

    /// A GET with a token, or without one.
    #[must_use]
    pub fn get(&self, target: &str, token: Option<&str>) -> Reply {
        let call = self.call("GET", target);
        token.into_iter().fold(call, Call::bearer).send()
    }

    /// A JSON-RPC message to the MCP server at `/mcp`, as every revision sends it.
    pub fn message<'a>(&'a self, place: &Place, token: &str, message: &Value) -> Call<'a> {
        self.call("POST", &format!("/mcp?at={}", place.name()))
            .bearer(token)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(message.to_string())
    }
}
