//! What belongs to one issuer stays with it.

use latchkey_tests::Answer;
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::fake::{FakeServer, RESOURCE_METADATA, SERVER_METADATA};
use super::world::World;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "needs 40: the code goes to the token endpoint that was known when the person was sent, whatever the metadata says by then",
            token_endpoint_is_pinned,
        ),
        case(
            "MCL-05, needs 40: when the resource names another issuer, its client id is registered anew and no token or id of the old one is sent there",
            another_issuer,
        ),
        case(
            "needs 40: no code, token or refresh token follows a redirect of an endpoint to another origin",
            endpoints_do_not_redirect,
        ),
        case(
            "RFC 8707 section 2: clients of two resources of one server share no session, and so no token",
            two_resources,
        ),
        case(
            "MCL-05: a refresh token goes to its own issuer alone, also where another client uses the same storage",
            refresh_stays_home,
        ),
    ]
}

fn token_endpoint_is_pinned(world: &World) {
    let (app, server, evil) = (App::new(world), FakeServer::start(), FakeServer::start());
    let options = server.options();
    app.create(&options);
    app.begin("await client.signIn();");
    app.chromium.wait_for("#allow");
    let mut metadata = server.metadata();
    metadata["token_endpoint"] = json!(format!("{}/token", evil.issuer()));
    server.answer(SERVER_METADATA, Answer::json(&metadata, "no-store"));
    app.chromium.click("#allow");
    app.arrive(&options);
    assert_eq!(server.received("/token").len(), 1);
    assert_eq!(evil.everything(), "");
}

/// A client that asks the API at `resource` whose it is, and registers itself there.
fn asking(resource: &str) -> String {
    format!(
        "{{ issuer: undefined, clientId: undefined, resource: '{resource}', storage: 'local' }}"
    )
}

fn another_issuer(world: &World) {
    let app = App::new(world);
    let (api, first, second) = (FakeServer::start(), FakeServer::start(), FakeServer::start());
    let name = |issuer: &FakeServer| {
        let metadata = json!({
            "resource": api.api(),
            "authorization_servers": [issuer.issuer()],
            "scopes_supported": ["api"],
        });
        api.answer(RESOURCE_METADATA, Answer::json(&metadata, "no-store"));
    };
    let options = asking(&api.api());
    let sign_in = || {
        app.open();
        app.create(&options);
        app.begin("await client.signIn();");
        app.chromium.click("#allow");
        app.arrive(&options)
    };
    name(&first);
    let session = sign_in()["session"].clone();
    assert_eq!(session["issuer"], first.issuer());
    let token = app.access_token();
    let client_id = session["clientId"].as_str().expect("clientId").to_owned();
    assert_eq!(first.received("/register").len(), 1);

    name(&second);
    let session = sign_in()["session"].clone();
    assert_eq!(session["issuer"], second.issuer());
    assert_ne!(session["clientId"], json!(client_id));
    assert_eq!(second.received("/register").len(), 1);
    let told = second.everything();
    assert!(!told.contains(&client_id) && !told.contains(&token), "{told}");
    assert_ne!(app.access_token(), token);
}

fn refresh_stays_home(world: &World) {
    let app = App::new(world);
    let (first, second) = (FakeServer::start(), FakeServer::start());
    let options = |server: &FakeServer| format!("{{ ...{}, storage: 'local' }}", server.options());
    for server in [&first, &second] {
        app.open();
        app.create(&options(server));
        app.begin("await client.signIn();");
        app.chromium.click("#allow");
        app.arrive(&options(server));
    }
    for (server, other) in [(&first, &second), (&second, &first)] {
        app.open();
        app.create(&options(server));
        app.run("await client.getAccessToken({ forceRefresh: true });");
        let request = server.received("/token").pop().expect("a token request");
        assert_eq!(request.field("grant_type").as_deref(), Some("refresh_token"));
        let sent = request.field("refresh_token").expect("refresh_token");
        assert!(!other.everything().contains(&sent), "it went to the other issuer");
    }
}

fn endpoints_do_not_redirect(world: &World) {
    let (app, server, evil) = (App::new(world), FakeServer::start(), FakeServer::start());
    let options = server.options();
    let sign_in = || {
        app.open();
        app.create(&options);
        app.begin("await client.signIn();");
        app.chromium.click("#allow");
    };
    sign_in();
    app.arrive(&options);
    let onwards = |path: &str| {
        let answer = Answer::of(307, "text/plain", "");
        server.answer(path, answer.with("location", &format!("{}{path}", evil.issuer())));
    };
    onwards("/revoke");
    assert_eq!(app.run("return await client.signOut();"), json!({ "revoked": false }));
    assert_eq!(server.received("/revoke").len(), 1);
    onwards("/token");
    sign_in();
    let failure = app.arrive_in_vain(&options);
    assert!(["network_error", "malformed_response"].contains(&failure.code()), "{failure:?}");
    onwards("/register");
    app.create(&format!("{{ ...{options}, clientId: undefined }}"));
    let _ = app.fails("await client.signIn();");
    assert_eq!(evil.everything(), "");
}

fn two_resources(world: &World) {
    let app = App::new(world);
    for storage in ["session", "local"] {
        app.sign_in(&format!("{{ storage: '{storage}' }}"));
        let token = app.access_token();
        let other =
            format!("{{ storage: '{storage}', resource: '{}/mcp', scope: 'mcp' }}", world.issuer());
        app.create(&other);
        assert_eq!(app.run("return await client.getSession();"), Value::Null, "{storage}");
        let _ = app.fails("await client.getAccessToken();").expect("signed_out");
        // Each signs in for itself and takes nothing from the other.
        let session = app.sign_in(&other)["session"].clone();
        assert_eq!(session["resource"], format!("{}/mcp", world.issuer()));
        app.create(&format!("{{ storage: '{storage}' }}"));
        assert_eq!(app.access_token(), token);
    }
}
