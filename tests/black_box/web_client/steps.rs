//! The walk step by step, as a tool does it.

use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::world::{World, text};
use crate::Case;
use crate::browser::visit::ALLOW;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: step by step a tool finds the server of an API, registers, gets tokens, refreshes and revokes them",
            the_whole_walk,
        ),
        case(
            "RFC 7636 section 4.1: every verifier is drawn afresh, and its challenge is S256 of it",
            pkce,
        ),
        case(
            "issue 5: a step that the server refuses throws the server's own code and status",
            refused_steps,
        ),
    ]
}

const STEPS: &str = include_str!("site/steps.js");

/// Takes a step of the walk, and returns what it found.
#[track_caller]
fn step(app: &App<'_>, name: &str) -> Value {
    let resource = json!(format!("{}/api", app.world.issuer()));
    let redirect_uri = json!(app.site.callback());
    let puts =
        format!("const RESOURCE = {resource}, REDIRECT_URI = {redirect_uri}, STEP = '{name}';");
    app.run(&format!("{puts}\n{STEPS}"))
}

fn the_whole_walk(world: &World) {
    let app = App::new(world);
    let resource = format!("{}/api", world.issuer());
    let found = step(&app, "resource");
    assert_eq!(found, json!({ "resource": resource, "issuer": world.issuer(), "scope": "api" }));
    let found = step(&app, "server");
    assert_eq!(found["server"]["token_endpoint"], format!("{}/token", world.issuer()));
    let well_known = format!("{}/.well-known/oauth-authorization-server", world.issuer());
    assert_eq!(found["metadataUrl"], well_known);
    let client = step(&app, "client");
    let client_id = text(&client["clientId"]).to_owned();
    assert_eq!((&client["clientName"], &client["clientSecret"]), (&json!("A tool"), &Value::Null));

    let request = step(&app, "request");
    let url = text(&request["url"]);
    assert!(url.starts_with(&format!("{}/authorize?", world.issuer())), "{url}");
    app.chromium.open(url);
    app.chromium.click(ALLOW);
    app.wait_until_ready();

    let tokens = step(&app, "tokens");
    assert_eq!((&tokens["expiresIn"], &tokens["granted"]), (&json!(3600), &json!("api")));
    assert_eq!(text(&tokens["tokenType"]).to_lowercase(), "bearer");
    assert!(!text(&tokens["shown"]).contains(text(&tokens["accessToken"])), "{tokens}");
    let _ = app.call(text(&tokens["accessToken"])).expect(200);

    let next = step(&app, "refresh");
    assert_ne!(next["refreshToken"], tokens["refreshToken"]);
    let _ = app.call(text(&next["accessToken"])).expect(200);

    step(&app, "revoke");
    app.call(text(&next["accessToken"])).expect_error(401, "invalid_token");
    let traces = app.chromium.script("return sessionStorage.getItem('traces');");
    for secret in [
        &tokens["accessToken"],
        &tokens["refreshToken"],
        &next["accessToken"],
        &request["codeVerifier"],
    ] {
        assert!(!text(&traces).contains(text(secret)), "{traces}");
    }
    for purpose in [
        "protected_resource",
        "protected_resource_metadata",
        "authorization_server_metadata",
        "registration",
        "token",
        "revocation",
    ] {
        assert!(
            text(&traces).contains(&format!("\"purpose\":\"{purpose}\"")),
            "{purpose}: {traces}"
        );
    }
    assert_eq!(world.middle.passed(&client_id, "/token").len(), 2);
}

fn pkce(world: &World) {
    let app = App::new(world);
    let drawn = app.run(
        "const draw = async () => {
           const { codeVerifier, codeChallenge, codeChallengeMethod } = await latchkey.createPkce();
           return [codeVerifier, codeChallenge, codeChallengeMethod, await latchkey.createState()];
         };
         return await Promise.all(Array.from({ length: 50 }, draw));",
    );
    let drawn = drawn.as_array().expect("pairs");
    let mut seen = std::collections::BTreeSet::new();
    for one in drawn {
        let [verifier, challenge, method, state] = [0, 1, 2, 3].map(|nth: usize| text(&one[nth]));
        assert_eq!(latchkey_tests::pkce::challenge(verifier), challenge);
        assert_eq!((method, verifier.len()), ("S256", 43));
        assert!(state.len() >= 43, "{state}");
        assert!(seen.insert(verifier.to_owned()) && seen.insert(state.to_owned()), "drawn twice");
    }
}

fn refused_steps(world: &World) {
    let app = App::new(world);
    let begin = format!(
        "const server = (await latchkey.discoverServer('{}')).metadata, clientId = '{}';",
        world.issuer(),
        app.client.id
    );
    let code =
        "{ clientId, code: 'nobody', codeVerifier: 'x'.repeat(43), redirectUri: location.href }";
    let redeem = format!("redeemCode(server, {code})");
    for (step, code, status) in [
        ("refreshTokens(server, { clientId, refreshToken: 'nobody' })", "invalid_grant", 400),
        (&redeem, "invalid_grant", 400),
        (
            "refreshTokens(server, { clientId: 'nobody', refreshToken: 'nobody' })",
            "invalid_client",
            401,
        ),
        (
            "registerClient(server, { redirect_uris: ['http://evil.example/'] })",
            "invalid_redirect_uri",
            400,
        ),
    ] {
        let failure = app.fails(&format!("{begin} await latchkey.{step};")).expect(code);
        assert_eq!(failure.0["status"], status, "{step}: {failure:?}");
        assert!(!failure.message().is_empty(), "{failure:?}");
    }
    // CORS-03: Latchkey answers resource servers about tokens, and no script.
    let asked = "introspectToken(server, { token: 'nobody', authorization: 'Basic eDp5' })";
    let _ = app.fails(&format!("{begin} await latchkey.{asked};")).expect("network_error");
}
