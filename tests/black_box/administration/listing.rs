//! The list of all clients, with those that are changed elsewhere.

use latchkey_tests::{Client, Server, Walk};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::metadata;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new("issue 4: the list goes on page by page and leaves nobody out", |servers| {
            pages(&servers.administered().server);
        }),
        Case::new(
            "issue 4: configured and document clients are listed, and changed elsewhere",
            |servers| {
                read_only(&servers.administered().server);
            },
        ),
    ]
}

fn pages(server: &Server) {
    let made: BTreeSet<String> = (0..7)
        .map(|number| server.administered_client(&metadata(&format!("Page {number}"))).id)
        .collect();
    let _ = Client::public(server);
    let list = |query: &str| {
        server.admin("GET", &format!("/admin/clients?{query}")).send().expect(200).json()
    };
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for _ in 0..1_000 {
        let page = list(&format!("limit=2&origin=administered{cursor}"));
        let clients = page["clients"].as_array().expect("clients");
        assert!(clients.len() <= 2 && clients.iter().all(|one| one["origin"] == "administered"));
        seen.extend(clients.iter().map(|one| one["client_id"].as_str().expect("id").to_owned()));
        // What is added meanwhile moves nothing.
        if cursor.is_empty() {
            let _ = server.administered_client(&metadata("Added meanwhile"));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "listed twice: {seen:?}");
    assert!(made.is_subset(&distinct), "left out");
    let open = list("limit=200&origin=self_registered&approved=false");
    let open = open["clients"].as_array().expect("clients");
    assert!(!open.is_empty() && open.iter().all(|one| one["origin"] == "self_registered"));
    assert!(
        open.iter().all(|one| one["policy"]["approved"] == false && one["expires_at"].is_u64())
    );
    let text = Value::Array(open.clone()).to_string();
    assert!(!text.contains("hash") && !text.contains("client_secret"), "{text}");
}

fn read_only(server: &Server) {
    let first = server.admin("GET", "/admin/clients?limit=2").send().expect(200).json();
    assert_eq!(first["clients"][0]["client_id"], "configured-client");
    assert_eq!(first["clients"][0]["origin"], "configured");
    assert_eq!(first["clients"][1]["client_id"], "https://document.example/client.json");
    assert_eq!(first["clients"][1]["origin"], "document");
    assert_eq!(first["clients"][1]["policy"]["approved"], true);
    for id in ["configured-client", "https%3A%2F%2Fdocument.example%2Fclient.json"] {
        let path = format!("/admin/clients/{id}");
        let _ = server.admin("GET", &path).send().expect(200);
        for reply in [
            server.admin_json("PATCH", &path, &json!({ "client_name": "x" })),
            server.admin("DELETE", &path).send(),
            server.admin("POST", &format!("{path}/secret")).send(),
        ] {
            reply.expect_error(409, "conflict");
            let words = reply.json()["error_description"].to_string();
            assert!(words.contains("LATCHKEY.clients"), "{words}");
        }
    }
    // It works like any other.
    let client = Client::known("configured-client", "none", "https://configured.example/cb");
    let mut walk = Walk::with(server, client);
    let _ = walk.tokens();
}
