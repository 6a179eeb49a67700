//! How the server gets to know the app.

use latchkey_tests::{Answer, DocumentHost};
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::fake::{FakeServer, SERVER_METADATA};
use super::world::World;
use crate::Case;
use crate::browser::visit::ALLOW;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "MCL-01, MCL-06, MCL-07: an app that knows only the API's address finds the server, registers itself as a public client and asks for what the API needs",
            from_the_resource_alone,
        ),
        case("BRW-02, MCL-07: an app registers once and is known from then on", once),
        case("MCL-07: an app with a client metadata document registers nowhere", metadata_document),
        case(
            "MCL-07: where the server takes no metadata documents an app that has one registers, if it says as what",
            document_not_taken,
        ),
        case(
            "MCL-07: without a client id where nobody may register it is registration_not_supported",
            not_supported,
        ),
    ]
}

/// What this app's origin has registered at Latchkey.
fn registrations(app: &App<'_>) -> Vec<(Value, Value)> {
    let all = app.world.middle.passed_by_nobody("/register");
    let parsed = all.into_iter().map(|passed| {
        (serde_json::from_slice(&passed.request.body).unwrap_or_default(), passed.json)
    });
    parsed
        .filter(|(asked, _): &(Value, _)| asked.to_string().contains(&app.site.callback()))
        .collect()
}

fn from_the_resource_alone(world: &World) {
    let app = App::new(world);
    let options = "{ issuer: undefined, clientId: undefined, scope: undefined }";
    app.create(options);
    app.begin("await client.signIn();");
    app.chromium.click(ALLOW);
    let session = app.arrive(options)["session"].clone();
    assert_eq!((&session["issuer"], &session["scope"]), (&json!(world.issuer()), &json!("api")));
    let registered = registrations(&app);
    assert_eq!(registered.len(), 1);
    let (asked, got) = &registered[0];
    assert_eq!(asked["redirect_uris"], json!([app.site.callback()]), "{asked}");
    assert_eq!(asked["token_endpoint_auth_method"], "none", "{asked}");
    assert!(
        ["web", "native"].contains(&asked["application_type"].as_str().unwrap_or_default()),
        "{asked}"
    );
    let grants = asked["grant_types"].to_string();
    assert!(grants.contains("authorization_code") && grants.contains("refresh_token"), "{asked}");
    assert_eq!(got["client_secret"], Value::Null, "{got}");
    assert_eq!(session["clientId"], got["client_id"]);
    let _ = app.call(&app.access_token()).expect(200);
}

fn once(world: &World) {
    let app = App::new(world);
    let options = "{ clientId: undefined, storage: 'local', registration: { client_name: 'Acme by itself' } }";
    let first = app.sign_in(options)["session"]["clientId"].clone();
    let _ = app.run("return await client.signOut();");
    app.create(options);
    app.begin("await client.signIn();");
    app.chromium.wait_for(ALLOW);
    assert!(app.chromium.text("main").contains("Acme by itself"));
    app.chromium.click(ALLOW);
    assert_eq!(app.arrive(options)["session"]["clientId"], first);
    assert_eq!(registrations(&app).len(), 1);
}

fn metadata_document(world: &World) {
    let (app, host) = (App::new(world), DocumentHost::start());
    let url = host.url("client.json");
    let document = json!({
        "client_id": url,
        "client_name": "Published app",
        "redirect_uris": [app.site.callback()],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    host.set(&url, Some(Answer::json(&document, "max-age=300")));
    let session = app.sign_in(&format!("{{ clientId: '{url}' }}"))["session"].clone();
    assert_eq!(session["clientId"], json!(url));
    assert_eq!(registrations(&app), []);
    let _ = app.call(&app.access_token()).expect(200);
}

fn not_supported(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    let mut metadata = server.metadata();
    metadata["registration_endpoint"] = Value::Null;
    server.answer(SERVER_METADATA, Answer::json(&metadata, "no-store"));
    app.create(&format!("{{ ...{}, clientId: undefined }}", server.options()));
    let _ = app.fails("await client.signIn();").expect("registration_not_supported");
    assert_eq!(app.chromium.url(), format!("{}/", app.site.origin()));
}

fn document_not_taken(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    let options = format!(
        "{{ ...{}, clientId: 'https://app.example/client.json', registration: {{ client_name: 'Acme' }} }}",
        server.options()
    );
    app.create(&options);
    app.begin("await client.signIn();");
    app.chromium.click("#allow");
    let client_id = app.arrive(&options)["session"]["clientId"].clone();
    let registered = server.received("/register");
    assert_eq!(registered.len(), 1);
    let asked: Value = serde_json::from_slice(&registered[0].body).expect("JSON");
    assert_eq!(asked["client_name"], "Acme", "{asked}");
    for path in ["/authorize", "/token"] {
        assert_eq!(json!(server.received(path)[0].field("client_id")), client_id, "{path}");
    }
}
