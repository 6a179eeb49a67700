//! The person's activity log.

use latchkey_protocol::activity::{Activity, Entry};
use latchkey_protocol::json;
use latchkey_protocol::time::{Lifetime, UnixTime};
use worker::SqlStorageValue;

use super::Rows;
use crate::failure::Failure;
use crate::log::{Event, Level};
use crate::objects::account::messages::{ActivityFilter, LoggedApp};
use crate::objects::sql::{integer, text, time};
use latchkey_protocol::json::FromJson;

/// How long the activity log goes back.
pub(super) const KEEP_ACTIVITY: Lifetime = Lifetime::days(90);

/// How many entries are kept of what: 10,000 together. Each sort is counted apart, so that nobody
/// pushes what they did out of the log by being refused very often, nor a sign-in or a consent by
/// calling very often.
const KEEP: [(&[&str], u64); 4] = [
    (&["called"], 5_000),
    (&["refused"], 1_500),
    (&["code_redeemed", "refreshed", "revoked"], 1_500),
    (&["sign_in_refused"], 500),
];
/// How many are kept of everything else.
const KEEP_OTHERS: u64 = 1_500;
/// After this many new entries the oldest go, if there are too many: long before the next sweep
/// when calls are frequent.
const TRIM_EVERY: u64 = 1_000;

/// The most entries that one message reads.
const READ_AT_MOST: u32 = 1_000;

/// The apps that the log is about, the latest first.
const LOGGED_APPS: &str = "SELECT client_id, max(at) AS last_at FROM activity
    WHERE client_id IS NOT NULL GROUP BY client_id ORDER BY max(id) DESC LIMIT ?";
/// The most apps that one message lists.
const LIST_AT_MOST: u64 = 100;

/// How many entries there are of each kind.
const COUNT_KINDS: &str = "SELECT kind, count(*) AS count FROM activity GROUP BY kind";

#[derive(FromJson)]
struct KindRow {
    kind: String,
    count: u64,
}

#[derive(FromJson)]
struct NumberRow {
    id: u64,
}

#[derive(FromJson)]
struct EntryRow {
    id: u64,
    at: UnixTime,
    record: String,
}

impl Rows {
    pub fn log(&self, activity: &Activity, at: UnixTime) -> Result<(), Failure> {
        let value = json::write(activity)
            .map_err(|cause| Failure::unavailable("writing the activity log", cause))?;
        let client_id = activity.client_id().map_or(SqlStorageValue::Null, |id| text(id.as_str()));
        let added: Option<NumberRow> = self.writable()?.row(
            "INSERT INTO activity (at, kind, record, client_id) VALUES (?, ?, ?, ?) RETURNING id",
            vec![time(at), text(activity.kind()), text(value), client_id],
        )?;
        match added {
            Some(added) if added.id.is_multiple_of(TRIM_EVERY) => self.trim_activity(),
            Some(_) | None => Ok(()),
        }
    }

    /// Deletes the oldest entries if there are more than are kept.
    pub(super) fn trim_activity(&self) -> Result<(), Failure> {
        let database = self.writable()?;
        // Counting reads each entry once, and each trim does again: most often there is none to do.
        let counts: Vec<KindRow> = database.rows(COUNT_KINDS, vec![])?;
        for ((statement, keep), count) in trims().into_iter().zip(counts_of_trims(&counts)) {
            if count > keep {
                database.run(&statement, vec![integer(keep)])?;
            }
        }
        Ok(())
    }

    /// A part of the log, newest first.
    pub fn activity(&self, filter: &ActivityFilter) -> Result<Vec<Entry>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let (conditions, mut bindings) = conditions(filter);
        bindings.push(integer(filter.limit.min(READ_AT_MOST).into()));
        let rows: Vec<EntryRow> = database.rows(
            &format!(
                "SELECT id, at, record FROM activity WHERE {conditions} ORDER BY id DESC LIMIT ?"
            ),
            bindings,
        )?;
        Ok(rows.into_iter().filter_map(EntryRow::read).collect())
    }

    /// The apps that the log is about, the latest first.
    pub fn logged_apps(&self) -> Result<Vec<LoggedApp>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        database.rows(LOGGED_APPS, vec![integer(LIST_AT_MOST)])
    }
}

/// What deletes the oldest entries of each sort, and how many of it are kept.
fn trims() -> Vec<(String, u64)> {
    let trim = |which: &str| {
        format!(
            "DELETE FROM activity WHERE {which} AND id <= (
                SELECT id FROM activity WHERE {which} ORDER BY id DESC LIMIT 1 OFFSET ?)"
        )
    };
    let list = |kinds: &[&str]| format!("('{}')", kinds.join("', '"));
    let counted: Vec<&str> = KEEP.iter().flat_map(|(kinds, _)| kinds.iter().copied()).collect();
    let others = (trim(&format!("kind NOT IN {}", list(&counted))), KEEP_OTHERS);
    KEEP.iter()
        .map(|(kinds, keep)| (trim(&format!("kind IN {}", list(kinds))), *keep))
        .chain([others])
        .collect()
}

/// How many entries there are of what each of [`trims`] is about, in the same order.
fn counts_of_trims(counts: &[KindRow]) -> Vec<u64> {
    let of = |is_it: &dyn Fn(&str) -> bool| {
        counts.iter().filter(|row| is_it(&row.kind)).map(|row| row.count).sum()
    };
    let is_counted = |kind: &str| KEEP.iter().any(|(kinds, _)| kinds.contains(&kind));
    KEEP.iter()
        .map(|(kinds, _)| of(&|kind| kinds.contains(&kind)))
        .chain([of(&|kind| !is_counted(kind))])
        .collect()
}

/// The filter as SQL, and what is bound in it.
fn conditions(filter: &ActivityFilter) -> (String, Vec<SqlStorageValue>) {
    let mut conditions = vec!["TRUE".to_owned()];
    let mut bindings = Vec::new();
    if let Some(group) = filter.group {
        let kinds = group.kinds();
        conditions.push(format!("kind IN ({})", vec!["?"; kinds.len()].join(", ")));
        bindings.extend(kinds.iter().map(|kind| text(*kind)));
    }
    if let Some(client_id) = &filter.client_id {
        conditions.push("client_id = ?".to_owned());
        bindings.push(text(client_id.as_str()));
    }
    if let Some(before) = filter.before {
        conditions.push("id < ?".to_owned());
        bindings.push(integer(before));
    }
    (conditions.join(" AND "), bindings)
}

impl EntryRow {
    /// `None` for an entry that a newer release wrote, before it was rolled back: the rest of the
    /// log stays readable.
    fn read(self) -> Option<Entry> {
        let activity = json::read::<Activity>(&self.record)
            .inspect_err(|cause| {
                Event::new(Level::Error, "activity not readable")
                    .with("cause", cause.place_only().to_string())
                    .write();
            })
            .ok()?;
        Some(Entry { id: self.id, at: self.at, activity })
    }
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
