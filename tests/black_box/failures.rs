//! Deployments that lack something: who asks is told to come back, and the log says what to do.

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::{Browser, Client, Deployment, Reply, Server, Walk, raw};
use serde_json::Value;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: without the binding KEYRING whoever needs a key gets 503, and the log names it",
            |_| without_keyring(),
        ),
        Case::new(
            "design: without the binding ACCOUNT a good code or token is never invalid_grant, and the log names it",
            |_| without_account(),
        ),
        Case::new(
            "design: without the binding DEVICE_AUTHORIZATION a device is told to come back, its code is never invalid_grant, and everything else works",
            |_| without_device_authorization(),
        ),
        Case::new(
            "design: trouble with the keys costs no code and no refresh token: the same request succeeds later",
            |_| keyring_comes_back(),
        ),
        Case::new(
            "design: without the binding CACHE everything works, and the log says what is missing",
            |_| without_cache(),
        ),
        Case::new(
            "issue 2: a wrong setting is 500, and the log says which and what is wanted",
            |_| {
                let server = start(Deployment::bad_setting());
                let [key, wanted] = ["LATCHKEY.lifetimes.access_token", "seconds, from 1 to "];
                misconfigured(&server, key, "0", wanted);
            },
        ),
        Case::new(
            "issue 3: a wrong resource is refused at start with the key's name, and nothing is served",
            |_| {
                let server = start(Deployment::bad_resource());
                let key = "LATCHKEY.resources[1].methods.DELETE";
                misconfigured(&server, key, "\"typo\"", "a scope in LATCHKEY.scopes");
                let _ = server.get("/mcp").expect(500);
            },
        ),
        Case::new(
            "issue 2: without ISSUER nothing is served, and the log says what to set",
            |_| {
                let server = start(Deployment::without_issuer());
                misconfigured(&server, "ISSUER", "nothing", "https address");
            },
        ),
        Case::new(
            "issue 2: a deployment whose ISSUER is still loopback says so to whoever reaches it from outside",
            |servers| foreign_host(servers.standard()),
        ),
    ]
}

fn start(deployment: Deployment) -> Server {
    Server::start(deployment).unwrap_or_else(|error| panic!("{error}"))
}

/// RFC 9110 section 10.2.3: when to come back, in seconds.
pub fn expect_retry_after(reply: &Reply) {
    let seconds = reply.header("retry-after").and_then(|text| text.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{}", reply.describe());
}

/// A failure of ours: 503, when to come back, and never an `invalid_grant`. Returns the reference.
pub fn unavailable(reply: &Reply) -> String {
    expect_retry_after(reply);
    reply.expect_error(503, "temporarily_unavailable")
}

fn expect_unavailable(server: &Server, reply: &Reply, binding: &str) {
    let reference = unavailable(reply);
    assert!(!reply.text().contains(binding), "{}", reply.describe());
    expect_binding_named(&server.log().event(&reference), binding);
}

fn expect_unavailable_page(server: &Server, path: &str, binding: &str) {
    let page = Browser::new(server).page(path).expect(503);
    expect_retry_after(&page.reply);
    assert!(!page.text().contains(binding), "{}", page.reply.describe());
    expect_binding_named(&server.log().event(&page.reference()), binding);
}

/// The line says which binding it is and what to do about it.
fn expect_binding_named(event: &Value, binding: &str) {
    assert_eq!(event["level"], "error", "{event}");
    let said = event.to_string();
    for wanted in [&format!("the binding {binding} is missing"), "wrangler.toml", "deploy again"] {
        assert!(said.contains(wanted), "{wanted}: {event}");
    }
}

fn without_keyring() {
    let server = start(Deployment::without_binding(&["KEYRING"]));
    expect_unavailable(&server, &server.get("/jwks"), "KEYRING");
    expect_unavailable_page(&server, "/sign-in", "KEYRING");
    // What needs no key goes on: a client can register, and find its way.
    let _ = Client::public(&server);
    let _ = server.get(&server.metadata_path()).expect(200);
}

fn without_device_authorization() {
    let binding = "DEVICE_AUTHORIZATION";
    let server = start(Deployment::without_binding(&["DEVICE_AUTHORIZATION"]));
    let client = Client::of_device(&server, "none");
    let asked = client.call(&server, "/device_authorization", &[]).send();
    expect_unavailable(&server, &asked, binding);
    let code = format!("latchkey_dc_BCDF1234.{}", "A".repeat(43));
    let fields = [("grant_type", DEVICE_GRANT), ("device_code", code.as_str())];
    expect_unavailable(&server, &client.token(&server, &fields), binding);
    let mut walk = Walk::begin(&server);
    let page = walk.browser.enter_code("BCDF-1234").expect(503);
    expect_binding_named(&server.log().event(&page.reference()), binding);
    let _ = walk.tokens();
}

fn without_account() {
    let server = start(Deployment::without_binding(&["ACCOUNT"]));
    let client = Client::public(&server);
    let (id, secret) = ("A".repeat(22), "A".repeat(43));
    let code = format!("latchkey_ac_{id}.{id}.{secret}");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", &secret),
        ("redirect_uri", &client.redirect_uri),
    ];
    expect_unavailable(&server, &client.token(&server, &fields), "ACCOUNT");
    let token = format!("latchkey_rt_{id}.{id}.{secret}");
    expect_unavailable(&server, &client.refresh(&server, &token), "ACCOUNT");
    // RFC 7009 section 2.2.1: a client that is told 503 has to assume the token still lives.
    expect_unavailable(&server, &client.revoke(&server, &token), "ACCOUNT");
}

fn keyring_comes_back() {
    let server = start(Deployment::patient());
    let mut walk = Walk::begin(&server);
    let refresh_token = walk.tokens().refresh;
    let code = walk.code();
    let client = walk.client.clone();

    server.restart_without(&["KEYRING"]).expect("starts without its keyring");
    expect_unavailable(&server, &client.redeem(&server, &code), "KEYRING");
    expect_unavailable(&server, &client.refresh(&server, &refresh_token), "KEYRING");

    server.restart().expect("starts with its keyring");
    client.redeem(&server, &code).expect(200);
    let refreshed = client.refresh(&server, &refresh_token);
    refreshed.expect(200);
}

fn without_cache() {
    let server = start(Deployment::without_binding(&["CACHE"]));
    let mut walk = Walk::begin(&server);
    let tokens = walk.tokens();
    let _ = walk.client.refresh(&server, &tokens.refresh).expect(200);
    let said = server.log().wait_for("cache unavailable");
    for wanted in ["CACHE", "KV namespace", "wrangler.toml"] {
        assert!(said.iter().all(|line| line.contains(wanted)), "{wanted}: {said:?}");
    }
}

fn misconfigured(server: &Server, key: &str, found: &str, wanted: &str) {
    for (method, path) in [("GET", "/"), ("GET", "/jwks"), ("POST", "/token")] {
        let reply = server.call(method, path).send();
        let reference = reply.expect_error(500, "server_error");
        assert!(!reply.text().contains(key), "{}", reply.describe());
        let event = server.log().event(&reference);
        assert_eq!(event["level"], "error", "{event}");
        assert_eq!(event["key"], key, "{event}");
        assert_eq!(event["found"], found, "{event}");
        assert!(event["wanted"].as_str().is_some_and(|text| text.contains(wanted)), "{event}");
        let advice = event["do"].as_str().unwrap_or_default();
        for part in ["wrangler.toml", key, wanted, "deploy again"] {
            assert!(advice.contains(part), "{part}: {event}");
        }
    }
}

fn foreign_host(server: &Server) {
    for head in ["GET / HTTP/1.1", "GET /.well-known/oauth-authorization-server HTTP/1.1"] {
        let reply = raw::send_to(server, "id.somewhere.example", head, b"");
        assert_eq!(reply.status, 500, "{}", reply.text);
        let text = reply.text.to_lowercase();
        for wanted in
            ["content-type: text/plain", "issuer", "wrangler.toml", "https://id.somewhere.example"]
        {
            assert!(text.contains(wanted), "{wanted}: {}", reply.text);
        }
        let (_, reference) = reply.text.split_once("Reference: ").expect("a reference");
        let reference = reference.split_whitespace().next().expect("a reference");
        let event = server.log().event(reference);
        assert_eq!(event["level"], "error", "{event}");
        assert!(event["do"].as_str().is_some_and(|text| text.contains("Set ISSUER")), "{event}");
    }
}
