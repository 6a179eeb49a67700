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

#[test]
fn issue_7_a_keyring_of_version_1_keeps_its_keys_and_each_sealing_key_becomes_one_of_its_own() {
    let database = database(1);
    let fill = "INSERT INTO keys VALUES ('a', 10, '{\"public\":1}', '{\"private\":1}', 'seals a'),
        ('b', 90, '{\"public\":2}', '{\"private\":2}', 'seals b')";
    database.execute(fill, []).expect("keys");
    for script in &MIGRATIONS[1..] {
        database.execute_batch(script).expect(script);
    }
    let mut statement = database
        .prepare("SELECT key_id, kind, used_from, public_jwk, secret FROM keys WHERE origin = 'made' AND made_at IS NULL AND dropped_at IS NULL ORDER BY kind DESC, key_id")
        .expect("a statement");
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    type Row = (String, String, i64, Option<String>, String);
    let rows: Vec<Row> = rows.expect("rows").map(|row| row.expect("a row")).collect();
    let row = |id: &str, kind: &str, from, public: Option<&str>, secret: &str| {
        (id.to_owned(), kind.to_owned(), from, public.map(str::to_owned), secret.to_owned())
    };
    assert_eq!(
        rows,
        [
            row("a", "sig", 10, Some("{\"public\":1}"), "{\"private\":1}"),
            row("b", "sig", 90, Some("{\"public\":2}"), "{\"private\":2}"),
            row("sealing-a", "enc", 10, None, "seals a"),
            row("sealing-b", "enc", 90, None, "seals b"),
        ]
    );
}

#[test]
fn issue_7_storage_of_every_earlier_version_is_kept_as_it_was_written() {
    // `tests/black_box/upgrade.rs` opens them. Those without a version of the keyring's have its first.
    let kept = std::fs::read_dir("../tests/fixtures/storage").expect("the fixtures");
    let kept: Vec<String> =
        kept.map(|entry| entry.expect("a folder").file_name().to_string_lossy().into()).collect();
    for version in 1..MIGRATIONS.len() {
        let wanted = format!("_keyring-{version}");
        let is_it =
            |name: &String| name.contains(&wanted) || (version == 1 && !name.contains("_keyring-"));
        assert!(kept.iter().any(is_it), "{wanted} is not in {kept:?}");
    }
}
