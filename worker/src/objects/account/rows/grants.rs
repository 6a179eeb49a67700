//! Grants, and access tokens that were given back.

use latchkey_protocol::activity::Activity;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::grant::{self, GrantRecord};
use latchkey_protocol::identifier::GrantId;
use latchkey_protocol::json;
use latchkey_protocol::time::UnixTime;

use super::{IdRow, Rows, is_worth_noting};
use crate::failure::Failure;
use crate::objects::sql::{integer, record, text, time};
use latchkey_protocol::json::FromJson;

/// How many grants are read where any will do.
const FEW: u32 = 8;

/// In one statement, since every call of an API asks for it.
const GRANT_OF_ACCESS_TOKEN: &str = "SELECT record, version, forget_at, last_called_at FROM grants
    WHERE id = ? AND NOT EXISTS (SELECT 1 FROM revoked_access_tokens WHERE token_id = ?)";

/// Of a client's grants but one: those that have no tokens and then those that were used least recently; whether each
/// had tokens.
const END_LEAST_USED: &str = "DELETE FROM grants WHERE id IN (
        SELECT id FROM grants WHERE client_id = ? AND id <> ?
        ORDER BY json_extract(record, '$.family.state') = 'live',
            max(json_extract(record, '$.last_used_at'), coalesce(last_called_at, 0))
        LIMIT ?)
    RETURNING json_extract(record, '$.family.state') = 'live' AS was_live";

/// A grant and what the row knows besides.
pub struct StoredGrant {
    pub record: GrantRecord,
    /// The number of its last change.
    pub version: u64,
    /// When the row goes.
    pub forget_at: UnixTime,
    /// When a resource was last called with one of its access tokens.
    pub last_called_at: Option<UnixTime>,
}

/// The versions of the grants that a decision is made on.
#[derive(Default)]
pub struct Versions(Vec<(GrantId, Version)>);

/// What a row was when it was read.
#[derive(Clone, Copy)]
pub struct Version {
    number: u64,
    forget_at: UnixTime,
}

impl Versions {
    /// The record, whose version is kept.
    pub fn keep(&mut self, stored: StoredGrant) -> GrantRecord {
        let version = Version { number: stored.version, forget_at: stored.forget_at };
        self.0.push((stored.record.id.clone(), version));
        stored.record
    }

    /// The version of a grant; `None` for one that is new.
    pub fn of(&self, grant: &GrantId) -> Option<Version> {
        self.0.iter().find(|(id, _)| id == grant).map(|(_, version)| *version)
    }
}

fn changed_meanwhile() -> Failure {
    Failure::unavailable("writing a grant", "it changed meanwhile")
}

#[derive(FromJson)]
struct GrantRow {
    record: String,
    version: u64,
    forget_at: UnixTime,
    last_called_at: Option<UnixTime>,
}

impl GrantRow {
    fn read(self) -> Result<StoredGrant, Failure> {
        let record = json::read(&self.record)
            .map_err(|cause| Failure::unavailable("reading a grant", cause.place_only()))?;
        let Self { version, forget_at, last_called_at, .. } = self;
        Ok(StoredGrant { record, version, forget_at, last_called_at })
    }
}

#[derive(FromJson)]
struct CountRow {
    count: u32,
}

#[derive(FromJson)]
struct EndedRow {
    was_live: u8,
}

#[derive(FromJson)]
struct LastCallRow {
    last_called_at: Option<UnixTime>,
}

impl Rows {
    pub fn grant(&self, id: &GrantId) -> Result<Option<StoredGrant>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let row: Option<GrantRow> = database.row(
            "SELECT record, version, forget_at, last_called_at FROM grants WHERE id = ?",
            vec![text(id.as_str())],
        )?;
        row.map(GrantRow::read).transpose()
    }

    /// The grant of an access token, unless the token was given back.
    pub fn grant_of_access_token(
        &self,
        id: &GrantId,
        token_id: &str,
    ) -> Result<Option<StoredGrant>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let row: Option<GrantRow> =
            database.row(GRANT_OF_ACCESS_TOKEN, vec![text(id.as_str()), text(token_id)])?;
        row.map(GrantRow::read).transpose()
    }

    /// The grants of the clients after this one, by client, and of the last one maybe not all.
    pub fn grants_after(
        &self,
        client_id: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<StoredGrant>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let rows: Vec<GrantRow> = database.rows(
            "SELECT record, version, forget_at, last_called_at FROM grants WHERE client_id > ?
             ORDER BY client_id LIMIT ?",
            // Every id comes after the empty text.
            vec![text(client_id.map_or("", ClientId::as_str)), integer(most as u64)],
        )?;
        rows.into_iter().map(GrantRow::read).collect()
    }

    pub fn grants_of(&self, client_id: &ClientId) -> Result<Vec<StoredGrant>, Failure> {
        self.grants_of_up_to(client_id, u32::MAX)
    }

    /// A few of a client's grants, where any of them will do.
    pub fn some_grants_of(&self, client_id: &ClientId) -> Result<Vec<StoredGrant>, Failure> {
        self.grants_of_up_to(client_id, FEW)
    }

    fn grants_of_up_to(
        &self,
        client_id: &ClientId,
        most: u32,
    ) -> Result<Vec<StoredGrant>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let rows: Vec<GrantRow> = database.rows(
            "SELECT record, version, forget_at, last_called_at FROM grants WHERE client_id = ? LIMIT ?",
            vec![text(client_id.as_str()), integer(most.into())],
        )?;
        rows.into_iter().map(GrantRow::read).collect()
    }

    /// The claim: one conditional statement that only the state it was decided on satisfies.
    pub(super) fn put_grant(
        &self,
        grant: &GrantRecord,
        version: Option<Version>,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let Some(version) = version else { return self.add_grant(grant, now) };
        let id = text(grant.id.as_str());
        // A day's end, which most changes leave as it is: moving a row in the index is a row written.
        let (body, forget_at) = (record(grant)?, grant.forget_at().end_of_day());
        let written: Option<IdRow> = if version.forget_at == forget_at {
            self.writable()?.row(
                "UPDATE grants SET record = ?, version = version + 1
                 WHERE id = ? AND version = ? RETURNING id",
                vec![body, id, integer(version.number)],
            )?
        } else {
            self.writable()?.row(
                "UPDATE grants SET record = ?, forget_at = ?, version = version + 1
                 WHERE id = ? AND version = ? RETURNING id",
                vec![body, time(forget_at), id, integer(version.number)],
            )?
        };
        written.map(|_| ()).ok_or_else(changed_meanwhile)
    }

    /// Adds a grant; if the client has more than are kept then, some of its others end.
    fn add_grant(&self, grant: &GrantRecord, now: UnixTime) -> Result<(), Failure> {
        let (id, client_id) = (text(grant.id.as_str()), text(grant.client_id.as_str()));
        let forget_at = time(grant.forget_at().end_of_day());
        let added: Option<IdRow> = self.writable()?.row(
            "INSERT INTO grants (id, client_id, version, record, forget_at)
             VALUES (?, ?, 1, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id",
            vec![id.clone(), client_id.clone(), record(grant)?, forget_at],
        )?;
        let _ = added.ok_or_else(changed_meanwhile)?;
        if !grant::counts_others(&grant.id) {
            return Ok(());
        }
        let counted: Option<CountRow> = self.writable()?.row(
            "SELECT count(*) AS count FROM grants WHERE client_id = ?",
            vec![client_id.clone()],
        )?;
        if counted.is_none_or(|row| row.count <= grant::MOST_OF_CLIENT) {
            return Ok(());
        }
        let values = vec![client_id, id, integer(grant::GO_TOGETHER.into())];
        let ended: Vec<EndedRow> = self.writable()?.rows(END_LEAST_USED, values)?;
        if ended.iter().any(|row| row.was_live != 0) {
            self.log(&Activity::LeastUsedEnded { client_id: grant.client_id.clone() }, now)?;
        }
        Ok(())
    }

    /// Notes a call, if it is time to; whether there is such a grant. The version stays: nothing is decided
    /// on it.
    pub fn note_call_of_grant(&self, id: &GrantId, at: UnixTime) -> Result<bool, Failure> {
        let Some(database) = &self.database else { return Ok(false) };
        let row: Option<LastCallRow> = database
            .row("SELECT last_called_at FROM grants WHERE id = ?", vec![text(id.as_str())])?;
        let Some(LastCallRow { last_called_at }) = row else { return Ok(false) };
        if is_worth_noting(last_called_at, at) {
            database.run(
                "UPDATE grants SET last_called_at = ? WHERE id = ?",
                vec![time(at), text(id.as_str())],
            )?;
        }
        Ok(true)
    }

    pub(super) fn put_revoked_access_token(
        &self,
        token_id: &str,
        expires_at: UnixTime,
    ) -> Result<(), Failure> {
        self.writable()?.run(
            "INSERT INTO revoked_access_tokens (token_id, forget_at) VALUES (?, ?)
             ON CONFLICT (token_id) DO NOTHING",
            vec![text(token_id), time(expires_at)],
        )
    }

    pub fn is_access_token_revoked(&self, token_id: &str) -> Result<bool, Failure> {
        let Some(database) = &self.database else { return Ok(false) };
        let found: Option<IdRow> = database.row(
            "SELECT token_id AS id FROM revoked_access_tokens WHERE token_id = ?",
            vec![text(token_id)],
        )?;
        Ok(found.is_some())
    }
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
