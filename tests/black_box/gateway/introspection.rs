//! Asking about a token (RFC 7662).

use latchkey_tests::{Client, Front, Reply, Signer, Tokens, Walk, jwt};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::Case;
use crate::servers::Introspected;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 7662 section 2.1, INT-01: whoever doesn't authenticate as a client with a secret is 401",
            |servers| {
                authentication(servers.introspected());
            },
        ),
        Case::new(
            "RFC 7662 section 2.2, INT-03, INT-04: the resource's introspector is told everything about a token",
            |servers| {
                active(servers.introspected());
            },
        ),
        Case::new(
            "RFC 7662 section 2.1, CAS-01: a resource's introspector that signs is told, and without a good assertion nobody is",
            |servers| {
                signing(servers.introspected());
            },
        ),
        Case::new(
            "RFC 7662 section 2.2, INT-02: of any token that isn't good, or isn't the caller's to see, exactly {\"active\":false}",
            |servers| {
                inactive(servers.introspected());
            },
        ),
        Case::new(
            "RFC 7662 section 4: a client sees its own tokens, and a refresh token isn't used up by that",
            |servers| {
                own_tokens(servers.introspected());
            },
        ),
        Case::new(
            "issue 3: a personal access token is introspected like an access token",
            |servers| {
                personal_access_token(servers.introspected());
            },
        ),
        Case::new("INT-03, needs 25: a revoked token is inactive at once", |servers| {
            revoked(servers.introspected());
        }),
        Case::new(
            "INT-03: however a refresh token or a grant ends, the very next question is told so",
            |servers| {
                ended(servers.introspected());
            },
        ),
        Case::new("INT-02, INT-03: an access token that has expired is inactive", |servers| {
            expired(servers.brief_tokens());
        }),
        Case::new(
            "INT-05: a wrong request is refused: GET, no token, a parameter twice",
            |servers| {
                wrong_requests(servers.introspected());
            },
        ),
    ]
}

fn ask(front: &Front, client: &Client, token: &str) -> Reply {
    let call = client.call(&front.server, "/introspect", &[("token", token)]);
    let reply = call.send().expect(200);
    let store = reply.header("cache-control").unwrap_or_default();
    assert!(store.contains("no-store"), "{}", reply.describe());
    // CORS-03: only servers ask.
    assert_eq!(reply.header("access-control-allow-origin"), None, "{}", reply.describe());
    reply
}

/// What an active token's answer says.
#[track_caller]
fn told(front: &Front, client: &Client, token: &str) -> Value {
    let answer = ask(front, client, token).json();
    assert_eq!(answer["active"], true, "{answer}");
    assert!(answer.as_object().unwrap().values().all(|value| !value.is_null()), "{answer}");
    answer
}

#[track_caller]
fn nothing_told(front: &Front, client: &Client, token: &str) {
    let reply = ask(front, client, token);
    assert_eq!(reply.text(), "{\"active\":false}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

fn authentication(Introspected { front, resource_server, .. }: &Introspected) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let call = || front.call("POST", "/introspect");
    let form = [("token", tokens.access.as_str())];
    let public = Client::public(&front.server);
    let wrong =
        Client { secret: Some("latchkey_secret_wrong".to_owned()), ..resource_server.clone() };
    for reply in [
        call().form(&form).send(),
        call().bearer(&tokens.access).form(&form).send(),
        public.call(&front.server, "/introspect", &form).send(),
        // The token's own client, which has no secret.
        walk.client.call(&front.server, "/introspect", &form).send(),
        wrong.call(&front.server, "/introspect", &form).send(),
    ] {
        reply.expect_error(401, "invalid_client");
        assert!(reply.header("www-authenticate").is_some(), "{}", reply.describe());
        assert!(!reply.text().contains("active"), "{}", reply.describe());
    }
    let named = [("token", tokens.access.as_str()), ("client_id", &resource_server.id)];
    call().form(&named).send().expect_error(401, "invalid_client");
}

fn active(Introspected { front, resource_server, .. }: &Introspected) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api api:write");
    let claims = jwt::read(&tokens.access).claims;
    let expected = json!({
        "active": true,
        "scope": "api api:write",
        "client_id": walk.client.id,
        "token_type": "Bearer",
        "exp": claims["exp"],
        "iat": claims["iat"],
        "sub": claims["sub"],
        "aud": front.resource("/api"),
        "iss": front.server.issuer(),
        "jti": claims["jti"],
    });
    assert_eq!(told(front, resource_server, &tokens.access), expected);
    // A hint helps nobody and harms nobody.
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let form = [("token", tokens.access.as_str()), ("token_type_hint", hint)];
        let reply = resource_server.call(&front.server, "/introspect", &form).send().expect(200);
        assert_eq!(reply.json(), expected, "{hint}");
    }
}

fn signing(introspected: &Introspected) {
    let Introspected { front, signing_resource_server: client, .. } = introspected;
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let answer = told(front, client, &tokens.access);
    assert_eq!(answer["client_id"], walk.client.id, "{answer}");
    assert_eq!(answer["scope"], "api", "{answer}");
    // Each assertion counts once, here as at the token endpoint.
    let issuer = front.server.issuer();
    let form = [("token", tokens.access.as_str())];
    let signer = client.signer.as_ref().expect("a key");
    let fields = signer.fields(&client.id, &issuer, &form);
    let ask = || front.call("POST", "/introspect").form(&fields).send();
    let _ = ask().expect(200);
    let again = ask();
    let stranger = client.clone().signing(Signer::new("ES256"));
    let unproven = Client { signer: None, ..client.clone() };
    for reply in [
        again,
        stranger.call(&front.server, "/introspect", &form).send(),
        unproven.call(&front.server, "/introspect", &form).send(),
    ] {
        reply.expect_error(401, "invalid_client");
        assert!(!reply.text().contains("active"), "{}", reply.describe());
    }
}

fn inactive(Introspected { front, resource_server, .. }: &Introspected) {
    let mut walk = Walk::begin(&front.server);
    let api = front.tokens(&mut walk, "/api", "api");
    let mcp = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    let _ = front.get(&format!("/api/{}", place.name()), Some(&api.access)).expect(200);
    let assertion = place.only().header("latchkey-assertion").unwrap().to_owned();
    let read = jwt::read(&api.access);
    let forged = jwt::forge(&read.header, &read.claims);
    let mut foreign = read.claims.clone();
    foreign["iss"] = json!("https://other.example");
    let foreign = jwt::forge(&read.header, &foreign);
    let code = walk.code().code;
    let long = "x".repeat(10_000);
    for token in [
        "x",
        "a.b.c",
        "latchkey_rt_x",
        "latchkey_pat_x",
        "\u{0}",
        &long,
        &forged,
        &foreign,
        &assertion,
        &code,
        // Another resource's, which is none of this caller's business.
        &mcp.access,
        // A resource server has nothing to do with refresh tokens.
        &api.refresh,
    ] {
        nothing_told(front, resource_server, token);
    }
    let stranger = Client::with_method(&front.server, "client_secret_post");
    nothing_told(front, &stranger, &api.access);
    nothing_told(front, &stranger, &api.refresh);
}

fn own_tokens(Introspected { front, .. }: &Introspected) {
    let client = Client::with_method(&front.server, "client_secret_basic");
    let mut walk = Walk::with(&front.server, client);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let claims = jwt::read(&tokens.access).claims;
    let answer = told(front, &walk.client, &tokens.access);
    assert_eq!((&answer["jti"], &answer["sub"]), (&claims["jti"], &claims["sub"]));
    for _ in 0..3 {
        let answer = told(front, &walk.client, &tokens.refresh);
        assert_eq!(answer["client_id"], walk.client.id);
        assert_eq!((&answer["scope"], &answer["sub"]), (&json!("mcp"), &claims["sub"]));
        assert_eq!(answer["aud"], front.resource("/mcp"));
        // RFC 7662 section 2.2: the type of an access token, which this isn't.
        assert_eq!(answer.get("token_type"), None, "{answer}");
        assert!(answer["exp"].as_u64() > claims["exp"].as_u64(), "{answer}");
    }
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
    assert_eq!(told(front, &walk.client, &next.refresh)["active"], true);
}

fn personal_access_token(Introspected { front, resource_server, .. }: &Introspected) {
    let mut walk = Walk::begin(&front.server);
    let (api, mcp) = (front.resource("/api"), front.resource("/mcp"));
    let token = walk.browser.new_token("Asked about", &["api"], &[&api]);
    let answer = told(front, resource_server, &token);
    assert_eq!((&answer["scope"], &answer["token_type"]), (&json!("api"), &json!("Bearer")));
    assert_eq!((&answer["aud"], &answer["iss"]), (&json!(api), &json!(front.server.issuer())));
    assert_eq!(answer["jti"], token.split('.').nth(1).unwrap());
    assert!(answer["exp"].as_u64() > answer["iat"].as_u64(), "{answer}");
    assert_eq!(answer.get("client_id"), None, "{answer}");
    let tokens = front.tokens(&mut walk, "/api", "api");
    assert_eq!(answer["sub"], jwt::read(&tokens.access).claims["sub"]);
    // Asking is no use of it.
    assert!(walk.browser.account().text().contains("Never used"));

    // Of one for several resources each is told its own part.
    let both = walk.browser.new_token("Both", &["api"], &[&api, &mcp]);
    assert_eq!(told(front, resource_server, &both)["aud"], json!(api));
    let other = walk.browser.new_token("Elsewhere", &["mcp"], &[&mcp]);
    nothing_told(front, resource_server, &other);
    nothing_told(front, resource_server, &token[..token.len() - 1]);
    let stranger = Client::with_method(&front.server, "client_secret_post");
    nothing_told(front, &stranger, &token);
    let id = token.split('.').nth(1).unwrap();
    let _ = walk.browser.take_back("revoke-token", Some(id));
    nothing_told(front, resource_server, &token);
}

fn revoked(Introspected { front, resource_server, .. }: &Introspected) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
    for token in [&tokens.access, &next.access] {
        let _ = told(front, resource_server, token);
    }
    let _ = walk.client.revoke(&front.server, &tokens.access).expect(200);
    nothing_told(front, resource_server, &tokens.access);
    let _ = told(front, resource_server, &next.access);
    let _ = walk.browser.take_back("revoke-app", None);
    nothing_told(front, resource_server, &next.access);
}

fn ended(Introspected { front, .. }: &Introspected) {
    let server = &front.server;
    let begin = || Walk::with(server, Client::with_method(server, "client_secret_basic"));

    let mut walk = begin();
    let tokens = front.tokens(&mut walk, "/api", "api");
    let _ = walk.client.revoke(server, &tokens.access).expect(200);
    nothing_told(front, &walk.client, &tokens.access);
    // REV-05: only the token itself was taken back.
    let _ = told(front, &walk.client, &tokens.refresh);
    let second = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let third = Tokens::from_reply(&walk.client.refresh(server, &second.refresh));
    // It was rotated twice, so it would not be exchanged.
    nothing_told(front, &walk.client, &tokens.refresh);
    let _ = walk.client.revoke(server, &third.refresh).expect(200);
    for token in [&second.access, &third.access, &second.refresh, &third.refresh] {
        nothing_told(front, &walk.client, token);
    }

    let mut walk = begin();
    let tokens = front.tokens(&mut walk, "/api", "api");
    for token in [&tokens.access, &tokens.refresh] {
        let _ = told(front, &walk.client, token);
    }
    let _ = walk.browser.take_back("revoke-app", None);
    for token in [&tokens.access, &tokens.refresh] {
        nothing_told(front, &walk.client, token);
    }

    // RFC 6749 section 4.1.2: a code that comes a second time ends what it was exchanged for.
    let mut walk = begin();
    let code = walk.code();
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &code));
    let _ = told(front, &walk.client, &tokens.access);
    walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
    for token in [&tokens.access, &tokens.refresh] {
        nothing_told(front, &walk.client, token);
    }
}

fn expired(front: &Front) {
    let client = Client::with_method(&front.server, "client_secret_basic");
    let mut walk = Walk::with(&front.server, client);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let deadline = Instant::now() + Duration::from_secs(60);
    while ask(front, &walk.client, &tokens.access).json()["active"] == true {
        assert!(Instant::now() < deadline, "the token never expires");
    }
    nothing_told(front, &walk.client, &tokens.access);
    let _ = told(front, &walk.client, &tokens.refresh);
}

fn wrong_requests(Introspected { front, resource_server, .. }: &Introspected) {
    let reply = front.call("GET", "/introspect?token=x").send().expect(405);
    assert!(
        reply.header("allow").is_some_and(|allow| allow.contains("POST")),
        "{}",
        reply.describe()
    );
    for form in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "b")]] {
        let reply = resource_server.call(&front.server, "/introspect", &form).send();
        reply.expect_error(400, "invalid_request");
    }
    let call = front.call("POST", "/introspect").header("content-type", "application/json");
    let reply = call.body("{\"token\":\"x\"}").send();
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
}
