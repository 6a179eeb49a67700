//! The account's rows.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::Lifetimes;
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::grant::{Activity, GrantRecord, Write};
use latchkey_protocol::identifier::{GrantId, SessionId};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::session::SessionRecord;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Deserialize;

use super::super::sql::{Database, RecordRow, integer, record, text, time};
use super::messages::Create;
use super::schema::MIGRATIONS;
use crate::failure::Failure;

/// The shortest time between two sweeps.
pub const SWEEP_EVERY: Lifetime = Lifetime::hours(1);

/// How long the activity log goes back.
const KEEP_ACTIVITY: Lifetime = Lifetime::days(90);

/// The rows of one account. An account that doesn't exist has none and stores nothing.
pub struct Rows {
    database: Option<Database>,
}

/// The person.
#[derive(Deserialize)]
pub struct Profile {
    pub email: EmailAddress,
    pub password_hash: Secret,
}

/// A grant and the number of its last change.
pub struct StoredGrant {
    pub record: GrantRecord,
    pub version: u64,
}

#[derive(Deserialize)]
struct GrantRow {
    record: String,
    version: u64,
}

#[derive(Deserialize)]
struct IdRow {
    #[serde(rename = "id")]
    _id: serde_json::Value,
}

#[derive(Deserialize)]
struct NextRow {
    next: Option<UnixTime>,
}

impl Rows {
    /// The rows of the account whose object this is.
    pub fn open(state: &worker::State) -> Result<Self, Failure> {
        Ok(Self { database: Database::existing(state, MIGRATIONS)? })
    }

    /// Creates the account; its rows, and `false` when it was there already.
    pub fn create(
        state: &worker::State,
        message: &Create,
        now: UnixTime,
    ) -> Result<(Self, bool), Failure> {
        let database = Database::created(state, MIGRATIONS)?;
        let created: Option<IdRow> = database.row(
            "INSERT INTO profile (id, account, email, password_hash, created_at)
             VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id",
            vec![
                text(message.account.as_str()),
                text(message.email.as_str()),
                text(message.password_hash.expose()),
                time(now),
            ],
        )?;
        Ok((Self { database: Some(database) }, created.is_some()))
    }

    /// The database to write to. Nothing is ever written for an account that doesn't exist: every
    /// decision that writes was made on a row of it.
    fn writable(&self) -> Result<&Database, Failure> {
        self.database
            .as_ref()
            .ok_or_else(|| Failure::unavailable("writing a row", "there is no such account"))
    }

    /// The person, if there is one.
    pub fn profile(&self) -> Result<Option<Profile>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        database.row("SELECT email, password_hash FROM profile", vec![])
    }

    pub fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let row: Option<RecordRow> =
            database.row("SELECT record FROM sessions WHERE id = ?", vec![text(id.as_str())])?;
        row.map(|row| row.read()).transpose()
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

    pub fn grant(&self, id: &GrantId) -> Result<Option<StoredGrant>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let row: Option<GrantRow> = database
            .row("SELECT record, version FROM grants WHERE id = ?", vec![text(id.as_str())])?;
        row.map(|row| {
            let record = serde_json::from_str(&row.record)
                .map_err(|cause| Failure::unavailable("reading a grant", cause))?;
            Ok(StoredGrant { record, version: row.version })
        })
        .transpose()
    }

    pub fn grants_of(&self, client_id: &ClientId) -> Result<Vec<GrantRecord>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let rows: Vec<RecordRow> = database.rows(
            "SELECT record FROM grants WHERE client_id = ?",
            vec![text(client_id.as_str())],
        )?;
        rows.iter().map(RecordRow::read).collect()
    }

    /// Applies one write of a decision. `version` is the one that the decision was made on.
    pub fn apply(&self, write: &Write, version: Option<u64>, now: UnixTime) -> Result<(), Failure> {
        match write {
            Write::Grant(grant) => self.put_grant(grant, version),
            Write::Activity(activity) => self.log(activity, now),
            Write::RevokedAccessToken { token_id, expires_at } => self.writable()?.run(
                "INSERT INTO revoked_access_tokens (token_id, forget_at) VALUES (?, ?)
                 ON CONFLICT (token_id) DO NOTHING",
                vec![text(token_id.as_str()), time(*expires_at)],
            ),
        }
    }

    /// The claim: one conditional statement that only the state it was decided on satisfies.
    fn put_grant(&self, grant: &GrantRecord, version: Option<u64>) -> Result<(), Failure> {
        let (id, client_id) = (text(grant.id.as_str()), text(grant.client_id.as_str()));
        let (body, forget_at) = (record(grant)?, time(grant.forget_at()));
        let written: Option<IdRow> = match version {
            None => self.writable()?.row(
                "INSERT INTO grants (id, client_id, version, record, forget_at)
                 VALUES (?, ?, 1, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id",
                vec![id, client_id, body, forget_at],
            )?,
            Some(version) => self.writable()?.row(
                "UPDATE grants SET record = ?, forget_at = ?, version = version + 1
                 WHERE id = ? AND version = ? RETURNING id",
                vec![body, forget_at, id, integer(version)],
            )?,
        };
        written
            .map(|_| ())
            .ok_or_else(|| Failure::unavailable("writing a grant", "it changed meanwhile"))
    }

    pub fn is_access_token_revoked(&self, token_id: &str) -> Result<bool, Failure> {
        let Some(database) = &self.database else { return Ok(false) };
        let found: Option<IdRow> = database.row(
            "SELECT token_id AS id FROM revoked_access_tokens WHERE token_id = ?",
            vec![text(token_id)],
        )?;
        Ok(found.is_some())
    }

    pub fn log(&self, activity: &Activity, now: UnixTime) -> Result<(), Failure> {
        let value = serde_json::to_value(activity)
            .map_err(|cause| Failure::unavailable("writing the activity log", cause))?;
        let kind = value.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
        self.writable()?.run(
            "INSERT INTO activity (at, kind, record) VALUES (?, ?, ?)",
            vec![time(now), text(kind), text(value.to_string())],
        )
    }

    /// Whether the object has anything that the sweep has to look after.
    pub const fn has_expiring_rows(&self) -> bool {
        self.database.is_some()
    }

    /// Deletes what has ended; when the next thing ends, if anything is left to end.
    pub fn sweep(&self, now: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        for table in ["sessions", "grants", "revoked_access_tokens"] {
            database.run(&format!("DELETE FROM {table} WHERE forget_at <= ?"), vec![time(now)])?;
        }
        database.run("DELETE FROM activity WHERE at <= ?", vec![time(now.minus(KEEP_ACTIVITY))])?;
        let row: Option<NextRow> = database.row(
            "SELECT min(next) AS next FROM (
                SELECT min(forget_at) AS next FROM sessions
                UNION ALL SELECT min(forget_at) FROM grants
                UNION ALL SELECT min(forget_at) FROM revoked_access_tokens
                UNION ALL SELECT min(at) + ? FROM activity)",
            vec![integer(KEEP_ACTIVITY.as_seconds())],
        )?;
        Ok(row.and_then(|row| row.next))
    }
}
