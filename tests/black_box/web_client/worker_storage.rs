//! Tokens in a dedicated worker.

use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::world::{World, text};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "BRW-03: with storage: \"worker\" no script of the page finds the refresh token, not in any storage, object or message",
            out_of_reach,
        ),
        case(
            "issue 5: with storage: \"worker\" tokens are refreshed, sent to the API, and revoked",
            as_usual,
        ),
        case("issue 5: close() ends the worker, and what it knew is gone", closed),
    ]
}

const WORKER: &str = "{ storage: 'worker' }";

/// A script that was there before the package and listens to all that passes through the page.
const EAVESDROP: &str = include_str!("site/eavesdrop.js");

/// Everything that a script can reach from the page's globals, the package and the client, as one text;
/// the WebAssembly's memory too.
const SEARCH: &str = include_str!("site/search.js");

fn found(app: &App<'_>, wanted: &str) -> Value {
    app.run(&SEARCH.replace("WANTED", &json!(wanted).to_string()))
}

fn out_of_reach(world: &World) {
    let app = App::with_prelude(world, EAVESDROP);
    app.sign_in(WORKER);
    let token = app.access_token();
    assert_eq!(app.chromium.console(), [""; 0]);
    let request = app.token_requests().remove(0);
    assert_eq!(token, request.member("access_token"));
    let seen = found(&app, &request.member("refresh_token"));
    assert_eq!(seen["found"], json!([]), "{seen}");
    for (what, least) in [("overheard", 1), ("memories", 1), ("steps", 10_000)] {
        assert!(seen[what].as_u64().is_some_and(|count| count >= least), "{what}: {seen}");
    }
    assert_eq!(seen["left"], 0, "it wasn't searched to the end: {seen}");
    // It finds what is there to be found.
    app.run(&format!("window.planted = {{ deep: [{}] }};", json!(request.member("refresh_token"))));
    assert_ne!(found(&app, &request.member("refresh_token"))["found"], json!([]));
    app.run("delete window.planted;");
    app.run("await client.getAccessToken({ forceRefresh: true });");
    let refreshed = app.token_requests().remove(1);
    let seen = found(&app, &refreshed.member("refresh_token"));
    assert_eq!(seen["found"], json!([]), "{seen}");
}

fn as_usual(world: &World) {
    let app = App::new(world);
    let result = app.sign_in(WORKER);
    assert_eq!(result["session"]["scope"], "api");
    let first = app.access_token();
    let second = app.run("return await client.getAccessToken({ forceRefresh: true });");
    assert_ne!(second, json!(first));
    app.wait_for_event("refreshed");
    let place = world.upstream.plain();
    let call = format!(
        "const answer = await client.fetch('{}/api/notes?at={}'); return answer.status;",
        world.issuer(),
        place.name()
    );
    assert_eq!(app.run(&call), 200);
    assert_eq!(place.received().len(), 1);
    let refresh_token = app.token_requests()[1].member("refresh_token");
    assert_eq!(app.run("return await client.signOut();"), json!({ "revoked": true }));
    assert_eq!(app.wait_for_event("signedout"), json!({ "reason": "signed_out" }));
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    app.client.refresh(&world.server, &refresh_token).expect_error(400, "invalid_grant");
    app.call(text(&second)).expect_error(401, "invalid_token");
    // Its options are those that can go to a worker.
    let _ = app.fails("await latchkey.createClient({ issuer: 'http://127.0.0.1:1', storage: 'worker', fetch });").expect("invalid_options");
}

fn workers(app: &App<'_>) -> usize {
    let targets = app.chromium.devtools("Target.getTargets", &json!({ "filter": [{}] }));
    let targets = targets["targetInfos"].as_array().expect("targets").iter();
    let own = targets.filter(|target| {
        target["type"] == "worker" && text(&target["url"]).starts_with(app.site.origin())
    });
    own.count()
}

fn closed(world: &World) {
    let app = App::new(world);
    app.sign_in(WORKER);
    let _ = app.access_token();
    assert_eq!(workers(&app), 1);
    app.run("client.close();");
    app.wait_until("the worker's end", || (workers(&app) == 0).then_some(()));
    let _ = app.fails("await client.getAccessToken();").expect("aborted");
    app.create(WORKER);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
}
