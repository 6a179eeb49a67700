//! One object per sign-in identifier: which account it belongs to.

use latchkey_protocol::identifier::AccountId;
use serde::{Deserialize, Serialize};

use super::sql::{Database, text};
use super::{Message, Received, reply, unknown};
use crate::failure::Failure;

/// Scripts per schema version; see `docs/storage-schema.md`.
const MIGRATIONS: &[&str] = &["CREATE TABLE pointer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account TEXT NOT NULL
)"];

/// Asks which account an identifier belongs to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lookup {}

impl Message for Lookup {
    const NAME: &'static str = "lookup";
    type Reply = Option<AccountId>;
}

/// Claims an identifier for a new account. The first claim wins for ever and everybody gets its
/// account: the account's own object then decides which sign-up was first. So a sign-up that broke
/// off half-way can simply be repeated.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claim {
    /// The account to point to if there is none yet.
    pub account: AccountId,
}

impl Message for Claim {
    const NAME: &'static str = "claim";
    type Reply = AccountId;
}

/// The object.
#[worker::durable_object]
pub struct Directory {
    state: worker::State,
}

impl worker::DurableObject for Directory {
    fn new(state: worker::State, _env: worker::Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
        let received = Received::read(request).await?;
        match received.name.as_str() {
            Lookup::NAME => reply::<Lookup>(self.lookup()),
            Claim::NAME => reply::<Claim>(received.message().and_then(|claim| self.claim(&claim))),
            name => unknown(name),
        }
    }
}

#[derive(Deserialize)]
struct PointerRow {
    account: AccountId,
}

impl Directory {
    fn lookup(&self) -> Result<Option<AccountId>, Failure> {
        let database = Database::new(&self.state);
        if database.schema_version()? == 0 {
            return Ok(None);
        }
        let row: Option<PointerRow> =
            database.row("SELECT account FROM pointer WHERE id = 1", vec![])?;
        Ok(row.map(|row| row.account))
    }

    fn claim(&self, claim: &Claim) -> Result<AccountId, Failure> {
        let database = Database::new(&self.state);
        database.migrate(MIGRATIONS)?;
        // One conditional statement: whoever comes second changes nothing and reads the first.
        let row: Option<PointerRow> = database.row(
            "INSERT INTO pointer (id, account) VALUES (1, ?)
             ON CONFLICT (id) DO UPDATE SET account = account RETURNING account",
            vec![text(claim.account.as_str())],
        )?;
        row.map(|row| row.account)
            .ok_or_else(|| Failure::unavailable(Claim::NAME, "the pointer was not written"))
    }
}
