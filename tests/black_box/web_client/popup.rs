//! Signing in by popup.

use latchkey_tests::{Answer, Person};
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::fake::{FakeServer, consent_page};
use super::site::Site;
use super::world::{World, text};
use crate::Case;
use crate::browser::visit::{ALLOW, DENY, fill_in};

/// A browser without a screen believes that each of its windows has the focus. On a person's screen a
/// popup takes it, and the page has it again when they come back.
pub const ON_A_SCREEN: &str = "
    window.isPersonHere = true;
    Document.prototype.hasFocus = () => window.isPersonHere;
    const open = window.open;
    window.open = function (...given) {
      const popup = open.apply(this, given);
      window.isPersonHere = popup === null;
      return popup;
    };";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5: by popup the page stays where it is and is signed in, although Latchkey's pages cut the popup off from its opener",
            by_popup,
        ),
        case("issue 5: a popup works where the server's pages don't cut it off", not_cut_off),
        case(
            "RFC 6749 section 4.1.2.1: Don't allow in a popup is access_denied in the page, and the popup closes",
            denied,
        ),
        case("issue 5: a popup that the person closes is popup_closed", closed),
        case(
            "issue 5: a popup that the person closes is popup_closed although another program has the focus then",
            closed_from_elsewhere,
        ),
        case(
            "issue 5: a popup that Latchkey's pages cut off is popup_closed once the person is back at the page and stays",
            closed_and_cut_off,
        ),
        case(
            "issue 5: a popup that only a later page cuts off, of an identity provider say, isn't taken for closed",
            cut_off_later,
        ),
        case(
            "issue 5: by popup a slow person is signed in also in a browser whose every window believes to have the focus",
            everywhere_focused,
        ),
        case("issue 5: a popup that the browser doesn't open is popup_blocked", blocked),
        case("issue 5: aborting a sign-in closes its popup and ends with aborted", aborted),
        case("issue 5: a popup whose page is gone ends with opener_gone", opener_gone),
        case(
            "BRW-04: nothing is posted to a window, and a callback that another origin posts is not listened to",
            nothing_posted,
        ),
    ]
}

/// Has the page in the popup handle its callback, as the app does on its redirect URI. The popup may
/// close before the driver hears that it did.
fn handle_in_popup(app: &App<'_>) {
    app.wait_until_ready();
    app.begin(&format!("{} await client.handleCallback();", app.creation("{}")));
}

/// Lets as much time pass at the page as a person takes to read what they are asked: some looks of the
/// page at its popup.
fn read_it(app: &App<'_>, popup: &str) {
    app.back_to_first();
    app.run("await new Promise((resolve) => setTimeout(resolve, 1500));");
    app.chromium.switch_to(popup);
}

fn by_popup(world: &World) {
    let (app, person) =
        (App::with(world, world.stranger(), Site::start(ON_A_SCREEN)), Person::new());
    app.create("{}");
    app.click("return await client.signIn({ popup: true });");
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.click("a[href*='/sign-up']");
    app.chromium.wait_for("input[autocomplete=new-password]");
    fill_in(&app.chromium, &person);
    app.chromium.click("main button[type=submit]");
    app.chromium.click(ALLOW);
    handle_in_popup(&app);

    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    let session = app.done();
    assert_eq!((&session["scope"], &session["issuer"]), (&json!("api"), &json!(world.issuer())));
    assert_eq!(app.chromium.url(), format!("{}/", app.site.origin()));
    assert_eq!(app.events("signedin"), [session]);
    let _ = app.call(&app.access_token()).expect(200);
    assert_eq!(app.chromium.console(), [""; 0]);
}

fn not_cut_off(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    app.create(&server.options());
    app.click("return await client.signIn({ popup: true });");
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.click("#allow");
    handle_in_popup(&app);
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    assert_eq!(app.done()["issuer"], server.issuer());
}

fn denied(world: &World) {
    let app = App::with_prelude(world, ON_A_SCREEN);
    app.create("{}");
    app.click("return await client.signIn({ popup: true });");
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.click(DENY);
    handle_in_popup(&app);
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    let _ = app.failed().expect("access_denied");
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
}

fn closed(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    app.create(&server.options());
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for("#allow");
    read_it(&app, &popup);
    app.chromium.close_tab();
    app.back_to_first();
    let _ = app.failed().expect("popup_closed");
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    // The next try isn't spoilt by it.
    app.click("return await client.signIn({ popup: true });");
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.click("#allow");
    handle_in_popup(&app);
    app.back_to_first();
    assert_eq!(app.done()["issuer"], server.issuer());
}

fn closed_from_elsewhere(world: &World) {
    let app = App::with_prelude(world, &format!("{ON_A_SCREEN}{IN_A_MOMENT}"));
    let server = FakeServer::start();
    app.create(&server.options());
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for("#allow");
    read_it(&app, &popup);
    app.chromium.close_tab();
    app.back_to_first();
    app.run("window.isPersonHere = true; window.dispatchEvent(new Event('focus'));");
    let _ = app.failed().expect("popup_closed");
}

fn cut_off_later(world: &World) {
    let (app, server) = (App::with_prelude(world, ON_A_SCREEN), FakeServer::start());
    // A page that asks how to sign in, and one of an identity provider that isolates itself.
    let page = |body: &str| Answer::of(200, "text/html", format!("<title>Sign in</title>{body}"));
    server.react("/authorize", move |request| {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let link = format!("/provider?{query}").replace('&', "&amp;");
        page(&format!("<a id=\"provider\" href=\"{link}\">Sign in with a provider</a>")).into()
    });
    let issuer = server.issuer();
    server.react("/provider", move |request| {
        consent_page(&issuer, request).with("cross-origin-opener-policy", "same-origin").into()
    });
    app.create(&server.options());
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for("#provider");
    read_it(&app, &popup);
    app.chromium.click("#provider");
    app.chromium.wait_for("#allow");
    read_it(&app, &popup);
    app.chromium.click("#allow");
    handle_in_popup(&app);
    app.back_to_first();
    assert_eq!(app.done()["issuer"], server.issuer());
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
}

/// What takes the package ten seconds takes a moment.
const IN_A_MOMENT: &str = "
    const wait = window.setTimeout;
    window.setTimeout = (act, time, ...more) => wait(act, time >= 5000 ? 300 : time, ...more);";

fn closed_and_cut_off(world: &World) {
    let app = App::with_prelude(world, &format!("{ON_A_SCREEN}{IN_A_MOMENT}"));
    app.create("{}");
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for(ALLOW);
    read_it(&app, &popup);
    // A glance at the page is not the end of it.
    app.back_to_first();
    app.run("window.dispatchEvent(new Event('focus')); window.dispatchEvent(new Event('blur'));");
    read_it(&app, &popup);
    assert_eq!(app.chromium.tabs().len(), 2);
    app.chromium.close_tab();
    app.back_to_first();
    app.run("window.begun.then(() => { window.isOver = true; });");
    assert_eq!(app.chromium.script("return window.isOver ?? null;"), Value::Null);
    app.run("window.isPersonHere = true; window.dispatchEvent(new Event('focus'));");
    let _ = app.failed().expect("popup_closed");
}

fn everywhere_focused(world: &World) {
    let app = App::new(world);
    app.create("{}");
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for(ALLOW);
    read_it(&app, &popup);
    app.chromium.click(ALLOW);
    handle_in_popup(&app);
    app.back_to_first();
    let _ = app.done();
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
}

fn blocked(world: &World) {
    let app = App::new(world);
    app.create("{}");
    // Nobody has clicked.
    let _ = app.fails("await client.signIn({ popup: true });").expect("popup_blocked");
    assert_eq!(app.chromium.tabs().len(), 1);
    assert_eq!(world.middle.begun(&app.client.id, "/authorize"), 0);
}

fn aborted(world: &World) {
    let (app, server) = (App::with_prelude(world, ON_A_SCREEN), FakeServer::start());
    app.create(&server.options());
    app.click(
        "window.controller = new AbortController();
         return await client.signIn({ popup: true, signal: controller.signal });",
    );
    app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for("#allow");
    app.back_to_first();
    app.run("controller.abort();");
    let _ = app.failed().expect("aborted");
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
}

fn opener_gone(world: &World) {
    let app = App::new(world);
    app.create("{}");
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for(ALLOW);
    app.back_to_first();
    app.chromium.open("about:blank");
    app.chromium.switch_to(&popup);
    app.chromium.click(ALLOW);
    let _ = app.arrive_in_vain("{}").expect("opener_gone");
    assert!(!app.chromium.url().contains("code="), "{}", app.chromium.url());
    assert_eq!(app.token_requests_begun(), 0);
}

/// Notes what is posted to windows, and by whom.
const NOTE_POSTS: &str = "
    window.posted = [];
    const post = window.postMessage;
    window.postMessage = function (...given) { posted.push(String(given[1]?.targetOrigin ?? given[1])); return post.apply(this, given); };";

fn nothing_posted(world: &World) {
    let app = App::with_prelude(world, &format!("{ON_A_SCREEN}{NOTE_POSTS}"));
    let other = Site::start("");
    app.create("{}");
    app.click("return await client.signIn({ popup: true });");
    let popup = app.chromium.switch_to_new(std::slice::from_ref(&app.tab));
    app.chromium.wait_for(ALLOW);
    let request = world.middle.passed(&app.client.id, "/authorize").remove(0).request;
    let forged = format!(
        "{}?code=forged&state={}&iss={}",
        app.site.callback(),
        request.field("state").expect("state"),
        world.issuer()
    );
    // A page of another origin that got hold of the window says it in every way it has.
    app.back_to_first();
    app.chromium.script(&format!(
        "document.querySelector('#act').onclick = () => window.open('{}/');",
        other.origin()
    ));
    app.chromium.click("#act");
    let known = [app.tab.clone(), popup.clone()];
    app.chromium.switch_to_new(&known);
    app.wait_until_ready();
    app.run(&format!(
        "for (const said of [{forged:?}, {{ url: {forged:?} }}, {{ callback: {forged:?} }}])
           window.opener?.postMessage(said, '*');
         for (const name of ['latchkey', 'latchkey:callback', 'callback'])
           new BroadcastChannel(name).postMessage({forged:?});"
    ));
    app.chromium.close_tab();
    app.chromium.switch_to(&popup);
    app.chromium.click(ALLOW);
    handle_in_popup(&app);
    app.chromium.wait_until_only(std::slice::from_ref(&app.tab));
    app.back_to_first();
    let _ = app.done();
    let requests = app.token_requests();
    assert_eq!(requests.len(), 1, "the forged code was sent");
    assert_ne!(text(&json!(requests[0].request.field("code"))), "forged");
    assert_eq!(app.chromium.script("return window.posted;"), json!([]));
}
