//! What is on disk: nothing before a person decides, and never a secret.

use latchkey_tests::stored::files;
use latchkey_tests::{
    Authorization, Browser, Client, Deployment, Device, Person, Server, Tokens, Walk, raw,
};

use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "CONTRIBUTING: a flood of authorization requests and of bad input stores nothing",
            |_| {
                flood();
            },
        ),
        Case::new(
            "RFC 6749 section 10.3, TOK-13: of codes, tokens, secrets, sessions and passwords nothing is stored as it is",
            |_| {
                only_hashes();
            },
        ),
    ]
}

/// A server of its own, so that nobody else's requests are in its storage.
fn server() -> Server {
    Server::start(Deployment::standard()).unwrap_or_else(|error| panic!("{error}"))
}

fn flood() {
    let server = server();
    let client = Client::public(&server);
    // The first request makes the keys.
    let path = Authorization::of(&client).path(&server);
    let mut browser = Browser::new(&server);
    let sign_in = browser.page(&path).expect(200);
    // The first refusal of a client that nobody knows makes the place where the last ones are kept.
    server.post_form("/token", &[("client_id", "nobody")]).expect_error(401, "invalid_client");
    let deadline = Instant::now() + Duration::from_secs(60);
    let before = loop {
        let stored = server.stored();
        if stored.refused_clients() == 1 {
            break stored;
        }
        assert!(Instant::now() < deadline, "no refusal is kept: {stored:?}");
    };
    for known in [client.id.as_str(), "kty"] {
        assert!(before.has(known), "{known} is nowhere in {before:?}");
    }

    for _ in 0..100 {
        let request = Authorization::of(&client);
        let _ = Browser::new(&server).page(&request.path(&server)).expect(200);
        let _ = Browser::new(&server).open(&request.without("code_challenge").path(&server));
    }
    for endpoint in [
        "/token",
        "/revoke",
        "/register",
        "/sign-in",
        "/sign-up",
        "/consent",
        "/device_authorization",
        "/device",
    ] {
        for body in ["", "a=b", "client_id=nobody&grant_type=authorization_code&code=x", "{}"] {
            for kind in ["application/json", "application/x-www-form-urlencoded"] {
                let call = server.call("POST", endpoint).header("content-type", kind);
                let reply = call.body(body).send();
                assert!((400..500).contains(&reply.status), "{}", reply.describe());
            }
        }
        let kind = match endpoint {
            "/register" => "application/json",
            _ => "application/x-www-form-urlencoded",
        };
        for (what, body) in crate::bad_input::bodies() {
            let call = server.call("POST", endpoint).header("content-type", kind);
            let reply = call.body(body).send();
            assert!((400..500).contains(&reply.status), "{what}: {}", reply.describe());
        }
    }
    let head =
        "POST /register HTTP/1.1\nContent-Type: application/json\nTransfer-Encoding: chunked";
    assert_eq!(raw::send(&server, head, &raw::chunked(&[b'['; 70_000])).status, 413);
    // A code and a refresh token for accounts that never were: no object of theirs is made.
    let nowhere = "A".repeat(22);
    for prefix in ["latchkey_ac_", "latchkey_rt_"] {
        let token = format!("{prefix}{nowhere}.{nowhere}.{}", "A".repeat(43));
        let fields = [("grant_type", "authorization_code"), ("code", token.as_str())];
        client.token(&server, &fields).expect_error(400, "invalid_grant");
        client.refresh(&server, &token).expect_error(400, "invalid_grant");
        let _ = client.revoke(&server, &token).expect(200);
    }
    // Devices that get no code, one that never was, and codes that nobody who is signed in sent.
    let fields = [("scope", "a\"b")];
    client
        .call(&server, "/device_authorization", &fields)
        .send()
        .expect_error(400, "unauthorized_client");
    let code = format!("latchkey_dc_BCDF1234.{}", "A".repeat(43));
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let fields = [("grant_type", grant), ("device_code", code.as_str())];
    client.token(&server, &fields).expect_error(400, "unauthorized_client");
    let mut stranger = Browser::new(&server);
    let page = stranger.page("/device?user_code=BCDF-1234").expect(200);
    let _ = stranger.submit(&page, &page.form("/device"), &[]).page().expect(200);
    let _ = server.get("/device/qr?user_code=BCDF-1234").expect(200);
    let stored = server.stored();
    assert_eq!(stored.changes_since(&before), [""; 0]);
    // Whatever ids were made up: one list of theirs, and one of the client that is there.
    assert!(stored.refused_clients() <= 2, "{stored:?}");

    // The same measure does notice an account.
    let person = Person::new();
    let sign_up = browser.page(&sign_in.attributes("a[href*='/sign-up']", "href")[0]);
    let _ = browser.sign_up(&sign_up, &person).page().expect(200);
    let changes = server.stored().changes_since(&before);
    assert!(changes.iter().any(|change| change.contains(&person.email)), "{changes:?}");
}

fn only_hashes() {
    let server = server();
    let mut walk = Walk::with(&server, Client::with_method(&server, "client_secret_post"));
    let code = walk.code();
    let first = Tokens::from_reply(&walk.client.redeem(&server, &code));
    let second = Tokens::from_reply(&walk.client.refresh(&server, &first.refresh));
    let unused = walk.code();
    let _ = walk.client.revoke(&server, &second.access).expect(200);

    // What comes before it are ids, which are stored.
    let last_part = |text: &str| text.rsplit('.').next().unwrap().to_owned();
    let [waiting, fetched] = [(); 2].map(|()| Device::new(&server));
    walk.browser.allow_device(&fetched);
    let of_device = Tokens::from_reply(&fetched.poll());
    let client_secret = walk.client.secret.clone().unwrap();
    let client_secret = client_secret.strip_prefix("latchkey_secret_").expect("the prefix");
    let registration_access_token =
        walk.client.document["registration_access_token"].as_str().expect("a token");
    let registration_access_token =
        registration_access_token.strip_prefix("latchkey_rat_").expect("the prefix");
    let secrets = [
        ("registration access token", registration_access_token.to_owned()),
        ("password", walk.person.password.clone()),
        ("client secret", client_secret.to_owned()),
        ("redeemed code", last_part(&code.code)),
        ("unused code", last_part(&unused.code)),
        ("verifier", code.verifier.clone()),
        ("used refresh token", last_part(&first.refresh)),
        ("refresh token", last_part(&second.refresh)),
        ("access token", last_part(&second.access)),
        ("waiting device code", last_part(waiting.device_code())),
        ("fetched device code", last_part(fetched.device_code())),
        ("device's refresh token", last_part(&of_device.refresh)),
        ("session", last_part(walk.browser.jar.get("latchkey_session").unwrap())),
        ("browser", walk.browser.jar.get("latchkey_browser").unwrap().to_owned()),
    ];
    server.kill_hard();
    let stored = files(&server.storage()).expect("the storage folder");
    let has = |text: &str| {
        stored.values().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    // What is stored in the clear is found, so what isn't found isn't stored.
    let shown = waiting.user_code().replace('-', "");
    for known in [walk.client.id.as_str(), &walk.person.email, "$argon2id$", &shown] {
        assert!(has(known), "{known} is nowhere in {:?}", stored.keys());
    }
    for (what, secret) in secrets {
        assert!(secret.len() >= 20, "{what}");
        assert!(!has(&secret), "the {what} is stored");
    }
}
