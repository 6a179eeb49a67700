//! The device flow at the token and device authorization endpoints (RFC 8628).

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::{Browser, Client, Device, Person, Server, Tokens, jwt};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::Case;
use crate::races::at_once;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 8628 section 3.2, DEV-01: a device gets both codes, both addresses and both times, never cached, however its client authenticates",
            |servers| {
                answer(servers.standard());
                answer(servers.short_links());
            },
        ),
        Case::new(
            "RFC 8628 section 3.1, DEV-01: each bad device authorization request has its code",
            |servers| bad_requests(servers.standard(), servers.quick()),
        ),
        Case::new(
            "RFC 8628 section 3.5, DEV-02, DEV-03: a device that waits gets authorization_pending, and one that asks too early slow_down and an interval 5 seconds longer each time",
            |servers| slow_down(servers.standard()),
        ),
        Case::new(
            "needs 32: a device that was slowed down gets its tokens as soon as it is allowed",
            |servers| slowed_down_and_allowed(servers.standard()),
        ),
        Case::new(
            "RFC 8628 section 3.5, DEV-04: a device that is not allowed gets access_denied",
            |servers| denied(servers.standard()),
        ),
        Case::new(
            "RFC 8628 section 3.5, DEV-04: after its time a device code is an expired_token, and its user code is of no use",
            |servers| expired(servers.quick()),
        ),
        Case::new(
            "RFC 8628 section 3.4, DEV-04: an unknown device code, a damaged one and another client's are invalid_grant, and change nothing",
            |servers| invalid(servers.standard()),
        ),
        Case::new(
            "RFC 10027, DEV-04: of 20 parallel polls after approval exactly one gets tokens, and the others do no harm",
            |servers| once(servers.standard()),
        ),
        Case::new(
            "needs 23: a client registered with the device grant only, without a redirect URI, signs in, refreshes and is revoked",
            |servers| whole_life(servers.standard()),
        ),
        Case::new(
            "needs 23: a client that did not register the device grant is unauthorized_client",
            |servers| not_registered(servers.standard()),
        ),
        Case::new(
            "RFC 8707 section 2: a device's access token is for the resource that it asked for",
            |servers| resources(servers.standard()),
        ),
        Case::new("RFC 8628 section 5.2: a device code is none of the other tokens", |servers| {
            nothing_else(servers.standard())
        }),
    ]
}

/// Somebody who is signed in.
fn signed_in(server: &Server) -> Browser<'_> {
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    browser
}

fn answer(server: &Server) {
    let mut seen = std::collections::HashSet::new();
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let client = Client::of_device(server, method);
        let reply = client.call(server, "/device_authorization", &[]).send().expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.describe());
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        let document = reply.json();
        let code = document["user_code"].as_str().expect("user_code").to_owned();
        let (letters, digits) = code.split_once('-').expect("a dash");
        assert!(
            letters.len() == 4 && letters.chars().all(|one| "BCDFGHJKLMNPQRSTVWXZ".contains(one))
        );
        assert!(digits.len() == 4 && digits.chars().all(|one| one.is_ascii_digit()), "{code}");
        let page = server.url("/device");
        assert_eq!(document["verification_uri"], page);
        assert_eq!(document["verification_uri_complete"], format!("{page}?user_code={code}"));
        assert_eq!((&document["expires_in"], &document["interval"]), (&json!(600), &json!(5)));
        // 256 bits, of which the user code tells nothing.
        let device_code = document["device_code"].as_str().expect("device_code");
        assert_eq!(device_code.rsplit('.').next().map(str::len), Some(43), "{device_code}");
        assert!(seen.insert(code) && seen.insert(device_code.to_owned()));
    }
}

fn bad_requests(server: &Server, strict: &Server) {
    let client = Client::of_device(server, "none");
    let ask = |fields: &[(&str, &str)]| client.call(server, "/device_authorization", fields).send();
    ask(&[("scope", "a\"b")]).expect_error(400, "invalid_scope");
    ask(&[("resource", "https://elsewhere.example/")]).expect_error(400, "invalid_target");
    ask(&[("scope", "mcp"), ("scope", "mcp")]).expect_error(400, "invalid_request");
    // Unknown scopes are left out as at the authorization endpoint, unless the deployment is strict.
    let _ = ask(&[("scope", "openid mcp")]).expect(200);
    let other = Client::of_device(strict, "none");
    let call = other.call(strict, "/device_authorization", &[("scope", "openid mcp")]);
    call.send().expect_error(400, "invalid_scope");

    server.post_form("/device_authorization", &[]).expect_error(400, "invalid_request");
    let unknown = [("client_id", "nobody")];
    server.post_form("/device_authorization", &unknown).expect_error(401, "invalid_client");
    let confidential = Client::of_device(server, "client_secret_basic");
    let without_secret = [("client_id", confidential.id.as_str())];
    server.post_form("/device_authorization", &without_secret).expect_error(401, "invalid_client");
    let wrong = Client { secret: Some("latchkey_secret_wrong".to_owned()), ..confidential };
    let reply = wrong.call(server, "/device_authorization", &[]).send();
    reply.expect_error(401, "invalid_client");
    assert!(reply.header("www-authenticate").is_some(), "{}", reply.describe());
}

fn slow_down(server: &Server) {
    let device = Device::new(server);
    let first = device.poll();
    first.expect_error(400, "authorization_pending");
    assert_eq!(first.header("cache-control"), Some("no-store"), "{}", first.describe());
    let mut interval = 5;
    for _ in 0..50 {
        let early = device.poll();
        if early.json()["error"] == "authorization_pending" {
            // The machine is so slow that this one was in time.
            continue;
        }
        early.expect_error(400, "slow_down");
        interval += 5;
        let stated = early.header("retry-after").and_then(|text| text.parse().ok());
        assert_eq!(stated, Some(interval), "{}", early.describe());
        if interval == 25 {
            break;
        }
    }
    assert_eq!(interval, 25);
    // Another client can't slow it down.
    let another = Client::of_device(server, "none");
    device.poll_as(&another, &[]).expect_error(400, "invalid_grant");
    let early = device.poll();
    assert_eq!(early.header("retry-after"), Some("30"), "{}", early.describe());
    // Nor is another device of the same client slower for it.
    let beside = Device::of(server, device.client.clone(), &[]);
    beside.poll().expect_error(400, "authorization_pending");
}

fn slowed_down_and_allowed(server: &Server) {
    let device = Device::new(server);
    device.poll().expect_error(400, "authorization_pending");
    for _ in 0..20 {
        device.expect_waiting();
    }
    signed_in(server).allow_device(&device);
    let _ = Tokens::from_reply(&device.poll());
}

fn denied(server: &Server) {
    let device = Device::new(server);
    let mut browser = signed_in(server);
    let page = browser.enter_code(device.user_code()).expect(200);
    let done = browser.decide_device(&page, "deny").expect(200);
    assert_eq!(done.heading(), "The device got no access");
    for _ in 0..2 {
        device.poll().expect_error(400, "access_denied");
    }
    // A person who pressed Don't allow once can't be made to press Allow after that.
    let again = browser.decide_device(&page, "allow").expect(422);
    assert!(again.alert().contains("used already"), "{}", again.alert());
    device.poll().expect_error(400, "access_denied");
    // Shown again, it says what was decided.
    assert_eq!(browser.enter_code(device.user_code()).heading(), "The device got no access");
    let kinds = kinds(&mut browser);
    assert!(kinds.contains(&"device_denied".to_owned()), "{kinds:?}");
    assert!(!kinds.contains(&"device_approved".to_owned()), "{kinds:?}");
}

/// The kinds in a person's log, once the last of them is there: some are written after the answer.
fn kinds(browser: &mut Browser<'_>) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let entries = browser.activity(&[]);
        let kinds: Vec<String> =
            entries.iter().map(|entry| entry["kind"].as_str().expect("kind").to_owned()).collect();
        if kinds.iter().any(|kind| kind.starts_with("device_")) || Instant::now() > deadline {
            return kinds;
        }
    }
}

fn expired(server: &Server) {
    let device = Device::new(server);
    assert_eq!(device.document["expires_in"], 10);
    let mut browser = signed_in(server);
    let late = browser.enter_code(device.user_code()).expect(200);
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let reply = device.poll();
        match reply.json()["error"].as_str() {
            Some("authorization_pending" | "slow_down") => {}
            Some("expired_token") => break,
            _ => panic!("{}", reply.describe()),
        }
        assert!(Instant::now() < deadline, "it never expires");
    }
    let page = browser.decide_device(&late, "allow").expect(422);
    assert!(page.alert().contains("The time of this code is over"), "{}", page.alert());
    let page = browser.enter_code(device.user_code()).expect(422);
    assert!(page.alert().contains("The time of this code is over"), "{}", page.alert());
    device.poll().expect_error(400, "expired_token");
}

fn invalid(server: &Server) {
    let device = Device::new(server);
    let another = Client::of_device(server, "none");
    let good = device.device_code().to_owned();
    let (place, secret) = good.rsplit_once('.').expect("a secret");
    let damaged = [
        "x".to_owned(),
        format!("{good}x"),
        place.to_owned(),
        format!("{place}.{}", "A".repeat(43)),
        format!("latchkey_dc_ZZZZ9999.{secret}"),
        good.to_lowercase(),
    ];
    for code in &damaged {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", code.as_str())];
        device.client.token(server, &fields).expect_error(400, "invalid_grant");
    }
    device.poll_as(&another, &[]).expect_error(400, "invalid_grant");
    let none = [("grant_type", DEVICE_GRANT)];
    device.client.token(server, &none).expect_error(400, "invalid_request");
    signed_in(server).allow_device(&device);
    device.poll_as(&another, &[]).expect_error(400, "invalid_grant");
    let _ = Tokens::from_reply(&device.poll());
}

fn once(server: &Server) {
    for round in 0..3 {
        let device = Device::new(server);
        let mut browser = signed_in(server);
        browser.allow_device(&device);
        let replies = at_once(20, |_| device.poll());
        let (good, bad): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
        assert_eq!(good.len(), 1, "round {round}");
        for reply in bad {
            reply.expect_error(400, "invalid_grant");
        }
        // It never went through a browser: a second poll is the device's own, and ends nothing.
        let tokens = Tokens::from_reply(good[0]);
        let _ = Tokens::from_reply(&device.client.refresh(server, &tokens.refresh));
    }
}

fn whole_life(server: &Server) {
    let client = Client::of_device(server, "client_secret_post");
    assert_eq!(client.document["grant_types"], json!(["refresh_token", DEVICE_GRANT]));
    for absent in ["redirect_uris", "response_types"] {
        assert_eq!(client.document.get(absent), None, "{}", client.document);
    }
    let device = Device::of(server, client, &[("scope", "mcp mcp:write offline_access")]);
    let person = Person::new();
    let mut browser = Browser::new(server);

    // Nobody is signed in: the code isn't lost on the way through signing up.
    let sign_in = browser.enter_code(&device.user_code().to_lowercase()).expect(200);
    assert!(sign_in.text().contains("to connect your device"), "{}", sign_in.text());
    let link = sign_in.attributes("a[href*='/sign-up']", "href").concat();
    let sign_up = browser.page(&link).expect(200);
    assert!(sign_up.text().contains("to connect your device"), "{}", sign_up.text());
    let confirm = browser.sign_up(&sign_up, &person).page().expect(200);
    assert!(confirm.text().contains(device.user_code()), "{}", confirm.text());
    let done = browser.decide_device(&confirm, "allow").expect(200);
    assert_eq!(done.heading(), "You can go back to your device");
    // Pressed twice, or looked at again, it is the same.
    let done = browser.decide_device(&confirm, "allow").expect(200);
    assert_eq!(done.heading(), "You can go back to your device");

    let tokens = Tokens::from_reply(&device.poll());
    assert_eq!(tokens.scope, "mcp mcp:write");
    let done = browser.decide_device(&confirm, "allow").expect(200);
    assert_eq!(done.heading(), "You can go back to your device");
    device.poll().expect_error(400, "invalid_grant");
    let next = Tokens::from_reply(&device.client.refresh(server, &tokens.refresh));

    // A second device of the same client is an app of its own.
    let second = Device::of(server, device.client.clone(), &[]);
    browser.allow_device(&second);
    let others = Tokens::from_reply(&second.poll());
    let page = browser.account();
    let shown = page.texts("[aria-labelledby=apps] .what .note:first-of-type");
    let shown = shown.iter().filter(|text| text.starts_with("A device that you approved")).count();
    assert_eq!(shown, 2, "{}", page.text());
    let kinds = kinds(&mut browser);
    for kind in ["device_approved", "code_redeemed"] {
        assert_eq!(kinds.iter().filter(|own| *own == kind).count(), 2, "{kinds:?}");
    }

    // The second one is the one that was last used.
    let grant = page
        .forms()
        .iter()
        .find(|form| form.field("action") == Some("revoke-app"))
        .and_then(|form| form.field("id").map(str::to_owned))
        .expect("an app");
    let _ = browser.take_back("revoke-app", Some(&grant));
    let gone = [&next, &others]
        .iter()
        .filter(|tokens| device.client.refresh(server, &tokens.refresh).status == 400)
        .count();
    assert_eq!(gone, 1, "one of two ended");
    assert_eq!(browser.account().texts("[aria-labelledby=apps] h3").len(), 1);
}

fn not_registered(server: &Server) {
    let client = Client::public(server);
    let reply = client.call(server, "/device_authorization", &[]).send();
    reply.expect_error(400, "unauthorized_client");
    assert!(reply.text().contains(DEVICE_GRANT), "{}", reply.describe());
    let fields = [("grant_type", DEVICE_GRANT), ("device_code", "x")];
    client.token(server, &fields).expect_error(400, "unauthorized_client");
    // And the other way round.
    let device = Client::of_device(server, "none");
    let code = [("grant_type", "authorization_code"), ("code", "x")];
    device.token(server, &code).expect_error(400, "unauthorized_client");
}

fn resources(server: &Server) {
    let api = "https://api.example/v1";
    let mcp = format!("{}/mcp", server.issuer());
    let device = Device::of(
        server,
        Client::of_device(server, "none"),
        &[("resource", &mcp), ("resource", "HTTPS://API.example/v1")],
    );
    let mut browser = signed_in(server);
    let page = browser.enter_code(device.user_code()).expect(200);
    assert!(page.text().contains(api) && page.text().contains(&mcp), "{}", page.text());
    let _ = browser.decide_device(&page, "allow").expect(200);
    let elsewhere = [("resource", "https://elsewhere.example/")];
    device.poll_with(&elsewhere).expect_error(400, "invalid_target");
    let tokens = Tokens::from_reply(&device.poll_with(&[("resource", api)]));
    assert_eq!(jwt::read(&tokens.access).claims["aud"], api);
}

fn nothing_else(server: &Server) {
    let device = Device::new(server);
    let code = device.device_code();
    device.client.refresh(server, code).expect_error(400, "invalid_grant");
    let _ = device.client.revoke(server, code).expect(200);
    device.poll().expect_error(400, "authorization_pending");
    signed_in(server).allow_device(&device);
    let tokens = Tokens::from_reply(&device.poll());
    let fields = [("grant_type", DEVICE_GRANT), ("device_code", tokens.refresh.as_str())];
    device.client.token(server, &fields).expect_error(400, "invalid_grant");
}
