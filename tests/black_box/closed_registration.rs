//! Registration for those who were let in, and software statements.

use latchkey_tests::deployment::workspace_root;
use latchkey_tests::{Client, Deployment, Reply, Server, Walk};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 7591 section 3, DCR-09: without an initial access token registration is 401 with a Bearer challenge",
            |servers| {
                token_needed(servers.invited());
            },
        ),
        Case::new(
            "issue 4: an initial access token lets in as many as it is for, and what it decides counts",
            |servers| {
                uses(servers.invited());
            },
        ),
        Case::new(
            "issue 4: an initial access token ends, is listed and is taken back",
            |servers| {
                life_of_a_token(servers.invited());
            },
        ),
        Case::new(
            "RFC 7591 section 2.3, DCR-08: a trusted issuer's statement lets in, and its values win",
            |servers| {
                good_statements(servers.invited());
            },
        ),
        Case::new(
            "SECURITY: a statement that doesn't say the name, the grants or where codes go approves nobody",
            |servers| incomplete_statements(servers.invited()),
        ),
        Case::new(
            "RFC 7591 section 3.2.2, DCR-08: a bad statement and one of an unknown issuer are told apart",
            |servers| {
                bad_statements(servers.invited());
            },
        ),
        Case::new(
            "RFC 7591 section 3, DCR-09: where registration is open a token still counts, and a bad one is refused",
            |_| {
                let server = Server::start(Deployment::open_with_statements());
                open(&server.unwrap_or_else(|error| panic!("{error}")));
            },
        ),
        Case::new(
            "issue 4: where registration is closed there is no endpoint, in the metadata neither",
            |_| {
                let server = Server::start(Deployment::closed());
                closed(&server.unwrap_or_else(|error| panic!("{error}")));
            },
        ),
    ]
}

fn metadata() -> Value {
    json!({
        "client_name": "Invited",
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    })
}

fn register(server: &Server, token: Option<&str>, body: &str) -> Reply {
    let call =
        server.call("POST", &server.at("/register")).header("content-type", "application/json");
    token.into_iter().fold(call, latchkey_tests::Call::bearer).body(body).send()
}

fn refused(reply: &Reply) {
    reply.expect_error(401, "invalid_token");
    let challenge = reply.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer realm=\"registration\""), "{challenge}");
}

fn token_needed(server: &Server) {
    let good = metadata().to_string();
    for body in [good.as_str(), "", "{", "{}"] {
        let reply = register(server, None, body);
        refused(&reply);
        // RFC 6750 section 3.1: no error code where there was no credential.
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"registration\""));
        refused(&register(server, Some("wrong"), body));
    }
    let unknown = format!("latchkey_iat_00{}.{}", "A".repeat(22), "A".repeat(43));
    refused(&register(server, Some(&unknown), &good));
    refused(&register(server, Some(&unknown), "{}"));
    let document = server.get(&server.metadata_path()).expect(200).json();
    assert_eq!(document["registration_endpoint"], server.url("/register"));
}

fn uses(server: &Server) {
    let made = server.initial_access_token(&json!({
        "label": "CI", "max_uses": 2,
        "policy": { "approved": true, "client_credentials": { "scope": "reports" } },
    }));
    let token = made["token"].as_str().expect("token");
    assert!(token.starts_with("latchkey_iat_"), "{token}");
    // A body that is refused uses nothing.
    register(server, Some(token), "{}").expect_error(400, "invalid_redirect_uri");
    let mut body = metadata();
    let public = Client::from_reply(&register(server, Some(token), &body.to_string()).expect(201));
    body["token_endpoint_auth_method"] = "client_secret_basic".into();
    let confidential =
        Client::from_reply(&register(server, Some(token), &body.to_string()).expect(201));
    refused(&register(server, Some(token), &body.to_string()));

    let shown = |client: &Client| {
        let path = format!("/admin/clients/{}", client.id);
        server.admin("GET", &path).send().expect(200).json()["policy"].clone()
    };
    assert_eq!(shown(&public)["approved"], true);
    assert_eq!(shown(&public).get("client_credentials"), None);
    assert_eq!(shown(&confidential)["client_credentials"]["scope"], "reports");
    let mut walk = Walk::with(server, public);
    let request = walk.request();
    assert!(walk.consent_page(&request).text().contains("Verified by"));
    // Several at the same moment are not let in more often than it is for.
    let made = server.initial_access_token(&json!({ "max_uses": 1 }));
    let token = made["token"].as_str().expect("token");
    let body = metadata().to_string();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| register(server, Some(token), &body).status)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 7, "{statuses:?}");
}

fn life_of_a_token(server: &Server) {
    let body = metadata().to_string();
    let brief = server.initial_access_token(&json!({ "expires_in": 1, "max_uses": null }));
    let text = brief["token"].as_str().expect("token");
    let deadline = Instant::now() + Duration::from_secs(30);
    let ended = loop {
        let reply = register(server, Some(text), &body);
        if reply.status != 201 {
            break reply;
        }
        assert!(Instant::now() < deadline, "it never ends");
    };
    refused(&ended);

    let made = server
        .initial_access_token(&json!({ "label": "Partner", "max_uses": null, "expires_in": 600 }));
    let (id, text) = (made["id"].as_str().expect("id"), made["token"].as_str().expect("token"));
    let client = Client::from_reply(&register(server, Some(text), &body).expect(201));
    let list = || {
        let reply =
            server.admin("GET", "/admin/initial-access-tokens?limit=200").send().expect(200);
        assert!(
            !reply.text().contains(text.rsplit_once('.').expect("a secret").1),
            "{}",
            reply.text()
        );
        let tokens = reply.json()["initial_access_tokens"].as_array().expect("tokens").clone();
        tokens.into_iter().find(|one| one["id"] == id)
    };
    let listed = list().expect("listed");
    assert_eq!((listed["label"].as_str(), listed["uses"].as_u64()), (Some("Partner"), Some(1)));
    assert_eq!((listed.get("max_uses"), listed.get("token")), (None, None));
    let path = format!("/admin/initial-access-tokens/{id}");
    let _ = server.admin("DELETE", &path).send().expect(204);
    assert_eq!(list(), None);
    server.admin("DELETE", &path).send().expect_error(404, "not_found");
    refused(&register(server, Some(text), &body));
    // Who was let in stays.
    let mut walk = Walk::with(server, client);
    let _ = walk.tokens();
    for wrong in [json!({ "max_uses": 0 }), json!({ "expires_in": 0 }), json!({ "typo": 1 })] {
        let reply = server.admin_json("POST", "/admin/initial-access-tokens", &wrong);
        reply.expect_error(400, "invalid_request");
    }
}

fn fixture() -> Value {
    let path = workspace_root().join("tests/fixtures/software_statements/statements.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("statements.json")).expect("JSON")
}

fn with_statement(statement: &Value) -> Value {
    let mut body = metadata();
    body["software_statement"] = statement.clone();
    body
}

fn good_statements(server: &Server) {
    let fixture = fixture();
    for (algorithm, statement) in fixture["good"].as_object().expect("statements") {
        let reply = register(server, None, &with_statement(statement).to_string()).expect(201);
        let client = Client::from_reply(&reply);
        assert_eq!(client.document["client_name"], "Vouched", "{algorithm}");
        assert_eq!(client.document["software_id"], "vouched-software", "{algorithm}");
        assert_eq!(client.document["software_statement"], *statement, "{algorithm}");
        let mut walk = Walk::with(server, client.clone());
        let request = walk.request();
        assert!(walk.consent_page(&request).text().contains("Verified by"));

        // What was vouched for can't be taken back by the client.
        let token = client.document["registration_access_token"].as_str().expect("token");
        let path = format!("{}/{}", server.at("/register"), client.id);
        let body = json!({
            "client_id": client.id, "client_name": "Another", "token_endpoint_auth_method": "none",
            "redirect_uris": ["https://client.example/callback"],
        });
        let call =
            server.call("PUT", &path).bearer(token).header("content-type", "application/json");
        let answer = call.body(body.to_string()).send().expect(200).json();
        assert_eq!(answer["client_name"], "Vouched");
        assert_eq!(answer["software_statement"], *statement);
    }
}

/// Whoever has the software has its statement, and could register what it doesn't say with it.
fn incomplete_statements(server: &Server) {
    for (missing, statement) in fixture()["without"].as_object().expect("statements") {
        let body = with_statement(statement).to_string();
        let client = Client::from_reply(&register(server, None, &body).expect(201));
        assert_eq!(client.document["software_id"], "vouched-software", "{missing}");
        let mut walk = Walk::with(server, client);
        let request = walk.request();
        let page = walk.consent_page(&request).text();
        assert!(!page.contains("Verified by"), "{missing}: {page}");
        // A change that says it all doesn't make the issuer say it.
        let token = walk.client.document["registration_access_token"].as_str().expect("token");
        let mut body = metadata();
        body["client_id"] = json!(walk.client.id);
        body["client_name"] = json!("Vouched");
        let path = format!("{}/{}", server.at("/register"), walk.client.id);
        let call =
            server.call("PUT", &path).bearer(token).header("content-type", "application/json");
        let _ = call.body(body.to_string()).send().expect(200);
        assert!(!walk.consent_page(&request).text().contains("Verified by"), "{missing}");
    }
}

fn bad_statements(server: &Server) {
    let fixture = fixture();
    let mut bad: Vec<Value> =
        fixture["bad"].as_object().expect("statements").values().cloned().collect();
    bad.extend([json!(7), json!({ "iss": "https://vouch.example" })]);
    for statement in bad {
        let reply = register(server, None, &with_statement(&statement).to_string());
        reply.expect_error(400, "invalid_software_statement");
    }
    let reply = register(server, None, &with_statement(&fixture["untrusted"]).to_string());
    reply.expect_error(400, "unapproved_software_statement");
    // No statement at all.
    for nothing in [json!(null), json!("")] {
        refused(&register(server, None, &with_statement(&nothing).to_string()));
    }
}

fn open(server: &Server) {
    let body = metadata().to_string();
    let client = Client::from_reply(&register(server, None, &body).expect(201));
    let policy = |client: &Client| {
        let path = format!("/admin/clients/{}", client.id);
        server.admin("GET", &path).send().expect(200).json()["policy"].clone()
    };
    assert_eq!(policy(&client)["approved"], false);
    let made = server.initial_access_token(&json!({ "policy": { "approved": true } }));
    let token = made["token"].as_str().expect("token");
    let invited = Client::from_reply(&register(server, Some(token), &body).expect(201));
    assert_eq!(policy(&invited)["approved"], true);
    for bad in [token, "wrong", "latchkey_rat_x"] {
        refused(&register(server, Some(bad), &body));
    }
    let statement = with_statement(&fixture()["bad"]["tampered"]).to_string();
    register(server, None, &statement).expect_error(400, "invalid_software_statement");
}

fn closed(server: &Server) {
    let document = server.get(&server.metadata_path()).expect(200).json();
    assert_eq!(document.get("registration_endpoint"), None);
    for body in [metadata().to_string(), String::new()] {
        let reply = register(server, None, &body).expect(404);
        assert_eq!(reply.json()["error"], "not_found");
        assert_eq!(reply.header("www-authenticate"), None);
    }
}
