//! Giving tokens back (RFC 7009).

use latchkey_tests::{Client, Server, Tokens, Walk};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 7009 section 2.1, REV-05: revoking a refresh token ends its installation's access, and no other's",
            |servers| {
                refresh_token(servers.standard());
            },
        ),
        Case::new(
            "RFC 7009 section 2.1: an older refresh token of the family ends it as well",
            |servers| {
                let mut walk = Walk::begin(servers.standard());
                let first = walk.tokens();
                let second = Tokens::from_reply(&walk.client.refresh(walk.server, &first.refresh));
                let _ = walk.client.revoke(walk.server, &first.refresh).expect(200);
                let reply = walk.client.refresh(walk.server, &second.refresh);
                reply.expect_error(400, "invalid_grant");
            },
        ),
        Case::new(
            "RFC 7009 section 2.1: revoking an access token leaves the refresh token",
            |servers| {
                let mut walk = Walk::begin(servers.standard());
                let tokens = walk.tokens();
                for _ in 0..2 {
                    let _ = walk.client.revoke(walk.server, &tokens.access).expect(200);
                }
                let _ = Tokens::from_reply(&walk.client.refresh(walk.server, &tokens.refresh));
            },
        ),
        Case::new(
            "RFC 7009 section 2.2, REV-01: an unknown or damaged token is a success that changes nothing",
            |servers| {
                unknown_tokens(servers.standard());
            },
        ),
        Case::new(
            "RFC 7009 section 2.1, REV-03: another client's token is refused and stays valid",
            |servers| {
                foreign_tokens(servers.standard());
            },
        ),
        Case::new(
            "RFC 7009 section 2.1, REV-04: a wrong or unknown hint changes nothing",
            |servers| {
                hints(servers.standard());
            },
        ),
        Case::new(
            "RFC 7009 section 2.1, REV-02: a confidential client has to authenticate to revoke",
            |servers| {
                confidential(servers.standard());
            },
        ),
        Case::new("RFC 7009 section 2.2.1: without a token it is invalid_request", |servers| {
            let client = Client::public(servers.standard());
            for fields in [vec![], vec![("token", "")], vec![("token_type_hint", "refresh_token")]]
            {
                let reply = client.call(servers.standard(), "/revoke", &fields).send();
                reply.expect_error(400, "invalid_request");
            }
        }),
    ]
}

fn refresh_token(server: &Server) {
    let mut walk = Walk::begin(server);
    let (tokens, same) = (walk.tokens(), walk.tokens());
    // The same client for another resource, and for another person.
    let resource = walk.request().and("resource", "https://api.example/v1");
    let elsewhere = walk.tokens_for(&resource);
    let somebody = Walk::with(server, walk.client.clone()).tokens();
    for _ in 0..2 {
        let reply = walk.client.revoke(server, &tokens.refresh).expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    }
    for ended in [&tokens, &same] {
        walk.client.refresh(server, &ended.refresh).expect_error(400, "invalid_grant");
    }
    for bystander in [&elsewhere, &somebody] {
        let _ = Tokens::from_reply(&walk.client.refresh(server, &bystander.refresh));
    }
}

fn unknown_tokens(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let (head, tail) = tokens.refresh.rsplit_once('.').unwrap();
    let flipped = if tail.starts_with('A') { "B" } else { "A" };
    for token in [
        "x",
        "latchkey_rt_..",
        // Whoever only knows the ids, which are in every access token, can't end the grant.
        &format!("{head}.{flipped}{}", &tail[1..]),
        &format!("{}x", tokens.access),
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.",
        &"t".repeat(10_000),
        "\u{0}",
    ] {
        let _ = walk.client.revoke(server, token).expect(200);
    }
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}

fn foreign_tokens(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    for method in ["none", "client_secret_post"] {
        let other = Client::with_method(server, method);
        for token in [&tokens.refresh, &tokens.access] {
            other.revoke(server, token).expect_error(400, "invalid_grant");
        }
    }
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}

fn hints(server: &Server) {
    let mut walk = Walk::begin(server);
    for hint in ["access_token", "id_token", "", "x y z"] {
        let tokens = walk.tokens();
        let fields = [("token", tokens.refresh.as_str()), ("token_type_hint", hint)];
        let _ = walk.client.call(server, "/revoke", &fields).send().expect(200);
        walk.client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    }
    let tokens = walk.tokens();
    let fields = [("token", tokens.access.as_str()), ("token_type_hint", "refresh_token")];
    let _ = walk.client.call(server, "/revoke", &fields).send().expect(200);
}

fn confidential(server: &Server) {
    let mut walk = Walk::with(server, Client::with_method(server, "client_secret_basic"));
    let tokens = walk.tokens();
    let fields = [("token", tokens.refresh.as_str()), ("client_id", walk.client.id.as_str())];
    server.post_form("/revoke", &fields).expect_error(401, "invalid_client");
    let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = walk.client.revoke(server, &next.refresh).expect(200);
    walk.client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");
}
