//! Authorization codes at the token endpoint.

use latchkey_tests::client::Code;
use latchkey_tests::{Authorization, Client, Server, Tokens, Walk, pkce};
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 6749 section 4.1.3, TOK-09: a code is bound to its client, redirect URI and verifier",
            |servers| {
                bound_code(servers.standard());
            },
        ),
        Case::new(
            "RFC 7636 sections 4.1 and 4.6, PKCE-01, PKCE-05, PKCE-07: a wrong, missing or malformed verifier is refused",
            |servers| {
                verifiers(servers.standard());
            },
        ),
        Case::new(
            "D-05: redirect_uri may be left out at the token endpoint, where PKCE binds the code",
            |servers| {
                let mut walk = Walk::begin(servers.standard());
                let code = walk.code();
                let mut fields = code.fields().to_vec();
                fields.retain(|(name, _)| *name != "redirect_uri");
                let _ = Tokens::from_reply(&walk.client.token(walk.server, &fields));
            },
        ),
        Case::new(
            "RFC 6749 sections 4.1.2 and 10.5: a code is redeemed once, and a replay ends what it gave",
            |servers| {
                replay_ends_the_family(servers.standard());
            },
        ),
        Case::new(
            "OAuth 2.1 section 7.5.3, TOK-11: a replay without the verifier or by another client ends nothing",
            |servers| {
                replay_without_proof(servers.standard());
            },
        ),
        Case::new("PKCE-08: after five wrong verifiers a code is dead", |servers| {
            exhausted_code(servers.standard());
        }),
        Case::new("RFC 6749 section 4.1.2, AUTHZ-10: a code expires", |servers| {
            expired_code(servers.quick());
        }),
        Case::new(
            "RFC 6749 section 5.2: what is no code at all is invalid_grant, and none is invalid_request",
            |servers| {
                no_code(servers.standard());
            },
        ),
        Case::new(
            "RFC 9700 section 2.1.1, PKCE-03, PKCE-06: legacy: a client with a secret may leave PKCE out, and no other",
            |servers| {
                without_pkce(servers.quick());
            },
        ),
        Case::new(
            "RFC 8707 section 2.2: a resource that wasn't granted is invalid_target, and the code stays good",
            |servers| {
                resource_at_redemption(servers.standard());
            },
        ),
    ]
}

fn bound_code(server: &Server) {
    let mut walk = Walk::begin(server);
    let other = Client::public(server);
    let code = walk.code();
    other.redeem(server, &code).expect_error(400, "invalid_grant");
    for redirect_uri in
        ["https://client.example/callback/", "https://client.example/", "http://127.0.0.1/"]
    {
        let wrong = Code { redirect_uri: redirect_uri.to_owned(), ..code.clone() };
        walk.client.redeem(server, &wrong).expect_error(400, "invalid_grant");
    }
    // None of that used the code up.
    let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
}

fn verifiers(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    let (short, long) = ("v".repeat(42), "v".repeat(129));
    for (verifier, error) in [
        ("", "invalid_grant"),
        (pkce::verifier().as_str(), "invalid_grant"),
        (&pkce::challenge(&code.verifier), "invalid_grant"),
        (&short, "invalid_request"),
        (&long, "invalid_request"),
        (&format!("{}=", code.verifier), "invalid_request"),
        (&format!("{} ", code.verifier), "invalid_request"),
        (&format!("{}é", code.verifier), "invalid_request"),
    ] {
        let wrong = Code { verifier: verifier.to_owned(), ..code.clone() };
        walk.client.redeem(server, &wrong).expect_error(400, error);
    }
    let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
}

fn replay_ends_the_family(server: &Server) {
    for method in ["none", "client_secret_basic"] {
        let mut walk = Walk::with(server, Client::with_method(server, method));
        let code = walk.code();
        let first = Tokens::from_reply(&walk.client.redeem(server, &code));
        let second = Tokens::from_reply(&walk.client.refresh(server, &first.refresh));
        for _ in 0..2 {
            walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
        }
        for tokens in [first, second] {
            let reply = walk.client.refresh(server, &tokens.refresh);
            reply.expect_error(400, "invalid_grant");
        }
        // Another grant of the same client isn't touched.
        let _ = walk.tokens();
    }
}

fn replay_without_proof(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &code));
    let wrong = Code { verifier: pkce::verifier(), ..code.clone() };
    walk.client.redeem(server, &wrong).expect_error(400, "invalid_grant");
    let missing = Code { verifier: String::new(), ..code.clone() };
    walk.client.redeem(server, &missing).expect_error(400, "invalid_grant");
    Client::public(server).redeem(server, &code).expect_error(400, "invalid_grant");
    let _ = walk.client.refresh(server, &tokens.refresh).expect(200);
}

fn exhausted_code(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    for _ in 0..5 {
        let wrong = Code { verifier: pkce::verifier(), ..code.clone() };
        walk.client.redeem(server, &wrong).expect_error(400, "invalid_grant");
    }
    walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
}

fn expired_code(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    // Without a verifier the answer names the verifier for as long as the code lives.
    let probe = Code { verifier: String::new(), ..code.clone() };
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let reply = walk.client.redeem(server, &probe);
        reply.expect_error(400, "invalid_grant");
        if !reply.text().contains("code_verifier") {
            break;
        }
        assert!(Instant::now() < deadline, "it never expires");
        std::thread::sleep(Duration::from_millis(300));
    }
    walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
}

fn no_code(server: &Server) {
    let mut walk = Walk::begin(server);
    let good = walk.code();
    let (head, tail) = good.code.rsplit_once('.').unwrap();
    let flipped = if tail.starts_with('A') { "B" } else { "A" };
    let refresh = walk.tokens().refresh;
    for code in [
        "x",
        "latchkey_ac_",
        "latchkey_ac_..",
        head,
        &format!("{}.x", good.code),
        &format!("{head}.{flipped}{}", &tail[1..]),
        &good.code.replace("latchkey_ac_", "latchkey_rt_"),
        &refresh,
        &"x".repeat(5_000),
        "latchkey_ac_\u{0}",
    ] {
        let wrong = Code { code: code.to_owned(), ..good.clone() };
        walk.client.redeem(server, &wrong).expect_error(400, "invalid_grant");
    }
    let missing = Code { code: String::new(), ..good.clone() };
    walk.client.redeem(server, &missing).expect_error(400, "invalid_request");
    let _ = Tokens::from_reply(&walk.client.redeem(server, &good));
}

fn without_pkce(server: &Server) {
    let mut walk = Walk::with(server, Client::with_method(server, "client_secret_post"));
    let bare = |client: &Client| {
        Authorization::of(client).without("code_challenge").without("code_challenge_method")
    };
    let bare_code = |walk: &mut Walk<'_>| {
        let request = bare(&walk.client);
        let callback = walk.approve(&request);
        Code { verifier: String::new(), ..request.code(&callback) }
    };
    let code = bare_code(&mut walk);
    // RFC 9700 section 4.8.2: a verifier without a challenge is a downgrade.
    let downgrade = Code { verifier: pkce::verifier(), ..code.clone() };
    walk.client.redeem(server, &downgrade).expect_error(400, "invalid_request");
    // RFC 6749 section 4.1.3: without PKCE the redirect URI has to be repeated.
    let unbound = Code { redirect_uri: String::new(), ..code.clone() };
    walk.client.redeem(server, &unbound).expect_error(400, "invalid_grant");
    let _ = Tokens::from_reply(&walk.client.redeem(server, &code));

    let public = Client::public(server);
    let path = bare(&public).and("prompt", "none").path(server);
    let callback = walk.browser.open(&path).away();
    assert_eq!(callback.get("error").as_deref(), Some("invalid_request"));
}

fn resource_at_redemption(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    for resources in [
        vec!["https://api.example/v1"],
        vec!["https://unknown.example/"],
        vec!["not a URI"],
        vec![&format!("{}/mcp", server.issuer()), "https://api.example/v1"],
    ] {
        let mut fields = code.fields().to_vec();
        fields.extend(resources.into_iter().map(|resource| ("resource", resource)));
        walk.client.token(server, &fields).expect_error(400, "invalid_target");
    }
    let own = format!("{}/mcp/", server.issuer());
    let mut fields = code.fields().to_vec();
    fields.push(("resource", &own));
    let _ = Tokens::from_reply(&walk.client.token(server, &fields));
}
