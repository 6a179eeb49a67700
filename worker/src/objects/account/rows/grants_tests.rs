use rusqlite::Connection;

use super::*;
use crate::objects::account::schema::NEWEST;

/// Grants of one client, each with when it was used and when it was called.
fn database(grants: &[(&str, &str, u32, Option<u32>)]) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    database.execute_batch(NEWEST).expect(NEWEST);
    for (id, state, last_used_at, last_called_at) in grants {
        let record = format!(r#"{{"last_used_at":{last_used_at},"family":{{"state":"{state}"}}}}"#);
        database
            .execute(
                "INSERT INTO grants (id, client_id, version, record, forget_at, last_called_at)
                 VALUES (?, 'the-app', 1, ?, 900, ?)",
                (id, record, last_called_at),
            )
            .expect("a grant");
    }
    database
}

/// Ends so many, but never `new`; those that ended, and whether each had tokens.
fn end(database: &Connection, new: &str, many: u32) -> Vec<bool> {
    let mut statement = database.prepare(END_LEAST_USED).expect(END_LEAST_USED);
    let ended = statement.query_map(("the-app", new, many), |row| row.get("was_live"));
    ended.expect("rows").map(Result::unwrap).collect()
}

fn left(database: &Connection) -> Vec<String> {
    let mut statement = database.prepare("SELECT id FROM grants ORDER BY id").expect("a statement");
    let ids = statement.query_map([], |row| row.get(0)).expect("rows");
    ids.map(Result::unwrap).collect()
}

#[test]
fn what_has_no_tokens_goes_first_and_then_what_was_used_least_recently() {
    let all = [
        ("a-called-lately", "live", 10, Some(90)),
        ("b-refreshed-lately", "live", 80, None),
        ("c-old", "live", 20, Some(30)),
        ("d-ended", "ended", 85, None),
        ("e-code", "not_started", 95, None),
        ("f-new", "not_started", 1, None),
    ];
    let database = database(&all);
    assert_eq!(end(&database, "f-new", 2), [false, false]);
    assert_eq!(left(&database), ["a-called-lately", "b-refreshed-lately", "c-old", "f-new"]);
    assert_eq!(end(&database, "f-new", 1), [true]);
    assert_eq!(left(&database), ["a-called-lately", "b-refreshed-lately", "f-new"]);
}

#[test]
fn a_token_that_was_given_back_has_no_grant_and_its_sister_has() {
    let database = database(&[("the-grant", "live", 1, None)]);
    database
        .execute_batch("INSERT INTO revoked_access_tokens VALUES ('given-back', 900)")
        .expect("given back");
    let has_grant = |id: &str, token: &str| {
        let mut statement = database.prepare(GRANT_OF_ACCESS_TOKEN).expect("a statement");
        statement.exists((id, token)).expect("an answer")
    };
    assert!(has_grant("the-grant", "sister"));
    assert!(!has_grant("the-grant", "given-back"));
    assert!(!has_grant("another", "sister"));
}

#[test]
fn another_clients_grants_stay() {
    let database = database(&[("a", "live", 1, None), ("new", "not_started", 2, None)]);
    database
        .execute_batch("UPDATE grants SET client_id = 'another' WHERE id = 'a'")
        .expect("changed");
    assert_eq!(end(&database, "new", 9), [] as [bool; 0]);
}
