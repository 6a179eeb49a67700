//! Where tokens are kept, and browsers that keep nothing.

use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::popup::ON_A_SCREEN;
use super::site::Site;
use super::world::{World, text};
use crate::Case;
use crate::browser::chromium::Chromium;
use crate::browser::visit::{ALLOW, fill_in};
use latchkey_tests::{Browser, Person};

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "BRW-03: by default no token is in any storage of the page, and a reload forgets them",
            memory_by_default,
        ),
        case(
            "BRW-03: session storage outlives a reload and is of one tab; local storage is of all",
            session_and_local,
        ),
        case(
            "issue 5: where the person blocks the site's storage a redirect says storage_blocked and a popup works",
            blocked_by_the_person,
        ),
        case(
            "issue 5: where asking for storage throws a redirect says storage_blocked and a popup works",
            throwing,
        ),
        case("needs 39: making a client never throws, whatever is stored", whatever_is_stored),
        case(
            "issue 5: a store of the app's own has every token, and nothing else has one",
            own_store,
        ),
        case(
            "BRW-01: what a sign-in needed is gone from storage when it is done",
            nothing_left_of_a_sign_in,
        ),
    ]
}

/// The tokens of the app's last answer.
fn tokens(app: &App<'_>) -> [String; 2] {
    let requests = app.token_requests();
    let last = requests.last().expect("a token request");
    ["access_token", "refresh_token"].map(|name| last.member(name))
}

fn memory_by_default(world: &World) {
    let app = App::new(world);
    app.sign_in("{}");
    let stored = app.run(
        "const found = [document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)];
         for (const { name } of await indexedDB.databases()) found.push('a database: ' + name);
         for (const name of await caches.keys()) found.push('a cache: ' + name);
         return JSON.stringify(found);",
    );
    for token in tokens(&app) {
        assert!(!text(&stored).contains(&token), "{stored}");
    }
    assert!(
        !text(&stored).contains("a database") && !text(&stored).contains("a cache"),
        "{stored}"
    );
    app.open();
    app.create("{}");
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    let _ = app.fails("await client.getAccessToken();").expect("signed_out");
}

fn session_and_local(world: &World) {
    for (storage, is_shared) in [("session", false), ("local", true)] {
        let app = App::new(world);
        let options = format!("{{ storage: '{storage}' }}");
        app.sign_in(&options);
        let token = app.access_token();
        app.open();
        app.create(&options);
        assert_eq!(app.access_token(), token);
        app.another_tab(&options);
        let session = app.run("return await client.getSession();");
        assert_eq!(session.is_object(), is_shared, "{storage}: {session}");
    }
}

/// A redirect says why it isn't one, and a popup signs in.
fn redirect_fails_and_popup_works(app: &App<'_>, sign_in_there: impl FnOnce()) {
    app.create("{}");
    let _ = app.fails("await client.signIn();").expect("storage_blocked");
    assert_eq!(app.chromium.url(), format!("{}/", app.site.origin()));
    app.click("return await client.signIn({ popup: true });");
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    sign_in_there();
    app.chromium.click(ALLOW);
    app.wait_until_ready();
    app.begin(&format!("{} await client.handleCallback();", app.creation("{}")));
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    assert_eq!(app.done()["scope"], "api");
    let _ = app.call(&app.access_token()).expect(200);
    let token = app.run("return await client.getAccessToken({ forceRefresh: true });");
    let _ = app.call(text(&token)).expect(200);
    assert_eq!(app.run("return await client.signOut();"), json!({ "revoked": true }));
}

fn blocked_by_the_person(world: &World) {
    let person = Person::new();
    Browser::new(&world.server).join(&person);
    // Of Latchkey's own site they are allowed, or nobody could sign in.
    let site = Site::called("localhost", ON_A_SCREEN);
    let block = json!({ "profile.content_settings.exceptions.cookies": {
        format!("{},*", site.origin()): { "setting": 2 },
    } });
    let chromium = world.of_its_own(Chromium::with_preferences(&block));
    let app = App::with(world, chromium, site);
    let blocked = app
        .chromium
        .script("try { localStorage; return 'allowed'; } catch (error) { return error.name; }");
    assert_eq!(blocked, "SecurityError", "the browser doesn't block it");
    redirect_fails_and_popup_works(&app, || {
        fill_in(&app.chromium, &person);
        app.chromium.click("main button[type=submit]");
    });
    let _ = app.fails(&app.creation("{ storage: 'local' }")).expect("storage_blocked");
}

const THROWING: &str = "
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
      Object.defineProperty(window, name, { get() { throw new DOMException('Access is denied.', 'SecurityError'); } });";

fn throwing(world: &World) {
    let app = App::with_prelude(world, &format!("{ON_A_SCREEN}{THROWING}"));
    redirect_fails_and_popup_works(&app, || ());
    // The same when it is full.
    let full = "Storage.prototype.setItem = () => { throw new DOMException('It is full.', 'QuotaExceededError'); };";
    let app = App::with_prelude(world, &format!("{ON_A_SCREEN}{full}"));
    redirect_fails_and_popup_works(&app, || ());
}

fn whatever_is_stored(world: &World) {
    let app = App::new(world);
    let options = "{ storage: 'local' }";
    app.sign_in(options);
    let keys = app.chromium.script("return Object.keys(localStorage);");
    let keys = keys.as_array().expect("keys");
    assert!(!keys.is_empty());
    let values =
        ["", "null", "[]", "{}", "{\"access_token\":7}", "\u{0}\u{fffd}", "{\"v\":99}", "nonsense"];
    for value in values {
        for key in keys {
            app.chromium.script(&format!("localStorage.setItem({key}, {});", json!(value)));
        }
        app.open();
        app.create(options);
        assert_eq!(app.run("return await client.getSession();"), Value::Null, "{value:?}");
        let _ = app.fails("await client.getAccessToken();").expect("signed_out");
    }
    // And it can be used again.
    app.sign_in(options);
    let _ = app.call(&app.access_token()).expect(200);
}

/// A store that answers in its own time, kept in the page's name so that it outlives the redirect.
const STORE: &str = "{ storage: (() => {
    const all = () => JSON.parse(window.name || '{}');
    const later = (value) => new Promise((resolve) => setTimeout(() => resolve(value), 5));
    return {
      get: (key) => later(all()[key]),
      set: async (key, value) => { await later(); window.name = JSON.stringify({ ...all(), [key]: value }); },
      remove: async (key) => { await later(); const { [key]: gone, ...rest } = all(); window.name = JSON.stringify(rest); },
    };
  })() }";

fn own_store(world: &World) {
    let app = App::new(world);
    app.sign_in(STORE);
    let held = app.chromium.script("return window.name;");
    for token in tokens(&app) {
        assert!(text(&held).contains(&token), "{held}");
        assert!(!app.stored().contains(&token), "{}", app.stored());
    }
    app.open();
    app.create(STORE);
    app.run("await client.getAccessToken({ forceRefresh: true });");
    let refreshed = tokens(&app);
    let held = app.chromium.script("return window.name;");
    assert!(refreshed.iter().all(|token| text(&held).contains(token)), "{held}");
    app.run("await client.signOut();");
    let held = app.chromium.script("return window.name;");
    assert!(refreshed.iter().all(|token| !text(&held).contains(token)), "{held}");
}

fn nothing_left_of_a_sign_in(world: &World) {
    for options in ["{}", "{ storage: 'local' }"] {
        let app = App::new(world);
        app.create(options);
        app.begin("await client.signIn();");
        app.chromium.wait_for(ALLOW);
        let request = world.middle.passed(&app.client.id, "/authorize").remove(0).request;
        app.chromium.click(ALLOW);
        app.arrive(options);
        let redeemed = app.token_requests().remove(0).request;
        let secrets =
            [request.field("state"), redeemed.field("code_verifier"), redeemed.field("code")];
        let stored = app.stored();
        for secret in secrets.into_iter().flatten() {
            assert!(!stored.contains(&secret), "{stored}");
        }
    }
}
