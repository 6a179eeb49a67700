//! The few ways in which objects use their SQLite.

use js_sys::{Array, JSON};
use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{SqlStorageValue, State};

use crate::failure::Failure;
use crate::trace::{Operation, Tally};
use latchkey_protocol::json;
use latchkey_protocol::json::FromJson;
use latchkey_protocol::time::UnixTime;

// Of the `worker` crate's cursor each row is four ways over the boundary of the WebAssembly, and there is no other way to
// the runtime's own; here all rows are one.
#[wasm_bindgen]
extern "C" {
    #[derive(Debug)]
    type Sql;
    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Sql, statement: &str, bindings: &Array) -> Result<Cursor, JsValue>;

    /// The `worker` crate has none of these.
    #[derive(Debug)]
    type Object;
    #[wasm_bindgen(method, getter)]
    fn storage(this: &Object) -> KeptStorage;

    #[derive(Debug)]
    type KeptStorage;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &KeptStorage,
        work: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<JsValue, JsValue>;

    #[derive(Debug)]
    type Cursor;
    #[wasm_bindgen(method, catch, js_name = toArray)]
    fn to_array(this: &Cursor) -> Result<Array, JsValue>;
    #[wasm_bindgen(method, getter, js_name = rowsRead)]
    fn rows_read(this: &Cursor) -> u32;
    #[wasm_bindgen(method, getter, js_name = rowsWritten)]
    fn rows_written(this: &Cursor) -> u32;
}

/// An object's database. Statements with no await between them commit together, but if one fails, those before it commit all the
/// same: [`Self::together`] is for what mustn't be written by half.
pub struct Database {
    sql: Sql,
    object: Object,
    tally: Tally,
}

impl Database {
    /// A database at whatever schema it has.
    pub(super) fn new(state: &State, tally: Tally) -> Self {
        let (sql, object) = (state.storage().sql(), state.as_raw());
        let (sql, object): (&JsValue, &JsValue) = (sql.as_ref(), object.as_ref());
        let (sql, object) = (sql.clone().unchecked_into(), object.clone().unchecked_into());
        Self { sql, object, tally }
    }

    /// All that `work` writes is written, or nothing of it: also if it panics, since the trap goes through the platform's
    /// transaction as an exception does.
    ///
    /// # Errors
    ///
    /// What `work` says, or that the platform couldn't keep what it wrote.
    pub fn together<R>(&self, work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
        let (mut work, mut result) = (Some(work), None);
        let kept = self.object.storage().transaction_sync(&mut || {
            let done = work.take().map(|work| work());
            // The platform takes everything back when it is thrown at.
            let thrown = match &done {
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => Err(JsValue::NULL),
            };
            result = done;
            thrown
        });
        match (kept, result) {
            (Ok(_), Some(Ok(done))) => Ok(done),
            (_, Some(Err(failure))) => Err(failure),
            (Err(cause), Some(Ok(_)) | None) => {
                Err(Failure::unavailable("writing rows together", worker::Error::from(cause)))
            }
            (Ok(_), None) => Err(Failure::unavailable("writing rows together", "it wasn't begun")),
        }
    }

    /// Whether nothing was ever stored. Asking stores nothing.
    pub(super) fn is_empty(&self) -> Result<bool, Failure> {
        Ok(self.schema_version()? == 0)
    }

    /// Runs a statement and reads its rows.
    pub fn rows<T: FromJson>(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<T>, Failure> {
        let rows = self.query(statement, bindings)?.into_iter().map(json::from_value);
        rows.collect::<Result<_, _>>()
            .map_err(|cause| Failure::unavailable("reading a row", cause.place_only()))
    }

    /// Runs a statement that gives at most one row.
    pub fn row<T: FromJson>(
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
        let failed =
            |cause: JsValue| Failure::unavailable("reading a row", worker::Error::from(cause));
        let cursor = self.exec(statement, bindings).map_err(failed)?;
        let rows = cursor.to_array().map_err(failed)?;
        self.count(&cursor);
        let rows = JSON::stringify(&rows).map_err(failed)?;
        match json::parse(&String::from(rows)) {
            Ok(Value::Array(rows)) => Ok(rows),
            Ok(_) => Err(Failure::unavailable("reading a row", "no list of rows")),
            Err(cause) => Err(Failure::unavailable("reading a row", cause.place_only())),
        }
    }

    /// Runs a statement for its effect.
    pub fn run(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<(), Failure> {
        self.exec(statement, bindings)
            .map(|cursor| self.count(&cursor))
            .map_err(|cause| Failure::unavailable("writing a row", worker::Error::from(cause)))
    }

    fn exec(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Cursor, JsValue> {
        let bindings: Array = bindings.into_iter().map(JsValue::from).collect();
        self.sql.exec(statement, &bindings)
    }

    /// Counts the rows of a statement, as the platform bills them.
    fn count(&self, cursor: &Cursor) {
        if self.tally.is_on() {
            self.tally.note(Operation::RowsRead, cursor.rows_read().into());
            self.tally.note(Operation::RowsWritten, cursor.rows_written().into());
        }
    }

    /// Which schema version the database has; 0 when nothing was ever stored. Asking stores nothing.
    pub(super) fn schema_version(&self) -> Result<u32, Failure> {
        #[derive(latchkey_protocol::json::FromJson)]
        struct Found {
            version: u32,
        }
        #[derive(latchkey_protocol::json::FromJson)]
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
        let version = integer(u64::try_from(version).unwrap_or(u64::MAX));
        self.together(|| {
            self.run(script, vec![])?;
            self.run("CREATE TABLE schema_version (version INTEGER NOT NULL)", vec![])?;
            self.run("INSERT INTO schema_version (version) VALUES (?)", vec![version])
        })
    }

    /// Brings the schema to the newest version. `migrations` holds one script per version, the first
    /// for version 1; each is applied once, in order.
    pub(super) fn migrate(&self, migrations: &[&str]) -> Result<(), Failure> {
        let current = self.schema_version()?;
        let newer: Vec<_> =
            (1_u32..).zip(migrations).filter(|(version, _)| *version > current).collect();
        if newer.is_empty() {
            return Ok(());
        }
        self.together(|| {
            if current == 0 {
                self.run(
                    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)",
                    vec![],
                )?;
                self.run("INSERT INTO schema_version (version) VALUES (0)", vec![])?;
            }
            for (version, script) in newer {
                self.run(script, vec![])?;
                self.run("UPDATE schema_version SET version = ?", vec![integer(version.into())])?;
            }
            Ok(())
        })
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
#[derive(latchkey_protocol::json::FromJson)]
pub struct RecordRow {
    record: String,
}

impl RecordRow {
    /// The record.
    pub fn read<T: FromJson>(&self) -> Result<T, Failure> {
        json::read(&self.record)
            .map_err(|cause| Failure::unavailable("reading a record", cause.place_only()))
    }
}
