//! Servers that are wrong: the playground says what, in red and with what to change, and goes no further
//! than a client may.

use latchkey_tests::Server;
use serde_json::{Value, json};

use super::faulty::{Answer, Faulty};
use super::page::Playground;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 9728, RFC 8414 and MCP: each fault of a server's metadata is shown in red in the playground, and nobody is sent anywhere",
            |servers| {
                wrong_metadata(servers.playground());
            },
        ),
        Case::new(
            "issue 5: an MCP server without metadata, one that pages may not read and one that isn't there are told apart in the playground",
            |servers| {
                nothing_found(servers.playground());
            },
        ),
        Case::new(
            "RFC 10017 section 6.3.3.4: a server that answers no preflight is told what to send, in the playground",
            |servers| {
                closed_to_browsers(servers.playground());
            },
        ),
        Case::new(
            "RFC 9207 section 2.4: the playground shows a response of another issuer in red and never redeems its code",
            |servers| {
                mixed_up(servers.playground());
            },
        ),
        Case::new(
            "RFC 6749 section 10.12: a response that nobody asked for is not redeemed, in the playground neither",
            |servers| {
                forged_response(servers.playground());
            },
        ),
        Case::new("issue 5: what a server says is only ever text in the playground", |servers| {
            hostile_words(servers.playground());
        }),
    ]
}

fn wrong_metadata(server: &Server) {
    let (playground, faulty) = (Playground::open(server), Faulty::start());
    let script = "javascript:document.title='run'";
    let cases: [(&str, Value, Value, &[&str]); 8] = [
        ("in order", json!({}), json!({}), &[]),
        ("another issuer", json!({}), json!({ "issuer": "https://other.example" }), &["issuer"]),
        (
            "a script for an endpoint",
            json!({}),
            json!({ "authorization_endpoint": script }),
            &["authorization_endpoint"],
        ),
        ("no S256", json!({}), json!({ "code_challenge_methods_supported": null }), &["pkce"]),
        (
            "no public clients",
            json!({}),
            json!({ "token_endpoint_auth_methods_supported": ["client_secret_basic"] }),
            &["public_clients"],
        ),
        (
            "another resource",
            json!({ "resource": "https://other.example/mcp" }),
            json!({}),
            &["resource"],
        ),
        (
            "no server",
            json!({ "authorization_servers": null }),
            json!({}),
            &["authorization_servers"],
        ),
        (
            "a script for an issuer",
            json!({ "authorization_servers": [script] }),
            json!({}),
            &["authorization_servers"],
        ),
    ];
    for (name, resource, metadata, wrong) in cases {
        faulty.describe_resource(&resource);
        faulty.describe_server(&metadata);
        playground.discover(&faulty.resource());
        playground.expect_wrong("discovery", wrong);
        if wrong.is_empty() {
            playground.expect_right("discovery", &["resource", "issuer", "pkce", PREFLIGHT]);
        }
        // MCP: a client goes no further. That clients need a secret is for registration to find out.
        let goes_on = wrong.is_empty() || wrong == ["public_clients"];
        let allowed = playground.chromium.count("[data-step=registration][data-allowed=yes]") == 1;
        assert_eq!(allowed, goes_on, "{name}");
        assert_eq!(playground.chromium.title(), "OAuth playground", "{name}");
        assert_eq!(playground.chromium.count("a[href^='javascript']"), 0, "{name}");
    }
}

/// The check whether MCP clients in browsers may read the metadata too.
const PREFLIGHT: &str = "preflight_/.well-known/oauth-authorization-server";

fn closed_to_browsers(server: &Server) {
    let (playground, faulty) = (Playground::open(server), Faulty::start());
    faulty.set("OPTIONS", Answer::json(401, &json!({})));
    playground.discover(&faulty.resource());
    let wrong = playground.checks("discovery", "wrong");
    assert!(wrong.contains(&PREFLIGHT.to_owned()), "no {PREFLIGHT} among {wrong:?}");
    playground.run("registration", "#register");
    let id = format!("cors_registration_{}", faulty.resource().replace("/mcp", ""));
    assert_eq!(playground.checks("registration", "wrong"), [id]);
    let words = playground.chromium.text("[data-step=registration] .change");
    assert!(words.contains("Access-Control-Allow-Headers: content-type"), "{words}");
}

fn nothing_found(server: &Server) {
    let (playground, faulty) = (Playground::open(server), Faulty::start());
    faulty.remove("/.well-known/oauth-protected-resource/mcp");
    faulty.set("/mcp", Answer::json(401, &json!({})).with("www-authenticate", "Bearer"));
    faulty.remove("/.well-known/oauth-authorization-server");
    playground.discover(&faulty.resource());
    playground.expect_wrong("discovery", &["metadata", "resource_metadata"]);
    assert!(!playground.is_done("discovery"));

    // MCP 2025-03-26: the server on the MCP server's own origin is found, and that is said to be old.
    faulty.describe_server(&json!({}));
    playground.discover(&faulty.resource());
    playground.expect_wrong("discovery", &["metadata"]);
    assert!(playground.checks("discovery", "unknown").contains(&"legacy".to_owned()));
    assert!(playground.is_done("discovery"));

    // The upstream of the tests answers, and sends no CORS header.
    let upstream = latchkey_tests::Upstream::start();
    let _place = upstream.plain();
    let closed = format!("http://127.0.0.1:{}", upstream.port());
    playground.discover(&format!("{closed}/mcp"));
    let id = format!("cors_protected_resource_{closed}");
    let wrong = playground.checks("discovery", "wrong");
    assert!(wrong.contains(&id), "no {id} among {wrong:?}");
    drop(upstream);
    playground.discover(&format!("{closed}/mcp"));
    assert_eq!(playground.checks("discovery", "wrong"), [format!("down_{closed}")]);

    for address in ["javascript:alert(1)", "mcp.example", "https://a:b@mcp.example/"] {
        playground.chromium.fill("#address", address);
        playground.chromium.click("#discover");
        playground.chromium.wait_for("#address[aria-invalid]");
        assert!(!playground.chromium.text("#address-wrong").is_empty(), "{address}");
    }
}

/// At a server of the test, from the address to the response.
#[track_caller]
fn answered(playground: &Playground<'_>, faulty: &Faulty) {
    playground.discover(&faulty.resource());
    playground.run("registration", "#register");
    playground.run("authorization", "#go");
    playground.chromium.wait_for("[data-step=authorization] [data-check=state]");
}

fn mixed_up(server: &Server) {
    let (playground, faulty) = (Playground::open(server), Faulty::start());
    let code = "c".repeat(43);
    faulty.respond_with(&[("code", &code), ("iss", "https://evil.example")]);
    answered(&playground, &faulty);
    playground.expect_wrong("authorization", &["iss"]);
    faulty.respond_with(&[("code", &code)]);
    answered(&playground, &faulty);
    playground.expect_wrong("authorization", &["iss"]);
    faulty.respond_with(&[("error", "access_denied"), ("iss", "https://evil.example")]);
    answered(&playground, &faulty);
    playground.expect_wrong("authorization", &["iss"]);
    assert_eq!(playground.chromium.count("[data-step=token][data-allowed=yes]"), 0);
    assert_eq!(faulty.posted("/token"), [""; 0]);
}

fn forged_response(server: &Server) {
    let (playground, faulty) = (Playground::open(server), Faulty::start());
    let chromium = &playground.chromium;
    let forged = format!("{}?code={}&state=forged", playground.url(), "f".repeat(43));
    chromium.open(&forged);
    chromium.wait_for("#trouble .error");
    assert!(chromium.text("#trouble").contains("unknown_state"));
    assert_eq!(chromium.url(), playground.url());

    // A walk is under way, and somebody else's response comes first.
    faulty.set("/authorize", Answer::json(200, &json!({ "waiting": true })));
    playground.discover(&faulty.resource());
    playground.run("registration", "#register");
    chromium.click("#go");
    chromium.wait_for("pre");
    chromium.open(&forged);
    playground.ended("authorization");
    playground.expect_wrong("authorization", &["state"]);
    assert_eq!(chromium.count("[data-step=token][data-allowed=yes]"), 0);
    assert_eq!(faulty.posted("/token"), [""; 0]);
}

fn hostile_words(server: &Server) {
    let (playground, faulty) = (Playground::open(server), Faulty::start());
    let words = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
    faulty.describe_resource(&json!({ "scopes_supported": [words], "resource_name": words }));
    faulty.describe_server(&json!({ "grant_types_supported": [words], words: words }));
    let client = json!({ "client_id": words, "client_name": words, "redirect_uris": [words] });
    faulty.set("/register", Answer::json(201, &client));
    faulty.respond_with(&[
        ("error", words),
        ("error_description", words),
        ("iss", &faulty.resource()),
    ]);
    answered(&playground, &faulty);
    assert_eq!(playground.chromium.count("main img, main script, #trouble img"), 0);
    assert_eq!(playground.chromium.title(), "OAuth playground");
    assert!(playground.chromium.text("[data-step=registration]").contains("<img src=x"));
}
