//! Calls of the API with the token.

use latchkey_tests::Answer;
use latchkey_tests::loopback::Reaction;
use latchkey_tests::middle::Turn;
use latchkey_tests::upstream::Place;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::app::App;
use super::case;
use super::clocks::clock;
use super::fake::{FakeServer, open};
use super::popup::ON_A_SCREEN;
use super::tabs::expired;
use super::world::World;
use crate::Case;
use crate::browser::visit::ALLOW;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "RFC 6750 section 2.1: the token goes to the resource's origin in a header, and the call is as the app made it",
            to_the_resource,
        ),
        case(
            "needs 40: another origin gets no token, unless it is in allowedOrigins, also not by a redirect",
            to_others,
        ),
        case("issue 5: after 401 a call is made once more with a new token", after_401),
        case(
            "issue 5: a call that is 401 again is handed to the app, and is not made a third time",
            still_401,
        ),
        case(
            "issue 5: a call after the session was ended elsewhere says signed_out, and the app hears of it",
            ended_elsewhere,
        ),
        case(
            "RFC 6749 section 5.1: a token without expires_in is used until a resource refuses it",
            without_expires_in,
        ),
        case(
            "MCL-06: after insufficient_scope a popup asks for the union of what is held and what is needed, and the call is made once more",
            step_up_by_popup,
        ),
        case(
            "MCL-06: stepUp \"redirect\" sends the person to ask for the union",
            step_up_by_redirect,
        ),
        case("MCL-06: stepUp \"manual\" throws insufficient_scope with the union", step_up_by_hand),
        case("MCL-06: a server that wants ever more is asked once", endless_step_up),
    ]
}

/// The address of the API that ends at this place.
fn notes(world: &World, place: &Place) -> String {
    format!("{}/api/notes?at={}", world.issuer(), place.name())
}

fn to_the_resource(world: &World) {
    let app = App::new(world);
    app.sign_in("{}");
    let place = world.upstream.plain();
    let lines = format!(
        "const answer = await client.fetch(new Request('{}', {{
           method: 'POST', headers: {{ 'content-type': 'text/plain', 'x-mine': 'kept' }}, body: 'hello' }}));
         return [answer.status, await answer.text()];",
        notes(world, &place)
    );
    assert_eq!(app.run(&lines), json!([200, "from the upstream"]));
    let received = place.only();
    assert_eq!((received.method.as_str(), received.body.as_slice()), ("POST", &b"hello"[..]));
    assert_eq!(received.header("x-mine"), Some("kept"));
    // Before anybody is signed in it is no call at all.
    app.open();
    app.create("{}");
    let _ =
        app.fails(&format!("await client.fetch('{}');", notes(world, &place))).expect("signed_out");
    assert_eq!(place.received().len(), 1);
}

/// An API of another origin that says what it got.
fn elsewhere() -> FakeServer {
    let server = FakeServer::start();
    server.answer("/", Answer::of(200, "text/plain", "hello"));
    server
}

fn to_others(world: &World) {
    let (app, stranger, friend) = (App::new(world), elsewhere(), elsewhere());
    let options = format!("{{ storage: 'local', allowedOrigins: ['{}'] }}", friend.issuer());
    app.sign_in(&options);
    let token = app.access_token();
    let call = |url: &str| app.run(&format!("return (await client.fetch('{url}')).status;"));
    for server in [&stranger, &friend] {
        assert_eq!(call(&format!("{}/", server.issuer())), 200);
    }
    assert!(!stranger.everything().contains(&token), "{}", stranger.everything());
    let received = friend.received("/").remove(0);
    assert_eq!(received.header("authorization"), Some(&*format!("Bearer {token}")));
    // A friend that sends the call on to a stranger.
    let onwards =
        Answer::of(307, "text/plain", "").with("location", &format!("{}/", stranger.issuer()));
    friend.answer("/onwards", onwards);
    let _ = app
        .run(&format!("try {{ await client.fetch('{}/onwards'); }} catch {{}}", friend.issuer()));
    assert_eq!(friend.received("/onwards").len(), 1);
    assert!(
        !stranger.everything().contains(&token),
        "the token went on: {}",
        stranger.everything()
    );
    // What looks like the resource's origin, but isn't.
    let others = [
        stranger.issuer().replace("127.0.0.1", "localhost"),
        stranger.issuer().replace("http://", &format!("http://127.0.0.1:{}@", world.middle.port())),
    ];
    for other in others {
        let _ = app.run(&format!("try {{ await client.fetch('{other}/'); }} catch {{}}"));
    }
    assert!(!stranger.everything().contains(&token), "{}", stranger.everything());
    // A header of the app's own stays.
    app.run(&format!(
        "await client.fetch('{}/', {{ headers: {{ authorization: 'Basic eDp5' }} }});",
        stranger.issuer()
    ));
    let last = stranger.received("/").pop().expect("a call");
    assert_eq!(last.header("authorization"), Some("Basic eDp5"));
}

fn challenge(status: u16, error: &str, more: &str) -> Reaction {
    let value = format!("Bearer error=\"{error}\"{more}");
    open(Answer::of(status, "text/plain", "")).with("www-authenticate", &value).into()
}

fn after_401(world: &World) {
    let (app, api) = (App::new(world), FakeServer::start());
    let calls = AtomicUsize::new(0);
    api.react("/notes", move |request| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => challenge(401, "invalid_token", ""),
        _ => open(Answer::of(200, "text/plain", request.body.clone())).into(),
    });
    app.sign_in(&allowing(&api));
    let lines = format!(
        "const answer = await client.fetch('{}/notes', {{ method: 'POST', body: 'all of it' }});
         return [answer.status, await answer.text()];",
        api.issuer()
    );
    assert_eq!(app.run(&lines), json!([200, "all of it"]));
    let sent: Vec<_> = api
        .received("/notes")
        .iter()
        .map(|request| request.header("authorization").expect("a token").to_owned())
        .collect();
    let [code, refresh] = [0, 1].map(|nth: usize| app.token_requests()[nth].member("access_token"));
    assert_eq!(sent, [format!("Bearer {code}"), format!("Bearer {refresh}")]);
    assert_eq!(app.token_requests_begun(), 2);
}

fn allowing(api: &FakeServer) -> String {
    format!("{{ allowedOrigins: ['{}'] }}", api.issuer())
}

fn still_401(world: &World) {
    let (app, api) = (App::new(world), FakeServer::start());
    api.react("/notes", |_| challenge(401, "invalid_token", ""));
    app.sign_in(&allowing(&api));
    let call = format!("return (await client.fetch('{}/notes')).status;", api.issuer());
    assert_eq!(app.run(&call), 401);
    assert_eq!((api.received("/notes").len(), app.token_requests_begun()), (2, 2));
    assert!(app.run("return await client.getSession();").is_object());
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
    // A 401 that is about something else isn't about the token's age, but one try is right for any.
    api.react("/basic", |_| {
        open(Answer::of(401, "text/plain", "")).with("www-authenticate", "Basic realm=\"x\"").into()
    });
    let call = format!("return (await client.fetch('{}/basic')).status;", api.issuer());
    assert_eq!(app.run(&call), 401);
    assert!(api.received("/basic").len() <= 2);
}

/// A call that needs more than the app has asked for.
fn deletion(world: &World, place: &Place) -> String {
    format!(
        "return (await client.fetch('{}', {{ method: 'DELETE' }})).status;",
        notes(world, place)
    )
}

fn words(scope: &str) -> Vec<&str> {
    let mut words: Vec<&str> = scope.split(' ').collect();
    words.sort_unstable();
    words
}

/// What the person was last asked for.
fn asked_for(app: &App<'_>) -> String {
    let requests = app.world.middle.passed(&app.client.id, "/authorize");
    requests.last().and_then(|passed| passed.request.field("scope")).expect("scope")
}

fn step_up_by_popup(world: &World) {
    let app = App::with_prelude(world, ON_A_SCREEN);
    app.sign_in("{}");
    let place = world.upstream.plain();
    app.click(&deletion(world, &place));
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for(ALLOW);
    assert_eq!(words(&asked_for(&app)), ["api", "api:write"]);
    app.chromium.click(ALLOW);
    app.wait_until_ready();
    app.begin(&format!("{} await client.handleCallback();", app.creation("{}")));
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    assert_eq!(app.done(), 200);
    assert_eq!(place.only().method, "DELETE");
    let session = app.run("return await client.getSession();");
    assert_eq!(words(session["scope"].as_str().expect("scope")), ["api", "api:write"]);
    // The next one needs nobody.
    assert_eq!(app.run(&deletion(world, &place)), 200);
    assert_eq!(app.chromium.tabs().len(), 1);
}

fn step_up_by_redirect(world: &World) {
    let app = App::new(world);
    app.sign_in("{ stepUp: 'redirect' }");
    let place = world.upstream.plain();
    app.begin(&deletion(world, &place));
    app.chromium.click(ALLOW);
    assert_eq!(words(&asked_for(&app)), ["api", "api:write"]);
    app.arrive("{ stepUp: 'redirect' }");
    assert_eq!(place.begun(), 0);
    assert_eq!(app.run(&deletion(world, &place)), 200);
}

fn step_up_by_hand(world: &World) {
    let app = App::new(world);
    app.sign_in("{ stepUp: 'manual' }");
    let place = world.upstream.plain();
    let failure = app.fails(&deletion(world, &place)).expect("insufficient_scope");
    assert_eq!(words(failure.0["scope"].as_str().expect("scope")), ["api", "api:write"]);
    assert_eq!(failure.0["status"], 403);
    assert_eq!(place.begun(), 0);
    // As the error says, so the app asks.
    app.begin(&format!("await client.signIn({{ scope: {} }});", failure.0["scope"]));
    app.chromium.click(ALLOW);
    app.arrive("{ stepUp: 'manual' }");
    assert_eq!(app.run(&deletion(world, &place)), 200);
    // The next refresh keeps what was added.
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.run("await client.getAccessToken({ forceRefresh: true });");
    assert_eq!(app.run(&deletion(world, &place)), 200);
}

fn endless_step_up(world: &World) {
    let (app, api) = (App::with_prelude(world, ON_A_SCREEN), FakeServer::start());
    api.react("/notes", |_| challenge(403, "insufficient_scope", ", scope=\"api:write\""));
    app.sign_in(&allowing(&api));
    app.click(&format!("return (await client.fetch('{}/notes')).status;", api.issuer()));
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.click(ALLOW);
    app.wait_until_ready();
    app.begin(&format!("{} await client.handleCallback();", app.creation("{}")));
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    match app.ended() {
        Ok(status) => assert_eq!(status, 403),
        Err(failure) => drop(failure.expect("insufficient_scope")),
    }
    assert_eq!(api.received("/notes").len(), 2);
    assert_eq!(world.middle.passed(&app.client.id, "/authorize").len(), 2);
}

fn ended_elsewhere(world: &World) {
    let app = App::new(world);
    app.sign_in("{}");
    let refresh_token = app.token_requests()[0].member("refresh_token");
    let _ = app.client.revoke(&world.server, &refresh_token).expect(200);
    let place = world.upstream.plain();
    let call = format!("await client.fetch('{}');", notes(world, &place));
    let _ = app.fails(&call).expect("signed_out");
    assert_eq!(app.wait_for_event("signedout"), json!({ "reason": "session_ended" }));
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    assert_eq!(place.begun(), 0);
}

fn without_expires_in(world: &World) {
    let (app, api) = (App::with_prelude(world, &clock(0)), FakeServer::start());
    let calls = AtomicUsize::new(0);
    api.react("/notes", move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        1 => challenge(401, "invalid_token", ""),
        _ => open(Answer::of(200, "text/plain", "")).into(),
    });
    world.middle.next(
        &app.client.id,
        "/token",
        [Turn::Rewrite(|tokens| drop(tokens["expires_in"].take()))],
    );
    let session = app.sign_in(&allowing(&api))["session"].clone();
    assert_eq!(session["expiresAt"], Value::Null, "{session}");
    app.run("moveClock(86_400_000);");
    let call = format!("return (await client.fetch('{}/notes')).status;", api.issuer());
    assert_eq!(app.run(&call), 200);
    assert_eq!(app.token_requests_begun(), 1);
    assert_eq!(app.run(&call), 200);
    assert_eq!((api.received("/notes").len(), app.token_requests_begun()), (3, 2));
}
