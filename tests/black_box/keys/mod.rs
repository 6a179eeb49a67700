//! The keys: another takes over, one is dropped, one is brought, and how they are stored.

mod dropped;
mod imported;
mod rotation;
mod sealed_values;
mod stored;

use latchkey_tests::upstream::Place;
use latchkey_tests::{Client, Deployment, Reply, Server, Tokens, Upstream, Walk, jwt};
use serde_json::{Value, json};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    [
        rotation::trials(),
        dropped::trials(),
        imported::trials(),
        sealed_values::trials(),
        stored::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A server whose clock a test sets, and what is behind its gateway.
struct Keyed {
    server: Server,
    place: Place,
    upstream: Upstream,
}

impl Keyed {
    fn start() -> Self {
        Self::start_as(|deployment| deployment)
    }

    fn start_as(change: impl Fn(Deployment) -> Deployment) -> Self {
        let upstream = Upstream::start();
        let server = Server::start(change(Deployment::keyed(&upstream)));
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        Self { server, place: upstream.plain(), upstream }
    }

    /// Sets the server's clock so many seconds ahead.
    fn ahead(&self, seconds: u64) {
        self.server.fail(&json!({ "clock": seconds }));
    }

    /// Tokens for the resource at this path.
    fn tokens(&self, walk: &mut Walk<'_>, path: &str) -> Tokens {
        let resource = format!("{}{path}", self.server.issuer());
        walk.tokens_for(&walk.request().and("resource", &resource))
    }

    fn call(&self, path: &str, token: &str) -> Reply {
        let path = format!("{path}?at={}", self.place.name());
        self.server.call("GET", &path).bearer(token).send()
    }

    #[track_caller]
    fn expect_good(&self, token: &str) {
        let reply = self.call("/api", token);
        assert_eq!(reply.status, 200, "{}", reply.describe());
        assert!(self.is_active(token), "introspection doesn't know the token");
    }

    #[track_caller]
    fn expect_refused(&self, token: &str) {
        self.call("/api", token).expect_error(401, "invalid_token");
        assert!(!self.is_active(token), "introspection takes the token for good");
    }

    fn is_active(&self, token: &str) -> bool {
        let call =
            Client::configured("watcher").call(&self.server, "/introspect", &[("token", token)]);
        call.send().expect(200).json()["active"] == true
    }

    /// What the admin API lists.
    fn keys(&self) -> Vec<Value> {
        let listed = self.server.admin("GET", "/admin/keys").send().expect(200).json();
        listed["keys"].as_array().expect("keys").clone()
    }

    /// The one key of this use in this state.
    #[track_caller]
    fn key(&self, usage: &str, state: &str) -> Value {
        let keys = self.keys();
        let is_it = |key: &&Value| key["use"] == usage && key["state"] == state;
        let found: Vec<&Value> = keys.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{usage} {state}: {keys:#?}");
        found[0].clone()
    }

    fn act(&self, body: &Value) -> Reply {
        self.server.admin_json("POST", "/admin/keys", body)
    }

    fn drop_key(&self, key: &Value) {
        let path = format!("/admin/keys/{}", kid(key));
        let _ = self.server.admin("DELETE", &path).send().expect(204);
    }

    /// The `kid`s that anybody finds.
    fn published(&self) -> Vec<String> {
        let document = self.server.get("/jwks").expect(200).json();
        document["keys"].as_array().expect("keys").iter().map(kid).collect()
    }
}

fn kid(key: &Value) -> String {
    key["kid"].as_str().expect("a kid").to_owned()
}

/// The `kid` of the key that signed a token.
fn signer(token: &str) -> String {
    kid(&jwt::read(token).header)
}
