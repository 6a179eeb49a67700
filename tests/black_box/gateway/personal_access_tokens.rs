//! Personal access tokens: made, shown once, used, shown as used, revoked, expired.

use latchkey_tests::{Browser, Front, Walk, jwt};
use std::time::{Duration, Instant};

use super::{nothing_reached, refused};
use crate::Case;

const PREFIX: &str = "latchkey_pat_";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: a personal access token is shown once, with a prefix and a checksum",
            |servers| {
                shown_once(servers.gateway());
            },
        ),
        Case::new(
            "needs 24: it is accepted as bearer and as X-API-Key, and the upstream is told whose it is",
            |servers| {
                used(servers.gateway());
            },
        ),
        Case::new("issue 3: it does what it was made for, and nothing else", |servers| {
            limited(servers.gateway());
        }),
        Case::new(
            "issue 3: where personal access tokens aren't taken none is, and none can be made",
            |servers| {
                not_taken(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: one that was changed or cut is told so, and one that was guessed isn't",
            |servers| {
                damaged(servers.gateway());
            },
        ),
        Case::new("needs 24: it is revoked one by one, and at once", |servers| {
            revoked(servers.gateway());
        }),
        Case::new("issue 3: the account page shows when it was last used", |servers| {
            last_used(servers.gateway());
        }),
        Case::new("issue 3: it expires, and then the account page says so", |servers| {
            expired(servers.brief_tokens());
        }),
        Case::new(
            "issue 3: what is missing in the form is said at its place, and makes no token",
            |servers| {
                form_errors(servers.gateway());
            },
        ),
    ]
}

/// The checksum of a token's first three parts: CRC-32 (IEEE) as six digits of base 62.
fn checksum(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut rest = !crc;
    let mut text = Vec::new();
    for _ in 0..6 {
        text.insert(0, digits[(rest % 62) as usize]);
        rest /= 62;
    }
    text.into_iter().collect()
}

/// The part of a token that the account page knows it by.
fn id(token: &str) -> String {
    token.split('.').nth(1).expect("an id").to_owned()
}

fn shown_once(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let resource = front.resource("/api");
    let landed = walk.browser.ask_for_token("My <b>script</b>", &["api"], &[&resource]).expect(200);
    let token = landed.texts("#token").concat();
    front.server.secrets().remember(&token);
    let store = landed.reply.header("cache-control").unwrap_or_default();
    assert!(store.contains("no-store"), "{}", landed.reply.describe());
    assert!(landed.text().contains("My <b>script</b>"), "{}", landed.text());
    assert!(landed.text().contains("X-API-Key") && landed.text().contains("curl"));
    let (signed, found) = token.rsplit_once('.').unwrap();
    assert!(token.starts_with(PREFIX), "{token}");
    assert_eq!(found, checksum(signed));
    let secret = token.split('.').nth(2).unwrap();
    assert!(secret.len() >= 40, "256 random bits: {secret}");

    let page = walk.browser.account();
    for shown in ["My <b>script</b>", "Read your notes", "Never used", "Expires"] {
        assert!(page.text().contains(shown), "{shown}: {}", page.text());
    }
    let activity = walk.browser.page("/account/activity").expect(200);
    for page in [&page, &activity] {
        assert!(!page.reply.text().contains(secret), "{}", page.path);
    }
    let stored = front.server.stored();
    assert!(stored.has(&id(&token)) && !stored.has(secret), "the secret is stored");
}

fn used(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let paths = ["/api", "/keys-only", "/slow-bound"];
    let resources = paths.map(|path| front.resource(path));
    let chosen: Vec<&str> = resources.iter().map(String::as_str).collect();
    let token = walk.browser.new_token("All", &["api", "mcp"], &chosen);
    let keys = jwt::keys(&front.server);
    let mut subjects = Vec::new();
    for path in paths {
        let place = front.upstream.plain();
        let call = || front.call("GET", &format!("{path}/{}", place.name()));
        let _ = call().bearer(&token).send().expect(200);
        let _ = call().api_key(&token).send().expect(200);
        for received in place.received() {
            assert_eq!(received.header("latchkey-credential"), Some("personal_access_token"));
            assert_eq!(received.header("latchkey-client-id"), None);
            let mut scope: Vec<_> = received.header("latchkey-scope").unwrap().split(' ').collect();
            scope.sort_unstable();
            assert_eq!(scope, ["api", "mcp"]);
            assert!(received.headers.iter().all(|(_, value)| !value.contains(&token)));
            let assertion = received.header("latchkey-assertion").unwrap();
            let claims = jwt::verify(assertion, &keys).expect("assertion").claims;
            assert_eq!(claims["aud"], front.resource(path));
            assert_eq!(claims.get("client_id"), None);
            assert_eq!(claims["sub"], received.header("latchkey-subject").unwrap());
            subjects.push(claims["sub"].as_str().unwrap().to_owned());
        }
    }
    // The same person as in access tokens.
    let tokens = front.tokens(&mut walk, "/api", "api");
    let subject = jwt::read(&tokens.access).claims["sub"].as_str().unwrap().to_owned();
    assert_eq!(subjects, vec![subject; 6]);
}

fn limited(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Reads", &["api"], &[&front.resource("/api")]);
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let challenge =
        refused(&front.call("DELETE", &target).bearer(&token).send(), 403, "insufficient_scope");
    assert_eq!(challenge.scope(), ["api", "api:write"]);
    for path in ["/mcp", "/api/admin", "/slow-bound", "/keys-only"] {
        let reply = front.get(&format!("{path}/{}", place.name()), Some(&token));
        refused(&reply, 401, "invalid_token");
    }
    nothing_reached(&place);
    let _ = front.get(&target, Some(&token)).expect(200);
    // It stands for nothing at the server itself.
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    walk.client.token(&front.server, &fields).expect_error(400, "invalid_grant");
    let _ = walk.client.revoke(&front.server, &token).expect(200);
    let _ = front.get(&target, Some(&token)).expect(200);
}

fn not_taken(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Other", &["api"], &[&front.resource("/api")]);
    let place = front.upstream.plain();
    let target = format!("/oauth-only/{}", place.name());
    for reply in
        [front.get(&target, Some(&token)), front.call("GET", &target).api_key(&token).send()]
    {
        let challenge = refused(&reply, 401, "invalid_token");
        let words = challenge.get("error_description").unwrap().to_owned();
        assert!(words.contains("access token"), "{words}");
    }
    nothing_reached(&place);
    // The form doesn't offer it, and a form that somebody made doesn't get it.
    let page = walk.browser.page("/account/tokens").expect(200);
    let form = page.form("/account/tokens");
    let refusing = front.resource("/oauth-only");
    assert!(!form.choices.contains(&("resource".to_owned(), refusing.clone())));
    for (resource, scope) in [
        (refusing, "api"),
        (front.resource("/nothing"), "api"),
        (front.resource("/api"), "nothing"),
    ] {
        let mut fields = form.filled(&[("label", "Forged")]);
        fields.push(("resource".to_owned(), resource));
        fields.push(("scope".to_owned(), scope.to_owned()));
        let landed = walk.browser.post("/account/tokens", &fields).page();
        assert!((400..500).contains(&landed.reply.status), "{}", landed.reply.describe());
        assert!(landed.texts("#token").is_empty(), "{}", landed.reply.describe());
    }
    assert!(!walk.browser.account().text().contains("Forged"));
}

fn damaged(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Whole", &["api"], &[&front.resource("/api")]);
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let words = |token: &str| {
        let reply = front.get(&target, Some(token));
        let challenge = refused(&reply, 401, "invalid_token");
        challenge.get("error_description").unwrap().to_owned()
    };
    let flip = |text: &str, at: usize| {
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    };
    for changed in [
        flip(&token, PREFIX.len() + 2),
        flip(&token, token.len() - 20),
        flip(&token, token.len() - 1),
        token[..token.len() - 1].to_owned(),
        token[..token.len() - 7].to_owned(),
        format!("{token}x"),
        format!("{token}="),
        PREFIX.to_owned(),
    ] {
        assert!(words(&changed).contains("checksum"), "{changed}");
    }
    // With a checksum that is right anybody can make one; it opens nothing.
    let (signed, _) = token.rsplit_once('.').unwrap();
    let nowhere = "A".repeat(22);
    let secret = signed.rsplit('.').next().unwrap();
    for guessed in [
        flip(signed, signed.len() - 20),
        format!("{PREFIX}{nowhere}.{nowhere}.{secret}"),
        format!("{}.{nowhere}.{secret}", signed.split('.').next().unwrap()),
    ] {
        let guessed = format!("{guessed}.{}", checksum(&guessed));
        let words = words(&guessed);
        assert!(words.contains("unknown"), "{guessed}: {words}");
    }
    nothing_reached(&place);
    let _ = front.get(&target, Some(&token)).expect(200);
}

fn revoked(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let resource = front.resource("/api");
    let kept = walk.browser.new_token("Kept", &["api"], &[&resource]);
    let taken = walk.browser.new_token("Taken", &["api"], &[&resource]);
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    for token in [&kept, &taken] {
        let _ = front.get(&target, Some(token)).expect(200);
    }
    // Signing out ends no token.
    let page = walk.browser.account();
    let _ = walk.browser.submit(&page, &page.form("/sign-out"), &[]).page().expect(200);
    let page = walk.browser.page("/account").expect(200);
    assert!(!page.text().contains(&walk.person.email), "{}", page.text());
    for token in [&kept, &taken] {
        let _ = front.get(&target, Some(token)).expect(200);
    }
    let _ = walk.browser.sign_in(&page, &walk.person).page().expect(200);
    let done = walk.browser.take_back("revoke-token", Some(&id(&taken)));
    assert!(done.text().contains("The token is revoked"), "{}", done.text());
    assert!(!done.text().contains("Taken") && done.text().contains("Kept"), "{}", done.text());
    let before = place.begun();
    for reply in
        [front.get(&target, Some(&taken)), front.call("GET", &target).api_key(&taken).send()]
    {
        let challenge = refused(&reply, 401, "invalid_token");
        assert!(challenge.get("error_description").unwrap().contains("revoked"));
    }
    assert_eq!(place.begun(), before);
    let _ = front.get(&target, Some(&kept)).expect(200);
    // Somebody else can't.
    let mut other = Walk::begin(&front.server);
    let _ = other.browser.new_token("Theirs", &["api"], &[&resource]);
    let page = other.browser.account();
    let mut fields = page.account_form("revoke-token", None).filled(&[]);
    fields.iter_mut().find(|(name, _)| name == "id").unwrap().1 = id(&kept);
    let _ = other.browser.post("/account", &fields).page();
    let _ = front.get(&target, Some(&kept)).expect(200);
}

/// Loads the account page until it shows `wanted`: what it shows of calls is written after them.
#[track_caller]
fn wait_for(browser: &mut Browser<'_>, wanted: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let text = browser.account().text();
        if text.contains(wanted) {
            return text;
        }
        assert!(Instant::now() < deadline, "{wanted} is never shown: {text}");
    }
}

fn last_used(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Counted", &["api"], &[&front.resource("/api")]);
    assert!(walk.browser.account().text().contains("Never used"));
    let place = front.upstream.plain();
    let _ = front.call("GET", &format!("/api/{}", place.name())).api_key(&token).send().expect(200);
    let text = wait_for(&mut walk.browser, "Last used");
    assert!(!text.contains("Never used"), "{text}");
}

fn expired(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let token = walk.browser.new_token("Brief", &["api"], &[]);
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let _ = front.get(&target, Some(&token)).expect(200);
    let deadline = Instant::now() + Duration::from_secs(60);
    let reply = loop {
        let reply = front.get(&target, Some(&token));
        if reply.status != 200 {
            break reply;
        }
        assert!(Instant::now() < deadline, "the token never expires");
    };
    let challenge = refused(&reply, 401, "invalid_token");
    assert!(challenge.get("error_description").unwrap().contains("expired"), "{challenge:?}");
    let text = wait_for(&mut walk.browser, "Expired");
    assert!(text.contains("Brief"), "{text}");
}

fn form_errors(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let resource = front.resource("/api");
    let long = "x".repeat(61);
    for (label, scopes, resources) in [
        ("", &["api"][..], &[resource.as_str()][..]),
        ("   ", &["api"], &[&resource]),
        (&long, &["api"], &[&resource]),
        ("Nothing to do", &[], &[&resource]),
        ("Nowhere to go", &["api"], &[]),
    ] {
        let landed = walk.browser.ask_for_token(label, scopes, resources);
        assert!((400..500).contains(&landed.reply.status), "{}", landed.reply.describe());
        assert!(!landed.alert().is_empty(), "{}", landed.reply.describe());
        assert!(landed.texts("#token").is_empty(), "{}", landed.reply.describe());
    }
    // Without the form of this session nothing is made either.
    let page = walk.browser.page("/account/tokens").expect(200);
    let pairs = [("label", "Forged"), ("scope", "api"), ("resource", &resource)];
    let fields = page.form("/account/tokens").filled(&pairs);
    let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
    let _ = walk.browser.post("/account/tokens", &without).page().expect(403);
    let _ = walk.browser.clone().post_from_another_site("/account/tokens", &fields);
    assert!(walk.browser.account().attributes("input[value=revoke-token]", "value").is_empty());
}
