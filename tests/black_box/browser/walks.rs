//! The way from the client's request through the pages and back.

use latchkey_tests::{Person, Server, Tokens};

use super::chromium::{Chromium, ENTER, TAB};
use super::listener::{Answer, Listener};
use super::visit::{ALLOW, DENY, DONE, Visit, expect_no_violation, fill_in};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: in Chromium a person signs up, reads who asks for what, allows, and the client gets tokens",
            |servers| {
                sign_up_and_allow(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 4.1.2.1: in Chromium Don't allow sends access_denied, state and iss to the client",
            |servers| {
                deny(servers.standard());
            },
        ),
        Case::new("issue 2: everything works in Chromium with JavaScript turned off", |servers| {
            without_javascript(servers.standard());
        }),
        Case::new(
            "issue 2: the keyboard alone gets a person through sign-in and consent, and the focus always shows",
            |servers| {
                keyboard_alone(servers.standard());
            },
        ),
        Case::new("needs 6: after Allow the client may redirect on to another origin", |servers| {
            redirect_on_to_another_origin(servers.standard());
        }),
        Case::new(
            "needs 6: after Allow the client may redirect on to a custom scheme",
            |servers| {
                redirect_on_to_a_custom_scheme(servers.standard());
            },
        ),
        Case::new("needs 22: Not you? leads to another account and keeps the request", |servers| {
            not_you(servers.standard());
        }),
    ]
}

fn sign_up_and_allow(server: &Server) {
    let visit = Visit::new(server);
    let (chromium, newcomer) = (&visit.chromium, Person::new());
    visit.open();
    assert!(chromium.text("main").contains("Acme Notes"));
    chromium.click("a[href*='/sign-up']");
    chromium.wait_for("input[autocomplete=new-password]");
    fill_in(chromium, &newcomer);
    chromium.click("main button[type=submit]");

    chromium.wait_for(ALLOW);
    let page = chromium.text("main");
    let host = visit.listener.url().replace("http://", "").replace("/callback", "");
    for shown in [newcomer.email.as_str(), "Acme Notes", &host, "Use your tools"] {
        assert!(page.contains(shown), "no {shown:?} in {page}");
    }
    chromium.click(ALLOW);

    let code = visit.arrival().code();
    let tokens = Tokens::from_reply(&visit.redeem(&visit.request, code));
    assert_eq!(tokens.scope, "mcp");
    visit.expect_quiet_console();
}

fn deny(server: &Server) {
    let visit = Visit::new(server);
    visit.open();
    visit.sign_in();
    visit.chromium.click(DENY);
    let arrival = visit.arrival();
    assert_eq!(arrival.get("error").as_deref(), Some("access_denied"));
    assert_eq!(arrival.get("code"), None);
    visit.expect_quiet_console();
}

fn without_javascript(server: &Server) {
    let marked = "<title>off</title><body id=done><script>document.title = 'on'</script>";
    let visit = Visit::of(server, Chromium::without_javascript(), Answer::Page(marked.to_owned()));
    let chromium = &visit.chromium;
    visit.open();
    chromium.click("a[href*='/sign-up']");
    chromium.wait_for("input[autocomplete=new-password]");
    fill_in(chromium, &Person::new());
    chromium.click("main button[type=submit]");
    chromium.click(ALLOW);
    let code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, code).expect(200);
    visit.wait_for_client();
    // The client's page proves that no script ran in this browser.
    assert_eq!(chromium.title(), "off");
}

/// What has the focus, in words, and what is wrong with how that shows: nothing, one hopes.
const FOCUS: &str = "
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const wrong = [];
    if (!element.matches(':focus-visible')) wrong.push('no :focus-visible');
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) wrong.push('no outline');
    if (!over || !(element.contains(over) || over.contains(element))) wrong.push('hidden');
    const name = element.name || element.value || element.textContent.trim() || element.localName;
    return [element.value === 'allow' ? 'Allow' : name, wrong.join(', ')];
";

/// Where the focus is; fails when a person couldn't see it.
#[track_caller]
fn focus(chromium: &Chromium) -> String {
    let found = chromium.script(FOCUS);
    let (name, wrong) = (&found[0], &found[1]);
    assert_eq!(wrong, "", "the focus on {name}");
    name.as_str().expect("a name").to_owned()
}

fn keyboard_alone(server: &Server) {
    let visit = Visit::new(server);
    let chromium = &visit.chromium;
    visit.open();
    chromium.wait_for("input[name=email]:focus");
    assert_eq!(focus(chromium), "email");
    chromium.press(&visit.person.email);
    chromium.press(TAB);
    assert_eq!(focus(chromium), "password");
    chromium.press(&visit.person.password);
    chromium.press(ENTER);

    chromium.wait_for(ALLOW);
    let mut stops = Vec::new();
    while stops.last().is_none_or(|stop| stop != "Allow") {
        chromium.press(TAB);
        stops.push(focus(chromium));
        assert!(stops.len() < 20, "Tab doesn't reach Allow: {stops:?}");
    }
    // First who you are, then the decision, and refusing comes before allowing.
    assert_eq!(stops.first().map(String::as_str), Some("Not you?"), "{stops:?}");
    assert_eq!(stops.get(stops.len() - 2).map(String::as_str), Some("decision"), "{stops:?}");
    chromium.press(ENTER);
    let code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, code).expect(200);
}

fn redirect_on_to_another_origin(server: &Server) {
    let last = Listener::elsewhere(Answer::Page(DONE.to_owned()));
    let visit = Visit::of(server, Chromium::start(), Answer::RedirectOn(last.url()));
    visit.open();
    visit.sign_in();
    visit.chromium.click(ALLOW);
    let code = visit.arrival().code();
    assert_eq!(last.wait(&visit.chromium).code(), code);
    visit.wait_for_client();
    assert!(visit.chromium.url().starts_with(&last.url()), "{}", visit.chromium.url());
    visit.expect_quiet_console();
}

fn redirect_on_to_a_custom_scheme(server: &Server) {
    let visit = Visit::of(
        server,
        Chromium::start(),
        Answer::RedirectOn("acme-notes://signed-in".to_owned()),
    );
    visit.open();
    visit.sign_in();
    visit.chromium.click(ALLOW);
    let code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, code).expect(200);
    // No program here opens the scheme, but the policy of our page must not be why.
    expect_no_violation(&visit.chromium);
}

fn not_you(server: &Server) {
    let visit = Visit::new(server);
    let (chromium, other) = (&visit.chromium, Person::new());
    visit.open();
    visit.sign_in();
    assert!(chromium.text("main").contains(&visit.person.email));
    chromium.click("form[action$='/sign-out'] button");
    chromium.wait_for("input[autocomplete=current-password]");
    assert!(chromium.text("main").contains("Acme Notes"));
    chromium.click("a[href*='/sign-up']");
    chromium.wait_for("input[autocomplete=new-password]");
    fill_in(chromium, &other);
    chromium.click("main button[type=submit]");
    chromium.wait_for(ALLOW);
    let page = chromium.text("main");
    assert!(page.contains(&other.email) && !page.contains(&visit.person.email), "{page}");
    assert!(page.contains("Acme Notes"), "{page}");
    chromium.click(ALLOW);
    let code = visit.arrival().code();
    let _ = visit.redeem(&visit.request, code).expect(200);
    visit.expect_quiet_console();
}
