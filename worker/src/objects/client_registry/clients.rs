//! The clients of a shard.

use latchkey_protocol::client::{ClientId, ClientLifetimes, ClientOrigin, ClientRecord};
use latchkey_protocol::json;
use latchkey_protocol::time::{Lifetime, UnixTime};
use worker::SqlStorageValue;

use super::messages::{Change, List, Read, StoredClient, Touch};
use super::tokens::KEEP_EXPIRED;
use super::{GO_ON, SWEEP_EVERY, Shard};
use crate::failure::Failure;
use crate::objects::Message;
use crate::objects::sql::{RecordRow, integer, record, text, time};
use crate::platform;
use latchkey_protocol::json::FromJson;

/// The most rows that one sweep deletes; the rest waits for the next, so that no request waits long.
const SWEEP_ROWS: u64 = 5_000;

/// The clients that a sweep deletes, with the time and a number of rows.
pub(super) const EXPIRED: &str = "SELECT client_id FROM clients WHERE expires_at <= ?
    ORDER BY expires_at, client_id LIMIT ?";

/// What the sweep deletes besides clients, each with the time and a number of rows.
pub(super) const SWEEPS: [&str; 3] = [
    "DELETE FROM revoked_access_tokens WHERE token_id IN (
        SELECT token_id FROM revoked_access_tokens
        WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)",
    "DELETE FROM used_assertions WHERE (client_id, token_hash) IN (
        SELECT client_id, token_hash FROM used_assertions
        WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)",
    "DELETE FROM refusals WHERE client_id IN (
        SELECT client_id FROM refusals
        WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)",
];

/// When the next thing ends; an initial access token only so many seconds after its own end.
pub(super) const NEXT_END: &str = "SELECT min(next) AS next FROM (
    SELECT min(expires_at) AS next FROM clients
    UNION ALL SELECT min(forget_at) FROM revoked_access_tokens
    UNION ALL SELECT min(forget_at) FROM used_assertions
    UNION ALL SELECT min(forget_at) FROM refusals
    UNION ALL SELECT min(expires_at) + ? FROM initial_access_tokens)";

#[derive(FromJson)]
struct NextRow {
    next: Option<UnixTime>,
}

#[derive(FromJson)]
struct ClientRow {
    record: String,
    version: u64,
}

#[derive(FromJson)]
struct IdRow {
    #[serde(rename = "client_id")]
    _client_id: String,
}

fn end(client: &ClientRecord) -> SqlStorageValue {
    client.expires_at.map_or(SqlStorageValue::Null, time)
}

impl Shard<'_> {
    pub(super) fn register(&self, client: &ClientRecord) -> Result<(), Failure> {
        self.created()?.run(
            "INSERT INTO clients (client_id, record, expires_at, version) VALUES (?, ?, ?, 1)",
            vec![text(client.client_id.as_str()), record(client)?, end(client)],
        )
    }

    pub(super) fn find(&self, client_id: &ClientId) -> Result<Option<ClientRecord>, Failure> {
        Ok(self.read(client_id)?.map(|stored| stored.record))
    }

    pub(super) fn read(&self, client_id: &ClientId) -> Result<<Read as Message>::Reply, Failure> {
        let Some(database) = self.existing()? else { return Ok(None) };
        let row: Option<ClientRow> = database.row(
            "SELECT record, version FROM clients WHERE client_id = ?",
            vec![text(client_id.as_str())],
        )?;
        let Some(ClientRow { record, version }) = row else { return Ok(None) };
        let record = json::read(&record)
            .map_err(|cause| Failure::unavailable("reading a client", cause.place_only()))?;
        Ok(Some(StoredClient { record, version }))
    }

    /// The claim: one conditional statement that only the state it was decided on satisfies.
    pub(super) fn change(&self, message: &Change) -> Result<bool, Failure> {
        let Some(database) = self.existing()? else { return Ok(false) };
        let client = &message.record;
        let changed: Option<IdRow> = database.row(
            "UPDATE clients SET record = ?, expires_at = ?, version = version + 1
             WHERE client_id = ? AND version = ? RETURNING client_id",
            vec![
                record(client)?,
                end(client),
                text(client.client_id.as_str()),
                integer(message.version),
            ],
        )?;
        Ok(changed.is_some())
    }

    pub(super) fn touch(&self, message: &Touch) -> Result<Option<ClientRecord>, Failure> {
        let now = platform::now();
        let Some(StoredClient { record: client, version }) = self.read(&message.client_id)? else {
            return Ok(None);
        };
        if client.is_expired(now) {
            return Ok(None);
        }
        if let Some(account) = &message.account
            && !client.policy.disabled
        {
            self.created()?.run(
                "INSERT INTO client_accounts (client_id, account) VALUES (?, ?)
                 ON CONFLICT DO NOTHING",
                vec![text(client.client_id.as_str()), text(account.as_str())],
            )?;
        }
        let lifetimes = ClientLifetimes { unused: message.unused, idle: message.idle };
        let Some(touched) = client.touch(now, lifetimes) else { return Ok(Some(client)) };
        let change = Change { version, record: touched };
        self.change(&change)?;
        Ok(Some(change.record))
    }

    pub(super) fn list(&self, message: &List) -> Result<Vec<ClientRecord>, Failure> {
        let Some(database) = self.existing()? else { return Ok(Vec::new()) };
        // Records of the first release have no origin, and a policy is left out where none was decided.
        let mut statement = "SELECT record FROM clients
             WHERE client_id > ? AND (expires_at IS NULL OR expires_at > ?)"
            .to_owned();
        let after = message.after.as_deref().unwrap_or_default();
        let mut bindings = vec![text(after), time(platform::now())];
        if let Some(origin) = message.filter.origin {
            statement.push_str(" AND coalesce(json_extract(record, '$.origin'), ?) = ?");
            bindings.extend([text(ClientOrigin::default().as_str()), text(origin.as_str())]);
        }
        if let Some(approved) = message.filter.approved {
            statement.push_str(" AND coalesce(json_extract(record, '$.policy.approved'), 0) = ?");
            bindings.push(integer(approved.into()));
        }
        statement.push_str(" ORDER BY client_id LIMIT ?");
        bindings.push(integer(message.limit.into()));
        let rows: Vec<RecordRow> = database.rows(&statement, bindings)?;
        rows.iter().map(RecordRow::read).collect()
    }

    /// Deletes what has expired; after how long to look again, if anything can still expire.
    pub(super) fn sweep(&self, now: UnixTime) -> Result<Option<Lifetime>, Failure> {
        let Some(database) = self.existing()? else { return Ok(None) };
        // What people allowed such a client has ended by itself: it wasn't used for longer than that.
        for table in ["refusals", "client_accounts", "clients"] {
            database.run(
                &format!("DELETE FROM {table} WHERE client_id IN ({EXPIRED})"),
                vec![time(now), integer(SWEEP_ROWS)],
            )?;
        }
        for sweep in SWEEPS {
            database.run(sweep, vec![time(now), integer(SWEEP_ROWS)])?;
        }
        self.sweep_tokens(&database, now)?;
        let next: Option<NextRow> =
            database.row(NEXT_END, vec![integer(KEEP_EXPIRED.as_seconds())])?;
        Ok(next.and_then(|row| row.next).map(|next| {
            // After a flood there is more to delete than one sweep does.
            if next.has_passed(now) { GO_ON } else { SWEEP_EVERY }
        }))
    }
}

//
