use latchkey_protocol::activity::Group;
use latchkey_protocol::client::ClientId;
use rusqlite::Connection;
use worker::SqlStorageValue;

use super::*;
use crate::objects::account::schema::MIGRATIONS;

fn database() -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    for script in MIGRATIONS {
        database.execute_batch(script).expect(script);
    }
    database
}

fn add(database: &Connection, kind: &str, client_id: Option<&str>, times: u64) {
    let mut insert = database
        .prepare("INSERT INTO activity (at, kind, record, client_id) VALUES (5, ?, '{}', ?)")
        .expect("a statement");
    for _ in 0..times {
        let _ = insert.execute((kind, client_id)).expect("an entry");
    }
}

/// Runs a statement of [`trims`]; how many entries it deleted.
fn trim(database: &Connection, statement: &str, keep: u64) -> usize {
    database.execute(statement, [i64::try_from(keep).expect("small")]).expect("trimmed")
}

/// The ids that a filter finds.
fn found(database: &Connection, filter: &ActivityFilter) -> Vec<i64> {
    let (conditions, bindings) = conditions(filter);
    let statement = format!("SELECT id FROM activity WHERE {conditions} ORDER BY id DESC");
    let bindings = bindings.into_iter().map(|binding| match binding {
        SqlStorageValue::String(text) => rusqlite::types::Value::Text(text),
        SqlStorageValue::Integer(number) => rusqlite::types::Value::Integer(number),
        _ => panic!("another binding"),
    });
    let mut statement = database.prepare(&statement).expect("a statement");
    let rows = statement.query_map(rusqlite::params_from_iter(bindings), |row| row.get(0));
    rows.expect("rows").map(Result::unwrap).collect()
}

#[test]
fn no_number_of_refusals_pushes_a_call_out_of_the_log_and_none_of_calls_a_consent() {
    let database = database();
    database.execute_batch("BEGIN").expect("a transaction");
    add(&database, "consented", Some("the-app"), 1);
    add(&database, "called", Some("the-app"), 1);
    add(&database, "sign_in_refused", None, 4_000);
    for kind in ["refused", "refreshed", "revoked"] {
        add(&database, kind, Some("the-app"), 4_000);
    }
    add(&database, "signed_in", None, KEEP_OTHERS + 10);
    add(&database, "consented", Some("another"), 1);
    for (statement, keep) in trims() {
        let _ = trim(&database, &statement, keep);
    }
    let count = |kind: &str| -> u64 {
        let count = "SELECT count(*) FROM activity WHERE kind = ?";
        let count = database.query_row(count, [kind], |row| row.get::<_, u32>(0));
        count.expect("a number").into()
    };
    // What an app did outlives any number of refusals, and each sort is bounded.
    assert_eq!(["called", "refused", "sign_in_refused"].map(count), [1, 1_500, 500]);
    assert_eq!(["refreshed", "revoked"].map(count), [0, 1_500]);
    // Of the others the oldest are gone as well, and nothing else.
    assert_eq!(["consented", "signed_in"].map(count), [1, KEEP_OTHERS - 1]);
}

#[test]
fn a_log_that_is_short_enough_stays_whole() {
    let database = database();
    add(&database, "called", None, 20);
    add(&database, "signed_in", None, 20);
    for (statement, keep) in trims() {
        assert_eq!(trim(&database, &statement, keep), 0);
    }
}

#[test]
fn a_filter_keeps_the_group_the_client_and_what_is_older_each_alone_and_together() {
    let database = database();
    add(&database, "signed_in", None, 1);
    add(&database, "called", Some("the-app"), 1);
    add(&database, "called", Some("another"), 1);
    add(&database, "refused", Some("the-app"), 1);
    add(&database, "called", Some("the-app"), 1);
    let client_id = ClientId::parse("the-app");
    let all = ActivityFilter { limit: 10, ..ActivityFilter::default() };
    assert_eq!(found(&database, &all), [5, 4, 3, 2, 1]);
    let calls = ActivityFilter { group: Some(Group::Calls), ..all.clone() };
    assert_eq!(found(&database, &calls), [5, 3, 2]);
    let of_client = ActivityFilter { client_id: client_id.clone(), ..all.clone() };
    assert_eq!(found(&database, &of_client), [5, 4, 2]);
    let older = ActivityFilter { before: Some(3), ..all.clone() };
    assert_eq!(found(&database, &older), [2, 1]);
    let together = ActivityFilter { client_id, before: Some(5), ..calls };
    assert_eq!(found(&database, &together), [2]);
    for group in Group::ALL {
        let filter = ActivityFilter { group: Some(group), ..all.clone() };
        assert!(found(&database, &filter).len() <= 3, "{group:?}");
    }
}

#[test]
fn the_log_lists_each_app_that_it_is_about_once_and_the_latest_first() {
    let database = database();
    add(&database, "consented", Some("first"), 2);
    add(&database, "signed_in", None, 1);
    add(&database, "denied", Some("second"), 1);
    add(&database, "called", Some("third"), 1);
    add(&database, "called", Some("first"), 1);
    let listed = |limit: u64| -> Vec<(String, u32)> {
        let mut statement = database.prepare(LOGGED_APPS).expect("a statement");
        let limit = i64::try_from(limit).expect("small");
        let rows = statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.expect("rows").map(Result::unwrap).collect()
    };
    let expected = ["first", "third", "second"].map(|name| (name.to_owned(), 5));
    assert_eq!(listed(LIST_AT_MOST), expected);
    assert_eq!(listed(2), expected[..2]);
}

#[test]
fn every_kind_with_a_bound_of_its_own_is_a_kind() {
    let kinds: Vec<&str> = Group::ALL.iter().flat_map(|group| group.kinds()).copied().collect();
    for name in KEEP.iter().flat_map(|(kinds, _)| kinds.iter()) {
        assert!(kinds.contains(name), "{name}");
    }
}

#[test]
fn what_is_counted_together_is_what_is_trimmed_together() {
    let database = database();
    for (kind, times) in [
        ("called", 2),
        ("refused", 3),
        ("code_redeemed", 1),
        ("refreshed", 2),
        ("revoked", 4),
        ("sign_in_refused", 5),
        ("signed_in", 1),
        ("consented", 8),
    ] {
        add(&database, kind, None, times);
    }
    let mut statement = database.prepare(COUNT_KINDS).expect("a statement");
    let rows = statement.query_map([], |row| {
        Ok(KindRow { kind: row.get(0)?, count: row.get::<_, u32>(1)?.into() })
    });
    let counts: Vec<KindRow> = rows.expect("rows").map(Result::unwrap).collect();
    assert_eq!(counts_of_trims(&counts), [2, 3, 7, 5, 9]);
    // Each trim that keeps nothing deletes just as many.
    let deleted: Vec<u64> = trims()
        .iter()
        .map(|(statement, _)| u64::try_from(trim(&database, statement, 0)).expect("a number"))
        .collect();
    assert_eq!(deleted, [2, 3, 7, 5, 9]);
}
