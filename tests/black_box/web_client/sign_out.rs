//! Signing out.

use latchkey_tests::middle::{Hold, Turn};
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::world::World;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "RFC 7009 section 2.1: signing out revokes at the server, forgets the tokens here, and tells the other tabs",
            everywhere,
        ),
        case(
            "issue 5: where the server can't be told signing out forgets the tokens all the same, and says so",
            server_gone,
        ),
        case(
            "issue 5: signing out while a token is being refreshed isn't undone when the refresh is answered",
            during_a_refresh,
        ),
        case("issue 5: signing out when nobody is signed in sends nothing", nobody),
        case(
            "issue 5: after close() a client hears of nothing, and the stored session stays",
            closed,
        ),
    ]
}

const LOCAL: &str = "{ storage: 'local' }";

fn everywhere(world: &World) {
    let app = App::new(world);
    app.sign_in(LOCAL);
    let token = app.access_token();
    let refresh_token = app.token_requests()[0].member("refresh_token");
    let _ = app.call(&token).expect(200);
    let other = app.another_tab(LOCAL);
    app.back_to_first();
    assert_eq!(app.run("return await client.signOut();"), json!({ "revoked": true }));

    app.call(&token).expect_error(401, "invalid_token");
    app.client.refresh(&world.server, &refresh_token).expect_error(400, "invalid_grant");
    let revocations = world.middle.passed(&app.client.id, "/revoke");
    assert!(revocations.iter().all(|passed| passed.status == 200));
    assert!(
        revocations
            .iter()
            .any(|passed| passed.request.field("token") == Some(refresh_token.clone()))
    );
    for tab in [&app.tab, &other] {
        app.chromium.switch_to(tab);
        assert_eq!(app.wait_for_event("signedout"), json!({ "reason": "signed_out" }));
        assert_eq!(app.run("return await client.getSession();"), Value::Null);
        let _ = app.fails("await client.getAccessToken();").expect("signed_out");
    }
    let stored = app.stored();
    assert!(!stored.contains(&token) && !stored.contains(&refresh_token), "{stored}");
}

fn server_gone(world: &World) {
    let app = App::new(world);
    app.sign_in(LOCAL);
    let token = app.access_token();
    world.middle.always(&app.client.id, "/revoke", Turn::Unreachable);
    assert_eq!(app.run("return await client.signOut();"), json!({ "revoked": false }));
    assert!(world.middle.begun(&app.client.id, "/revoke") > 0, "it wasn't tried");
    assert!(!app.stored().contains(&token), "{}", app.stored());
    assert_eq!(app.wait_for_event("signedout"), json!({ "reason": "signed_out" }));
    let _ = app.fails("await client.getAccessToken();").expect("signed_out");
    app.open();
    app.create(LOCAL);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
}

fn nobody(world: &World) {
    let app = App::new(world);
    app.create(LOCAL);
    assert!(app.run("return await client.signOut();")["revoked"].is_boolean());
    assert_eq!(world.middle.begun(&app.client.id, "/revoke"), 0);
    assert_eq!(app.events("signedout"), [Value::Null; 0]);
}

fn closed(world: &World) {
    let app = App::new(world);
    app.sign_in(LOCAL);
    let other = app.another_tab(LOCAL);
    app.run("client.close();");
    let _ = app.fails("await client.getAccessToken();").expect("aborted");
    app.back_to_first();
    app.run("await client.getAccessToken({ forceRefresh: true });");
    app.wait_for_event("refreshed");
    app.chromium.switch_to(&other);
    assert_eq!(app.events("refreshed"), [Value::Null; 0]);
    // A client that is made now has what is stored.
    app.create(LOCAL);
    let _ = app.call(&app.access_token()).expect(200);
}

fn during_a_refresh(world: &World) {
    let app = App::new(world);
    app.sign_in(LOCAL);
    let hold = Hold::default();
    // The server has refreshed, and its answer is on the way.
    world.middle.next(&app.client.id, "/token", [hold.after(Turn::Pass)]);
    app.begin("return await client.getAccessToken({ forceRefresh: true });");
    world.middle.wait_until_begun(&app.client.id, "/token", 2);
    app.wait_until("the refresh", || (app.token_requests().len() == 2).then_some(()));
    app.another_tab(LOCAL);
    assert_eq!(app.run("return await client.signOut();"), json!({ "revoked": true }));
    hold.release();
    app.back_to_first();
    let _ = app.failed().expect("signed_out");
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    let refreshed = app.token_requests()[1].clone();
    for name in ["access_token", "refresh_token"] {
        assert!(!app.stored().contains(&refreshed.member(name)), "{}", app.stored());
    }
    app.call(&refreshed.member("access_token")).expect_error(401, "invalid_token");
    let reply = app.client.refresh(&world.server, &refreshed.member("refresh_token"));
    reply.expect_error(400, "invalid_grant");
}
