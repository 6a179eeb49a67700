//! Metadata that a hostile or broken server gives.

use latchkey_tests::Answer;
use latchkey_tests::loopback::Reaction;
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::fake::{FakeServer, RESOURCE_METADATA, SERVER_METADATA, open};
use super::world::World;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "CVE-2025-6514, needs 40: metadata with an address that must not be followed sends nobody and no secret anywhere",
            unsafe_endpoints,
        ),
        case(
            "RFC 8414 section 3.3: metadata of another issuer is refused, be it for a slash",
            wrong_issuer,
        ),
        case("MCL-02: where S256 isn't announced nobody is sent", no_s256),
        case(
            "issue 5: metadata that is no JSON, lacks a member, or never ends is refused",
            no_metadata,
        ),
        case(
            "RFC 8414 section 3.3: metadata that a redirect leads to has to be the issuer's all the same",
            redirected,
        ),
        case("RFC 9728 section 3.3: metadata of another resource is refused", wrong_resource),
        case(
            "MCL-01: the address of the metadata is the challenge's, and one that must not be followed is not",
            challenge,
        ),
        case(
            "MCL-01, RFC 8414 section 3.1: the metadata of an issuer with a path is looked for in the order of the specifications",
            in_order,
        ),
        case("issue 5: where there is no metadata it is not_discoverable", nothing),
    ]
}

/// Nobody was sent to the server, and it got no secret.
#[track_caller]
fn expect_untouched(app: &App<'_>, server: &FakeServer) {
    assert_eq!(app.chromium.url(), format!("{}/", app.site.origin()));
    assert_eq!(app.chromium.tabs().len(), 1);
    for path in ["/authorize", "/token", "/register"] {
        assert!(server.received(path).is_empty(), "{path} was asked for");
    }
}

/// Signing in fails with this code where the metadata is changed so, and asking for it does too.
#[track_caller]
fn refused(app: &App<'_>, change: impl FnOnce(&mut Value), code: &str, member: &str) {
    let server = FakeServer::start();
    let mut metadata = server.metadata();
    change(&mut metadata);
    server.answer(SERVER_METADATA, Answer::json(&metadata, "no-store"));
    app.create(&server.options());
    let asked = format!("await latchkey.discoverServer('{}');", server.issuer());
    for lines in ["await client.signIn();", &asked] {
        let failure = app.fails(lines).expect(code);
        assert_eq!(failure.0["member"], member, "{metadata}\n{failure:?}");
    }
    expect_untouched(app, &server);
}

fn unsafe_endpoints(world: &World) {
    let app = App::new(world);
    let addresses = [
        "javascript:document.title='run'",
        "JavaScript://127.0.0.1/%0adocument.title='run'",
        "data:text/html,<script>document.title='run'</script>",
        "http://evil.example/x",
        "https://person:password@127.0.0.1/x",
        "https://127.0.0.1/x#fragment",
        "file:///etc/passwd",
        "file:/c:/windows/system32/calc.exe",
        "vbscript:run",
        "blob:https://127.0.0.1/x",
        "view-source:https://127.0.0.1/x",
        "ms-msdt:/id PCWDiagnostic",
        "intent://127.0.0.1/#Intent;scheme=https;end",
        "a:$(cmd.exe /c calc)?response_type=code",
        "`calc`",
        "https://$(calc)/x",
        "https://127.0.0.1;calc/x",
        "/relative",
        "",
    ];
    for address in addresses {
        for member in ["authorization_endpoint", "token_endpoint"] {
            refused(&app, |metadata| metadata[member] = json!(address), "unsafe_endpoint", member);
        }
    }
    for member in ["registration_endpoint", "revocation_endpoint"] {
        let change = |metadata: &mut Value| metadata[member] = json!(addresses[0]);
        refused(&app, change, "unsafe_endpoint", member);
    }
    assert_eq!(app.chromium.title(), "App");
}

fn wrong_issuer(world: &World) {
    let app = App::new(world);
    let others: [fn(&str) -> String; 4] = [
        |_| "https://evil.example".to_owned(),
        |issuer| format!("{issuer}/"),
        |issuer| issuer.to_uppercase(),
        |issuer| issuer.replace("127.0.0.1", "localhost"),
    ];
    for other in others {
        let change = |metadata: &mut Value| {
            metadata["issuer"] = json!(other(metadata["issuer"].as_str().expect("issuer")));
        };
        refused(&app, change, "wrong_issuer", "issuer");
    }
}

fn no_s256(world: &World) {
    let app = App::new(world);
    for methods in [Value::Null, json!([]), json!(["plain"]), json!("S256"), json!([["S256"]])] {
        refused(
            &app,
            |metadata| metadata["code_challenge_methods_supported"] = methods,
            "pkce_not_supported",
            "code_challenge_methods_supported",
        );
    }
}

fn no_metadata(world: &World) {
    let app = App::new(world);
    for member in ["issuer", "authorization_endpoint", "token_endpoint"] {
        let change = |metadata: &mut Value| metadata[member] = Value::Null;
        refused(&app, change, "malformed_response", member);
    }
    let padding = json!({ "issuer": "x", "padding": "x".repeat(8 * 1024 * 1024) });
    let answers: [(&str, Reaction); 5] = [
        ("HTML", Answer::of(200, "text/html", "<!doctype html><title>Welcome</title>").into()),
        ("an array", Answer::json(&json!([]), "no-store").into()),
        ("no JSON", Answer::of(200, "application/json", "{\"issuer\": ").into()),
        ("8 MB", Answer::json(&padding, "no-store").into()),
        ("no end", Reaction::Endless(open(Answer::of(200, "application/json", " ".repeat(65536))))),
    ];
    for (name, reaction) in answers {
        let server = FakeServer::start();
        match reaction {
            Reaction::Answer(answer) => server.answer(SERVER_METADATA, answer),
            Reaction::Endless(answer) => {
                server.react(SERVER_METADATA, move |_| Reaction::Endless(answer.clone()));
            }
            Reaction::Hangup => server.react(SERVER_METADATA, |_| Reaction::Hangup),
        }
        app.create(&server.options());
        let failure = app.fails("await client.signIn();");
        let codes = ["malformed_response", "not_discoverable", "network_error"];
        assert!(codes.contains(&failure.code()), "{name}: {failure:?}");
        expect_untouched(&app, &server);
    }
}

fn redirected(world: &World) {
    let (app, server, elsewhere) = (App::new(world), FakeServer::start(), FakeServer::start());
    let target = format!("{}{SERVER_METADATA}", elsewhere.issuer());
    server.answer(SERVER_METADATA, Answer::of(302, "text/plain", "").with("location", &target));
    app.create(&server.options());
    let _ = app.fails("await client.signIn();").expect("wrong_issuer");
    expect_untouched(&app, &server);
    for path in ["/authorize", "/token", "/register"] {
        assert!(elsewhere.received(path).is_empty(), "{path} was asked for");
    }
}

/// A client that has to ask the API whose it is.
fn options(server: &FakeServer) -> String {
    format!("{{ issuer: undefined, resource: '{}', clientId: 'known-app' }}", server.api())
}

fn wrong_resource(world: &World) {
    let app = App::new(world);
    let others: [fn(&str) -> String; 4] = [
        |_| "https://evil.example/api".to_owned(),
        |api| format!("{api}/below"),
        |api| format!("{api}s"),
        |api| api.replace("127.0.0.1", "localhost"),
    ];
    for other in others {
        let server = FakeServer::start();
        let metadata = json!({
            "resource": other(&server.api()),
            "authorization_servers": [server.issuer()],
        });
        server.answer(RESOURCE_METADATA, Answer::json(&metadata, "no-store"));
        app.create(&options(&server));
        let asked = format!("await latchkey.discoverResource('{}');", server.api());
        for lines in ["await client.signIn();", &asked] {
            let _ = app.fails(lines).expect("wrong_resource");
        }
        expect_untouched(&app, &server);
    }
    for issuer in ["javascript:document.title='run'", "http://evil.example", "/"] {
        let server = FakeServer::start();
        let metadata = json!({ "resource": server.api(), "authorization_servers": [issuer] });
        server.answer(RESOURCE_METADATA, Answer::json(&metadata, "no-store"));
        app.create(&options(&server));
        let failure = app.fails("await client.signIn();");
        assert_eq!(failure.code(), "unsafe_endpoint", "{issuer}: {failure:?}");
        expect_untouched(&app, &server);
    }
}

fn challenge(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    let challenge = |address: &str| {
        let value = format!("Bearer resource_metadata=\"{address}\", scope=\"read write\"");
        open(Answer::of(401, "text/plain", "")).with("www-authenticate", &value)
    };
    let named = format!("{}/elsewhere/metadata", server.issuer());
    server.react("/api", {
        let answer = challenge(&named);
        move |_| answer.clone().into()
    });
    let metadata = json!({
        "resource": server.api(),
        "authorization_servers": [server.issuer()],
        "scopes_supported": ["everything"],
    });
    server.answer("/elsewhere/metadata", Answer::json(&metadata, "no-store"));
    let lines = format!("return await latchkey.discoverResource('{}');", server.api());
    let found = app.run(&lines);
    assert_eq!((&found["metadataUrl"], &found["scope"]), (&json!(named), &json!("read write")));
    assert_eq!(found["metadata"], metadata);
    assert!(server.received(RESOURCE_METADATA).is_empty(), "the well-known address was asked");

    for address in ["javascript:document.title='run'", "http://evil.example/metadata"] {
        let answer = challenge(address);
        server.react("/api", move |_| answer.clone().into());
        app.create(&options(&server));
        let _ = app.fails("await client.signIn();").expect("unsafe_endpoint");
    }
    expect_untouched(&app, &server);
}

fn nothing(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    for path in [SERVER_METADATA, RESOURCE_METADATA, "/api"] {
        server.answer(path, Answer::of(404, "text/plain", ""));
    }
    app.create(&server.options());
    let _ = app.fails("await client.signIn();").expect("not_discoverable");
    app.create(&options(&server));
    let _ = app.fails("await client.signIn();").expect("not_discoverable");
    expect_untouched(&app, &server);
}

fn in_order(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    let issuer = format!("{}/tenant", server.issuer());
    let places = [
        "/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
    ];
    let mut metadata = server.metadata();
    metadata["issuer"] = json!(issuer);
    for place in places {
        server.answer(place, Answer::of(404, "text/plain", ""));
    }
    let asked = || places.map(|place| server.received(place).len());
    let lines = format!("return await latchkey.discoverServer('{issuer}');");
    // Each place is asked only when those before it have nothing.
    for (nth, place) in places.iter().enumerate().rev() {
        let before = asked();
        server.answer(place, Answer::json(&metadata, "no-store"));
        let found = app.run(&lines);
        assert_eq!(found["metadataUrl"], format!("{}{place}", server.issuer()));
        assert_eq!(found["metadata"], metadata);
        let expected = [0, 1, 2].map(|other| before[other] + usize::from(other <= nth));
        assert_eq!(asked(), expected, "{place}");
    }
    // The one of a server at the root is not the tenant's.
    assert!(server.received(SERVER_METADATA).is_empty());
}
