use latchkey_protocol::client::{ClientOrigin, ClientPolicy, ClientRecord};
use rusqlite::Connection;

use super::MIGRATIONS;
use crate::objects::client_registry::clients::{EXPIRED, NEXT_END, SWEEPS};
use crate::objects::client_registry::refusals::IS_KNOWN;

/// A database at `version`.
fn database(version: usize) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    for script in &MIGRATIONS[..version] {
        database.execute_batch(script).expect(script);
    }
    database
}

/// What the release with version 1 stored of a client that ends at 90.
fn fill(database: &Connection) {
    let record = r#"{"client_id":"p_00AAAAAAAAAAAAAAAAAAAAAA","metadata":{
        "redirect_uris":["https://app.example/callback"],
        "grant_types":["authorization_code","refresh_token"],"response_types":["code"]},
        "token_endpoint_auth_method":"none","issued_at":5,"expires_at":90}"#;
    database
        .execute(
            "INSERT INTO clients (client_id, record, expires_at)
             VALUES ('p_00AAAAAAAAAAAAAAAAAAAAAA', ?, 90)",
            [record],
        )
        .expect("a client");
}

fn revoke(database: &Connection, token_id: &str, forget_at: i64) {
    database
        .execute(
            "INSERT INTO revoked_access_tokens (token_id, client_id, forget_at) VALUES (?, 'a', ?)",
            (token_id, forget_at),
        )
        .expect("a revocation");
}

fn count(database: &Connection, table: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM {table}");
    database.query_row(&statement, [], |row| row.get(0)).expect(table)
}

#[test]
fn a_shard_of_version_1_reads_on_at_the_newest_version() {
    let database = database(1);
    fill(&database);
    for script in &MIGRATIONS[1..] {
        database.execute_batch(script).expect(script);
    }
    let record: String =
        database.query_row("SELECT record FROM clients", [], |row| row.get(0)).expect("a client");
    let client: ClientRecord = latchkey_protocol::json::read(&record).expect("a record");
    assert_eq!(client.origin, ClientOrigin::SelfRegistered);
    assert_eq!(client.policy, ClientPolicy::default());
    assert_eq!(count(&database, "revoked_access_tokens"), 0);
}

#[test]
fn the_sweep_deletes_what_has_ended_a_part_at_a_time_and_knows_what_ends_next() {
    let database = database(MIGRATIONS.len());
    let next = || -> Option<i64> {
        database.query_row(NEXT_END, [1_000], |row| row.get(0)).expect("the next end")
    };
    let sweep = |now: i64, rows: i64| {
        let clients = format!("DELETE FROM clients WHERE client_id IN ({EXPIRED})");
        for statement in [clients.as_str()].into_iter().chain(SWEEPS) {
            database.execute(statement, (now, rows)).expect(statement);
        }
    };
    assert_eq!(next(), None);
    fill(&database);
    assert_eq!(next(), Some(90));
    for (token_id, forget_at) in [("a", 70), ("b", 60), ("c", 71)] {
        revoke(&database, token_id, forget_at);
    }
    assert_eq!(next(), Some(60));
    sweep(59, 10);
    assert_eq!(count(&database, "revoked_access_tokens"), 3);
    sweep(70, 1);
    assert_eq!((count(&database, "revoked_access_tokens"), next()), (2, Some(70)));
    sweep(70, 10);
    assert_eq!((count(&database, "revoked_access_tokens"), next()), (1, Some(71)));
    assert_eq!(count(&database, "clients"), 1);
    sweep(90, 10);
    assert_eq!((count(&database, "clients"), next()), (0, None));
}

#[test]
fn issue_7_a_shard_of_version_4_gets_its_refusals_which_go_30_days_after_the_last() {
    let database = database(4);
    fill(&database);
    for script in &MIGRATIONS[4..] {
        database.execute_batch(script).expect(script);
    }
    let known = |id: &str| database.prepare(IS_KNOWN).expect("a statement").exists([id]).expect(id);
    assert!(known("p_00AAAAAAAAAAAAAAAAAAAAAA") && !known("https://app.example/client.json"));
    let allowed = "INSERT INTO client_accounts (client_id, account) VALUES (?, 'a')";
    database.execute(allowed, ["https://app.example/client.json"]).expect("an account");
    assert!(known("https://app.example/client.json"));

    let keep = "INSERT INTO refusals (client_id, record, forget_at) VALUES (?, '[]', ?)";
    database.execute(keep, ("", 80)).expect("refusals");
    database.execute(keep, ("p_00AAAAAAAAAAAAAAAAAAAAAA", 95)).expect("refusals");
    let next: Option<i64> =
        database.query_row(NEXT_END, [1_000], |row| row.get(0)).expect("a time");
    assert_eq!(next, Some(80));
    for statement in SWEEPS {
        database.execute(statement, (80, 10)).expect(statement);
    }
    assert_eq!(count(&database, "refusals"), 1);
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

#[test]
fn storage_of_every_earlier_version_is_kept_as_it_was_written() {
    // `tests/black_box/upgrade.rs` opens them; `docs/storage-schema.md` says how one is made.
    let kept = std::fs::read_dir("../tests/fixtures/storage").expect("the fixtures");
    let kept: Vec<String> =
        kept.map(|entry| entry.expect("a folder").file_name().to_string_lossy().into()).collect();
    for version in 1..MIGRATIONS.len() {
        let wanted = format!("_registry-{version}");
        assert!(kept.iter().any(|name| name.contains(&wanted)), "{wanted} is not in {kept:?}");
    }
}
