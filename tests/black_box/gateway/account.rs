//! The account page: what has access, and taking it back at once.

use latchkey_tests::{Browser, Client, Front, Tokens, Walk};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{nothing_reached, refused};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "needs 25: a connected app is shown with its host, its scopes, and when it was first and last used",
            |servers| {
                connected_app(servers.gateway());
            },
        ),
        Case::new(
            "needs 25: revoking an app on the account page ends its access and refresh tokens at once",
            |servers| {
                revoke_app(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: a browser is shown with its device and signed out from another one",
            |servers| {
                sessions(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: signing out everywhere else leaves this browser, the apps and the tokens",
            |servers| {
                other_sessions(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: nothing is taken back without the form of this very session",
            |servers| {
                forged_forms(servers.gateway());
            },
        ),
        Case::new("issue 3: nobody sees an account page but who is signed in", |servers| {
            signed_out(servers.gateway());
        }),
    ]
}

fn connected_app(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    assert!(walk.browser.account().text().contains("No app has access"));
    let tokens = front.tokens(&mut walk, "/api", "api api:write");
    let page = walk.browser.account();
    let text = page.text();
    let name = walk.client.document["client_name"].as_str().unwrap();
    for shown in [
        name,
        "client.example",
        "Read your notes",
        "Delete your notes",
        "api:write",
        &front.resource("/api"),
        "Last used",
        "Since",
        "Until",
        &walk.person.email,
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    called_later(front, &mut walk, &tokens.access);
    // One line for the app, however often it gets tokens, and none for one that never did.
    let _ = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
    let _ = front.tokens(&mut walk, "/api", "api api:write");
    let waiting = Client::public(&front.server);
    let mut other = Walk { client: waiting.clone(), ..walk };
    let _ = other.code();
    let page = other.browser.account();
    assert_eq!(page.attributes("input[name=action][value=revoke-app]", "value").len(), 1);
    assert!(!page.text().contains(waiting.document["client_name"].as_str().unwrap()));
}

/// When the one app was last used, as the page says it to programs.
#[track_caller]
fn last_used(walk: &mut Walk<'_>) -> String {
    let page = walk.browser.account();
    let lines = page.texts("[aria-labelledby=apps] .item .note");
    let lines: Vec<_> = lines.iter().filter(|line| line.starts_with("Last used ")).collect();
    let times = page.attributes("[aria-labelledby=apps] .item .note time", "datetime");
    assert_eq!((lines.len(), times.len()), (1, 1), "{}", page.text());
    let is_utc = times[0].len() == 20 && times[0].ends_with('Z');
    assert!(is_utc, "not in an order of time: {times:?}");
    times.concat()
}

/// A call through the gateway is a use, too.
fn called_later(front: &Front, walk: &mut Walk<'_>, token: &str) {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let before = last_used(walk);
    // It is shown in whole seconds.
    let (read, deadline) = (second(), Instant::now() + Duration::from_secs(60));
    while second() == read {
        assert!(Instant::now() < deadline, "the clock stands still");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(last_used(walk), before, "nothing was called");
    let place = front.upstream.plain();
    let _ = front.get(&format!("/api/{}", place.name()), Some(token)).expect(200);
    // It is written after the answer.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let after = last_used(walk);
        if after > before {
            return;
        }
        assert_eq!(after, before, "it goes backwards");
        assert!(Instant::now() < deadline, "it stays at {before}");
    }
}

fn revoke_app(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let first = front.tokens(&mut walk, "/api", "api");
    let second = front.tokens(&mut walk, "/api", "api");
    let mcp = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let _ = front.get(&target, Some(&first.access)).expect(200);
    let page = walk.browser.account();
    // Two installations: one for each resource.
    let forms: Vec<_> = page
        .forms()
        .into_iter()
        .filter(|form| form.field("action") == Some("revoke-app"))
        .collect();
    assert_eq!(forms.len(), 2, "{}", page.text());
    assert!(page.text().contains("at once"), "{}", page.text());
    let entries = page.texts("ul.items > li");
    let index = entries.iter().position(|entry| entry.contains(&front.resource("/api"))).unwrap();
    let done = walk.browser.submit(&page, &forms[index], &[]).page().expect(200);
    assert!(done.text().contains("revoked"), "{}", done.text());
    assert!(!done.text().contains(&front.resource("/api")), "{}", done.text());

    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    for tokens in [&first, &second] {
        let reply = front.get(&target, Some(&tokens.access));
        let challenge = refused(&reply, 401, "invalid_token");
        assert!(challenge.get("error_description").unwrap().contains("revoked"));
        let reply = walk.client.refresh(&front.server, &tokens.refresh);
        reply.expect_error(400, "invalid_grant");
    }
    nothing_reached(&place);
    // The other one goes on.
    let _ = front.get(&format!("/mcp?at={}", place.name()), Some(&mcp.access)).expect(200);
    let _ = Tokens::from_reply(&walk.client.refresh(&front.server, &mcp.refresh));
    // A second press of the same button changes nothing.
    let again = walk.browser.submit(&page, &forms[index], &[]).page().expect(200);
    assert_eq!(again.attributes("input[value=revoke-app]", "value").len(), 1);
    let _ = front.get(&format!("/mcp?at={}", place.name()), Some(&mcp.access)).expect(200);
}

/// The person in another browser, which says what it is.
fn elsewhere<'a>(walk: &Walk<'a>) -> Browser<'a> {
    let mut browser = Browser::new(walk.server);
    browser.agent = Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let path = browser.path("/sign-in", &[]);
    let page = browser.page(&path).expect(200);
    let _ = browser.sign_in(&page, &walk.person).page().expect(200);
    browser
}

fn sessions(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let mut other = elsewhere(&walk);
    let page = walk.browser.account();
    let text = page.text();
    assert!(text.contains("Firefox on Linux") && text.contains("This one"), "{text}");
    let form = page.account_form("end-session", None);
    let done = walk.browser.submit(&page, &form, &[]).page().expect(200);
    assert!(done.text().contains("signed out"), "{}", done.text());
    assert!(!done.text().contains("Firefox on Linux"), "{}", done.text());
    // That one has to sign in again, at once; this one hasn't.
    let path = other.path("/account", &[]);
    assert!(!other.page(&path).text().contains(&walk.person.email));
    assert!(walk.browser.account().text().contains(&walk.person.email));
}

fn other_sessions(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let token = walk.browser.new_token("Kept", &["api"], &[&front.resource("/api")]);
    let mut others = [elsewhere(&walk), elsewhere(&walk)];
    let _ = walk.browser.take_back("end-other-sessions", None);
    for other in &mut others {
        let path = other.path("/account", &[]);
        assert!(!other.page(&path).text().contains(&walk.person.email));
    }
    assert!(walk.browser.account().text().contains(&walk.person.email));
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    for credential in [&tokens.access, &token] {
        let _ = front.get(&target, Some(credential)).expect(200);
    }
    let _ = front.call("GET", &target).api_key(&token).send().expect(200);
    let _ = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
}

fn forged_forms(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let page = walk.browser.account();
    let form = page.account_form("revoke-app", None);
    let fields = form.filled(&[]);
    let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
    let _ = walk.browser.post("/account", &without).page().expect(403);
    // The token of the sign-out form is for signing out.
    let sign_out = page.form("/sign-out").field("csrf").unwrap().to_owned();
    let mut others = without.clone();
    others.push(("csrf".to_owned(), sign_out));
    let _ = walk.browser.post("/account", &others).page().expect(403);
    let landed = walk.browser.clone().post_from_another_site("/account", &fields).page();
    assert!(!landed.text().contains("is revoked"), "{}", landed.reply.describe());
    // Somebody else's form, in this browser, and this form in somebody else's.
    let mut other = Walk::begin(&front.server);
    let _ = other.browser.post("/account", &fields).page().expect(403);
    let path = "/account?action=revoke-app";
    let _ = walk.browser.page(path).expect(200);
    let place = front.upstream.plain();
    let _ = front.get(&format!("/api/{}", place.name()), Some(&tokens.access)).expect(200);
    // With a form of their own nobody reaches another's grant.
    let _ = front.tokens(&mut other, "/mcp", "mcp");
    let their_page = other.browser.account();
    let mut theirs = their_page.account_form("revoke-app", None).filled(&[]);
    let id = form.field("id").unwrap().to_owned();
    theirs.iter_mut().find(|(name, _)| name == "id").unwrap().1 = id;
    let _ = other.browser.post("/account", &theirs).page().expect(200);
    let _ = front.get(&format!("/api/{}", place.name()), Some(&tokens.access)).expect(200);
}

fn signed_out(front: &Front) {
    let mut browser = Browser::new(&front.server);
    for path in [
        "/account",
        "/account/tokens",
        "/account/activity",
        "/account/activity.csv",
        "/account/activity.json",
    ] {
        let page = browser.page(path).expect(200);
        assert!(!page.forms().is_empty(), "{}", page.reply.describe());
        assert!(page.text().contains("Sign in"), "{}", page.reply.describe());
        assert_eq!(page.reply.header("access-control-allow-origin"), None, "{path}");
        let store = page.reply.header("cache-control").unwrap_or_default();
        assert!(store.contains("no-store"), "{}", page.reply.describe());
    }
    // Signing in there leads to the account.
    let walk = Walk::begin(&front.server);
    let page = browser.page("/account").expect(200);
    let landed = browser.sign_in(&page, &walk.person).page().expect(200);
    assert!(landed.path.starts_with("/account"), "{}", landed.path);
    assert!(landed.text().contains("Connected apps"), "{}", landed.text());
}
