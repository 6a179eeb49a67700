//! The bare object: one row.

use serde::Deserialize;
use worker::{DurableObject, Env, Request, Response, Result, SqlStorage, State};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS bare (
    id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, record TEXT NOT NULL
)";
const FIRST: &str = "INSERT OR IGNORE INTO bare (id, version, record) VALUES (1, 1, 'record')";
const READ: &str = "SELECT version FROM bare WHERE id = 1";
const WRITE: &str = "UPDATE bare SET version = version + 1 WHERE id = 1 AND version = ?
    RETURNING version";

/// What is read of the row.
#[derive(Deserialize)]
struct Row {
    version: i32,
}

/// The object.
#[worker::durable_object]
pub struct Bare {
    state: State,
}

impl Bare {
    fn read(sql: &SqlStorage) -> Result<i32> {
        Ok(sql.exec(READ, None)?.one::<Row>()?.version)
    }

    fn write(sql: &SqlStorage) -> Result<i32> {
        let version = Self::read(sql)?;
        Ok(sql.exec(WRITE, Some(vec![version.into()]))?.one::<Row>()?.version)
    }
}

impl DurableObject for Bare {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let sql = self.state.storage().sql();
        match request.path().as_str() {
            "/read" => Response::ok(Self::read(&sql)?.to_string()),
            "/write" => Response::ok(Self::write(&sql)?.to_string()),
            "/create" => {
                sql.exec(SCHEMA, None)?;
                sql.exec(FIRST, None)?;
                Response::ok("1")
            }
            unknown => Response::error(format!("no operation {unknown}"), 404),
        }
    }
}
