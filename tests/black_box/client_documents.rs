//! Client ID Metadata Documents: clients that nobody registers.
//!
//! The servers under test have issuers on loopback, so documents on loopback count; what only https
//! can show is in the unit tests of `client_id_metadata`.

mod changes;
mod fetches;

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::document_host::Answer;
use latchkey_tests::{Browser, Client, Device, DocumentHost, Person, Server, Tokens, Walk};
use serde_json::{Value, json};

use crate::Case;

const REDIRECT_URI: &str = "https://client.example/callback";

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases = vec![
        Case::new(
            "CIM-02, CIM-09: a client that only publishes a document gets tokens, and refreshes",
            |servers| walk(servers.standard()),
        ),
        Case::new(
            "CIM-04, CIM-06: the document is asked for once, plainly, and then kept",
            |servers| asked_once(servers.standard()),
        ),
        Case::new(
            "MAS-07, CIM-02..07: what is no document of this client stops here, with nothing sent to its redirect URI",
            |servers| refused(servers.standard()),
        ),
        Case::new(
            "needs 5: a document that can't be fetched is 503 and a readable page, never an unknown client",
            |servers| unavailable(servers.standard()),
        ),
        Case::new(
            "needs 23: a client that only publishes a document connects a device, and refreshes",
            |servers| device(servers.standard()),
        ),
        Case::new("CIM-08: a failure isn't kept", |servers| {
            failure_is_not_kept(servers.standard())
        }),
        Case::new(
            "needs 5: the pinned copy of a well-known client stands in where its document can't be fetched",
            |servers| pinned(servers.standard()),
        ),
        Case::new("CIM-11: the page names the host that the client is described at", |servers| {
            consent_page(servers.standard())
        }),
        Case::new(
            "CIM-01, CIM-05: a server whose issuer is public fetches nothing from loopback or a private network",
            |servers| public_issuer(servers.short_links()),
        ),
    ];
    cases.extend(changes::trials());
    cases.extend(fetches::trials());
    cases
}

/// A client that publishes itself at a URL of its own.
pub struct Published {
    /// The host.
    pub host: DocumentHost,
    /// The URL.
    pub url: String,
    /// What it publishes.
    pub document: Value,
}

impl Published {
    /// A public client with one redirect URI.
    pub fn new() -> Self {
        Self::on(DocumentHost::start())
    }

    /// The same on a host of which a server asks much.
    fn on_busy_host() -> Self {
        Self::on(DocumentHost::called("localhost"))
    }

    fn on(host: DocumentHost) -> Self {
        let url = host.url("client.json");
        let document = json!({
            "client_id": url,
            "client_name": "Published client",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
        });
        let published = Self { host, url, document };
        published.publish();
        published
    }

    /// Publishes the document as it is now.
    pub fn publish(&self) {
        self.host.set(&self.url, Some(Answer::json(&self.document, "max-age=300")));
    }

    /// The client as tests use it.
    pub fn client(&self) -> Client {
        let document = self.document.clone();
        Client { document, ..Client::known(&self.url, "none", REDIRECT_URI) }
    }
}

fn walk(server: &Server) {
    let published = Published::new();
    let mut walk = Walk::with(server, published.client());
    let tokens = walk.tokens();
    let claims = latchkey_tests::jwt::read(&tokens.access).claims;
    assert_eq!(claims["client_id"], published.url.as_str());
    let again = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    assert_ne!(again.refresh, tokens.refresh);
    assert_eq!(walk.client.revoke(server, &again.refresh).status, 200);
    let _ = walk.client.refresh(server, &again.refresh).expect_error(400, "invalid_grant");
}

fn device(server: &Server) {
    let mut published = Published::new();
    published.document["grant_types"] = json!([DEVICE_GRANT]);
    published.publish();
    let device = Device::of(server, published.client(), &[]);
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    browser.allow_device(&device);
    let tokens = Tokens::from_reply(&device.poll());
    let _ = Tokens::from_reply(&device.client.refresh(server, &tokens.refresh));
}

fn asked_once(server: &Server) {
    let published = Published::new();
    let mut walk = Walk::with(server, published.client());
    let _ = walk.tokens();
    let _ = walk.tokens();
    assert_eq!(published.host.count(&published.url), 1);
    let head = published.host.last_request(&published.url);
    assert!(head[0].starts_with("GET "), "{head:?}");
    let has = |name: &str| head.iter().any(|line| line.to_ascii_lowercase().starts_with(name));
    assert!(has("accept: application/json"), "{head:?}");
    for secret in ["cookie:", "authorization:", "referer:", "origin:"] {
        assert!(!has(secret), "{head:?}");
    }
}

/// Opens the client's request as a program that looks first, and as a person.
#[track_caller]
fn stops(server: &Server, client: &Client, status: u16, error: &str) {
    let path = latchkey_tests::Authorization::of(client).path(server);
    let program = server.call("GET", &path).header("accept", "application/json").send();
    let _ = program.expect_error(status, error);
    let person = server.call("GET", &path).header("accept", "text/html").send();
    let page = person.expect(status);
    assert_eq!(page.header("location"), None);
    let host = url::Url::parse(&client.id).expect("a URL").host_str().expect("a host").to_owned();
    assert!(page.text().contains(&host), "{}", page.describe());
}

fn refused(server: &Server) {
    let refuses = |answer: Answer| {
        let published = Published::on_busy_host();
        published.host.set(&published.url, Some(answer));
        stops(server, &published.client(), 400, "invalid_client");
        let reply = published.client().refresh(server, "x");
        let _ = reply.expect_error(401, "invalid_client");
    };
    let document = |changes: Value| {
        let mut document = json!({ "client_id": "?", "redirect_uris": [REDIRECT_URI] });
        for (name, value) in changes.as_object().expect("an object") {
            document[name] = value.clone();
        }
        Answer::json(&document, "max-age=300")
    };
    refuses(document(json!({ "client_id": "https://other.example/client.json" })));
    refuses(Answer::of(200, "text/html", "<h1>Are you a robot?</h1>"));
    refuses(Answer::of(200, "application/json", "not JSON"));

    // The same with the right client_id and something else that is wrong.
    for (name, value) in [
        ("client_secret", json!("s")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("redirect_uris", json!(["javascript:alert(1)"])),
        ("redirect_uris", json!([])),
        ("jwks", json!({ "keys": [{ "kty": "EC", "d": "x" }] })),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
    ] {
        let mut published = Published::on_busy_host();
        published.document[name] = value;
        published.publish();
        stops(server, &published.client(), 400, "invalid_client");
    }

    // CIM-04: a redirect is followed nowhere, whatever it leads to.
    let good = Published::on_busy_host();
    let away = Published::on_busy_host();
    let leads = Answer::of(302, "text/plain", "").with("location", &good.url);
    away.host.set(&away.url, Some(leads));
    stops(server, &away.client(), 503, "temporarily_unavailable");
    assert_eq!(good.host.count(&good.url), 0);
}

fn unavailable(server: &Server) {
    for answer in [
        None,
        Some(Answer::of(404, "text/html", "Not found")),
        Some(Answer::of(403, "text/html", "Are you a robot?")),
        Some(Answer::of(500, "application/json", "{}")),
    ] {
        let published = Published::new();
        published.host.set(&published.url, answer);
        stops(server, &published.client(), 503, "temporarily_unavailable");
        let reply = published.client().refresh(server, "x");
        let _ = reply.expect_error(503, "temporarily_unavailable");
        assert!(reply.header("retry-after").is_some(), "{}", reply.describe());
    }
}

fn failure_is_not_kept(server: &Server) {
    let published = Published::new();
    published.host.set(&published.url, Some(Answer::of(500, "text/plain", "")));
    stops(server, &published.client(), 503, "temporarily_unavailable");
    published.publish();
    let _ = Walk::with(server, published.client()).tokens();
}

/// A client whose document came with the release.
fn claude() -> Client {
    let id = "https://claude.ai/oauth/mcp-oauth-client-metadata";
    Client::known(id, "none", "https://claude.ai/api/mcp/auth_callback")
}

fn pinned(server: &Server) {
    // Nothing but loopback can be reached from here, so the vendor's document can't be fetched.
    let mut walk = Walk::with(server, claude());
    let page = walk.consent_page(&walk.request());
    assert!(page.text().contains("claude.ai"), "{}", page.reply.describe());
    let _ = walk.tokens();
}

fn consent_page(server: &Server) {
    let published = Published::new();
    let mut walk = Walk::with(server, published.client());
    let text = walk.consent_page(&walk.request()).text();
    assert!(text.contains("Published client"), "{text}");
    assert!(text.contains("From 127.0.0.1"), "{text}");
    assert!(text.contains("Self-chosen name, not verified."), "{text}");
    assert!(text.contains("client.example"), "{text}");
}

fn public_issuer(server: &Server) {
    let host = DocumentHost::start();
    let url = host.url("client.json");
    host.set(&url, Some(Answer::json(&json!({ "client_id": url }), "max-age=300")));
    for id in [
        url.as_str(),
        "https://127.0.0.1/client.json",
        "https://10.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data/",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://user@client.example.com/client.json",
        "https://client.example.com./client.json",
    ] {
        let client = Client::known(id, "none", REDIRECT_URI);
        let path = latchkey_tests::Authorization::of(&client).path(server);
        let reply = server.call("GET", &path).header("accept", "application/json").send();
        let _ = reply.expect_error(400, "invalid_client");
    }
    assert_eq!(host.count(&url), 0);
}
