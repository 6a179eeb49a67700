//! One object per sign-in identifier: which account it belongs to, and how often one has tried.

use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::sign_in_throttle::{FORGET_AFTER, Tries, Try, try_again};
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::{Deserialize, Serialize};

use super::sql::{Database, RecordRow, record, text};
use super::{Message, Received, reply, unknown};
use crate::failure::Failure;
use crate::platform;

/// Scripts per schema version; see `docs/storage-schema.md`.
const MIGRATIONS: &[&str] = &["CREATE TABLE pointer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account TEXT NOT NULL
);
CREATE TABLE tries (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    record TEXT NOT NULL
);"];

/// A person (or a program) tries to sign in: counts the try and says which account the identifier
/// belongs to.
#[derive(Debug, Serialize, Deserialize)]
pub struct TrySignIn {}

impl Message for TrySignIn {
    const NAME: &'static str = "try-sign-in";
    type Reply = SignInTry;
}

/// What may follow a [`TrySignIn`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInTry {
    /// The password may be checked, against this account if there is one.
    Allowed(Option<AccountId>),
    /// Too many tries: wait.
    Wait(Lifetime),
}

/// The password was right: earlier tries no longer count.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetTries {}

impl Message for ForgetTries {
    const NAME: &'static str = "forget-tries";
    type Reply = ();
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
#[worker::durable_object(alarm)]
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
            TrySignIn::NAME => {
                let answer = self.try_sign_in(platform::now());
                self.ensure_sweep().await?;
                reply::<TrySignIn>(answer)
            }
            ForgetTries::NAME => reply::<ForgetTries>(self.forget_tries()),
            Claim::NAME => reply::<Claim>(received.message().and_then(|claim| self.claim(&claim))),
            name => unknown(name),
        }
    }

    /// Forgets old tries. An identifier that never got an account leaves nothing behind.
    async fn alarm(&self) -> worker::Result<worker::Response> {
        match self.sweep(platform::now()) {
            Ok(Sweep::Nothing) => self.state.storage().delete_all().await?,
            Ok(Sweep::KeepPointer) => {}
            Ok(Sweep::Later) => self.ensure_sweep().await?,
            // An error, and no answer, makes the runtime try again.
            Err(failure) => return Err(worker::Error::RustError(failure.to_string())),
        }
        worker::Response::empty()
    }
}

/// What is left after old tries were forgotten.
enum Sweep {
    /// Neither an account nor tries.
    Nothing,
    /// An account.
    KeepPointer,
    /// Tries that are still too young.
    Later,
}

#[derive(Deserialize)]
struct PointerRow {
    account: AccountId,
}

impl Directory {
    fn pointer(&self, database: &Database) -> Result<Option<AccountId>, Failure> {
        let row: Option<PointerRow> =
            database.row("SELECT account FROM pointer WHERE id = 1", vec![])?;
        Ok(row.map(|row| row.account))
    }

    fn tries(&self, database: &Database) -> Result<Option<Tries>, Failure> {
        let row: Option<RecordRow> =
            database.row("SELECT record FROM tries WHERE id = 1", vec![])?;
        row.map(|row| row.read()).transpose()
    }

    fn try_sign_in(&self, now: UnixTime) -> Result<SignInTry, Failure> {
        let database = Database::created(&self.state, MIGRATIONS)?;
        match try_again(self.tries(&database)?, now) {
            Try::Wait(wait) => Ok(SignInTry::Wait(wait)),
            Try::Allowed(tries) => {
                database.run(
                    "INSERT INTO tries (id, record) VALUES (1, ?)
                     ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                    vec![record(&tries)?],
                )?;
                Ok(SignInTry::Allowed(self.pointer(&database)?))
            }
        }
    }

    fn forget_tries(&self) -> Result<(), Failure> {
        match Database::existing(&self.state, MIGRATIONS)? {
            None => Ok(()),
            Some(database) => database.run("DELETE FROM tries", vec![]),
        }
    }

    fn sweep(&self, now: UnixTime) -> Result<Sweep, Failure> {
        let Some(database) = Database::existing(&self.state, MIGRATIONS)? else {
            return Ok(Sweep::Nothing);
        };
        if self.tries(&database)?.is_some_and(|tries| !tries.forget_at().has_passed(now)) {
            return Ok(Sweep::Later);
        }
        database.run("DELETE FROM tries", vec![])?;
        Ok(match self.pointer(&database)? {
            Some(_) => Sweep::KeepPointer,
            None => Sweep::Nothing,
        })
    }

    async fn ensure_sweep(&self) -> worker::Result<()> {
        let storage = self.state.storage();
        if storage.get_alarm().await?.is_none() {
            let seconds = FORGET_AFTER.as_seconds();
            storage.set_alarm(std::time::Duration::from_secs(seconds)).await?;
        }
        Ok(())
    }

    fn claim(&self, claim: &Claim) -> Result<AccountId, Failure> {
        let database = Database::created(&self.state, MIGRATIONS)?;
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
