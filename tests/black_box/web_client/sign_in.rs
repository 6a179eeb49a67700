//! Signing in by redirect.

use latchkey_tests::Person;
use serde_json::{Value, json};

use super::app::App;
use super::case;
use super::site::Site;
use super::world::{World, text};
use crate::Case;
use crate::browser::visit::{ALLOW, DENY, fill_in};

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        case(
            "issue 5, BRW-05: a person who signs up by redirect is back in the app, where code and state are gone from the address and the history",
            by_redirect,
        ),
        case(
            "BRW-01, BRW-02, MCL-03: each sign-in has a state and an S256 challenge of its own, names the resource in both requests, and needs no secret",
            the_requests,
        ),
        case(
            "RFC 6749 section 4.1.2.1: a person who doesn't allow is access_denied in the app, and nobody is signed in",
            denied,
        ),
        case("needs 40: four sign-ins in four tabs all finish, in any order", in_four_tabs),
        case("issue 5: an aborted sign-in ends with aborted and sends the person nowhere", aborted),
        case(
            "OpenID Connect Core section 3.1.2.1: prompt and login_hint reach the server",
            prompt_and_hint,
        ),
        case(
            "OpenID Connect Core section 3.1.2.6: prompt none where nobody is signed in at the server comes back as login_required",
            prompt_none,
        ),
        case("issue 5: an address without a callback is none", no_callback),
        case(
            "issue 5: a callback that is handled twice at once, as React does in development, is redeemed once",
            handled_twice,
        ),
        case(
            "issue 5: a callback that the app has read itself is handled like the page's own",
            given_address,
        ),
    ]
}

fn by_redirect(world: &World) {
    let (app, person) = (App::with(world, world.stranger(), Site::start("")), Person::new());
    app.create("{}");
    app.begin("await client.signIn({ returnTo: '/notes?open=7#end' });");
    app.chromium.click("a[href*='/sign-up']");
    app.chromium.wait_for("input[autocomplete=new-password]");
    fill_in(&app.chromium, &person);
    app.chromium.click("main button[type=submit]");
    app.chromium.click(ALLOW);

    let result = app.arrive("{}");
    assert_eq!(result["returnTo"], "/notes?open=7#end", "{result}");
    let session = &result["session"];
    assert_eq!(session["issuer"], world.issuer(), "{session}");
    assert_eq!(session["clientId"], app.client.id, "{session}");
    assert_eq!(session["resource"], format!("{}/api", world.issuer()), "{session}");
    assert_eq!((&session["scope"], &session["refreshable"]), (&json!("api"), &json!(true)));
    assert!(session["expiresAt"].as_f64().is_some_and(|time| time > 1.7e12), "{session}");
    assert_eq!(app.run("return await client.getSession();"), *session);
    assert_eq!(app.events("signedin"), std::slice::from_ref(session));
    let _ = app.call(&app.access_token()).expect(200);

    assert_eq!(app.chromium.url(), app.site.callback());
    let history = app.chromium.devtools("Page.getNavigationHistory", &json!({}));
    let entries = history["entries"].as_array().expect("entries").iter();
    let entries: Vec<&str> = entries.map(|entry| text(&entry["url"])).collect();
    let own = |entry: &&&str| entry.starts_with(app.site.origin());
    assert!(entries.iter().filter(own).count() >= 2, "{entries:?}");
    for entry in entries.iter().filter(own) {
        assert!(!entry.contains("code=") && !entry.contains("state="), "{entries:?}");
    }
    // Not even the page knows any more what was in its address.
    let code = app.token_requests()[0].request.field("code").expect("code");
    let remembered = app.chromium.script(
        "return JSON.stringify([history.state, location.href, document.referrer, window.name]);",
    );
    assert!(!text(&remembered).contains(&code), "{remembered}");
    assert_eq!(app.chromium.console(), [""; 0]);
}

fn the_requests(world: &World) {
    let app = App::new(world);
    app.sign_in("{}");
    app.sign_in("{}");
    let authorizations = world.middle.passed(&app.client.id, "/authorize");
    let tokens = app.token_requests();
    assert_eq!((authorizations.len(), tokens.len()), (2, 2));
    let resource = format!("{}/api", world.issuer());
    for (authorization, token) in authorizations.iter().zip(&tokens) {
        let asked = |name| authorization.request.field(name).unwrap_or_default();
        assert_eq!(asked("code_challenge_method"), "S256");
        assert_eq!(asked("response_type"), "code");
        assert_eq!(asked("resource"), resource);
        let sent = |name| token.request.field(name);
        assert_eq!(sent("resource").as_deref(), Some(&*resource));
        assert_eq!(sent("redirect_uri"), Some(app.site.callback()));
        let verifier = sent("code_verifier").expect("code_verifier");
        assert_eq!(latchkey_tests::pkce::challenge(&verifier), asked("code_challenge"));
        assert_eq!(sent("client_secret"), None);
        assert_eq!(token.request.header("authorization"), None);
    }
    for name in ["state", "code_challenge"] {
        let [first, second] = [0, 1].map(|nth: usize| authorizations[nth].request.field(name));
        assert!(first.as_ref().is_some_and(|value| value.len() >= 43), "{name}: {first:?}");
        assert_ne!(first, second, "{name}");
    }
}

fn denied(world: &World) {
    let app = App::new(world);
    app.create("{}");
    app.begin("await client.signIn();");
    app.chromium.click(DENY);
    let failure = app.arrive_in_vain("{}").expect("access_denied");
    assert!(!failure.message().is_empty());
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
    let _ = app.fails("return await client.getAccessToken();").expect("signed_out");
    assert!(!app.chromium.url().contains("error="), "{}", app.chromium.url());
    assert_eq!(app.token_requests_begun(), 0);
}

fn in_four_tabs(world: &World) {
    let app = App::new(world);
    let mut tabs = vec![app.tab.clone()];
    for _ in 1..4 {
        tabs.push(app.chromium.new_tab().1);
        app.open();
    }
    for (number, tab) in tabs.iter().enumerate() {
        app.chromium.switch_to(tab);
        app.create("{ storage: 'local' }");
        app.begin(&format!("await client.signIn({{ returnTo: 'tab {number}' }});"));
        app.chromium.wait_for(ALLOW);
    }
    for (number, tab) in tabs.iter().enumerate().rev() {
        app.chromium.switch_to(tab);
        app.chromium.click(ALLOW);
        let result = app.arrive("{ storage: 'local' }");
        assert_eq!(result["returnTo"], format!("tab {number}"));
    }
    for tab in &tabs {
        app.chromium.switch_to(tab);
        let _ = app.call(&app.access_token()).expect(200);
        assert_eq!(app.events("signedout"), [Value::Null; 0]);
    }
}

fn aborted(world: &World) {
    let app = App::new(world);
    app.create("{}");
    let _ = app.fails("await client.signIn({ signal: AbortSignal.abort() });").expect("aborted");
    // Also while the server is being asked.
    app.create(
        "{ fetch: (input, init) => new Promise((resolve, reject) => {
            window.asked = true;
            init.signal.addEventListener('abort', () => reject(init.signal.reason));
        }) }",
    );
    app.begin("window.controller = new AbortController(); await client.signIn({ signal: controller.signal });");
    app.wait_until("a request", || app.chromium.script("return window.asked;").as_bool());
    app.run("controller.abort();");
    let _ = app.failed().expect("aborted");
    assert_eq!(app.chromium.url(), format!("{}/", app.site.origin()));
    assert_eq!(world.middle.begun(&app.client.id, "/authorize"), 0);
}

fn prompt_and_hint(world: &World) {
    let app = App::new(world);
    app.create("{}");
    app.begin("await client.signIn({ prompt: 'login', loginHint: 'ada@people.example' });");
    app.chromium.wait_for("input[name=password]");
    let request = world.middle.passed(&app.client.id, "/authorize").remove(0).request;
    assert_eq!(request.field("prompt").as_deref(), Some("login"));
    assert_eq!(request.field("login_hint").as_deref(), Some("ada@people.example"));
}

fn no_callback(world: &World) {
    let app = App::new(world);
    app.create("{}");
    assert_eq!(app.run("return await client.handleCallback();"), Value::Null);
    let elsewhere = "return await client.handleCallback('https://app.example/?page=2');";
    assert_eq!(app.run(elsewhere), Value::Null);
    assert_eq!(app.run("return await client.getSession();"), Value::Null);
}

fn prompt_none(world: &World) {
    let app = App::with(world, world.stranger(), Site::start(""));
    app.create("{}");
    app.begin("await client.signIn({ prompt: 'none' });");
    app.wait_until("the callback", || app.chromium.url().contains("/callback").then_some(()));
    let _ = app.arrive_in_vain("{}").expect("login_required");
    assert!(!app.chromium.url().contains("error="), "{}", app.chromium.url());
}

fn handled_twice(world: &World) {
    let app = App::new(world);
    app.create("{}");
    app.begin("await client.signIn();");
    app.chromium.click(ALLOW);
    app.wait_until_ready();
    app.create("{ storage: 'local' }");
    let results =
        app.run("return await Promise.all([client.handleCallback(), client.handleCallback()]);");
    assert!(results[0]["session"].is_object(), "{results}");
    assert_eq!(results[1], Value::Null, "{results}");
    assert_eq!(app.token_requests_begun(), 1);
    let _ = app.call(&app.access_token()).expect(200);
}

fn given_address(world: &World) {
    let app = App::new(world);
    app.create("{}");
    app.begin("await client.signIn();");
    app.chromium.click(ALLOW);
    app.wait_until_ready();
    app.create("{}");
    // A router that has moved on already.
    let result = app.run(
        "const address = location.href; history.replaceState(null, '', '/?page=2');
         return await client.handleCallback(new URL(address));",
    );
    assert!(result["session"].is_object(), "{result}");
    assert!(app.chromium.url().ends_with("/?page=2"), "{}", app.chromium.url());
}
