//! What the operator's decisions do to a client and its tokens.

use latchkey_tests::{Client, Deployment, Front, Signer, Tokens, Walk};
use serde_json::json;

use super::{nightly, own_token, told};
use crate::Case;
use crate::gateway::{nothing_reached, refused};

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 4: a client that the operator disables or removes gets nothing any more, and its tokens end",
            |_| disabled(),
        ),
        Case::new(
            "issue 4: the tokens of a stored client count while it is there and not disabled",
            |servers| stored_client(servers.machines()),
        ),
        Case::new(
            "issue 4, CAS-01: a client that signs is refused too while the operator has disabled it, and after it is removed",
            |servers| signing_client(servers.machines()),
        ),
    ]
}

/// Checks that neither the client's own token nor a person's opens anything.
fn expect_over(front: &Front, own: &str, persons: &str) {
    let place = front.upstream.plain();
    for token in [own, persons] {
        let reply = front.get(&format!("/api/{}", place.name()), Some(token));
        refused(&reply, 401, "invalid_token");
    }
    nothing_reached(&place);
}

fn disabled() {
    // Its own, because it is started with other settings.
    let front = Front::start(Deployment::machines).unwrap_or_else(|error| panic!("{error}"));
    let server = &front.server;
    let mut walk = Walk::with(server, Client::configured("console"));
    let tokens = front.tokens(&mut walk, "/api", "api");
    let own = nightly(&front);
    let place = front.upstream.plain();
    for token in [&own, &tokens.access] {
        let _ = front.get(&format!("/api/{}", place.name()), Some(token)).expect(200);
    }
    let waiting = walk.consent_page(&walk.request());

    server.restart_as(&Deployment::machines_disabled(&front.upstream)).expect("restarts");
    expect_over(&front, &own, &tokens.access);
    for client in ["nightly", "console"].map(Client::configured) {
        client.token_for_itself(server, &[]).expect_error(401, "invalid_client");
        client.revoke(server, &own).expect_error(401, "invalid_client");
        client
            .call(server, "/introspect", &[("token", &own)])
            .send()
            .expect_error(401, "invalid_client");
    }
    walk.client.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");
    let reader = Client::configured("reader");
    for token in [&own, &tokens.access] {
        assert_eq!(told(&front, &reader, token), json!({ "active": false }));
    }
    // A page here, and no word to the client.
    let page = walk.browser.page(&walk.request().path(server)).expect(400);
    assert!(page.text().contains("switched off"), "{}", page.reply.describe());
    assert_eq!(page.reply.header("location"), None);
    let silent = walk.browser.page(&walk.request().and("prompt", "none").path(server));
    assert!(silent.expect(400).text().contains("switched off"));
    let decided = walk.browser.decide(&waiting, "allow").page().expect(400);
    assert!(decided.text().contains("switched off"), "{}", decided.reply.describe());

    // Enabled again, what it had counts again.
    server.restart_as(&Deployment::machines(&front.upstream)).expect("restarts");
    for token in [&own, &tokens.access] {
        let _ = front.get(&format!("/api/{}", place.name()), Some(token)).expect(200);
    }
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));

    server.restart_as(&Deployment::machines_removed(&front.upstream)).expect("restarts");
    refused(&front.get(&format!("/api/{}", place.name()), Some(&own)), 401, "invalid_token");
    Client::configured("nightly").token_for_itself(server, &[]).expect_error(401, "invalid_client");
}

/// What the admin API makes of a client.
#[track_caller]
fn patch(front: &Front, client: &Client, disabled: bool) {
    let path = format!("/admin/clients/{}", client.id);
    let body = json!({ "policy": { "disabled": disabled } });
    let _ = front.server.admin_json("PATCH", &path, &body).expect(200);
}

fn remove(front: &Front, client: &Client) {
    let path = format!("/admin/clients/{}", client.id);
    let _ = front.server.admin("DELETE", &path).send().expect(204);
}

fn stored_client(front: &Front) {
    let server = &front.server;
    let client = server.administered_client(&json!({
        "client_name": "Import of the operator",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "policy": { "client_credentials": { "scope": "api", "resources": ["/api"] } },
    }));
    let (token, claims) = own_token(server, &client, &[]);
    assert_eq!(claims["sub"], client.id);
    let place = front.upstream.plain();
    let call = |token: &str| front.get(&format!("/api/{}", place.name()), Some(token));
    let _ = call(&token).expect(200);
    assert_eq!(told(front, &client, &token)["sub"], client.id);
    let (other, _) = own_token(server, &client, &[]);
    let _ = client.revoke(server, &other).expect(200);
    refused(&call(&other), 401, "invalid_token");
    let _ = call(&token).expect(200);

    let reader = Client::configured("reader");
    let inactive = json!({ "active": false });
    patch(front, &client, true);
    refused(&call(&token), 401, "invalid_token");
    client.token_for_itself(server, &[]).expect_error(401, "invalid_client");
    assert_eq!(told(front, &reader, &token), inactive);
    patch(front, &client, false);
    let _ = call(&token).expect(200);
    assert_eq!(told(front, &reader, &token)["active"], true);
    remove(front, &client);
    refused(&call(&token), 401, "invalid_token");
    client.token_for_itself(server, &[]).expect_error(401, "invalid_client");
    assert_eq!(told(front, &reader, &token), inactive);
}

fn signing_client(front: &Front) {
    let server = &front.server;
    let signer = Signer::new("ES256");
    let made = server.administered_client(&json!({
        "client_name": "Signs for people and for itself",
        "redirect_uris": ["https://client.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": signer.jwks(),
        "policy": { "client_credentials": { "scope": "api", "resources": ["/api"] } },
    }));
    let mut walk = Walk::with(server, made.signing(signer));
    let tokens = front.tokens(&mut walk, "/api", "api");
    let (own, _) = own_token(server, &walk.client, &[]);
    let client = walk.client.clone();
    let reader = Client::configured("reader");
    let everything = |token: &str| {
        let fields = [("token", token)];
        [
            client.refresh(server, &tokens.refresh),
            client.token_for_itself(server, &[]),
            client.call(server, "/introspect", &fields).send(),
            client.revoke(server, token),
        ]
    };
    for token in [&own, &tokens.access] {
        assert_eq!(told(front, &client, token)["active"], true);
        assert_eq!(told(front, &reader, token)["active"], true);
    }
    patch(front, &client, true);
    for token in [&own, &tokens.access] {
        for reply in everything(token) {
            reply.expect_error(401, "invalid_client");
        }
        assert_eq!(told(front, &reader, token), json!({ "active": false }));
    }
    expect_over(front, &own, &tokens.access);
    // None of it ended anything.
    patch(front, &client, false);
    for token in [&own, &tokens.access] {
        assert_eq!(told(front, &reader, token)["active"], true);
    }
    let tokens = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
    remove(front, &client);
    client.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");
    client.revoke(server, &own).expect_error(401, "invalid_client");
    assert_eq!(told(front, &reader, &tokens.access), json!({ "active": false }));
}
