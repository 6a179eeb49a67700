use latchkey_protocol::activity::Activity;
use latchkey_protocol::grant::GrantRecord;
use latchkey_protocol::session::SessionRecord;
use latchkey_protocol::time::UnixTime;
use rusqlite::Connection;

use super::{MIGRATIONS, NEWEST};
use latchkey_protocol::json::FromJson;

/// A database at `version`.
fn database(version: usize) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    for script in &MIGRATIONS[..version] {
        database.execute_batch(script).expect(script);
    }
    database
}

/// An id and a hash, as they are stored.
const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What the release with version 1 stored of a person with one browser and one app.
fn fill(database: &Connection) {
    let session = format!(
        r#"{{"id":"{ID}","secret_hash":"{HASH}","authenticated_at":5,"last_used_at":6,"ends_at":9}}"#
    );
    let grant = format!(
        r#"{{"id":"{ID}","client_id":"the-app","client_name":"The app",
        "redirect_uri":"https://app.example/callback","redirect_uri_was_sent":true,
        "scope":"notes:read","resources":["https://id.example/mcp"],"authenticated_at":5,
        "created_at":5,"last_used_at":6,"ends_at":900,
        "code":{{"state":"redeemed","code_hash":"{HASH}","code_challenge":null}},
        "family":{{"state":"live","salt":"{HASH}","current":"{HASH}","generation":2,
        "rotated_at":6,"idle_until":800}}}}"#
    );
    let activities = [
        ("signed_up", r#"{"kind":"signed_up"}"#),
        ("consented", r#"{"kind":"consented","client_id":"the-app","scope":"notes:read"}"#),
    ];
    database
        .execute(
            "INSERT INTO profile (id, account, email, password_hash, created_at)
             VALUES (1, ?, 'ada@example.com', '$argon2id$', 5)",
            [ID],
        )
        .expect("a profile");
    database.execute("INSERT INTO sessions VALUES (?, ?, 9)", (ID, session)).expect("a session");
    database
        .execute("INSERT INTO grants VALUES (?, 'the-app', 3, ?, 800)", (ID, grant))
        .expect("a grant");
    database
        .execute("INSERT INTO revoked_access_tokens VALUES ('a-token', 70)", [])
        .expect("a revoked token");
    for (kind, record) in activities {
        database
            .execute("INSERT INTO activity (at, kind, record) VALUES (5, ?, ?)", (kind, record))
            .expect("an activity");
    }
}

fn record<T: FromJson>(database: &Connection, table: &str) -> Vec<T> {
    let mut statement = database.prepare(&format!("SELECT record FROM {table}")).expect(table);
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect(table);
    rows.map(|row| latchkey_protocol::json::read(&row.expect(table)).expect(table)).collect()
}

#[test]
fn an_account_of_version_1_reads_on_at_the_newest_version() {
    let database = database(1);
    fill(&database);
    for script in &MIGRATIONS[1..] {
        database.execute_batch(script).expect(script);
    }

    let sessions: Vec<SessionRecord> = record(&database, "sessions");
    assert_eq!(sessions[0].authenticated_at, UnixTime::from_seconds(5));
    assert_eq!(sessions[0].device, None);

    let grants: Vec<GrantRecord> = record(&database, "grants");
    assert!(grants[0].is_live(UnixTime::from_seconds(700)));
    assert_eq!(grants[0].installation(), &grants[0].id);
    let (version, last_called_at): (i64, Option<i64>) = database
        .query_row("SELECT version, last_called_at FROM grants", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("the grant");
    assert_eq!((version, last_called_at), (3, None));

    let activities: Vec<Activity> = record(&database, "activity");
    assert_eq!(activities[0], Activity::SignedUp);
    let mut statement =
        database.prepare("SELECT client_id FROM activity ORDER BY id").expect("a statement");
    let clients: Vec<Option<String>> =
        statement.query_map([], |row| row.get(0)).expect("rows").map(Result::unwrap).collect();
    assert_eq!(clients, [None, Some("the-app".to_owned())], "old entries can be filtered too");
}

#[test]
fn a_new_account_and_a_migrated_one_have_the_same_tables() {
    // Each statement without spaces, and without the quotes that renaming a table adds.
    let tables = |database: &Connection| -> Vec<String> {
        let own = "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut statement = database.prepare(own).expect("a statement");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        let bare = |sql: String| sql.replace(|c: char| c.is_whitespace() || c == '"', "");
        rows.map(|row| bare(row.expect("a row"))).collect()
    };
    let migrated = database(1);
    fill(&migrated);
    for script in &MIGRATIONS[1..] {
        migrated.execute_batch(script).expect(script);
    }
    let new = Connection::open_in_memory().expect("a database");
    new.execute_batch(NEWEST).expect(NEWEST);
    assert_eq!(tables(&migrated), tables(&new));
    assert_eq!(tables(&database(MIGRATIONS.len())), tables(&new));
}

#[test]
fn the_numbers_of_the_log_go_on_where_they_were() {
    let database = database(1);
    fill(&database);
    for script in &MIGRATIONS[1..] {
        database.execute_batch(script).expect(script);
    }
    let add = "INSERT INTO activity (at, kind, record) VALUES (6, 'x', '{}') RETURNING id";
    let next: i64 = database.query_row(add, [], |row| row.get(0)).expect("an entry");
    assert_eq!(next, 3);
    let counters: i64 = database
        .query_row("SELECT count(*) FROM sqlite_sequence", [], |row| row.get(0))
        .expect("the counters");
    assert_eq!(counters, 0, "nothing counts beside the rows themselves");
}

#[test]
fn storage_of_every_earlier_version_is_kept_as_it_was_written() {
    // `tests/black_box/upgrade.rs` opens them; `docs/storage-schema.md` says how one is made.
    let kept = std::fs::read_dir("../tests/fixtures/storage").expect("the fixtures");
    let kept: Vec<String> =
        kept.map(|entry| entry.expect("a folder").file_name().to_string_lossy().into()).collect();
    for version in 1..MIGRATIONS.len() {
        let wanted = format!("_account-{version}");
        assert!(kept.iter().any(|name| name.contains(&wanted)), "{wanted} is not in {kept:?}");
    }
}
