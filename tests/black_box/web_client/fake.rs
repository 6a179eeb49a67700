//! An authorization server and an API of the tests' own: it says what a case wants it to, and notes all it
//! is told.

use latchkey_tests::loopback::{Reaction, Request};
use latchkey_tests::{Answer, Loopback, random};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The well-known path of an authorization server's metadata.
pub const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";
/// The well-known path of the API's metadata.
pub const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource/api";

/// A running server. It ends with the process.
pub struct FakeServer {
    loopback: Loopback,
    state: Arc<Mutex<State>>,
}

type React = Arc<dyn Fn(&Request) -> Reaction + Send + Sync>;

#[derive(Default)]
struct State {
    /// What a path does instead of the usual.
    instead: HashMap<String, React>,
    received: Vec<Request>,
}

impl fmt::Debug for FakeServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.issuer())
    }
}

impl FakeServer {
    /// A server that behaves.
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let own = Arc::clone(&state);
        let loopback = Loopback::start(move |request: &Request| {
            let mut state = own.lock().unwrap_or_else(PoisonError::into_inner);
            state.received.push(request.clone());
            let instead = state.instead.get(request.path()).cloned();
            drop(state);
            let origin = format!("http://{}", request.header("host").unwrap_or_default());
            match instead {
                _ if request.method == "OPTIONS" => preflight().into(),
                Some(react) => react(request),
                None => usual(&origin, request).into(),
            }
        });
        Self { loopback, state }
    }

    /// Its issuer, and the API's origin.
    pub fn issuer(&self) -> String {
        self.loopback.origin()
    }

    /// The API.
    pub fn api(&self) -> String {
        format!("{}/api", self.issuer())
    }

    /// Its metadata, as it is when it behaves.
    pub fn metadata(&self) -> Value {
        server_metadata(&self.issuer())
    }

    /// The options of a client of this server, as JavaScript. It knows the client already.
    pub fn options(&self) -> String {
        json!({ "issuer": self.issuer(), "resource": self.api(), "clientId": "known-app" })
            .to_string()
    }

    /// What a path answers from now on.
    pub fn answer(&self, path: &str, answer: Answer) {
        let answer = open(answer);
        self.react(path, move |_| answer.clone().into());
    }

    /// What a path does from now on.
    pub fn react(&self, path: &str, react: impl Fn(&Request) -> Reaction + Send + Sync + 'static) {
        self.state().instead.insert(path.to_owned(), Arc::new(react));
    }

    /// What was asked for at a path, preflights left out.
    pub fn received(&self, path: &str) -> Vec<Request> {
        let state = self.state();
        let own = state
            .received
            .iter()
            .filter(|request| request.path() == path && request.method != "OPTIONS");
        own.cloned().collect()
    }

    /// Everything it was told, as one text, to search for what it must not have been.
    pub fn everything(&self) -> String {
        let state = self.state();
        let told = state.received.iter().map(|request| {
            let body = String::from_utf8_lossy(&request.body);
            format!("{} {} {:?}\n{body}\n", request.method, request.target, request.headers)
        });
        told.collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn server_metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "registration_endpoint": format!("{issuer}/register"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "scopes_supported": ["api"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// A page with a link that allows, and nothing that cuts it off from its opener.
pub fn consent_page(origin: &str, request: &Request) -> Answer {
    let field = |name| request.field(name).unwrap_or_default();
    let query = latchkey_tests::http::encode(&[
        ("code", random::text(32)),
        ("state", field("state")),
        ("iss", origin.to_owned()),
    ]);
    let target = format!("{}?{query}", field("redirect_uri")).replace('&', "&amp;");
    let page = format!("<title>Allow?</title><a id=\"allow\" href=\"{target}\">Allow</a>");
    Answer::of(200, "text/html; charset=utf-8", page)
}

fn usual(origin: &str, request: &Request) -> Answer {
    let json = |value: Value| open(Answer::json(&value, "no-store"));
    match request.path() {
        SERVER_METADATA => json(server_metadata(origin)),
        RESOURCE_METADATA => json(json!({
            "resource": format!("{origin}/api"),
            "authorization_servers": [origin],
            "scopes_supported": ["api"],
        })),
        "/authorize" => consent_page(origin, request),
        "/token" => json(json!({
            "access_token": random::text(40),
            "refresh_token": random::text(40),
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "api",
        })),
        "/register" => {
            let mut client: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            client["client_id"] = json!(format!("client-{}", random::text(12)));
            Answer { status: 201, ..json(client) }
        }
        "/revoke" => open(Answer::of(200, "application/json", "{}")),
        "/api" => {
            let challenge =
                format!("Bearer resource_metadata=\"{origin}{RESOURCE_METADATA}\", scope=\"api\"");
            open(Answer::of(401, "text/plain", "")).with("www-authenticate", &challenge)
        }
        _ => open(Answer::of(404, "text/plain", "")),
    }
}

/// The same answer, which pages of any origin may read.
pub fn open(answer: Answer) -> Answer {
    answer
        .with("access-control-allow-origin", "*")
        .with("access-control-expose-headers", "WWW-Authenticate, Retry-After")
}

fn preflight() -> Answer {
    open(Answer::of(204, "text/plain", ""))
        .with("access-control-allow-methods", "*")
        .with("access-control-allow-headers", "authorization, content-type, *")
}
