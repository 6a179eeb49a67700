//! Signed-in browsers.

use latchkey_protocol::configuration::Lifetimes;
use latchkey_protocol::identifier::SessionId;
use latchkey_protocol::session::SessionRecord;

use super::Rows;
use crate::failure::Failure;
use crate::objects::sql::{RecordRow, record, text, time};

impl Rows {
    pub fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let row: Option<RecordRow> =
            database.row("SELECT record FROM sessions WHERE id = ?", vec![text(id.as_str())])?;
        row.map(|row| row.read()).transpose()
    }

    /// Every session, ended ones that weren't swept yet too.
    pub fn sessions(&self) -> Result<Vec<SessionRecord>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let rows: Vec<RecordRow> = database.rows("SELECT record FROM sessions", vec![])?;
        rows.iter().map(RecordRow::read).collect()
    }

    pub fn put_session(
        &self,
        session: &SessionRecord,
        lifetimes: &Lifetimes,
    ) -> Result<(), Failure> {
        let forget_at = session.ends_at.min(session.last_used_at.plus(lifetimes.session_idle));
        self.writable()?.run(
            "INSERT INTO sessions (id, record, forget_at) VALUES (?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET record = excluded.record, forget_at = excluded.forget_at",
            vec![text(session.id.as_str()), record(session)?, time(forget_at)],
        )
    }

    pub fn delete_session(&self, id: &SessionId) -> Result<(), Failure> {
        self.writable()?.run("DELETE FROM sessions WHERE id = ?", vec![text(id.as_str())])
    }
}
