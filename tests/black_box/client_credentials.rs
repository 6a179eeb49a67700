//! Clients that act for themselves (RFC 6749 section 4.4).

mod operator;

use latchkey_tests::upstream::Answer;
use latchkey_tests::{Authorization, Browser, Client, Front, Server, Walk, jwt};
use serde_json::{Value, json};

use crate::Case;
use crate::gateway::{nothing_reached, refused, tool};

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases = vec![
        Case::new(
            "RFC 6749 section 4.4.2, TOK-12, JAT-05: a configured client gets a token for itself, by basic and by post, and no refresh token",
            |servers| granted(servers.machines()),
        ),
        Case::new(
            "RFC 6749 section 3.3: of what a client asks for itself, it gets what the operator allowed",
            |servers| narrowed(servers.machines()),
        ),
        Case::new(
            "RFC 6749 section 4.4, TOK-12: client_credentials is unauthorized_client for a public client, one that registered itself, and one that was allowed nothing",
            |servers| unauthorized(servers.machines()),
        ),
        Case::new(
            "JAT-05: the upstream is told that a client calls for itself, in a header and in the assertion",
            |servers| identity(servers.machines()),
        ),
        Case::new(
            "MRS-07: a client's own token opens what its scopes open and nothing else",
            |servers| permitted(servers.machines()),
        ),
        Case::new(
            "RFC 7009 section 2.1: a client gives its own token back, at once, and another can't",
            |servers| revoked(servers.machines()),
        ),
        Case::new(
            "needs 30: within its bound a resource may remember a client's own token too",
            |servers| remembered(servers.machines()),
        ),
        Case::new(
            "RFC 7662 section 4: the client and the resource's introspector are told about its own token, nobody else",
            |servers| introspected(servers.machines()),
        ),
        Case::new(
            "needs 25: an event stream that a client opened for itself ends soon after its token is given back",
            |servers| open_stream(servers.machines()),
        ),
        Case::new(
            "JAT-05: what a client does for itself and what it does for a person stay apart",
            |servers| both(servers.machines()),
        ),
        Case::new(
            "issue 4: a client's own calls are in the deployment's log and in no person's activity",
            |servers| logged(servers.machines()),
        ),
    ];
    cases.extend(operator::trials());
    cases
}

/// A token that a client has for itself, and its claims.
#[track_caller]
fn own_token(server: &Server, client: &Client, more: &[(&str, &str)]) -> (String, Value) {
    let reply = client.token_for_itself(server, more).expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.describe());
    let answer = reply.json();
    assert_eq!(answer["token_type"], "Bearer", "{answer}");
    assert_eq!(answer.get("refresh_token"), None, "{answer}");
    assert_eq!(answer["expires_in"], 3600, "{answer}");
    let token = answer["access_token"].as_str().expect("access_token").to_owned();
    let claims = jwt::verify(&token, &jwt::keys(server)).expect("signature").claims;
    assert_eq!(answer["scope"], claims["scope"], "{answer}");
    (token, claims)
}

/// A token of `nightly` for `/api`.
#[track_caller]
fn nightly(front: &Front) -> String {
    own_token(&front.server, &Client::configured("nightly"), &[]).0
}

fn granted(front: &Front) {
    let server = &front.server;
    for (id, scope, path) in [("nightly", "api api:write", "/api"), ("poster", "mcp:write", "/mcp")]
    {
        let (token, claims) = own_token(server, &Client::configured(id), &[]);
        assert_eq!(jwt::read(&token).header["typ"], "at+jwt");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(id), &json!(id)));
        assert_eq!(claims["iss"], server.issuer());
        assert_eq!(
            (&claims["scope"], &claims["aud"]),
            (&json!(scope), &json!(front.resource(path)))
        );
        for person in ["grant_id", "auth_time"] {
            assert_eq!(claims.get(person), None, "{claims}");
        }
        let (_, next) = own_token(server, &Client::configured(id), &[]);
        assert_ne!(next["jti"], claims["jti"]);
    }
    // A client that named no method may also post its secret.
    let posting =
        Client { method: "client_secret_post".to_owned(), ..Client::configured("nightly") };
    let _ = own_token(server, &posting, &[]);
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    let lists = |member: &str, value: &str| {
        metadata[member].as_array().is_some_and(|values| values.contains(&json!(value)))
    };
    assert!(lists("grant_types_supported", "client_credentials"), "{metadata}");
    // EXT-01.
    assert!(lists("token_endpoint_auth_methods_supported", "client_secret_basic"), "{metadata}");
    // A wrong secret is no client's.
    let wrong =
        Client { secret: Some("guessed, and wrong".to_owned()), ..Client::configured("nightly") };
    wrong.token_for_itself(server, &[]).expect_error(401, "invalid_client");
}

fn narrowed(front: &Front) {
    let (server, client) = (&front.server, Client::configured("nightly"));
    let (api, mcp) = (front.resource("/api"), front.resource("/mcp"));
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: &[Case<'_>] = &[
        (&[("scope", "api")], "api", &api),
        (&[("scope", "api:write openid api")], "api:write api", &api),
        (&[("scope", "mcp api offline_access")], "api", &api),
        (&[("scope", "")], "api api:write", &api),
        (&[("resource", &mcp)], "api api:write", &mcp),
        (&[("resource", &api), ("scope", "api")], "api", &api),
        (&[("resource", "")], "api api:write", &api),
    ];
    for (fields, scope, resource) in cases {
        let (_, claims) = own_token(server, &client, fields);
        let expected = (&json!(scope), &json!(resource));
        assert_eq!((&claims["scope"], &claims["aud"]), expected, "{fields:?}");
    }
    // What a scope implies is allowed with it.
    let (_, claims) = own_token(server, &Client::configured("poster"), &[("scope", "mcp")]);
    assert_eq!(claims["scope"], "mcp");

    let poster = Client::configured("poster");
    for (client, fields, code) in [
        (&client, vec![("scope", "mcp")], "invalid_scope"),
        (&client, vec![("scope", "openid offline_access")], "invalid_scope"),
        (&client, vec![("scope", "a\"b")], "invalid_scope"),
        (&client, vec![("scope", "api"), ("scope", "api")], "invalid_request"),
        (&client, vec![("resource", &api), ("resource", &mcp)], "invalid_target"),
        (&client, vec![("resource", "https://elsewhere.example")], "invalid_target"),
        (&client, vec![("resource", "notes")], "invalid_target"),
        (&poster, vec![("resource", &api)], "invalid_target"),
    ] {
        client.token_for_itself(server, &fields).expect_error(400, code);
    }
}

fn unauthorized(front: &Front) {
    let server = &front.server;
    for client in [
        Client::public(server),
        Client::with_method(server, "client_secret_basic"),
        Client::with_method(server, "client_secret_post"),
        // It asked for the grant when it registered.
        Client::register(
            server,
            &json!({
                "redirect_uris": ["https://client.example/callback"],
                "grant_types": ["client_credentials", "authorization_code"],
                "token_endpoint_auth_method": "client_secret_basic",
                "scope": "api",
            }),
        ),
        Client::configured("reader"),
    ] {
        let granted = &client.document["grant_types"];
        assert!(!granted.to_string().contains("client_credentials"), "{granted}");
        let reply = client.token_for_itself(server, &[("scope", "api")]);
        reply.expect_error(400, "unauthorized_client");
    }
    let only = json!({ "grant_types": ["client_credentials"] }).to_string();
    server.post_json("/register", &only).expect_error(400, "invalid_client_metadata");
    // A client that acts for itself only has no way to a person.
    let mut browser = Browser::new(server);
    let request = Authorization::of(&Client::configured("nightly"));
    let _ = browser.page(&request.path(server)).expect(400);
    let refresh = Client::configured("nightly").refresh(server, "latchkey_rt_x");
    refresh.expect_error(400, "unauthorized_client");
}

fn identity(front: &Front) {
    let (token, place) = (nightly(front), front.upstream.plain());
    let call = front.call("GET", &format!("/api/{}", place.name())).bearer(&token);
    // Forged, in every spelling that a careless server might read.
    let call =
        ["Latchkey-Subject-Type", "latchkey_subject_type", "LATCHKEY_SUBJECT", "latchkey-subject"]
            .into_iter()
            .fold(call, |call, name| call.header(name, "person"));
    let _ = call.send().expect(200);
    let received = place.only();
    assert_eq!(received.header("latchkey-subject"), Some("nightly"));
    assert_eq!(received.header("latchkey-subject-type"), Some("client"));
    assert_eq!(received.header("latchkey-client-id"), Some("nightly"));
    assert_eq!(received.header("latchkey-scope"), Some("api api:write"));
    assert_eq!(received.header("latchkey-credential"), Some("access_token"));
    for forged in ["latchkey_subject_type", "latchkey_subject"] {
        assert_eq!(received.header(forged), None, "{received:?}");
    }
    let assertion = received.header("latchkey-assertion").unwrap();
    let claims = jwt::verify(assertion, &jwt::keys(&front.server)).expect("signature").claims;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("nightly"), &json!("nightly")));
    assert_eq!(claims["subject_type"], "client");

    // A person is told apart from it.
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let place = front.upstream.plain();
    let _ = front.get(&format!("/api/{}", place.name()), Some(&tokens.access)).expect(200);
    let received = place.only();
    assert_eq!(received.header("latchkey-subject-type"), Some("person"));
    let assertion = received.header("latchkey-assertion").unwrap();
    assert_eq!(jwt::read(assertion).claims["subject_type"], "person");
}

fn permitted(front: &Front) {
    let (server, place) = (&front.server, front.upstream.plain());
    let target = format!("/api/{}", place.name());
    let (narrow, _) = own_token(server, &Client::configured("nightly"), &[("scope", "api")]);
    let _ = front.get(&target, Some(&narrow)).expect(200);
    let before = place.begun();
    let reply = front.call("DELETE", &target).bearer(&narrow).send();
    let challenge = refused(&reply, 403, "insufficient_scope");
    assert!(challenge.get("scope").is_some_and(|scope| scope.contains("api:write")));
    // For another resource, or as an API key.
    let message = front.message(&place, &narrow, &tool("list_notes")).send();
    refused(&message, 401, "invalid_token");
    assert_eq!(place.begun(), before);
    let _ = front.call("DELETE", &target).bearer(&nightly(front)).send().expect(200);

    let (tools, _) = own_token(server, &Client::configured("poster"), &[]);
    let place = front.upstream.plain();
    let _ = front.message(&place, &tools, &tool("list_notes")).send().expect(200);
    assert_eq!(place.only().header("latchkey-subject"), Some("poster"));
    // Signed by nobody here.
    let read = jwt::read(&tools);
    let place = front.upstream.plain();
    let forged = jwt::forge(&read.header, &read.claims);
    refused(&front.message(&place, &forged, &tool("list_notes")).send(), 401, "invalid_token");
    nothing_reached(&place);
}

/// What the introspection endpoint says about a token.
#[track_caller]
fn told(front: &Front, client: &Client, token: &str) -> Value {
    client.call(&front.server, "/introspect", &[("token", token)]).send().expect(200).json()
}

fn revoked(front: &Front) {
    let (server, place) = (&front.server, front.upstream.plain());
    let target = format!("/api/{}", place.name());
    let (token, other) = (nightly(front), nightly(front));
    let call = |token: &str| front.get(&target, Some(token));
    let _ = call(&token).expect(200);
    for stranger in [Client::configured("poster"), Client::public(server)] {
        stranger.revoke(server, &token).expect_error(400, "invalid_grant");
    }
    let _ = call(&token).expect(200);
    let client = Client::configured("nightly");
    for _ in 0..2 {
        let reply = client.revoke(server, &token).expect(200);
        assert_eq!(reply.text(), "");
        refused(&call(&token), 401, "invalid_token");
        assert_eq!(told(front, &client, &token), json!({ "active": false }));
    }
    // It is one token that ends, not the client.
    let _ = call(&other).expect(200);
    let _ = call(&nightly(front)).expect(200);
    let jti = jwt::read(&token).claims["jti"].as_str().unwrap().to_owned();
    assert!(server.stored().has(&jti), "a revocation outlives the server's memory");
}

fn remembered(front: &Front) {
    let (client, place) = (Client::configured("nightly"), front.upstream.plain());
    let resource = front.resource("/slow-bound");
    let for_it = [("resource", resource.as_str())];
    let target = format!("/slow-bound/{}", place.name());
    let (seen, _) = own_token(&front.server, &client, &for_it);
    let (unseen, _) = own_token(&front.server, &client, &for_it);
    let _ = front.get(&target, Some(&seen)).expect(200);
    for token in [&seen, &unseen] {
        let _ = client.revoke(&front.server, token).expect(200);
    }
    refused(&front.get(&target, Some(&unseen)), 401, "invalid_token");
    // Well within five minutes.
    let _ = front.get(&target, Some(&seen)).expect(200);
}

fn introspected(front: &Front) {
    let client = Client::configured("nightly");
    let (token, claims) = own_token(&front.server, &client, &[]);
    let expected = json!({
        "active": true,
        "scope": "api api:write",
        "client_id": "nightly",
        "token_type": "Bearer",
        "exp": claims["exp"],
        "iat": claims["iat"],
        "sub": "nightly",
        "aud": front.resource("/api"),
        "iss": front.server.issuer(),
        "jti": claims["jti"],
    });
    for caller in [&client, &Client::configured("reader")] {
        assert_eq!(told(front, caller, &token), expected, "{}", caller.id);
    }
    let inactive = json!({ "active": false });
    assert_eq!(told(front, &Client::configured("poster"), &token), inactive);
    // The introspector of another resource.
    let mcp = front.resource("/mcp");
    let (elsewhere, _) = own_token(&front.server, &client, &[("resource", &mcp)]);
    assert_eq!(told(front, &Client::configured("reader"), &elsewhere), inactive);
}

fn open_stream(front: &Front) {
    let (token, client) = (nightly(front), Client::configured("nightly"));
    let place = front.upstream.place(Answer::events());
    let call = front.call("GET", &format!("/api?at={}", place.name())).bearer(&token);
    let (feed, mut stream) = crate::gateway::opened(call, &place, "data: 0\n\n");
    let _ = stream.wait_for("data: 0\n\n");
    let _ = client.revoke(&front.server, &token).expect(200);
    place.wait_until_abandoned();
    assert!(!feed.try_send("data: secret\n\n"));
    assert_eq!(stream.rest().unwrap_or_else(|partial| partial), "");
}

fn both(front: &Front) {
    let server = &front.server;
    let mut walk = Walk::with(server, Client::configured("console"));
    let tokens = front.tokens(&mut walk, "/api", "api");
    let (own, claims) = own_token(server, &walk.client, &[]);
    let person = jwt::read(&tokens.access).claims;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("console"), &json!("console")));
    assert_eq!(person["client_id"], "console");
    assert_ne!(person["sub"], "console");
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let call = |token: &str| front.get(&target, Some(token));
    let _ = walk.client.revoke(server, &own).expect(200);
    refused(&call(&own), 401, "invalid_token");
    let _ = call(&tokens.access).expect(200);
    let (own, _) = own_token(server, &walk.client, &[]);
    let _ = walk.browser.take_back("revoke-app", None);
    refused(&call(&tokens.access), 401, "invalid_token");
    let _ = call(&own).expect(200);
}

fn logged(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let (token, place) = (nightly(front), front.upstream.plain());
    let target = format!("/api/{}", place.name());
    let _ = front.get(&target, Some(&token)).expect(200);
    let reference = place.only().header("latchkey-reference").unwrap().to_owned();
    let event = front.server.log().event(&reference);
    assert_eq!((&event["event"], &event["client_id"]), (&json!("called"), &json!("nightly")));
    assert_eq!((&event["method"], &event["status"]), (&json!("GET"), &json!(200)));
    assert_eq!(event["resource"], front.resource("/api"));
    let refused = front.call("DELETE", "/slow-bound").bearer(&token).send();
    let event = front.server.log().event(&refused.expect_error(401, "invalid_token"));
    assert_eq!((&event["event"], &event["client_id"]), (&json!("refused"), &json!("nightly")));

    // What comes after has arrived, so what comes before would have.
    let place = front.upstream.plain();
    let _ = front.get(&format!("/api/{}", place.name()), Some(&tokens.access)).expect(200);
    let entries = crate::gateway::wait_for(&mut walk.browser, "called", 1);
    let text = json!(entries).to_string();
    assert!(!text.contains("nightly") && !text.contains(&reference), "{text}");
}
