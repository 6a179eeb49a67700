//! The user codes that the person entered lately.

use latchkey_protocol::user_code_throttle::UserCodeTries;

use super::Rows;
use crate::failure::Failure;
use crate::objects::sql::{RecordRow, record, time};

impl Rows {
    pub fn user_code_tries(&self) -> Result<UserCodeTries, Failure> {
        let Some(database) = &self.database else { return Ok(UserCodeTries::default()) };
        let row: Option<RecordRow> =
            database.row("SELECT record FROM user_code_tries WHERE id = 1", vec![])?;
        row.map_or_else(|| Ok(UserCodeTries::default()), |row| row.read())
    }

    pub fn put_user_code_tries(&self, tries: &UserCodeTries) -> Result<(), Failure> {
        self.writable()?.run(
            "INSERT INTO user_code_tries (id, record, forget_at) VALUES (1, ?, ?)
             ON CONFLICT (id) DO UPDATE SET
                record = excluded.record, forget_at = excluded.forget_at",
            vec![record(tries)?, time(tries.forget_at())],
        )
    }
}
