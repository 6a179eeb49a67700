//! One object per shard of registered clients. The shard's number is in the `client_id`, so that
//! whoever has the id knows whom to ask, from any place and right after the registration.

use latchkey_protocol::client::{ClientId, ClientLifetimes, ClientRecord};
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::{Deserialize, Serialize};

use super::sql::{Database, RecordRow, integer, record, text, time};
use super::{Message, Received, reply, unknown};
use crate::failure::Failure;
use crate::platform;

/// Scripts per schema version; see `docs/storage-schema.md`.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX clients_by_expiry ON clients (expires_at) WHERE expires_at IS NOT NULL;",
    "CREATE TABLE used_assertions (
    client_id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    forget_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, token_hash)
) WITHOUT ROWID;
CREATE INDEX used_assertions_by_end ON used_assertions (forget_at);",
];

/// Expired clients are swept together, at most this often, rather than one alarm each.
const SWEEP_EVERY: Lifetime = Lifetime::hours(1);

/// The time between two sweeps while expired clients are left.
const SWEEP_ON: Lifetime = Lifetime::seconds(10);

/// The most rows that one sweep deletes; the rest waits for the next, so that no request waits long.
const SWEEP_ROWS: u64 = 5_000;

/// Stores a new client.
#[derive(Debug, Serialize, Deserialize)]
pub struct Register {
    /// The client.
    pub record: ClientRecord,
}

impl Message for Register {
    const NAME: &'static str = "register";
    type Reply = ();
}

/// Asks for a client.
#[derive(Debug, Serialize, Deserialize)]
pub struct Find {
    /// Which.
    pub client_id: ClientId,
}

impl Message for Find {
    const NAME: &'static str = "find";
    type Reply = Option<ClientRecord>;
}

/// Notes that a client was used, which prolongs its life.
#[derive(Debug, Serialize, Deserialize)]
pub struct Touch {
    /// Which.
    pub client_id: ClientId,
    /// For how long a client lives unused.
    pub unused: Lifetime,
    /// For how long it lives after it was used.
    pub idle: Lifetime,
}

impl Message for Touch {
    const NAME: &'static str = "touch";
    type Reply = Option<ClientRecord>;
}

/// Claims the one use of an assertion by which a client proves itself
/// ([RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).
#[derive(Debug, Serialize, Deserialize)]
pub struct ClaimAssertion {
    /// Whose it is.
    pub client_id: ClientId,
    /// The hash of its `jti`.
    pub token_hash: String,
    /// When it has expired, so that it needn't be remembered.
    pub forget_at: UnixTime,
}

impl Message for ClaimAssertion {
    const NAME: &'static str = "claim-assertion";
    /// Whether this was its first use.
    type Reply = bool;
}

/// The object.
#[worker::durable_object]
pub struct ClientRegistry {
    state: worker::State,
}

impl worker::DurableObject for ClientRegistry {
    fn new(state: worker::State, _env: worker::Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
        let received = Received::read(request).await?;
        match received.name.as_str() {
            Register::NAME => {
                match received.message::<Register>().and_then(|m| self.register(&m)) {
                    Ok(()) => {
                        self.ensure_sweep().await?;
                        reply::<Register>(Ok(()))
                    }
                    Err(failure) => reply::<Register>(Err(failure)),
                }
            }
            Find::NAME => reply::<Find>(received.message().and_then(|message| self.find(&message))),
            Touch::NAME => {
                reply::<Touch>(received.message().and_then(|message| self.touch(&message)))
            }
            ClaimAssertion::NAME => {
                let claimed = received.message().and_then(|message| self.claim_assertion(&message));
                if claimed.is_ok() {
                    self.ensure_sweep().await?;
                }
                reply::<ClaimAssertion>(claimed)
            }
            name => unknown(name),
        }
    }

    async fn alarm(&self) -> worker::Result<worker::Response> {
        match self.sweep(platform::now()) {
            Ok(Some(again)) => self.sweep_in(again).await?,
            Ok(None) => {}
            // An error, and no answer, makes the runtime try again.
            Err(failure) => return Err(worker::Error::RustError(failure.to_string())),
        }
        worker::Response::empty()
    }
}

#[derive(Deserialize)]
struct NextRow {
    next: Option<UnixTime>,
}

impl ClientRegistry {
    fn register(&self, message: &Register) -> Result<(), Failure> {
        let database = Database::created(&self.state, MIGRATIONS)?;
        let client = &message.record;
        database.run(
            "INSERT INTO clients (client_id, record, expires_at) VALUES (?, ?, ?)",
            vec![
                text(client.client_id.as_str()),
                record(client)?,
                client.expires_at.map_or(worker::SqlStorageValue::Null, time),
            ],
        )
    }

    fn find(&self, message: &Find) -> Result<Option<ClientRecord>, Failure> {
        let Some(database) = Database::existing(&self.state, MIGRATIONS)? else {
            return Ok(None);
        };
        let row: Option<RecordRow> = database.row(
            "SELECT record FROM clients WHERE client_id = ?",
            vec![text(message.client_id.as_str())],
        )?;
        row.map(|row| row.read()).transpose()
    }

    fn touch(&self, message: &Touch) -> Result<Option<ClientRecord>, Failure> {
        let Some(client) = self.find(&Find { client_id: message.client_id.clone() })? else {
            return Ok(None);
        };
        let lifetimes = ClientLifetimes { unused: message.unused, idle: message.idle };
        let Some(touched) = client.touch(platform::now(), lifetimes) else {
            return Ok(Some(client));
        };
        Database::created(&self.state, MIGRATIONS)?.run(
            "UPDATE clients SET record = ?, expires_at = ? WHERE client_id = ?",
            vec![
                record(&touched)?,
                touched.expires_at.map_or(worker::SqlStorageValue::Null, time),
                text(touched.client_id.as_str()),
            ],
        )?;
        Ok(Some(touched))
    }

    fn claim_assertion(&self, message: &ClaimAssertion) -> Result<bool, Failure> {
        #[derive(Deserialize)]
        struct Claimed {
            #[serde(rename = "token_hash")]
            _token_hash: String,
        }
        let database = Database::created(&self.state, MIGRATIONS)?;
        // One conditional statement: whoever comes second writes nothing and gets no row.
        let claimed: Option<Claimed> = database.row(
            "INSERT INTO used_assertions (client_id, token_hash, forget_at) VALUES (?, ?, ?)
             ON CONFLICT DO NOTHING RETURNING token_hash",
            vec![
                text(message.client_id.as_str()),
                text(message.token_hash.as_str()),
                time(message.forget_at),
            ],
        )?;
        Ok(claimed.is_some())
    }

    /// Deletes what has expired; after how long to look again, if anything can still expire.
    fn sweep(&self, now: UnixTime) -> Result<Option<Lifetime>, Failure> {
        let Some(database) = Database::existing(&self.state, MIGRATIONS)? else {
            return Ok(None);
        };
        database.run(
            "DELETE FROM clients WHERE client_id IN (
                SELECT client_id FROM clients WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            vec![time(now), integer(SWEEP_ROWS)],
        )?;
        database.run(
            "DELETE FROM used_assertions WHERE (client_id, token_hash) IN (
                SELECT client_id, token_hash FROM used_assertions
                WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)",
            vec![time(now), integer(SWEEP_ROWS)],
        )?;
        let next: Option<NextRow> = database.row(
            "SELECT min(at) AS next FROM (
                SELECT min(expires_at) AS at FROM clients
                UNION ALL SELECT min(forget_at) FROM used_assertions)",
            vec![],
        )?;
        Ok(next.and_then(|row| row.next).map(|next| {
            // After a flood there is more to delete than one sweep does.
            if next.has_passed(now) { SWEEP_ON } else { SWEEP_EVERY }
        }))
    }

    async fn ensure_sweep(&self) -> worker::Result<()> {
        if self.state.storage().get_alarm().await?.is_none() {
            self.sweep_in(SWEEP_EVERY).await?;
        }
        Ok(())
    }

    async fn sweep_in(&self, after: Lifetime) -> worker::Result<()> {
        let after = std::time::Duration::from_secs(after.as_seconds());
        self.state.storage().set_alarm(after).await
    }
}
