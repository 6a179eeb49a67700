//! What a log may see.

use latchkey_tests::middle::Turn;
use serde_json::json;

use super::app::App;
use super::case;
use super::tabs::expired;
use super::world::{World, text};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: no token, code, verifier or state is in a trace, an error, a logged object or the console",
            nothing_secret,
        ),
        case(
            "issue 5: a trace has every request to the server with its purpose, answer and time",
            traces,
        ),
    ]
}

/// A client that writes down every trace and keeps it over the redirect.
const TRACED: &str = "{ storage: 'local', onExchange: (exchange) => {
    const traces = JSON.parse(sessionStorage.getItem('traces') ?? '[]');
    traces.push(exchange);
    sessionStorage.setItem('traces', JSON.stringify(traces));
  } }";

/// The traces so far.
fn traced(app: &App<'_>) -> serde_json::Value {
    app.chromium.script("return JSON.parse(sessionStorage.getItem('traces') ?? '[]');")
}

/// All secrets of the app that have passed.
fn secrets(app: &App<'_>) -> Vec<String> {
    let mut secrets = Vec::new();
    for passed in app.world.middle.everything() {
        if passed.request.field("client_id").as_deref() != Some(&app.client.id) {
            continue;
        }
        for name in ["code", "code_verifier", "state", "refresh_token", "token"] {
            secrets.extend(passed.request.field(name));
        }
        for name in ["access_token", "refresh_token"] {
            secrets.extend(passed.json[name].as_str().map(str::to_owned));
        }
    }
    assert!(secrets.len() >= 8, "{}", secrets.len());
    secrets
}

fn nothing_secret(world: &World) {
    let app = App::new(world);
    app.sign_in(TRACED);
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.run("await client.getAccessToken({ forceRefresh: true });");
    world.middle.always(&app.client.id, "/token", Turn::Unreachable);
    let failure = app.fails("await client.getAccessToken();");
    world.middle.always(&app.client.id, "/token", Turn::Pass);
    // What an app logs of what it has, and what goes into reports of errors.
    let logged = app.run(
        "const pkce = await latchkey.createPkce();
         const server = (await latchkey.discoverServer(CONFIGURED)).metadata;
         const request = await latchkey.createAuthorizationRequest(server, { clientId: 'app', redirectUri: location.origin + '/' });
         const show = (value) => { console.log(value); return [String(value), JSON.stringify(value), `${value}`, Object.keys(value).join(), Object.values(value).map(String).join(), JSON.stringify({ ...value })].join(' '); };
         const shown = [client, await client.getSession(), pkce, request].map(show).join(' ');
         for (const secret of [pkce.codeVerifier, request.state, request.codeVerifier])
           if (shown.includes(secret)) throw new Error('a secret is shown: ' + shown);
         return shown;"
            .replace("CONFIGURED", &json!(world.issuer()).to_string())
            .as_str(),
    );
    app.run("await client.signOut();");
    let console = app.chromium.console().join("\n");
    let seen = format!("{}\n{logged}\n{console}\n{}", traced(&app), failure.0);
    for secret in secrets(&app) {
        assert!(!seen.contains(&secret), "{secret} is in\n{seen}");
    }
}

fn traces(world: &World) {
    let app = App::new(world);
    app.sign_in(TRACED);
    app.run("await client.getAccessToken({ forceRefresh: true });");
    app.run("await client.signOut();");
    let traces = traced(&app);
    let traces = traces.as_array().expect("traces");
    let purposes: Vec<&str> = traces.iter().map(|trace| text(&trace["purpose"])).collect();
    for purpose in ["authorization_server_metadata", "token", "revocation"] {
        assert!(purposes.contains(&purpose), "{purposes:?}");
    }
    assert_eq!(purposes.iter().filter(|purpose| **purpose == "token").count(), 2, "{purposes:?}");
    for trace in traces {
        assert!(text(&trace["request"]["url"]).starts_with(&world.issuer()), "{trace}");
        assert!(trace["request"]["headers"].is_object(), "{trace}");
        assert_eq!(trace["response"]["status"], 200, "{trace}");
        assert!(trace["milliseconds"].is_number(), "{trace}");
    }
    let token = traces.iter().find(|trace| trace["purpose"] == "token").expect("a token request");
    let body = text(&token["request"]["body"]);
    assert!(body.contains("grant_type=authorization_code"), "{body}");
    // Masked, so that two can still be told apart.
    let answer = text(&token["response"]["body"]);
    assert!(answer.contains("…(") && answer.contains("expires_in"), "{answer}");
}
