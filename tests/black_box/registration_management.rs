//! A client manages its own registration (RFC 7592).

use latchkey_tests::{Call, Client, Reply, Server, Tokens, Walk};
use serde_json::{Value, json};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 7592 section 3, DCM-01: a registration has its own URI and token, and is read with them",
            |servers| {
                for server in [servers.standard(), servers.short_links(), servers.tenant()] {
                    read(server);
                }
            },
        ),
        Case::new(
            "RFC 7592 section 2.2, DCM-02: a change replaces the registration whole",
            |servers| {
                replace(servers.standard());
            },
        ),
        Case::new(
            "RFC 7592 section 2.2, DCM-02: a change with another id or secret, or with what must not be sent, is refused",
            |servers| {
                refused_changes(servers.standard());
            },
        ),
        Case::new(
            "RFC 7592 section 2.2: a client that begins to need a secret gets one, and the changed client works at once",
            |servers| {
                changed_method(servers.standard());
            },
        ),
        Case::new(
            "RFC 7592 section 2.3, DCM-03: a deleted registration stops working at once, with its grants",
            |servers| {
                delete(servers.standard());
            },
        ),
        Case::new(
            "RFC 7592 section 2.1, DCM-04: no token, a wrong one, another client's and no such client are the same 401",
            |servers| {
                unauthorized(servers.standard());
            },
        ),
        Case::new("RFC 7592 section 2, DCM-03: another method is 405", |servers| {
            methods(servers.standard());
        }),
        Case::new("CORS-01: a registration is managed from a browser as it is made", |servers| {
            cross_origin(servers.standard());
        }),
    ]
}

/// Where the client manages its registration, as a path of this server.
fn path(server: &Server, client: &Client) -> String {
    let uri = client.document["registration_client_uri"].as_str().expect("a URI").to_owned();
    assert_eq!(uri, format!("{}/{}", server.url("/register"), client.id));
    server.local_path("/", &uri).expect("on this server")
}

fn call<'s>(server: &'s Server, method: &str, client: &Client) -> Call<'s> {
    let token = client.document["registration_access_token"].as_str().expect("a token");
    server.call(method, &path(server, client)).bearer(token)
}

fn put(server: &Server, client: &Client, body: &Value) -> Reply {
    let call = call(server, "PUT", client).header("content-type", "application/json");
    call.body(body.to_string()).send()
}

/// What the client registered, ready to be sent back.
fn body(client: &Client, changes: &Value) -> Value {
    let mut body = client.document.clone();
    let members = body.as_object_mut().expect("an object");
    for name in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        members.remove(name);
    }
    members.extend(changes.as_object().expect("an object").clone());
    body
}

fn read(server: &Server) {
    for method in ["none", "client_secret_basic"] {
        let client = Client::with_method(server, method);
        let reply = call(server, "GET", &client).send().expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.describe());
        let mut expected = client.document.clone();
        // Only its hash is stored, so it can't be shown again.
        for name in ["client_secret", "client_secret_expires_at"] {
            expected.as_object_mut().expect("object").remove(name);
        }
        assert_eq!(reply.json(), expected);
        let head = call(server, "HEAD", &client).send().expect(200);
        assert!(head.body.is_empty());
    }
}

fn replace(server: &Server) {
    let client = Client::register(
        server,
        &json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": "none",
            "client_name": "Before",
            "tos_uri": "https://client.example/tos",
        }),
    );
    let mut changed = body(
        &client,
        &json!({ "client_name": "After", "redirect_uris": ["https://client.example/new"] }),
    );
    changed.as_object_mut().expect("object").remove("tos_uri");
    let answer = put(server, &client, &changed).expect(200).json();
    assert_eq!(answer["client_name"], "After");
    assert_eq!(answer["redirect_uris"], json!(["https://client.example/new"]));
    assert_eq!(answer.get("tos_uri"), None);
    for same in
        ["client_id", "client_id_issued_at", "registration_client_uri", "registration_access_token"]
    {
        assert_eq!(answer[same], client.document[same], "{same}");
    }
    assert_eq!(call(server, "GET", &client).send().expect(200).json(), answer);
    // The new address works at once, and the old one no longer.
    let moved = Client { redirect_uri: "https://client.example/new".to_owned(), ..client.clone() };
    let mut walk = Walk::with(server, moved);
    let _ = walk.tokens();
    let old = latchkey_tests::Authorization::of(&client);
    let _ = walk.browser.page(&old.path(server)).expect(400);
}

fn refused_changes(server: &Server) {
    let client = Client::with_method(server, "client_secret_post");
    for (changes, code) in [
        (json!({ "client_id": "another" }), "invalid_client_metadata"),
        (json!({ "client_id": null }), "invalid_client_metadata"),
        (json!({ "client_secret": "another" }), "invalid_client_metadata"),
        (json!({ "registration_access_token": "x" }), "invalid_client_metadata"),
        (json!({ "registration_client_uri": "https://x.example" }), "invalid_client_metadata"),
        (json!({ "client_secret_expires_at": 0 }), "invalid_client_metadata"),
        (json!({ "client_id_issued_at": 1 }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
    ] {
        put(server, &client, &body(&client, &changes)).expect_error(400, code);
    }
    for text in ["", "[]", "{", "{\"client_id\":1,\"client_id\":2}"] {
        let call = call(server, "PUT", &client).header("content-type", "application/json");
        call.body(text).send().expect_error(400, "invalid_client_metadata");
    }
    let form = call(server, "PUT", &client).form(&[("client_id", client.id.as_str())]).send();
    form.expect_error(400, "invalid_client_metadata");
    // Nothing of that changed it, and its own secret may come along.
    let own = put(server, &client, &body(&client, &json!({}))).expect(200).json();
    assert_eq!(own.get("client_secret"), None);
    let mut walk = Walk::with(server, client);
    let _ = walk.tokens();
}

fn changed_method(server: &Server) {
    let client = Client::public(server);
    let mut walk = Walk::with(server, client.clone());
    let tokens = walk.tokens();
    let changed = body(&client, &json!({ "token_endpoint_auth_method": "client_secret_basic" }));
    let reply = put(server, &client, &changed).expect(200);
    let confidential = Client::from_reply(&reply);
    assert!(confidential.secret.is_some());
    assert_eq!(reply.json()["client_secret_expires_at"], 0);
    // Without the secret it is no longer the client.
    client.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");
    let next = Tokens::from_reply(&confidential.refresh(server, &tokens.refresh));

    let dropped = body(&client, &json!({ "token_endpoint_auth_method": "none" }));
    let answer = put(server, &client, &dropped).expect(200).json();
    assert_eq!(answer.get("client_secret"), None);
    confidential.refresh(server, &next.refresh).expect_error(401, "invalid_client");
    let _ = Tokens::from_reply(&client.refresh(server, &next.refresh));
}

fn delete(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let waiting = walk.code();
    assert!(!walk.browser.account().text().contains("No app has access"));
    let reply = call(server, "DELETE", &walk.client).send().expect(204);
    assert!(reply.body.is_empty());
    // The very next requests.
    walk.client.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");
    walk.client.redeem(server, &waiting).expect_error(401, "invalid_client");
    for method in ["GET", "DELETE"] {
        let reply = call(server, method, &walk.client).send();
        reply.expect_error(401, "invalid_token");
    }
    let request = walk.request();
    let _ = walk.browser.page(&request.path(server)).expect(400);
    assert!(walk.browser.account().text().contains("No app has access"));
    let log = walk.browser.activity(&[]);
    assert_eq!(log[0]["kind"], "client_removed", "{log:?}");
    assert_eq!(log[0]["client_id"], walk.client.id.as_str());
    let path = walk.browser.path("/account/activity", &[]);
    let page = walk.browser.page(&path).expect(200);
    assert!(page.text().contains("was removed from this service"), "{}", page.text());
}

fn unauthorized(server: &Server) {
    let (client, other) = (Client::public(server), Client::public(server));
    let own = client.document["registration_access_token"].as_str().expect("token");
    let foreign = other.document["registration_access_token"].as_str().expect("token");
    let nobody = format!("{}/latchkey_client_00{}", server.at("/register"), "A".repeat(22));
    let here = path(server, &client);
    let without_reference = |reply: &Reply| {
        let text = reply.json()["error_description"].as_str().expect("words").to_owned();
        text.split_once(" (reference ").expect("a reference").0.to_owned()
    };
    let mut words = Vec::new();
    for method in ["GET", "PUT", "DELETE"] {
        for (path, authorization) in [
            (here.as_str(), None),
            (here.as_str(), Some("Bearer wrong".to_owned())),
            (here.as_str(), Some(format!("Bearer {foreign}"))),
            (here.as_str(), Some(format!("Basic {own}"))),
            (nobody.as_str(), Some(format!("Bearer {own}"))),
            (&server.at("/register/x"), Some(format!("Bearer {own}"))),
        ] {
            let mut call = server.call(method, path).header("content-type", "application/json");
            if let Some(authorization) = &authorization {
                call = call.header("authorization", authorization);
            }
            if method == "PUT" {
                call = call.body("{}");
            }
            let reply = call.send();
            reply.expect_error(401, "invalid_token");
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            words.push(without_reference(&reply));
        }
    }
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
    // None of that was a change.
    let _ = call(server, "GET", &client).send().expect(200);
}

fn methods(server: &Server) {
    let client = Client::public(server);
    for method in ["POST", "PATCH"] {
        let reply = call(server, method, &client).send();
        reply.expect_error(405, "invalid_request");
        assert_eq!(reply.header("allow"), Some("GET, PUT, DELETE, HEAD, OPTIONS"));
    }
    for path in ["/register/", "/register/a/b"] {
        let _ = server.get(&server.at(path)).expect(404);
    }
}

fn cross_origin(server: &Server) {
    let client = Client::public(server);
    let preflight = server
        .call("OPTIONS", &path(server, &client))
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT")
        .send()
        .expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, PUT, DELETE"));
    let allowed = preflight.header("access-control-allow-headers").unwrap_or_default();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
    let reply = call(server, "GET", &client).header("origin", "https://app.example").send();
    assert_eq!(reply.expect(200).header("access-control-allow-origin"), Some("*"));
}
