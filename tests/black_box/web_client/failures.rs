//! A network and a server that fail for a while.

use latchkey_tests::Answer;
use latchkey_tests::middle::Turn;
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::clocks::clock;
use super::fake::open;
use super::tabs::expired;
use super::world::{World, text};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "needs 1, needs 38: a refresh whose answer is lost is sent again, gets the same successor, and the session goes on",
            lost_answer,
        ),
        case(
            "needs 39: after 429 the app hears of the pause that the server wants, waits it out, and stays signed in",
            too_many,
        ),
        case(
            "needs 39: a pause that is too long for a call is told to the caller, and nobody is signed out",
            long_pause,
        ),
        case(
            "needs 39: a server that is broken for a while, or gone, costs no session",
            broken_for_a_while,
        ),
        case(
            "needs 39: a server that stays broken, or away, fails the call and keeps the session for when it is back",
            broken_for_long,
        ),
        case("needs 39: a browser that is offline keeps the session for when it isn't", offline),
        case(
            "needs 39: a token that is still valid is given out while the server can't refresh it",
            still_valid,
        ),
        case(
            "issue 5: forceRefresh gives out no token from before: while the server can't refresh, the call fails",
            forced,
        ),
        case(
            "needs 39: a call that insists on another token doesn't take the valid one from a call beside it",
            forced_beside_another,
        ),
        case(
            "needs 39: an error other than invalid_grant, or no answer of RFC 6749 at all, ends no session",
            other_errors,
        ),
        case(
            "issue 5: a call that waits to try again ends at once when it is aborted, and no other with it",
            aborted,
        ),
    ]
}

const LOCAL: &str = "{ storage: 'local' }";

/// An app that is signed in with a token that has ended.
fn expired_app(world: &World) -> App<'_> {
    let app = App::new(world);
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in(LOCAL);
    app
}

fn status(status: u16) -> Answer {
    // Such answers come from whatever is in front of a server.
    open(Answer::of(status, "text/html", "<h1>Please come back later</h1>"))
}

/// The session is there, in this page and in what is stored.
#[track_caller]
fn expect_kept(app: &App<'_>) {
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
    assert!(app.run("return await client.getSession();").is_object());
    let refresh_tokens = app.token_requests();
    let last = refresh_tokens.iter().rfind(|passed| passed.json["refresh_token"].is_string());
    let last = last.expect("tokens").member("refresh_token");
    assert!(app.stored().contains(&last), "the refresh token isn't stored any more");
}

fn lost_answer(world: &World) {
    let app = expired_app(world);
    world.middle.next(&app.client.id, "/token", [Turn::LoseAnswer]);
    let token = app.access_token();
    let requests = app.token_requests();
    assert_eq!(requests.len(), 3, "the code, the refresh whose answer is lost, and its repetition");
    let [lost, again] = [&requests[1], &requests[2]];
    assert_eq!(lost.request.field("refresh_token"), again.request.field("refresh_token"));
    assert_eq!((lost.status, again.status), (200, 200));
    assert_eq!(lost.member("refresh_token"), again.member("refresh_token"));
    let _ = app.call(&token).expect(200);
    expect_kept(&app);
    // The next one goes on from there.
    let token = app.run("return await client.getAccessToken({ forceRefresh: true });");
    let _ = app.call(text(&token)).expect(200);
}

fn too_many(world: &World) {
    let app = expired_app(world);
    let answer = status(429).with("retry-after", "2");
    world.middle.next(&app.client.id, "/token", [Turn::Answer(answer)]);
    let _ = app.call(&app.access_token()).expect(200);
    let retrying = app.events("retrying");
    assert_eq!(retrying.len(), 1, "{retrying:?}");
    assert_eq!(retrying[0]["attempt"], 1);
    assert_eq!(retrying[0]["code"], "temporarily_unavailable");
    let seconds = retrying[0]["seconds"].as_f64().expect("seconds");
    assert!((2.0..=3.0).contains(&seconds), "{seconds}");
    expect_kept(&app);
}

fn long_pause(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in(LOCAL);
    let answer = status(429).with("retry-after", "600");
    world.middle.next(&app.client.id, "/token", [Turn::Answer(answer)]);
    let failure = app.fails("await client.getAccessToken();").expect("temporarily_unavailable");
    assert_eq!((&failure.0["retryAfter"], &failure.0["status"]), (&json!(600), &json!(429)));
    // It isn't asked again before that.
    let failure = app.fails("await client.getAccessToken();").expect("temporarily_unavailable");
    assert!(failure.0["retryAfter"].as_u64().is_some_and(|left| left > 500), "{failure:?}");
    assert_eq!(app.token_requests_begun(), 2);
    expect_kept(&app);
    app.run("moveClock(601_000);");
    let _ = app.call(&app.access_token()).expect(200);
}

fn broken_for_a_while(world: &World) {
    let app = expired_app(world);
    let turns = [
        Turn::Answer(status(500)),
        Turn::Answer(status(503)),
        Turn::Unreachable,
        Turn::Answer(status(502)),
    ];
    for turn in turns {
        let (begun, retried) = (app.token_requests_begun(), app.events("retrying").len());
        world.middle.next(&app.client.id, "/token", [turn, Turn::Rewrite(expired)]);
        let _ = app.call(&app.access_token()).expect(200);
        assert_eq!(app.token_requests_begun(), begun + 2);
        assert_eq!(app.events("retrying").len(), retried + 1);
        expect_kept(&app);
    }
}

fn broken_for_long(world: &World) {
    let app = expired_app(world);
    for (turn, code) in [
        (Turn::Answer(status(503)), "temporarily_unavailable"),
        (Turn::Unreachable, "network_error"),
    ] {
        let before = app.token_requests_begun();
        world.middle.always(&app.client.id, "/token", turn);
        let _ = app.fails("await client.getAccessToken();").expect(code);
        let tries = app.token_requests_begun() - before;
        assert!((2..=5).contains(&tries), "{tries} tries");
        expect_kept(&app);
        world.middle.always(&app.client.id, "/token", Turn::Pass);
        // Also for a page that is opened afterwards.
        app.open();
        app.create(LOCAL);
        world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
        let _ = app.call(&app.access_token()).expect(200);
        expect_kept(&app);
    }
}

fn offline(world: &World) {
    let app = expired_app(world);
    let connection = |offline: bool| {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        app.chromium.devtools("Network.enable", &json!({}));
        app.chromium.devtools("Network.emulateNetworkConditions", &conditions);
    };
    connection(true);
    let _ = app.fails("await client.getAccessToken();").expect("network_error");
    assert_eq!(app.token_requests_begun(), 1);
    expect_kept(&app);
    connection(false);
    let _ = app.call(&app.access_token()).expect(200);
}

fn forced(world: &World) {
    let app = App::new(world);
    app.sign_in(LOCAL);
    let token = app.access_token();
    world.middle.always(&app.client.id, "/token", Turn::Answer(status(503)));
    let forced = "return await client.getAccessToken({ forceRefresh: true });";
    let _ = app.fails(forced).expect("temporarily_unavailable");
    // Who doesn't insist still has what is valid.
    assert_eq!(app.access_token(), token);
    expect_kept(&app);
}

fn forced_beside_another(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    app.sign_in("{}");
    let token = app.access_token();
    world.middle.always(&app.client.id, "/token", Turn::Answer(status(503)));
    // Ten seconds are left: it is to be refreshed, and is of use.
    app.run("moveClock(3590_000);");
    let outcomes = app.run(
        "return await Promise.all([
           attempt(() => client.getAccessToken({ forceRefresh: true })),
           attempt(() => client.getAccessToken()),
         ]);",
    );
    assert_eq!(outcomes[0]["failed"]["code"], "temporarily_unavailable", "{outcomes}");
    assert_eq!(outcomes[1]["value"], json!(token), "{outcomes}");
}

fn still_valid(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    app.sign_in("{}");
    let token = app.access_token();
    world.middle.always(&app.client.id, "/token", Turn::Answer(status(503)));
    // Ten seconds are left.
    app.run("moveClock(3590_000);");
    assert_eq!(app.access_token(), token);
    assert!(app.token_requests_begun() > 1, "it wasn't tried");
    app.run("moveClock(11_000);");
    let _ = app.fails("await client.getAccessToken();").expect("temporarily_unavailable");
    world.middle.always(&app.client.id, "/token", Turn::Pass);
    assert_ne!(app.access_token(), token);
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
}

fn other_errors(world: &World) {
    let app = expired_app(world);
    let error = |status, code: &str| {
        let body = json!({ "error": code, "error_description": "No." });
        Answer { status, ..open(Answer::json(&body, "no-store")) }
    };
    let answers = [
        (error(401, "invalid_client"), "invalid_client"),
        (error(400, "invalid_request"), "invalid_request"),
        (error(400, "invalid_target"), "invalid_target"),
        (error(503, "invalid_grant"), "temporarily_unavailable"),
        (status(200), "malformed_response"),
        (status(404), "malformed_response"),
        (open(Answer::json(&json!({ "token_type": "Bearer" }), "no-store")), "malformed_response"),
        (
            open(Answer::json(&json!({ "access_token": "x", "token_type": "mac" }), "no-store")),
            "malformed_response",
        ),
    ];
    for (answer, code) in answers {
        world.middle.always(&app.client.id, "/token", Turn::Answer(answer));
        let _ = app.fails("await client.getAccessToken();").expect(code);
        expect_kept(&app);
    }
    world.middle.always(&app.client.id, "/token", Turn::Pass);
    let _ = app.call(&app.access_token()).expect(200);
}

fn aborted(world: &World) {
    let app = expired_app(world);
    world.middle.next(
        &app.client.id,
        "/token",
        [Turn::Answer(status(503).with("retry-after", "3"))],
    );
    app.run(
        "window.controller = new AbortController();
         window.impatient = attempt(() => client.getAccessToken({ signal: controller.signal }));
         window.patient = attempt(() => client.getAccessToken());",
    );
    app.wait_for_event("retrying");
    let impatient = app.run("controller.abort(); return await impatient;");
    assert_eq!(impatient["failed"]["code"], "aborted", "{impatient}");
    let patient = app.run("return await patient;");
    let _ = app.call(text(&patient["value"])).expect(200);
    expect_kept(&app);
}
