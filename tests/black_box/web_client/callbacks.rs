//! Callbacks that an attacker made, or that come twice.

use latchkey_tests::{Browser, Person, Walk, http};
use serde_json::Value;

use super::app::App;
use super::case;
use super::fake::{FakeServer, SERVER_METADATA};
use super::world::World;
use crate::Case;
use crate::browser::visit::ALLOW;
use latchkey_tests::Answer;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "BRW-01: a callback with a state that this tab never sent is refused, one with none is nobody's, and no code is sent",
            unknown_state,
        ),
        case(
            "BRW-01: a callback is good once: the same address again is refused and sends nothing",
            used_twice,
        ),
        case(
            "MCL-04, RFC 9207 section 2.4: a callback with another iss is refused, and so is one without the iss that was announced",
            wrong_issuer,
        ),
        case("MCL-04: an error is shown only once state and iss are right", error_of_nobody),
        case(
            "RFC 9700 section 4.5: an attacker's code in the victim's callback is refused by PKCE, and nobody is signed in",
            code_injection,
        ),
        case("RFC 6749 section 3.1: a callback with a parameter twice is refused", parameter_twice),
        case(
            "issue 5: what has neither a code nor an error is no callback; step by step it is no_code",
            no_code,
        ),
        case(
            "RFC 9207 section 2.3: without iss a callback is good where none was announced",
            iss_not_announced,
        ),
        case("needs 40: a sign-in of another tab is not this tab's to finish", of_another_tab),
    ]
}

/// Begins a sign-in and stops where the person would allow; returns the state.
fn begun(app: &App<'_>) -> String {
    app.create("{}");
    app.begin("await client.signIn();");
    app.chromium.wait_for(ALLOW);
    let requests = app.world.middle.passed(&app.client.id, "/authorize");
    requests.last().and_then(|passed| passed.request.field("state")).expect("state")
}

/// Goes to the callback with these parameters, instead of where the server would have sent the person.
fn come_back(app: &App<'_>, parameters: &[(&str, &str)]) {
    app.chromium.open(&format!("{}?{}", app.site.callback(), http::encode(parameters)));
}

/// Nobody is signed in, no code was sent, and the address is clean.
#[track_caller]
fn expect_nothing_came_of_it(app: &App<'_>, token_requests: usize) {
    assert_eq!(app.token_requests_begun(), token_requests);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    let url = app.chromium.url();
    assert!(!url.contains("code=") && !url.contains("state="), "{url}");
}

fn unknown_state(world: &World) {
    let app = App::new(world);
    let issuer = world.issuer();
    begun(&app);
    come_back(&app, &[("code", "forged"), ("state", "never-sent"), ("iss", &issuer)]);
    let _ = app.arrive_in_vain("{}").expect("unknown_state");
    expect_nothing_came_of_it(&app, 0);
    // A page may have a `code` of its own in its address.
    begun(&app);
    come_back(&app, &[("code", "forged"), ("iss", &issuer)]);
    assert_eq!(app.arrive("{}"), Value::Null);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    assert_eq!(app.token_requests_begun(), 0);
    // Neither spoils the sign-in that is under way.
    let state = begun(&app);
    come_back(&app, &[("code", "forged"), ("state", "never-sent"), ("iss", &issuer)]);
    let _ = app.arrive_in_vain("{}").expect("unknown_state");
    come_back(&app, &[("error", "access_denied"), ("state", &state), ("iss", &issuer)]);
    let _ = app.arrive_in_vain("{}").expect("access_denied");
}

fn used_twice(world: &World) {
    let app = App::new(world);
    let state = begun(&app);
    app.chromium.click(ALLOW);
    app.arrive("{ storage: 'local' }");
    let token = app.access_token();
    let code = app.token_requests()[0].request.field("code").expect("code");
    come_back(&app, &[("code", &code), ("state", &state), ("iss", &world.issuer())]);
    let _ = app.arrive_in_vain("{ storage: 'local' }").expect("unknown_state");
    assert_eq!(app.token_requests_begun(), 1);
    // Who is signed in stays so: a second redemption would have ended the whole grant.
    assert_eq!(app.access_token(), token);
    let _ = app.call(&token).expect(200);
}

fn wrong_issuer(world: &World) {
    let app = App::new(world);
    let issuer = world.issuer();
    let upper = issuer.to_uppercase();
    let slash = format!("{issuer}/");
    for other in ["https://evil.example", &slash, &upper, ""] {
        let state = begun(&app);
        come_back(&app, &[("code", "forged"), ("state", &state), ("iss", other)]);
        let _ = app.arrive_in_vain("{}").expect("wrong_issuer");
        expect_nothing_came_of_it(&app, 0);
    }
    let state = begun(&app);
    come_back(&app, &[("code", "forged"), ("state", &state)]);
    let _ = app.arrive_in_vain("{}").expect("wrong_issuer");
    expect_nothing_came_of_it(&app, 0);
}

const WORDS: &str = "Call 0800 for help";

fn error_of_nobody(world: &World) {
    let app = App::new(world);
    let issuer = world.issuer();
    let error = [("error", "server_error"), ("error_description", WORDS)];
    for (state_is_right, iss) in
        [(true, Some("https://evil.example")), (true, None), (false, Some(&*issuer))]
    {
        let state = begun(&app);
        let state = if state_is_right { state } else { "never-sent".to_owned() };
        let mut parameters = error.to_vec();
        parameters.push(("state", &state));
        parameters.extend(iss.map(|iss| ("iss", iss)));
        come_back(&app, &parameters);
        let failure = app.arrive_in_vain("{}");
        let failure = failure.expect(if state_is_right { "wrong_issuer" } else { "unknown_state" });
        assert!(!failure.0.to_string().contains(WORDS), "{failure:?}");
    }
    let state = begun(&app);
    let right = [("state", &*state), ("iss", &*issuer)];
    come_back(&app, &[error.as_slice(), &right].concat());
    let failure = app.arrive_in_vain("{}").expect("server_error");
    assert!(failure.message().contains(WORDS), "{failure:?}");
}

fn code_injection(world: &World) {
    let app = App::new(world);
    // The attacker has an account, and a code for the same client and the same redirect URI.
    let (attacker, mut browser) = (Person::new(), Browser::new(&world.server));
    browser.join(&attacker);
    let mut walk =
        Walk { server: &world.server, client: app.client.clone(), person: attacker, browser };
    let request =
        walk.request().and("scope", "api").and("resource", &format!("{}/api", world.issuer()));
    let code = walk.approve(&request).code();

    let state = begun(&app);
    come_back(&app, &[("code", &code), ("state", &state), ("iss", &world.issuer())]);
    let _ = app.arrive_in_vain("{}").expect("invalid_grant");
    expect_nothing_came_of_it(&app, 1);
}

fn parameter_twice(world: &World) {
    let app = App::new(world);
    let issuer = world.issuer();
    for twice in ["code", "iss", "state"] {
        let state = begun(&app);
        let mut parameters = vec![("code", "one"), ("state", &*state), ("iss", &*issuer)];
        let value = if twice == "state" { state.as_str() } else { "two" };
        parameters.push((twice, value));
        come_back(&app, &parameters);
        let _ = app.arrive_in_vain("{}").expect("malformed_callback");
        expect_nothing_came_of_it(&app, 0);
    }
}

fn no_code(world: &World) {
    let app = App::new(world);
    let state = begun(&app);
    come_back(&app, &[("state", &state), ("iss", &world.issuer())]);
    assert_eq!(app.arrive("{}"), Value::Null);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    assert_eq!(app.token_requests_begun(), 0);
    let step = format!(
        "const server = (await latchkey.discoverServer('{}')).metadata;
         await latchkey.readCallback(location.href, {{ server, state: '{state}' }});",
        world.issuer()
    );
    let _ = app.fails(&step).expect("no_code");
}

fn iss_not_announced(world: &World) {
    let (app, server) = (App::new(world), FakeServer::start());
    let mut metadata = server.metadata();
    metadata["authorization_response_iss_parameter_supported"] = false.into();
    server.answer(SERVER_METADATA, Answer::json(&metadata, "no-store"));
    let options = server.options();
    let begin = || {
        app.open();
        app.create(&options);
        app.begin("await client.signIn();");
        app.chromium.wait_for("#allow");
        server
            .received("/authorize")
            .pop()
            .and_then(|request| request.field("state"))
            .expect("state")
    };
    let state = begin();
    come_back(&app, &[("code", "good"), ("state", &state)]);
    assert_eq!(app.arrive(&options)["session"]["issuer"], server.issuer());
    // One that is there is compared all the same.
    let state = begin();
    come_back(&app, &[("code", "forged"), ("state", &state), ("iss", "https://evil.example")]);
    let _ = app.arrive_in_vain(&options).expect("wrong_issuer");
    assert_eq!(server.received("/token").len(), 1);
}

fn of_another_tab(world: &World) {
    let app = App::new(world);
    let state = begun(&app);
    app.chromium.new_tab();
    come_back(&app, &[("code", "forged"), ("state", &state), ("iss", &world.issuer())]);
    let _ = app.arrive_in_vain("{}").expect("unknown_state");
    app.back_to_first();
    app.chromium.click(ALLOW);
    app.arrive("{}");
    let _ = app.call(&app.access_token()).expect(200);
}
