use latchkey_protocol::client::{ClientOrigin, ClientRecord};
use rusqlite::Connection;

use super::MIGRATIONS;

/// A database at `version`.
fn database(version: usize) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    for script in &MIGRATIONS[..version] {
        database.execute_batch(script).expect(script);
    }
    database
}

/// A client as the release with version 1 stored it.
const RECORD: &str = r#"{"client_id":"latchkey_client_0aAAAAAAAAAAAAAAAAAAAAAA",
    "metadata":{"redirect_uris":["https://app.example/cb"],"grant_types":["authorization_code"],
    "response_types":["code"]},"token_endpoint_auth_method":"none","any_secret_method":false,
    "issued_at":5,"expires_at":900}"#;

#[test]
fn a_client_of_schema_version_1_reads_on_and_can_be_changed() {
    let database = database(1);
    database.execute("INSERT INTO clients VALUES ('a', ?, 900)", [RECORD]).expect("a client");
    database.execute_batch(MIGRATIONS[1]).expect("migrates");
    let (record, version): (String, i64) = database
        .query_row("SELECT record, version FROM clients", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("reads");
    let record: ClientRecord = serde_json::from_str(&record).expect("a record");
    assert_eq!((record.origin, version), (ClientOrigin::SelfRegistered, 1));
    assert!(record.policy.is_default() && record.registration_access_token_hash.is_none());
    let origin: Option<String> = database
        .query_row("SELECT json_extract(record, '$.origin') FROM clients", [], |row| row.get(0))
        .expect("reads");
    assert_eq!(origin, None);
}

#[test]
fn a_token_with_one_use_left_is_used_once() {
    let database = database(MIGRATIONS.len());
    database
        .execute("INSERT INTO initial_access_tokens VALUES ('a', '{}', 0, 1, 900)", [])
        .expect("a token");
    let claim = "UPDATE initial_access_tokens SET uses = uses + 1
         WHERE id = 'a' AND expires_at > 5 AND (max_uses IS NULL OR uses < max_uses)";
    assert_eq!(database.execute(claim, []).expect("claims"), 1);
    assert_eq!(database.execute(claim, []).expect("claims"), 0);
}
