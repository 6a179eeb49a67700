//! Several tabs of one app.

use latchkey_tests::Answer;
use latchkey_tests::middle::{Hold, Turn};
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::fake::open;
use super::world::{World, text};
use crate::Case;
use crate::browser::visit::ALLOW;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "BRW-06, needs 38: ten tabs whose token has expired send one token request, all get the same new token, and nobody is signed out",
            ten_tabs,
        ),
        case(
            "needs 38: where the browser has no Web Locks ten tabs stay signed in all the same",
            ten_tabs_without_locks,
        ),
        case("needs 38: twenty calls in one tab send one token request", twenty_calls),
        case(
            "needs 38: a duplicated tab with storage of its own adopts what the other tab refreshed",
            duplicated_tab,
        ),
        case(
            "needs 39: invalid_grant for an old token does not clear the newer one that another tab stored meanwhile",
            newer_session,
        ),
        case(
            "issue 5: who signs in in one tab is signed in in the others, and they hear of it",
            signed_in_elsewhere,
        ),
        case(
            "issue 5: a tab that is told of a sign-in before its browser shows it the tokens looks again",
            told_before_stored,
        ),
        case(
            "issue 5: the tab that was closed in the middle of a refresh keeps nobody waiting",
            closed_in_the_middle,
        ),
    ]
}

const LOCAL: &str = "{ storage: 'local' }";

/// What a server says of a token that has ended.
pub fn expired(tokens: &mut Value) {
    tokens["expires_in"] = json!(0);
}

/// Signs in and gets a token that has ended at once, in ten tabs; returns the tabs.
fn expired_in_ten_tabs(app: &App<'_>) -> Vec<String> {
    app.world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in(LOCAL);
    let mut tabs = vec![app.tab.clone()];
    tabs.extend((1..10).map(|_| app.another_tab(LOCAL)));
    tabs
}

/// Asks for a token in every tab while the first answer is held back; returns the tokens.
fn all_at_once(app: &App<'_>, tabs: &[String]) -> Vec<String> {
    let hold = Hold::default();
    app.world.middle.always(&app.client.id, "/token", hold.before(Turn::Pass));
    for tab in tabs {
        app.chromium.switch_to(tab);
        app.begin("return await client.getAccessToken();");
    }
    app.world.middle.wait_until_begun(&app.client.id, "/token", 2);
    hold.release();
    let token = |tab: &String| {
        app.chromium.switch_to(tab);
        text(&app.done()).to_owned()
    };
    tabs.iter().map(token).collect()
}

fn ten_tabs(world: &World) {
    let app = App::new(world);
    let tabs = expired_in_ten_tabs(&app);
    let tokens = all_at_once(&app, &tabs);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "several tokens");
    assert_eq!(app.token_requests_begun(), 2, "the code's, and one refresh");
    let requests = app.token_requests();
    assert_eq!(tokens[0], requests[1].member("access_token"));
    let _ = app.call(&tokens[0]).expect(200);
    for tab in &tabs {
        app.chromium.switch_to(tab);
        assert_eq!(app.wait_for_event("refreshed")["scope"], "api");
        assert_eq!(app.events("signedout"), [Value::Null; 0]);
        assert!(app.run("return await client.getSession();").is_object());
    }
    assert_eq!(app.token_requests_begun(), 2);
}

fn ten_tabs_without_locks(world: &World) {
    let app = App::with_prelude(world, "delete Navigator.prototype.locks;");
    assert_eq!(app.chromium.script("return String(navigator.locks);"), "undefined");
    let tabs = expired_in_ten_tabs(&app);
    for token in all_at_once(&app, &tabs) {
        let _ = app.call(&token).expect(200);
    }
    // What they have stored goes on, in whichever tab.
    for tab in [&tabs[9], &tabs[0]] {
        app.chromium.switch_to(tab);
        let token = app.run("return await client.getAccessToken({ forceRefresh: true });");
        let _ = app.call(text(&token)).expect(200);
    }
    for tab in &tabs {
        app.chromium.switch_to(tab);
        assert_eq!(app.events("signedout"), [Value::Null; 0]);
        let _ = app.access_token();
    }
}

fn twenty_calls(world: &World) {
    let app = App::new(world);
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in("{}");
    let tokens = app.run(
        "return await Promise.all(Array.from({ length: 20 }, () => client.getAccessToken()));",
    );
    let tokens = tokens.as_array().expect("tokens");
    assert_eq!(tokens.len(), 20);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "several tokens");
    assert_eq!(app.token_requests_begun(), 2);
}

fn duplicated_tab(world: &World) {
    let app = App::new(world);
    app.sign_in("{ storage: 'session' }");
    let first = app.access_token();
    // A tab that a page opens begins with a copy of that page's session storage, as a duplicate does.
    app.chromium.script(
        "document.querySelector('#act').onclick = () => window.open(location.origin + '/');",
    );
    app.chromium.click("#act");
    let duplicate = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.wait_until_ready();
    app.create("{ storage: 'session' }");
    assert_eq!(app.access_token(), first);

    app.back_to_first();
    let second = app.run("return await client.getAccessToken({ forceRefresh: true });");
    assert_ne!(second, json!(first));
    app.chromium.switch_to(&duplicate);
    app.wait_for_event("refreshed");
    assert_eq!(json!(app.access_token()), second);
    // The other way round too, and each goes on from what the other has.
    let third = app.run("return await client.getAccessToken({ forceRefresh: true });");
    app.back_to_first();
    app.wait_until("the third token", || (json!(app.access_token()) == third).then_some(()));
    let refreshes = app.token_requests();
    let sent: Vec<_> =
        refreshes.iter().filter_map(|passed| passed.request.field("refresh_token")).collect();
    assert_eq!(sent, [refreshes[0].member("refresh_token"), refreshes[1].member("refresh_token")]);
    // What was adopted is kept where the tab keeps its own.
    app.open();
    app.create("{ storage: 'session' }");
    assert_eq!(json!(app.access_token()), third);
}

fn newer_session(world: &World) {
    let app = App::new(world);
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in(LOCAL);
    let refused = json!({ "error": "invalid_grant", "error_description": "It has ended." });
    let refused = Answer { status: 400, ..open(Answer::json(&refused, "no-store")) };
    let hold = Hold::default();
    world.middle.next(&app.client.id, "/token", [hold.before(Turn::Answer(refused))]);
    app.begin("return await client.getAccessToken();");
    world.middle.wait_until_begun(&app.client.id, "/token", 2);

    // Meanwhile the person signs in again in another tab.
    let other = app.another_tab(LOCAL);
    app.begin("await client.signIn();");
    app.chromium.click(ALLOW);
    let session = app.arrive(LOCAL)["session"].clone();
    hold.release();
    assert_eq!(session["scope"], "api");
    let newer = app.token_requests()[1].member("access_token");
    assert_eq!(app.access_token(), newer);

    app.back_to_first();
    assert_eq!(app.done(), json!(newer), "the tab whose refresh was refused has the newer token");
    for tab in [&app.tab, &other] {
        app.chromium.switch_to(tab);
        assert_eq!(app.events("signedout"), [Value::Null; 0]);
        assert!(app.run("return await client.getSession();").is_object());
    }
    let _ = app.call(&newer).expect(200);
}

fn closed_in_the_middle(world: &World) {
    let app = App::new(world);
    world.middle.next(&app.client.id, "/token", [Turn::Rewrite(expired)]);
    app.sign_in(LOCAL);
    app.another_tab(LOCAL);
    let hold = Hold::default();
    world.middle.next(&app.client.id, "/token", [hold.before(Turn::Pass)]);
    app.begin("return await client.getAccessToken();");
    world.middle.wait_until_begun(&app.client.id, "/token", 2);
    app.chromium.close_tab();
    app.back_to_first();
    let token = app.access_token();
    hold.release();
    let _ = app.call(&token).expect(200);
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
}

fn signed_in_elsewhere(world: &World) {
    let app = App::new(world);
    app.create(LOCAL);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    app.chromium.new_tab();
    app.open();
    let session = app.sign_in(LOCAL)["session"].clone();
    let token = app.access_token();
    app.back_to_first();
    assert_eq!(app.wait_for_event("signedin"), session);
    assert_eq!(app.access_token(), token);
    assert_eq!(app.token_requests_begun(), 1);
}

fn told_before_stored(world: &World) {
    let app = App::new(world);
    app.create(LOCAL);
    app.run(
        "window.looks = 0;
         const { getItem } = Storage.prototype;
         Storage.prototype.getItem = function (name) { return (looks += 1) <= 3 ? null : getItem.call(this, name); };",
    );
    app.chromium.new_tab();
    app.open();
    let session = app.sign_in(LOCAL)["session"].clone();
    app.back_to_first();
    assert_eq!(app.wait_for_event("signedin"), session);
    assert_eq!(app.run("return looks;"), 4);
}
