//! What the operator's decisions do to a client and its tokens.

use latchkey_tests::{Client, Deployment, Front, Server, Tokens, Walk, stored};
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};

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
            |_| stored_client(),
        ),
    ]
}

fn front() -> Front {
    Front::start(Deployment::machines).unwrap_or_else(|error| panic!("{error}"))
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
    let front = front();
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

/// The database of the shard that stores a client.
fn shard_of(server: &Server, client: &Client) -> PathBuf {
    let files = stored::files(&server.storage()).expect("the storage folder");
    let is_it = |path: &Path| {
        let found = Connection::open(path).and_then(|database| {
            database.query_row(
                "SELECT count(*) FROM clients WHERE client_id = ?",
                [&client.id],
                |row| row.get::<_, i64>(0),
            )
        });
        found == Ok(1)
    };
    let databases =
        files.into_keys().filter(|path| path.extension().is_some_and(|it| it == "sqlite"));
    databases.into_iter().find(|path| is_it(path)).expect("the client's shard")
}

/// Changes a stored client while its server stands still, as the operator's tools do while it runs.
fn change(front: &Front, client: &Client, statement: &str) {
    front.server.kill_hard();
    let database = Connection::open(shard_of(&front.server, client)).expect("a database");
    assert_eq!(database.execute(statement, [&client.id]), Ok(1), "{statement}");
    drop(database);
    // The copies of clients in the cache would live for another hour.
    for path in stored::files(&front.server.storage()).expect("the storage folder").into_keys() {
        if path.components().any(|part| part.as_os_str() == "kv") {
            std::fs::remove_file(path).expect("a file of the cache");
        }
    }
    front.server.restart().expect("restarts");
}

fn stored_client() {
    let front = front();
    let client = Client::with_method(&front.server, "client_secret_basic");
    let api = front.resource("/api");
    let policy = |disabled: bool| {
        let own = json!({ "scope": "api", "resources": [api] });
        let policy = json!({ "approved": true, "disabled": disabled, "client_credentials": own });
        format!(
            "UPDATE clients SET record = json_set(record, '$.origin', 'administered', '$.policy', json('{policy}'),
             '$.metadata.grant_types', json('[\"client_credentials\"]')) WHERE client_id = ?"
        )
    };
    change(&front, &client, &policy(false));
    let (token, claims) = own_token(&front.server, &client, &[]);
    assert_eq!(claims["sub"], client.id);
    let place = front.upstream.plain();
    let call = |token: &str| front.get(&format!("/api/{}", place.name()), Some(token));
    let _ = call(&token).expect(200);
    assert_eq!(told(&front, &client, &token)["sub"], client.id);
    let (other, _) = own_token(&front.server, &client, &[]);
    let _ = client.revoke(&front.server, &other).expect(200);
    refused(&call(&other), 401, "invalid_token");
    let _ = call(&token).expect(200);

    change(&front, &client, &policy(true));
    refused(&call(&token), 401, "invalid_token");
    client.token_for_itself(&front.server, &[]).expect_error(401, "invalid_client");
    change(&front, &client, &policy(false));
    let _ = call(&token).expect(200);
    change(&front, &client, "DELETE FROM clients WHERE client_id = ?");
    refused(&call(&token), 401, "invalid_token");
    let gone = client.token_for_itself(&front.server, &[]);
    gone.expect_error(401, "invalid_client");
    let reader = Client::configured("reader");
    assert_eq!(told(&front, &reader, &token), json!({ "active": false }));
}
