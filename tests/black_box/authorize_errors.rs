//! Authorization requests that are refused: here, or at the client.

use latchkey_tests::client::Callback;
use latchkey_tests::{Authorization, Browser, Client, Landing, Page, Server, http};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 6749 section 4.1.2.1, AUTHZ-01: without a known client the error is shown here and nowhere else",
            |servers| {
                unknown_clients(servers.standard());
            },
        ),
        Case::new(
            "RFC 9700 section 4.1.3, SEC-01: a redirect URI that isn't registered is shown here, whatever else is wrong",
            |servers| {
                other_redirect_uris(servers.standard());
            },
        ),
        Case::new(
            "RFC 8252 section 7.3, NAT-01, NAT-03: of a loopback redirect URI only the port may differ",
            |servers| {
                other_loopback_uris(servers.standard());
            },
        ),
        Case::new(
            "AUTHZ-03: a redirect URI may be left out when exactly one is registered",
            |servers| {
                omitted_redirect_uri(servers.standard());
            },
        ),
        Case::new(
            "needs 14: a program that asks for JSON gets a local error as JSON, so that it can register anew",
            |servers| {
                let path = http::encode(&[("response_type", "code"), ("client_id", "gone")]);
                let call = servers.standard().call("GET", &format!("/authorize?{path}"));
                call.header("accept", "application/json")
                    .send()
                    .expect_error(400, "invalid_client");
            },
        ),
        Case::new(
            "RFC 6749 section 4.1.2.1, RFC 7636 section 4.4.1, RFC 8707 section 2: each error is told to the client with its own code",
            |servers| {
                errors_for_the_client(servers.standard());
            },
        ),
        Case::new(
            "RFC 9700 section 4.11.2, SEC-06: nobody is sent to a website by a faulty request alone",
            |servers| {
                no_open_redirect(servers.standard());
            },
        ),
        Case::new(
            "OpenID Connect Core section 3.1.2.1: prompt=none answers without a page, to a website too",
            |servers| {
                silent_errors(servers.standard());
            },
        ),
        Case::new("RFC 9207 section 2: where iss is turned off, no response has it", |servers| {
            let server = servers.tenant();
            let request = Authorization::of(&Client::public(server)).and("prompt", "none");
            let callback = Browser::new(server).open(&request.path(server)).away();
            assert_eq!(callback.get("error").as_deref(), Some("login_required"));
            assert_eq!(callback.get("iss"), None);
        }),
        Case::new(
            "issue 2: strict_scopes refuses an unknown scope instead of dropping it",
            |servers| {
                strict_scopes(servers.quick());
            },
        ),
    ]
}

/// Opens a request in a new browser.
fn open(server: &Server, request: &Authorization) -> Landing {
    Browser::new(server).open(&request.path(server))
}

/// A local error: a page, 400, with a reference, and no way to where the client wants.
fn expect_local(landing: Landing, what: &str) -> Page {
    let Landing::Page(page) = landing else { panic!("{what}: redirected") };
    assert_eq!(page.reply.status, 400, "{what}: {}", page.reply.describe());
    assert_eq!(page.reply.header("location"), None, "{what}");
    assert!(page.reply.header("content-type").unwrap().starts_with("text/html"), "{what}");
    assert!(page.reference().len() >= 6, "{what}");
    page
}

fn unknown_clients(server: &Server) {
    let client = Client::public(server);
    let request = || Authorization::of(&client);
    let similar = format!("{}x", client.id);
    let other_case = client.id.to_uppercase();
    let cases = [
        ("missing", request().without("client_id")),
        ("empty", request().with("client_id", "")),
        ("unknown", request().with("client_id", "nobody")),
        ("similar", request().with("client_id", &similar)),
        ("other case", request().with("client_id", &other_case)),
        ("control character", request().with("client_id", "a\u{0}b")),
        ("a URL", request().with("client_id", "https://client.example/metadata.json")),
        ("very long", request().with("client_id", &"x".repeat(4_000))),
        ("twice", request().and("client_id", &client.id)),
        ("twice, another", request().and("client_id", "other")),
        (
            "unknown, everything else wrong too",
            Authorization::of(&client)
                .with("client_id", "nobody")
                .with("redirect_uri", "https://evil.example/")
                .without("code_challenge"),
        ),
    ];
    for (what, request) in cases {
        let page = expect_local(open(server, &request), what);
        assert_eq!(page.attributes("a[href*='client.example']", "href").len(), 0, "{what}");
        assert_eq!(page.attributes("a[href*='evil.example']", "href").len(), 0, "{what}");
    }
    let path = request().path(server);
    for damaged in [format!("{path}&x=%ff"), format!("{path}&x=%zz"), "/authorize".to_owned()] {
        let _ = expect_local(Browser::new(server).open(&damaged), &damaged);
    }
}

fn other_redirect_uris(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "none",
    });
    let client = Client::register(server, &metadata);
    for uri in [
        "https://client.example/CB",
        "https://client.example/cb/",
        "https://client.example/cb/x",
        "https://client.example/cb?x=1",
        "https://client.example/cb?",
        "https://client.example/cb#",
        "https://client.example//cb",
        "https://client.example/./cb",
        "https://client.example/x/../cb",
        "https://client.example/%63b",
        "https://client.example",
        "https://client.example:443/cb",
        "https://client.example:444/cb",
        "https://client.example./cb",
        "https://CLIENT.example/cb",
        "https://www.client.example/cb",
        "https://client.example@evil.example/cb",
        "https://client.example.evil.example/cb",
        "https://evil.example/cb",
        "http://client.example/cb",
        "HTTPS://client.example/cb",
        "//client.example/cb",
        "/cb",
        "javascript:alert(1)",
        " https://client.example/cb",
        "https://client.example/cb\n",
        "http://127.0.0.1/cb",
    ] {
        let request = Authorization::of(&client).with("redirect_uri", uri);
        let page = expect_local(open(server, &request), uri);
        let links = page.attributes("a", "href");
        assert!(links.iter().all(|link| link.starts_with('/')), "{uri}: {links:?}");
        // prompt=none and other mistakes don't open a way out.
        let silent = request.with("prompt", "none").without("response_type");
        let _ = expect_local(open(server, &silent), uri);
    }
    let twice = Authorization::of(&client).and("redirect_uri", "https://client.example/cb");
    let _ = expect_local(open(server, &twice), "redirect_uri twice");
    for mode in ["fragment", "form_post", "query.jwt"] {
        let request = Authorization::of(&client).with("response_mode", mode);
        let _ = expect_local(open(server, &request), mode);
    }
}

fn other_loopback_uris(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1:3000/cb", "https://localhost:4000/cb"],
        "token_endpoint_auth_method": "none",
    });
    let client = Client::register(server, &metadata);
    for uri in [
        "http://127.0.0.1:3000/CB",
        "http://127.0.0.1:3000/cb/",
        "http://127.0.0.1:3000/cb?x",
        "http://127.0.0.1:3000/cb#x",
        "http://localhost:3000/cb",
        "http://[::1]:3000/cb",
        "http://127.0.0.2:3000/cb",
        "http://127.1:3000/cb",
        "http://127.0.0.1.evil.example:3000/cb",
        "http://127.0.0.1:3000@evil.example/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:x/cb",
        "https://127.0.0.1:3000/cb",
        "https://localhost:4001/cb",
        "http://0.0.0.0:3000/cb",
    ] {
        let request = Authorization::of(&client).with("redirect_uri", uri);
        let _ = expect_local(open(server, &request), uri);
    }
}

fn omitted_redirect_uri(server: &Server) {
    let one = Authorization::of(&Client::public(server)).without("redirect_uri");
    let _ = open(server, &one).page().expect(200);
    let metadata = json!({
        "redirect_uris": ["https://client.example/a", "https://client.example/b"],
        "token_endpoint_auth_method": "none",
    });
    let several = Authorization::of(&Client::register(server, &metadata)).without("redirect_uri");
    let _ = expect_local(open(server, &several), "several registered");
}

/// A client on the person's own machine, which is told of errors directly.
fn loopback_client(server: &Server) -> Client {
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1:3000/callback?tenant=a%20b"],
        "token_endpoint_auth_method": "none",
    });
    Client::register(server, &metadata)
}

/// A well-formed error response to this request.
fn expect_error_response(
    callback: &Callback,
    request: &Authorization,
    server: &Server,
    code: &str,
) {
    assert_eq!(callback.reply.status, 302, "{}", callback.reply.describe());
    let target = request.get("redirect_uri").unwrap();
    assert!(callback.location.starts_with(target), "{}", callback.location);
    assert_eq!(callback.get("error").as_deref(), Some(code), "{}", callback.location);
    assert_eq!(callback.get("state").as_deref(), request.get("state"), "{}", callback.location);
    assert_eq!(callback.get("iss"), Some(server.issuer()), "{}", callback.location);
    assert_eq!(callback.get("code"), None, "{}", callback.location);
    let description = callback.get("error_description").unwrap_or_default();
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!description.is_empty() && description.bytes().all(allowed), "{description}");
    assert_eq!(callback.reply.header("cache-control"), Some("no-store"));
}

fn errors_for_the_client(server: &Server) {
    let client = loopback_client(server);
    let request = || Authorization::of(&client);
    let challenge = request().get("code_challenge").unwrap().to_owned();
    let (short, long) = ("a".repeat(42), "a".repeat(129));
    let cases = [
        ("no response_type", "invalid_request", request().without("response_type")),
        ("token", "unsupported_response_type", request().with("response_type", "token")),
        ("id_token", "unsupported_response_type", request().with("response_type", "id_token")),
        ("code token", "unsupported_response_type", request().with("response_type", "code token")),
        ("CODE", "unsupported_response_type", request().with("response_type", "CODE")),
        ("response_type twice", "invalid_request", request().and("response_type", "code")),
        ("scope twice", "invalid_request", request().and("scope", "mcp").and("scope", "mcp")),
        ("unknown twice", "invalid_request", request().and("x", "1").and("x", "2")),
        ("no challenge", "invalid_request", request().without("code_challenge")),
        (
            "no PKCE at all",
            "invalid_request",
            request().without("code_challenge").without("code_challenge_method"),
        ),
        ("empty challenge", "invalid_request", request().with("code_challenge", "")),
        ("no method", "invalid_request", request().without("code_challenge_method")),
        ("plain", "invalid_request", request().with("code_challenge_method", "plain")),
        ("s256", "invalid_request", request().with("code_challenge_method", "s256")),
        ("S512", "invalid_request", request().with("code_challenge_method", "S512")),
        ("42 characters", "invalid_request", request().with("code_challenge", &short)),
        ("129 characters", "invalid_request", request().with("code_challenge", &long)),
        ("padded", "invalid_request", request().with("code_challenge", &format!("{challenge}="))),
        (
            "standard base64",
            "invalid_request",
            request().with("code_challenge", &format!("+/{}", &challenge[2..])),
        ),
        ("scope with a quote", "invalid_scope", request().and("scope", "mcp \"x\"")),
        ("scope with a control character", "invalid_scope", request().and("scope", "mcp\u{7}")),
        ("scope beyond ASCII", "invalid_scope", request().and("scope", "mcp é")),
        ("unknown resource", "invalid_target", request().and("resource", "https://other.example/")),
        ("other path", "invalid_target", request().and("resource", "https://api.example/v2")),
        ("relative resource", "invalid_target", request().and("resource", "/mcp")),
        (
            "resource with a fragment",
            "invalid_target",
            request().and("resource", "https://api.example/v1#x"),
        ),
        (
            "one good resource, one bad",
            "invalid_target",
            request().and("resource", "https://api.example/v1").and("resource", "urn:x"),
        ),
        ("prompt none and login", "invalid_request", request().and("prompt", "none login")),
        ("max_age", "invalid_request", request().and("max_age", "soon")),
        ("negative max_age", "invalid_request", request().and("max_age", "-1")),
        ("request", "request_not_supported", request().and("request", "e30.e30.")),
        ("request_uri", "request_uri_not_supported", request().and("request_uri", "urn:x")),
        ("registration", "registration_not_supported", request().and("registration", "{}")),
    ];
    for (what, code, request) in cases {
        println!("{what}");
        let callback = open(server, &request).away();
        expect_error_response(&callback, &request, server, code);
        // AUTHZ-09: the query of the redirect URI is kept.
        assert_eq!(callback.get("tenant").as_deref(), Some("a b"), "{what}");
        // AUTHZ-07: no state is invented.
        let callback = open(server, &request.without("state")).away();
        assert_eq!(callback.get("state"), None, "{what}");
    }
}

fn no_open_redirect(server: &Server) {
    let client = Client::public(server);
    let request = Authorization::of(&client).without("code_challenge");
    let page = open(server, &request).page().expect(400);
    assert!(page.reference().len() >= 6);
    let links = page.attributes("main a", "href");
    let link = links.iter().find(|link| link.starts_with("https://client.example/callback?"));
    let link = link.unwrap_or_else(|| panic!("no link back in {links:?}"));
    let callback = Callback::new(link, page.reply.clone());
    assert_eq!(callback.get("error").as_deref(), Some("invalid_request"));
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    assert_eq!(callback.get("iss"), Some(server.issuer()));
    assert!(page.text().contains("client.example"), "the person sees where the link leads");
    // Nothing on the page goes there by itself.
    assert_eq!(page.attributes("meta[http-equiv=refresh]", "content").len(), 0);
}

fn silent_errors(server: &Server) {
    let client = Client::public(server);
    for (code, request) in [
        ("login_required", Authorization::of(&client)),
        ("login_required", Authorization::of(&client).and("max_age", "0")),
        ("invalid_request", Authorization::of(&client).without("code_challenge")),
        ("invalid_target", Authorization::of(&client).and("resource", "https://other.example/")),
    ] {
        let request = request.and("prompt", "none");
        let callback = open(server, &request).away();
        expect_error_response(&callback, &request, server, code);
    }
}

fn strict_scopes(server: &Server) {
    let client = loopback_client(server);
    for scope in ["claudeai", "mcp claudeai", "openid mcp"] {
        let request = Authorization::of(&client).and("scope", scope);
        let callback = open(server, &request).away();
        expect_error_response(&callback, &request, server, "invalid_scope");
    }
    for scope in ["mcp", "mcp offline_access", "offline_access"] {
        let request = Authorization::of(&client).and("scope", scope);
        let _ = open(server, &request).page().expect(200);
    }
}
