//! The few ways in which objects use their SQLite.

use js_sys::{Array, JSON};
use serde::de::DeserializeOwned;
use serde_json::Value;
use worker::{SqlCursor, SqlStorage, SqlStorageValue};

use crate::failure::Failure;
use crate::trace::{Operation, Tally};
use latchkey_protocol::json;
use latchkey_protocol::time::UnixTime;

/// An object's database. Statements with no await between them commit together.
pub struct Database {
    sql: SqlStorage,
    tally: Tally,
}

impl Database {
    /// A database at whatever schema it has.
    pub(super) const fn new(sql: SqlStorage, tally: Tally) -> Self {
        Self { sql, tally }
    }

    /// Whether nothing was ever stored. Asking stores nothing.
    pub(super) fn is_empty(&self) -> Result<bool, Failure> {
        Ok(self.schema_version()? == 0)
    }

    /// Runs a statement and reads its rows.
    pub fn rows<T: DeserializeOwned>(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<T>, Failure> {
        let rows = self.query(statement, bindings)?.into_iter().map(json::from_value);
        rows.collect::<Result<_, _>>().map_err(|cause| Failure::unavailable("reading a row", cause))
    }

    /// Runs a statement that gives at most one row.
    pub fn row<T: DeserializeOwned>(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Option<T>, Failure> {
        Ok(self.rows(statement, bindings)?.into_iter().next())
    }

    /// Runs a statement; its rows as objects. The runtime writes them as JSON in one go: a value at a time would cross the
    /// boundary of the WebAssembly many times.
    fn query(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<Value>, Failure> {
        let failed = |cause: worker::Error| Failure::unavailable("reading a row", cause);
        let mut cursor = self.sql.exec(statement, bindings).map_err(failed)?;
        let rows = cursor.by_ref().collect::<Result<Array, _>>().map_err(failed)?;
        self.count(&cursor);
        let rows = JSON::stringify(&rows).map_err(|cause| failed(cause.into()))?;
        match json::parse(&String::from(rows)) {
            Ok(Value::Array(rows)) => Ok(rows),
            Ok(_) => Err(Failure::unavailable("reading a row", "no list of rows")),
            Err(cause) => Err(Failure::unavailable("reading a row", cause)),
        }
    }

    /// Runs a statement for its effect.
    pub fn run(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<(), Failure> {
        self.sql
            .exec(statement, bindings)
            .map(|cursor| self.count(&cursor))
            .map_err(|cause| Failure::unavailable("writing a row", cause))
    }

    /// Counts the rows of a statement, as the platform bills them.
    fn count(&self, cursor: &SqlCursor) {
        if self.tally.is_on() {
            let rows = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
            self.tally.note(Operation::RowsRead, rows(cursor.rows_read()));
            self.tally.note(Operation::RowsWritten, rows(cursor.rows_written()));
        }
    }

    /// Which schema version the database has; 0 when nothing was ever stored. Asking stores nothing.
    pub(super) fn schema_version(&self) -> Result<u32, Failure> {
        #[derive(serde::Deserialize)]
        struct Found {
            version: u32,
        }
        #[derive(serde::Deserialize)]
        struct Table {
            #[serde(rename = "name")]
            _name: String,
        }
        let table: Option<Table> = self.row(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
            Vec::new(),
        )?;
        if table.is_none() {
            return Ok(0);
        }
        let found: Option<Found> = self.row("SELECT version FROM schema_version", Vec::new())?;
        Ok(found.map_or(0, |found| found.version))
    }

    /// Makes the schema of an empty database at once; it is that of `version`.
    pub(super) fn make(&self, script: &str, version: usize) -> Result<(), Failure> {
        self.run(script, vec![])?;
        self.run("CREATE TABLE schema_version (version INTEGER NOT NULL)", vec![])?;
        let version = integer(u64::try_from(version).unwrap_or(u64::MAX));
        self.run("INSERT INTO schema_version (version) VALUES (?)", vec![version])
    }

    /// Brings the schema to the newest version. `migrations` holds one script per version, the first
    /// for version 1; each is applied once, in order.
    pub(super) fn migrate(&self, migrations: &[&str]) -> Result<(), Failure> {
        let current = self.schema_version()?;
        if current == 0 {
            self.run(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)",
                vec![],
            )?;
            self.run("INSERT INTO schema_version (version) VALUES (0)", vec![])?;
        }
        for (version, script) in (1_u32..).zip(migrations) {
            if version > current {
                self.run(script, vec![])?;
                self.run("UPDATE schema_version SET version = ?", vec![integer(version.into())])?;
            }
        }
        Ok(())
    }
}

/// A number as a binding. SQLite and JavaScript agree on whole numbers up to 2^53.
pub fn integer(value: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(value).unwrap_or(i64::MAX).min((1 << 53) - 1))
}

/// A time as a binding, in seconds.
pub fn time(value: UnixTime) -> SqlStorageValue {
    integer(value.seconds())
}

/// A text as a binding.
pub fn text(value: impl Into<String>) -> SqlStorageValue {
    SqlStorageValue::String(value.into())
}

/// A record as a binding: JSON.
pub fn record(value: &impl serde::Serialize) -> Result<SqlStorageValue, Failure> {
    json::write(value)
        .map(SqlStorageValue::String)
        .map_err(|cause| Failure::unavailable("writing a record", cause))
}

/// A row that holds one record as JSON.
#[derive(serde::Deserialize)]
pub struct RecordRow {
    record: String,
}

impl RecordRow {
    /// The record.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::read(&self.record).map_err(|cause| Failure::unavailable("reading a record", cause))
    }
}
