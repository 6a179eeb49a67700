//! One object per user code: the device authorization request that shows it.
//!
//! The device polls it and the person's browser looks it up and decides. What a request may become is
//! decided in `protocol/src/grant/device_code/`; the tokens are the account's.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::grant::device_code::{
    self, Approved, ApprovedRequest, DecideError, DeviceAuthorizationRecord, LookUp, Poll,
    PollError, RecordDecision,
};
use latchkey_protocol::identifier::{AccountId, GrantId};
use latchkey_protocol::json;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;

use super::sql::{integer, record, time};
use super::{
    Answered, Health, Known, Message, Object, Received, Storage, alarm_failed, class, reply,
    unknown,
};
use crate::failure::Failure;
use crate::log::{Event, Level};
use crate::platform;
use latchkey_protocol::json::FromJson;

/// Scripts per schema version; see `docs/storage-schema.md`.
const MIGRATIONS: &[&str] = &["CREATE TABLE device_authorization (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    record TEXT NOT NULL,
    ends_at INTEGER NOT NULL
);"];

/// The claim of a user code: one conditional statement that only a free code satisfies, or one whose
/// request is over.
const CLAIM: &str = "INSERT INTO device_authorization (id, version, record, ends_at)
    VALUES (1, 1, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        version = version + 1, record = excluded.record, ends_at = excluded.ends_at
    WHERE device_authorization.ends_at <= ? RETURNING id";

/// A device asks for a code: stores its request, unless another one has this user code.
#[derive(Debug, Serialize, FromJson)]
pub struct Begin {
    /// The request.
    pub record: DeviceAuthorizationRecord,
}

impl Message for Begin {
    const NAME: &'static str = "begin";
    /// Whether the user code was free.
    type Reply = bool;
}

/// The device asks for its tokens.
#[derive(Debug, Serialize, FromJson)]
pub struct PollDevice {
    /// The request.
    pub poll: Poll,
}

impl Message for PollDevice {
    const NAME: &'static str = "poll";
    type Reply = Result<Approved, PollError>;
}

/// A signed-in person entered the code.
#[derive(Debug, Serialize, FromJson)]
pub struct LookUpCode {
    /// Who.
    pub viewer: AccountId,
}

impl Message for LookUpCode {
    const NAME: &'static str = "look-up";
    type Reply = LookUp;
}

/// A person pressed Allow.
#[derive(Debug, Serialize, FromJson)]
pub struct ApproveCode {
    /// Who.
    pub account: AccountId,
    /// The grant of the request that they were shown; `None` when they were shown none.
    pub shown: Option<GrantId>,
}

impl Message for ApproveCode {
    const NAME: &'static str = "approve";
    type Reply = Result<ApprovedRequest, DecideError>;
}

/// A person pressed Don't allow.
#[derive(Debug, Serialize, FromJson)]
pub struct DenyCode {
    /// Who.
    pub account: AccountId,
    /// The grant of the request that they were shown.
    pub shown: GrantId,
}

impl Message for DenyCode {
    const NAME: &'static str = "deny";
    /// Whose request it was.
    type Reply = Result<ClientId, DecideError>;
}

/// The object.
pub struct DeviceAuthorization {
    state: worker::State,
    known: Known,
}

class!(DeviceAuthorization);

impl Object for DeviceAuthorization {
    fn new(state: worker::State, _env: worker::Env) -> Self {
        Self { state, known: Known::default() }
    }

    async fn receive(&self, received: &Received) -> Answered {
        // From here to the write there is no await: what a message reads and writes is one step.
        let (now, storage) = (platform::now(), Storage::of(&self.state, &self.known, received));
        match received.name.as_str() {
            Begin::NAME => {
                let begun =
                    received.message::<Begin>().and_then(|m| begin(&storage, &m.record, now));
                if let Ok(Some(forget_at)) = begun
                    && let Err(cause) = sweep_at(&storage, forget_at).await
                {
                    // The request is stored: refusing it now would only make the device begin another.
                    Event::new(Level::Error, "alarm not set")
                        .with("cause", cause.to_string())
                        .write();
                }
                reply::<Begin>(begun.map(|begun| begun.is_some()))
            }
            Health::NAME => reply::<Health>(storage.health(MIGRATIONS)),
            PollDevice::NAME => {
                reply::<PollDevice>(received.message::<PollDevice>().and_then(|m| {
                    decide(&storage, |record| device_code::poll(record, &m.poll, now))
                }))
            }
            LookUpCode::NAME => {
                reply::<LookUpCode>(received.message::<LookUpCode>().and_then(|m| {
                    let record = stored(&storage)?.map(|(_, record)| record);
                    Ok(device_code::look_up(record, &m.viewer, now))
                }))
            }
            ApproveCode::NAME => reply::<ApproveCode>(received.message::<ApproveCode>().and_then(
                |ApproveCode { account, shown }| {
                    decide(&storage, |record| {
                        device_code::approve(record, shown.as_ref(), &account, now)
                    })
                },
            )),
            DenyCode::NAME => reply::<DenyCode>(received.message::<DenyCode>().and_then(
                |DenyCode { account, shown }| {
                    decide(&storage, |record| device_code::deny(record, &shown, &account, now))
                },
            )),
            name => unknown(name),
        }
    }

    /// Forgets the request once nothing about it matters any more.
    async fn alarm(&self) -> Result<(), Failure> {
        let storage = Storage::of_alarm(&self.state, &self.known);
        let done = match stored(&storage)? {
            Some((_, record)) if !record.forget_at().has_passed(platform::now()) => {
                sweep_at(&storage, record.forget_at()).await
            }
            Some(_) | None => storage.delete_all().await,
        };
        done.map_err(alarm_failed)
    }
}

#[derive(FromJson)]
struct Row {
    version: u64,
    record: String,
}

/// A row that a statement changed.
#[derive(FromJson)]
struct IdRow {
    #[serde(rename = "id")]
    _id: u32,
}

fn stored(storage: &Storage<'_>) -> Result<Option<(u64, DeviceAuthorizationRecord)>, Failure> {
    let Some(database) = storage.existing(MIGRATIONS)? else {
        return Ok(None);
    };
    let row: Option<Row> =
        database.row("SELECT version, record FROM device_authorization", vec![])?;
    row.map(|row| {
        let record = json::read(&row.record).map_err(|cause| {
            Failure::unavailable("reading a device authorization", cause.place_only())
        })?;
        Ok((row.version, record))
    })
    .transpose()
}

/// Claims the user code. When the request can be forgotten, if the code was free.
fn begin(
    storage: &Storage<'_>,
    begun: &DeviceAuthorizationRecord,
    now: UnixTime,
) -> Result<Option<UnixTime>, Failure> {
    let claimed: Option<IdRow> = storage
        .created(MIGRATIONS)?
        .row(CLAIM, vec![record(begun)?, time(begun.ends_at()), time(now)])?;
    Ok(claimed.map(|_| begun.forget_at()))
}

/// Decides on the stored request and writes what comes of it, if it is still the one that was
/// decided on.
fn decide<R>(
    storage: &Storage<'_>,
    decide: impl FnOnce(Option<DeviceAuthorizationRecord>) -> RecordDecision<R>,
) -> Result<R, Failure> {
    let stored = stored(storage)?;
    let version = stored.as_ref().map(|(version, _)| *version);
    let decision = decide(stored.map(|(_, record)| record));
    if let (Some(written), Some(version)) = (decision.write, version) {
        let changed: Option<IdRow> = storage.created(MIGRATIONS)?.row(
            "UPDATE device_authorization SET record = ?, ends_at = ?, version = version + 1
             WHERE id = 1 AND version = ? RETURNING id",
            vec![record(&*written)?, time(written.ends_at()), integer(version)],
        )?;
        if changed.is_none() {
            let cause = "it changed meanwhile";
            return Err(Failure::unavailable("writing a device authorization", cause));
        }
    }
    Ok(decision.reply)
}

async fn sweep_at(storage: &Storage<'_>, at: UnixTime) -> worker::Result<()> {
    storage.set_alarm(at.since(platform::now()).max(Lifetime::seconds(1))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Connection, OptionalExtension, params};

    #[test]
    fn rfc8628_6_1_a_user_code_that_is_shown_is_not_drawn_again_until_its_time_is_over() {
        let database = Connection::open_in_memory().expect("a database");
        database.execute_batch(MIGRATIONS[0]).expect("the schema");
        let claim = |record: &str, ends_at: i64, now: i64| {
            database
                .query_row(CLAIM, params![record, ends_at, now], |row| row.get::<_, i64>(0))
                .optional()
                .expect("a claim")
                .is_some()
        };
        assert!(claim("first", 600, 0));
        assert!(!claim("second", 650, 50));
        assert!(!claim("third", 1_199, 599));
        assert!(claim("fourth", 1_200, 600));
        let stored: (String, i64) = database
            .query_row("SELECT record, version FROM device_authorization", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("one row");
        assert_eq!(stored, ("fourth".to_owned(), 2));
    }
}
