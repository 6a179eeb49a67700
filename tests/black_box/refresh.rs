//! Refresh tokens: rotation that survives retries and notices theft.

use latchkey_tests::{Client, Server, Tokens, Walk, jwt};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 9700 section 4.14.2, MAS-11: every refresh gives a new refresh token",
            |servers| {
                rotation(servers.standard());
            },
        ),
        Case::new(
            "needs 1, issue 4: a client that the operator excepts from rotation keeps its refresh token",
            |servers| {
                no_rotation(servers.examples());
            },
        ),
        Case::new("design 3: a retry within the window gets the same successor", |servers| {
            retry(servers.standard());
        }),
        Case::new(
            "RFC 9700 section 4.14.2, RFR-03: a token whose successor was used is a replay, and ends the family",
            |servers| {
                replay_of_a_grandparent(servers.standard());
            },
        ),
        Case::new(
            "RFC 9700 section 4.14.2, RFR-03: after the window a replay ends the family",
            |servers| {
                replay_after_the_window(servers.quick());
            },
        ),
        Case::new(
            "RFC 6749 section 6, RFR-02: scope may be narrowed and never widened, and the refresh token keeps it all",
            |servers| {
                narrowing(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 6, RFR-01: another client's refresh token is refused, and nothing changes for its owner",
            |servers| {
                another_clients_token(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 6: a confidential client has to authenticate to refresh",
            |servers| {
                confidential_refresh(servers.standard());
            },
        ),
        Case::new(
            "RFC 8707 section 2.2: each of the granted resources can be chosen at a refresh",
            |servers| {
                resources(servers.standard());
            },
        ),
        Case::new(
            "issue 6: of one client a person keeps about 128 grants, and of more the least used end, which the log says",
            |servers| {
                more_grants_than_are_kept(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 5.2: what is no refresh token is invalid_grant, an access token or a code included",
            |servers| {
                no_refresh_token(servers.standard());
            },
        ),
    ]
}

fn no_rotation(server: &Server) {
    let client = server.administered_client(&json!({
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
        "policy": { "refresh_token_rotation": false },
    }));
    let mut walk = Walk::with(server, client);
    let tokens = walk.tokens();
    let mut access = tokens.access.clone();
    for _ in 0..3 {
        let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
        assert_eq!(next.refresh, tokens.refresh);
        assert_ne!(next.access, access);
        access = next.access;
    }
    // The operator takes the exception back: from then on it rotates, from the token that it has.
    let path = format!("/admin/clients/{}", walk.client.id);
    let changed = json!({ "policy": { "refresh_token_rotation": true } });
    let _ = server.admin_json("PATCH", &path, &changed).expect(200);
    let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    assert_ne!(next.refresh, tokens.refresh);
}

fn rotation(server: &Server) {
    let mut walk = Walk::begin(server);
    let mut seen = vec![walk.tokens()];
    for _ in 0..6 {
        let last = &seen[seen.len() - 1];
        let next = Tokens::from_reply(&walk.client.refresh(server, &last.refresh));
        assert!(seen.iter().all(|old| old.refresh != next.refresh && old.access != next.access));
        assert_eq!(next.document["expires_in"], 3600);
        seen.push(next);
    }
}

fn retry(server: &Server) {
    let mut walk = Walk::begin(server);
    let first = walk.tokens();
    let answers: Vec<Tokens> =
        (0..4).map(|_| Tokens::from_reply(&walk.client.refresh(server, &first.refresh))).collect();
    assert!(answers.iter().all(|answer| answer.refresh == answers[0].refresh));
    let _ = Tokens::from_reply(&walk.client.refresh(server, &answers[0].refresh));
}

fn replay_of_a_grandparent(server: &Server) {
    let mut walk = Walk::begin(server);
    let first = walk.tokens();
    let second = Tokens::from_reply(&walk.client.refresh(server, &first.refresh));
    let third = Tokens::from_reply(&walk.client.refresh(server, &second.refresh));
    walk.client.refresh(server, &first.refresh).expect_error(400, "invalid_grant");
    for tokens in [third, second, first] {
        walk.client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    }
    // Only that family: the person's other grants live on.
    let _ = walk.tokens();
}

fn replay_after_the_window(server: &Server) {
    let mut walk = Walk::begin(server);
    let (first, bystander) = (walk.tokens(), walk.tokens());
    let second = Tokens::from_reply(&walk.client.refresh(server, &first.refresh));
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let reply = walk.client.refresh(server, &first.refresh);
        if reply.status != 200 {
            reply.expect_error(400, "invalid_grant");
            break;
        }
        assert_eq!(Tokens::from_reply(&reply).refresh, second.refresh);
        assert!(Instant::now() < deadline, "the window never ends");
        std::thread::sleep(Duration::from_millis(200));
    }
    walk.client.refresh(server, &second.refresh).expect_error(400, "invalid_grant");
    let _ = walk.client.refresh(server, &bystander.refresh).expect(200);
}

fn narrowing(server: &Server) {
    let mut walk = Walk::begin(server);
    let request = walk.request().and("scope", "mcp mcp:write");
    let mut tokens = walk.tokens_for(&request);
    let keys = jwt::keys(server);
    for (scope, granted) in [
        ("mcp", "mcp"),
        ("", "mcp mcp:write"),
        ("mcp:write", "mcp:write"),
        ("mcp mcp:write", "mcp mcp:write"),
        // Clients ask for this by habit.
        ("mcp offline_access", "mcp"),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            ("scope", scope),
        ];
        let next = Tokens::from_reply(&walk.client.token(server, &fields));
        assert_eq!(next.scope, granted, "{scope:?}");
        let claims = jwt::verify(&next.access, &keys).unwrap().claims;
        assert_eq!(claims["scope"], granted, "{scope:?}");
        tokens = next;
    }

    let mut narrow = Walk::begin(server);
    let tokens = narrow.tokens();
    for scope in ["mcp:write", "mcp mcp:write", "mcp \"quoted\""] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            ("scope", scope),
        ];
        narrow.client.token(server, &fields).expect_error(400, "invalid_scope");
    }
    let _ = Tokens::from_reply(&narrow.client.refresh(server, &tokens.refresh));
}

fn another_clients_token(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    for method in ["none", "client_secret_basic"] {
        let thief = Client::with_method(server, method);
        thief.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    }
    let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let again = Tokens::from_reply(&walk.client.refresh(server, &next.refresh));
    // Nor does a thief with an old one end the family.
    Client::public(server).refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    let _ = Tokens::from_reply(&walk.client.refresh(server, &again.refresh));
}

fn confidential_refresh(server: &Server) {
    for method in ["client_secret_basic", "client_secret_post"] {
        let mut walk = Walk::with(server, Client::with_method(server, method));
        let tokens = walk.tokens();
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            ("client_id", walk.client.id.as_str()),
        ];
        server.post_form("/token", &fields).expect_error(401, "invalid_client");
        let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    }
}

fn resources(server: &Server) {
    let keys = jwt::keys(server);
    let mut walk = Walk::begin(server);
    let own = format!("{}/mcp", server.issuer());
    let request = walk.request().and("resource", &own).and("resource", "https://api.example/v1");
    let mut refresh = walk.tokens_for(&request).refresh;
    let with_resource = |walk: &Walk<'_>, refresh: &str, resource: &str| {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", resource)];
        walk.client.token(server, &fields)
    };
    for (resource, audience) in
        [("https://api.example/v1/", "https://api.example/v1"), (own.as_str(), &own), ("", &own)]
    {
        let tokens = Tokens::from_reply(&with_resource(&walk, &refresh, resource));
        assert_eq!(jwt::verify(&tokens.access, &keys).unwrap().claims["aud"], audience);
        refresh = tokens.refresh;
    }
    with_resource(&walk, &refresh, "https://other.example/").expect_error(400, "invalid_target");
    let _ = Tokens::from_reply(&walk.client.refresh(server, &refresh));
}

fn no_refresh_token(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    let tokens = walk.tokens();
    let (head, tail) = tokens.refresh.rsplit_once('.').unwrap();
    let flipped = if tail.starts_with('A') { "B" } else { "A" };
    for text in [
        "x",
        "latchkey_rt_",
        head,
        &format!("{head}.{flipped}{}", &tail[1..]),
        &format!("{}.x", tokens.refresh),
        &tokens.refresh.to_uppercase(),
        &tokens.access,
        &code.code,
        &code.code.replace("latchkey_ac_", "latchkey_rt_"),
        &"r".repeat(10_000),
    ] {
        walk.client.refresh(server, text).expect_error(400, "invalid_grant");
    }
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
}

fn more_grants_than_are_kept(server: &Server) {
    let mut walk = Walk::begin(server);
    let mut tokens = vec![walk.tokens()];
    let ended = |walk: &mut Walk<'_>| {
        let mut log = walk.browser.activity(&[("group", "consents")]);
        log.retain(|entry| entry["kind"] == "least_used_ended");
        log
    };
    // They are counted with one new grant in sixteen, so within 500 more for all but one run in 10^13.
    while tokens.len() < 600 && (tokens.len() <= 128 || ended(&mut walk).is_empty()) {
        // The person has allowed it, so no page is shown.
        let request = walk.request().and("prompt", "none");
        let callback = walk.browser.open(&request.path(server)).away();
        tokens.push(Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback))));
    }
    let log = ended(&mut walk);
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(log[0]["client_id"], walk.client.id.as_str());
    let works = |tokens: &Tokens| match walk.client.refresh(server, &tokens.refresh) {
        reply if reply.status == 200 => true,
        reply => {
            let _ = reply.expect_error(400, "invalid_grant");
            false
        }
    };
    let newest = tokens.pop().expect("tokens");
    assert!(works(&newest), "the newest is never among those that end");
    assert_eq!(tokens.iter().filter(|tokens| !works(tokens)).count(), 32);
}
