//! The admin API: an operator manages clients.

mod listing;
mod removal;

use latchkey_tests::{ADMIN_TOKEN, Client, Deployment, Front, Reply, Server, Tokens, Walk};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases = vec![
        Case::new("issue 4: without ADMIN_TOKEN there is no admin API", |servers| {
            off(servers.standard());
        }),
        Case::new(
            "SECURITY: every admin endpoint asks for the admin token, and a browser can't",
            |servers| {
                token_needed(&servers.administered().server);
            },
        ),
        Case::new(
            "SECURITY: an admin token that could be guessed opens nothing, and the log says so",
            |_| {
                let server = Server::start(Deployment::short_admin_token());
                short_token(&server.unwrap_or_else(|error| panic!("{error}")));
            },
        ),
        Case::new("issue 4: a client is made, read, listed, changed and removed", |servers| {
            life(&servers.administered().server);
        }),
        Case::new(
            "issue 4: a wrong description or patch is refused and changes nothing",
            |servers| {
                refusals(&servers.administered().server);
            },
        ),
        Case::new("issue 4: an approved client is marked on the consent page", |servers| {
            approved(&servers.administered().server);
        }),
        Case::new(
            "issue 4: a replaced secret works at once, and the old one for its grace only",
            |servers| {
                secrets(&servers.administered().server);
            },
        ),
        Case::new(
            "issue 4, needs 25: a disabled client's tokens are refused at once, and good again when it is enabled",
            |servers| {
                disabled(servers.administered());
            },
        ),
        Case::new("issue 4: every change by the admin API is a line of the log", |servers| {
            logged(&servers.administered().server);
        }),
    ];
    cases.extend(removal::trials());
    cases.extend(listing::trials());
    cases
}

fn metadata(name: &str) -> Value {
    json!({
        "client_name": name,
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    })
}

fn at(client: &Client) -> String {
    format!("/admin/clients/{}", client.id)
}

fn patch(server: &Server, client: &Client, body: &Value) -> Reply {
    server.admin_json("PATCH", &at(client), body)
}

fn off(server: &Server) {
    for path in ["/admin/clients", "/admin/clients/x", "/admin/initial-access-tokens"] {
        for method in ["GET", "POST", "DELETE"] {
            let reply = server.admin(method, path).send().expect(404);
            assert_eq!(reply.json()["error"], "not_found");
        }
    }
}

fn token_needed(server: &Server) {
    let client = server.administered_client(&metadata("Guarded"));
    let own = at(&client);
    let secret = format!("{own}/secret");
    for (method, path) in [
        ("GET", "/admin/clients"),
        ("POST", "/admin/clients"),
        ("GET", own.as_str()),
        ("PATCH", own.as_str()),
        ("DELETE", own.as_str()),
        ("POST", secret.as_str()),
        ("GET", "/admin/initial-access-tokens"),
        ("POST", "/admin/initial-access-tokens"),
        ("DELETE", "/admin/initial-access-tokens/x"),
    ] {
        for authorization in [
            None,
            Some("Bearer wrong".to_owned()),
            Some(format!("Bearer {ADMIN_TOKEN}x")),
            Some(format!("Basic {ADMIN_TOKEN}")),
            Some("Bearer".to_owned()),
        ] {
            let mut call = server.call(method, &server.at(path));
            if let Some(authorization) = &authorization {
                call = call.header("authorization", authorization);
            }
            let reply = call.send();
            reply.expect_error(401, "invalid_token");
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer realm=\"admin\""), "{challenge}");
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
        let in_query = format!("{}?access_token={ADMIN_TOKEN}", server.at(path));
        server.call(method, &in_query).send().expect_error(401, "invalid_token");
    }
    let preflight = server.call("OPTIONS", &server.at("/admin/clients")).send().expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    server.admin("PUT", &own).send().expect_error(405, "invalid_request");
    let _ = server.admin("GET", &own).send().expect(200);
}

fn short_token(server: &Server) {
    let call = server.call("GET", &server.at("/admin/clients")).bearer("too-short");
    let reference = call.send().expect_error(500, "server_error");
    let lines = server.log().wait_for(&reference).join("\n");
    assert!(lines.contains("misconfigured") && lines.contains("ADMIN_TOKEN"), "{lines}");
    assert!(!lines.contains("too-short"), "{lines}");
}

fn life(server: &Server) {
    let body = json!({
        "client_name": "Reports",
        "redirect_uris": ["https://reports.example/cb"],
        "token_endpoint_auth_method": "client_secret_post",
        "policy": { "refresh_token_rotation": false, "client_credentials": { "scope": "api", "resources": ["/api"] } },
    });
    let client = server.administered_client(&body);
    let made = &client.document;
    assert_eq!(made["origin"], "administered");
    assert_eq!(made["client_secret_expires_at"], 0);
    for absent in ["expires_at", "registration_access_token", "registration_client_uri"] {
        assert_eq!(made.get(absent), None, "{absent}");
    }
    let resource = format!("{}/api", server.issuer());
    let policy = json!({
        "approved": true, "disabled": false, "refresh_token_rotation": false,
        "client_credentials": { "scope": "api", "resources": [resource] },
    });
    assert_eq!(made["policy"], policy);

    let mut shown = made.clone();
    for once in ["client_secret", "client_secret_expires_at"] {
        shown.as_object_mut().expect("object").remove(once);
    }
    assert_eq!(server.admin("GET", &at(&client)).send().expect(200).json(), shown);

    let changed = patch(
        server,
        &client,
        &json!({ "client_name": "Numbers", "policy": { "client_credentials": null } }),
    );
    let changed = changed.expect(200).json();
    assert_eq!(changed["client_name"], "Numbers");
    assert_eq!(changed["redirect_uris"], made["redirect_uris"]);
    assert_eq!(changed["policy"].get("client_credentials"), None);
    assert_eq!(changed["policy"]["refresh_token_rotation"], false);
    assert_eq!(changed.get("client_secret"), None);
    let merge =
        server.admin("PATCH", &at(&client)).header("content-type", "application/merge-patch+json");
    let _ = merge.body("{\"tos_uri\":\"https://reports.example/tos\"}").send().expect(200);

    let mut walk = Walk::with(server, client.clone());
    let _ = walk.tokens();
    let used = server.admin("GET", &at(&client)).send().expect(200).json();
    assert!(used["last_used_at"].is_u64() && used.get("expires_at").is_none(), "{used}");

    let _ = server.admin("DELETE", &at(&client)).send().expect(204);
    for method in ["GET", "DELETE"] {
        server.admin(method, &at(&client)).send().expect_error(404, "not_found");
    }
    patch(server, &client, &json!({})).expect_error(404, "not_found");
}

fn refusals(server: &Server) {
    for (body, code) in [
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://plain.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://a.example/"], "client_nmae": "x" }), "invalid_request"),
        (
            json!({ "redirect_uris": ["https://a.example/"], "policy": { "approvd": true } }),
            "invalid_request",
        ),
        (
            json!({ "redirect_uris": ["https://a.example/"], "policy": { "client_credentials": { "scope": "unknown" } } }),
            "invalid_scope",
        ),
        (
            json!({ "redirect_uris": ["https://a.example/"], "policy": { "client_credentials": { "resources": ["/nowhere"] } } }),
            "invalid_target",
        ),
        (json!("text"), "invalid_client_metadata"),
    ] {
        server.admin_json("POST", "/admin/clients", &body).expect_error(400, code);
    }
    let form = server.admin("POST", "/admin/clients").form(&[("client_name", "x")]).send();
    form.expect_error(400, "invalid_request");

    let client = server.administered_client(&metadata("Stays"));
    let before = server.admin("GET", &at(&client)).send().expect(200).json();
    for (body, code) in [
        (json!({ "redirect_uris": null }), "invalid_redirect_uri"),
        (json!({ "client_id": "another" }), "invalid_request"),
        (json!({ "origin": "configured" }), "invalid_request"),
        (json!({ "policy": { "disabled": "yes" } }), "invalid_request"),
        (
            json!({ "policy": { "client_credentials": { "scope": "api" } } }),
            "invalid_client_metadata",
        ),
        (json!({ "typo": true }), "invalid_request"),
    ] {
        patch(server, &client, &body).expect_error(400, code);
    }
    server.admin("POST", &format!("{}/secret", at(&client))).send().expect_error(409, "conflict");
    assert_eq!(server.admin("GET", &at(&client)).send().expect(200).json(), before);
    for id in ["x", "latchkey_client_00", "%zz", &format!("latchkey_client_00{}", "A".repeat(22))] {
        let path = format!("/admin/clients/{id}");
        server.admin("GET", &path).send().expect_error(404, "not_found");
        server.admin("DELETE", &path).send().expect_error(404, "not_found");
        server.admin_json("PATCH", &path, &json!({})).expect_error(404, "not_found");
        server.admin("POST", &format!("{path}/secret")).send().expect_error(404, "not_found");
    }
    for query in
        ["limit=0", "limit=201", "cursor=x", "origin=x", "approved=x", "limit=1&limit=2", "a=%"]
    {
        let path = format!("/admin/clients?{query}");
        server.admin("GET", &path).send().expect_error(400, "invalid_request");
    }
}

fn approved(server: &Server) {
    // One that registered itself: nobody vouches, until the operator does.
    let mut walk = Walk::begin(server);
    let request = walk.request();
    let page = walk.consent_page(&request).text();
    assert!(page.contains("not verified") && !page.contains("Verified by"), "{page}");
    let _ = patch(server, &walk.client, &json!({ "policy": { "approved": true } })).expect(200);
    let page = walk.consent_page(&request).text();
    assert!(page.contains("Verified by"), "{page}");
    // When it becomes another, the operator has to look again.
    let token = walk.client.document["registration_access_token"].as_str().expect("token");
    let uri = format!("{}/{}", server.at("/register"), walk.client.id);
    let body = json!({
        "client_id": walk.client.id, "client_name": "Your bank",
        "redirect_uris": ["https://client.example/callback"], "token_endpoint_auth_method": "none",
    });
    let call = server.call("PUT", &uri).bearer(token).header("content-type", "application/json");
    let _ = call.body(body.to_string()).send().expect(200);
    let page = walk.consent_page(&request).text();
    assert!(page.contains("Your bank") && !page.contains("Verified by"), "{page}");

    let mut walk = Walk::with(server, server.administered_client(&metadata("Ours")));
    let request = walk.request();
    assert!(walk.consent_page(&request).text().contains("Verified by"));
}

fn secrets(server: &Server) {
    let mut body = metadata("With a secret");
    body["token_endpoint_auth_method"] = "client_secret_basic".into();
    let first = server.administered_client(&body);
    let mut walk = Walk::with(server, first.clone());
    let tokens = walk.tokens();
    let path = format!("{}/secret", at(&first));
    let second = Client::from_reply(
        &server.admin_json("POST", &path, &json!({ "grace": 3600 })).expect(200),
    );
    assert_ne!(first.secret, second.secret);
    let tokens = Tokens::from_reply(&first.refresh(server, &tokens.refresh));
    let tokens = Tokens::from_reply(&second.refresh(server, &tokens.refresh));
    // Without grace every earlier one is over.
    let third = Client::from_reply(&server.admin("POST", &path).send().expect(200));
    for old in [&first, &second] {
        old.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");
    }
    let _ = Tokens::from_reply(&third.refresh(server, &tokens.refresh));
    for wrong in [json!({ "grace": 86_401 }), json!({ "grace": -1 }), json!({ "graze": 1 })] {
        server.admin_json("POST", &path, &wrong).expect_error(400, "invalid_request");
    }
}

/// Whether the gateway lets the token through.
fn is_let_in(front: &Front, token: &str) -> bool {
    let place = front.upstream.plain();
    let reply = front.get(&format!("/api/{}", place.name()), Some(token));
    if reply.status == 401 {
        reply.expect_error(401, "invalid_token");
    } else {
        assert_eq!(reply.status, 200, "{}", reply.describe());
    }
    reply.status == 200
}

fn is_active(front: &Front, client: &Client, token: &str) -> bool {
    let reply = client.call(&front.server, "/introspect", &[("token", token)]).send();
    reply.expect(200).json()["active"] == true
}

fn disabled(front: &Front) {
    let server = &front.server;
    let mut body = metadata("Under suspicion");
    body["token_endpoint_auth_method"] = "client_secret_post".into();
    let mut walk = Walk::with(server, server.administered_client(&body));
    let tokens = front.tokens(&mut walk, "/api", "api");
    assert!(is_let_in(front, &tokens.access));
    assert!(is_active(front, &walk.client, &tokens.access));
    let _ = patch(server, &walk.client, &json!({ "policy": { "disabled": true } })).expect(200);
    assert!(!is_let_in(front, &tokens.access));
    // The grant waits: nobody has to allow it again.
    assert!(!walk.browser.account().text().contains("No app has access"));
    let _ = patch(server, &walk.client, &json!({ "policy": { "disabled": false } })).expect(200);
    assert!(is_let_in(front, &tokens.access));
    assert!(is_active(front, &walk.client, &tokens.refresh));
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}

fn logged(server: &Server) {
    let mut body = metadata("Logged");
    body["token_endpoint_auth_method"] = "client_secret_basic".into();
    let client = server.administered_client(&body);
    let _ = patch(server, &client, &json!({ "policy": { "approved": false } })).expect(200);
    let secret = format!("{}/secret", at(&client));
    let _ = server.admin("POST", &secret).send().expect(200);
    let _ = server.admin("DELETE", &at(&client)).send().expect(204);
    let token = server.initial_access_token(&json!({ "label": "Logged" }));
    let id = token["id"].as_str().expect("an id").to_owned();
    let path = format!("/admin/initial-access-tokens/{id}");
    let _ = server.admin("DELETE", &path).send().expect(204);
    for (event, subject) in [
        ("client created", &client.id),
        ("client changed", &client.id),
        ("client secret replaced", &client.id),
        ("client removed", &client.id),
        ("initial access token created", &id),
        ("initial access token removed", &id),
    ] {
        let is_it = |line: &String| {
            line.contains(&format!("\"{event}\"")) && line.contains("\"who\":\"admin\"")
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        let found = loop {
            let lines = server.log().wait_for(subject);
            let found = lines.iter().filter(|line| is_it(line)).count();
            if found > 0 || Instant::now() > deadline {
                break found;
            }
        };
        assert_eq!(found, 1, "{event}: {}", server.log().tail(20));
    }
}
