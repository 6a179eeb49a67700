//! Token responses and the access tokens in them.

use latchkey_tests::{Client, Server, Tokens, Walk, jwt};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 6749 section 5.1, TOK-01: a token response is complete and never cached",
            |servers| {
                response(servers.standard());
            },
        ),
        Case::new(
            "RFC 9068 section 2: the access token is an at+jwt that the published keys verify",
            |servers| {
                access_token(servers.standard());
            },
        ),
        Case::new(
            "RFC 9068 section 2.2: the subject is random, stable per person, and no address",
            |servers| {
                subject(servers.standard());
            },
        ),
        Case::new(
            "RFC 9068 section 4: a token that was changed in any part does not verify",
            |servers| {
                changed_token(servers.standard());
            },
        ),
        Case::new("RFC 6749 section 5.2, TOK-03: each wrong grant_type has its code", |servers| {
            grant_types(servers.standard());
        }),
        Case::new(
            "CORS-02: answers of the token endpoint are readable by scripts, errors included",
            |servers| {
                let server = servers.standard();
                let mut walk = Walk::begin(server);
                let code = walk.code();
                for status in [200, 400] {
                    let call = walk.client.call(server, "/token", &code.fields());
                    let reply = call.header("origin", "https://app.example").send().expect(status);
                    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
                    assert_eq!(reply.header("access-control-allow-credentials"), None);
                }
            },
        ),
    ]
}

fn response(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    let reply = walk.client.redeem(server, &code).expect(200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("pragma"), Some("no-cache"));
    let tokens = Tokens::from_reply(&reply);
    assert_eq!(tokens.document["expires_in"], 3600);
    assert_eq!(tokens.scope, "mcp");
    assert!(tokens.refresh.starts_with("latchkey_rt_"), "{}", tokens.refresh);
    for (name, value) in tokens.document.as_object().unwrap() {
        assert!(!value.is_null() && *value != "", "{name}");
    }
}

fn access_token(server: &Server) {
    let mut walk = Walk::begin(server);
    let before = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let tokens = walk.tokens();
    let verified = jwt::verify(&tokens.access, &jwt::keys(server)).unwrap();
    assert_eq!(verified.header["typ"], "at+jwt");
    assert_eq!(verified.header["alg"], "ES256");
    let claims = &verified.claims;
    assert_eq!(claims["iss"], server.issuer());
    assert_eq!(claims["client_id"], walk.client.id);
    assert_eq!(claims["aud"], format!("{}/mcp", server.issuer()));
    assert_eq!(claims["scope"], "mcp");
    let time = |name: &str| claims[name].as_u64().unwrap_or_else(|| panic!("{name}: {claims}"));
    assert!((before - 5..before + 60).contains(&time("iat")), "{claims}");
    assert_eq!(time("exp"), time("iat") + 3600);
    assert!(time("auth_time") <= time("iat") && time("auth_time") + 60 > before, "{claims}");
    let first = claims["jti"].as_str().unwrap();
    assert!(first.len() >= 16, "{claims}");

    let again = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let later = jwt::verify(&again.access, &jwt::keys(server)).unwrap().claims;
    assert_ne!(later["jti"], first);
    for same in ["iss", "sub", "aud", "client_id", "scope", "auth_time"] {
        assert_eq!(later[same], claims[same], "{same}");
    }
}

fn subject(server: &Server) {
    let keys = jwt::keys(server);
    let subject = |walk: &mut Walk<'_>| {
        let tokens = walk.tokens();
        let claims = jwt::verify(&tokens.access, &keys).unwrap().claims;
        claims["sub"].as_str().unwrap().to_owned()
    };
    let (mut ada, mut grace) = (Walk::begin(server), Walk::begin(server));
    let first = subject(&mut ada);
    assert_eq!(first, subject(&mut ada));
    assert_ne!(first, subject(&mut grace));
    let local_part = ada.person.email.split('@').next().unwrap();
    assert!(!first.contains('@') && !first.contains(local_part), "{first}");
    // The same person is the same subject for another client.
    ada.client = Client::public(server);
    assert_eq!(first, subject(&mut ada));
}

fn changed_token(server: &Server) {
    let keys = jwt::keys(server);
    let token = Walk::begin(server).tokens().access;
    let parts: Vec<&str> = token.split('.').collect();
    let flip = |part: &str| {
        let middle = part.len() / 2;
        let other = if &part[middle..=middle] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &part[..middle], &part[middle + 1..])
    };
    for changed in [
        format!("{}.{}.{}", flip(parts[0]), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], flip(parts[1]), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], flip(parts[2])),
        format!("{}.{}.", parts[0], parts[1]),
    ] {
        assert!(jwt::verify(&changed, &keys).is_err(), "{changed}");
        // The server itself doesn't believe it either: it revokes nothing.
        let walk_client = Client::public(server);
        let _ = walk_client.revoke(server, &changed).expect(200);
    }
    assert!(jwt::verify(&token, &keys).is_ok());
}

fn grant_types(server: &Server) {
    let client = Client::public(server);
    for (grant_type, error) in [
        ("", "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("client_credentials", "unauthorized_client"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"),
        ("Authorization_Code", "unsupported_grant_type"),
        ("authorization_code", "invalid_request"),
        ("refresh_token", "invalid_request"),
    ] {
        let reply = client.token(server, &[("grant_type", grant_type)]);
        reply.expect_error(400, error);
    }
    client.token(server, &[]).expect_error(400, "invalid_request");
}
