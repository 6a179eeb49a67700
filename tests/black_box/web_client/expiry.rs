//! Tokens and sessions that end.

use latchkey_tests::middle::Turn;
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::clocks::clock;
use super::site::Site;
use super::tabs::expired;
use super::world::{World, text};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: a token is refreshed before it ends, once, and not earlier than it has to be",
            in_time,
        ),
        case("issue 5: a token that has ended is never given out", never_expired),
        case(
            "issue 5: minimumValidity and forceRefresh are what the caller says",
            as_the_caller_says,
        ),
        case(
            "needs 39: when the person takes the access away on Latchkey's page, every tab is signed out with session_ended and nothing stays stored",
            taken_away_elsewhere,
        ),
        case(
            "RFC 6749 section 6: an answer without a refresh token keeps the old one, and one without a scope the old scope",
            sparse_answer,
        ),
        case(
            "issue 5: a session without a refresh token ends with its access token",
            not_refreshable,
        ),
    ]
}

fn in_time(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    app.sign_in("{}");
    let first = app.access_token();
    app.run("moveClock(3500_000);");
    assert_eq!(app.access_token(), first);
    assert_eq!(app.token_requests_begun(), 1);
    app.run("moveClock(75_000);");
    let second = app.access_token();
    assert_ne!(second, first);
    assert_eq!(app.access_token(), second);
    assert_eq!(app.token_requests_begun(), 2);
    assert_eq!(app.events("refreshed").len(), 1);
    // Calls that went out with the first one still count.
    let _ = app.call(&first).expect(200);
    let _ = app.call(&second).expect(200);
}

fn never_expired(world: &World) {
    let app = App::new(world);
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in("{ storage: 'local' }");
    let ended = app.token_requests()[0].member("access_token");
    app.open();
    app.create("{ storage: 'local' }");
    let token = app.access_token();
    assert_ne!(token, ended);
    assert_eq!(token, app.token_requests()[1].member("access_token"));
}

fn as_the_caller_says(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    app.sign_in("{}");
    let first = app.access_token();
    app.run("moveClock(3000_000);");
    let asked = |seconds: u32| {
        let lines =
            format!("return await client.getAccessToken({{ minimumValidity: {seconds} }});");
        text(&app.run(&lines)).to_owned()
    };
    assert_eq!(asked(500), first);
    let second = asked(700);
    assert_ne!(second, first);
    let third = app.run("return await client.getAccessToken({ forceRefresh: true });");
    assert_ne!(third, json!(second));
    assert_eq!(app.token_requests_begun(), 3);
}

fn taken_away_elsewhere(world: &World) {
    let app = App::with(world, world.newcomer(), Site::start(""));
    let local = "{ storage: 'local' }";
    app.sign_in(local);
    let token = app.access_token();
    let refresh_token = app.token_requests()[0].member("refresh_token");
    assert!(app.stored().contains(&refresh_token));
    let other = app.another_tab(local);

    app.chromium.new_tab();
    app.chromium.open(&format!("{}/account", world.issuer()));
    app.chromium.click("form:has(input[value=revoke-app]) button");
    app.chromium.wait_for("[role=status]");
    app.chromium.close_tab();

    app.back_to_first();
    app.call(&token).expect_error(401, "invalid_token");
    let _ = app.fails("await client.getAccessToken({ forceRefresh: true });").expect("signed_out");
    for tab in [&app.tab, &other] {
        app.chromium.switch_to(tab);
        assert_eq!(app.wait_for_event("signedout"), json!({ "reason": "session_ended" }));
        assert_eq!(app.run("return await client.getSession();"), Value::Null);
        let _ = app.fails("await client.getAccessToken();").expect("signed_out");
        assert_eq!(app.events("signedout").len(), 1);
    }
    let stored = app.stored();
    assert!(!stored.contains(&refresh_token) && !stored.contains(&token), "{stored}");
    assert_eq!(app.token_requests_begun(), 2, "what has ended isn't sent again");
}

fn sparse_answer(world: &World) {
    let app = App::new(world);
    app.sign_in("{}");
    world.middle.next(
        &app.client.id,
        "/token",
        [Turn::Rewrite(|tokens| {
            tokens["refresh_token"].take();
            tokens["scope"].take();
        })],
    );
    app.run("await client.getAccessToken({ forceRefresh: true });");
    let session = app.run("return await client.getSession();");
    assert_eq!((&session["scope"], &session["refreshable"]), (&json!("api"), &json!(true)));
    app.run("await client.getAccessToken({ forceRefresh: true });");
    let requests = app.token_requests();
    let sent = requests[2].request.field("refresh_token");
    assert_eq!(sent, Some(requests[0].member("refresh_token")));
    assert_eq!(requests[2].status, 200);
}

fn not_refreshable(world: &World) {
    let app = App::with_prelude(world, &clock(0));
    world.middle.next(
        &app.client.id,
        "/token",
        [Turn::Rewrite(|tokens| drop(tokens["refresh_token"].take()))],
    );
    let session = app.sign_in("{}")["session"].clone();
    assert_eq!(session["refreshable"], false);
    let _ = app.call(&app.access_token()).expect(200);
    app.run("moveClock(3601_000);");
    let _ = app.fails("await client.getAccessToken();").expect("signed_out");
    assert_eq!(app.wait_for_event("signedout"), json!({ "reason": "session_ended" }));
    assert_eq!(app.token_requests_begun(), 1);
}
