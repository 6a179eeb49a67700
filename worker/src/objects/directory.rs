//! One object per sign-in identifier: which account it belongs to, and how often one has tried.

use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::sign_in_throttle::{FORGET_AFTER, TriedFrom, Tries, Try, try_again};
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;

use super::sql::{Database, RecordRow, record, text};
use super::{
    Answered, Health, Known, Message, Object, Received, Storage, alarm_failed, class, reply,
    unknown,
};
use crate::failure::Failure;
use crate::platform;
use latchkey_protocol::json::FromJson;

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
#[derive(Debug, Serialize, FromJson)]
pub struct TrySignIn {
    /// Where. While a deployment changes, the worker of the release before doesn't say.
    #[serde(default)]
    pub from: TriedFrom,
}

impl Message for TrySignIn {
    const NAME: &'static str = "try-sign-in";
    type Reply = SignInTry;
}

/// What may follow a [`TrySignIn`].
#[derive(Debug, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum SignInTry {
    /// The password may be checked, against this account if there is one.
    Allowed(Option<AccountId>),
    /// Too many tries: wait.
    Wait(Lifetime),
}

/// The password was right: earlier tries no longer count.
#[derive(Debug, Serialize, FromJson)]
pub struct ForgetTries {}

impl Message for ForgetTries {
    const NAME: &'static str = "forget-tries";
    type Reply = ();
}

/// Claims an identifier for a new account. The first claim wins for ever and everybody gets its
/// account: the account's own object then decides which sign-up was first. So a sign-up that broke
/// off half-way can simply be repeated.
#[derive(Debug, Serialize, FromJson)]
pub struct Claim {
    /// The account to point to if there is none yet.
    pub account: AccountId,
}

impl Message for Claim {
    const NAME: &'static str = "claim";
    type Reply = AccountId;
}

/// The object.
pub struct Directory {
    state: worker::State,
    known: Known,
}

class!(Directory);

impl Object for Directory {
    fn new(state: worker::State, _env: worker::Env) -> Self {
        Self { state, known: Known::default() }
    }

    async fn receive(&self, received: &Received) -> Answered {
        let storage = Storage::of(&self.state, &self.known, received);
        match received.name.as_str() {
            TrySignIn::NAME => {
                let message = received.message();
                let answer =
                    message.and_then(|m: TrySignIn| try_sign_in(&storage, m.from, platform::now()));
                ensure_sweep(&storage)
                    .await
                    .map_err(|cause| Failure::unavailable("setting the alarm", cause))?;
                reply::<TrySignIn>(answer)
            }
            Health::NAME => reply::<Health>(storage.health(MIGRATIONS)),
            ForgetTries::NAME => reply::<ForgetTries>(forget_tries(&storage)),
            Claim::NAME => {
                reply::<Claim>(received.message().and_then(|m: Claim| claim(&storage, &m)))
            }
            name => unknown(name),
        }
    }

    /// Forgets old tries. An identifier that never got an account leaves nothing behind.
    async fn alarm(&self) -> Result<(), Failure> {
        let storage = Storage::of_alarm(&self.state, &self.known);
        let done = match sweep(&storage, platform::now())? {
            Sweep::Nothing => storage.delete_all().await,
            Sweep::KeepPointer => Ok(()),
            Sweep::Later => ensure_sweep(&storage).await,
        };
        done.map_err(alarm_failed)
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

#[derive(FromJson)]
struct PointerRow {
    account: AccountId,
}

fn pointer(database: &Database) -> Result<Option<AccountId>, Failure> {
    let row: Option<PointerRow> =
        database.row("SELECT account FROM pointer WHERE id = 1", vec![])?;
    Ok(row.map(|row| row.account))
}

fn tries(database: &Database) -> Result<Option<Tries>, Failure> {
    let row: Option<RecordRow> = database.row("SELECT record FROM tries WHERE id = 1", vec![])?;
    row.map(|row| row.read()).transpose()
}

fn try_sign_in(
    storage: &Storage<'_>,
    from: TriedFrom,
    now: UnixTime,
) -> Result<SignInTry, Failure> {
    let database = storage.created(MIGRATIONS)?;
    match try_again(tries(&database)?, from, now) {
        Try::Wait(wait) => Ok(SignInTry::Wait(wait)),
        Try::Allowed(tries) => {
            database.run(
                "INSERT INTO tries (id, record) VALUES (1, ?)
                 ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                vec![record(&tries)?],
            )?;
            Ok(SignInTry::Allowed(pointer(&database)?))
        }
    }
}

fn forget_tries(storage: &Storage<'_>) -> Result<(), Failure> {
    match storage.existing(MIGRATIONS)? {
        None => Ok(()),
        Some(database) => database.run("DELETE FROM tries", vec![]),
    }
}

fn sweep(storage: &Storage<'_>, now: UnixTime) -> Result<Sweep, Failure> {
    let Some(database) = storage.existing(MIGRATIONS)? else {
        return Ok(Sweep::Nothing);
    };
    if tries(&database)?.is_some_and(|tries| !tries.forget_at().has_passed(now)) {
        return Ok(Sweep::Later);
    }
    database.run("DELETE FROM tries", vec![])?;
    Ok(match pointer(&database)? {
        Some(_) => Sweep::KeepPointer,
        None => Sweep::Nothing,
    })
}

async fn ensure_sweep(storage: &Storage<'_>) -> worker::Result<()> {
    if !storage.has_alarm().await? {
        storage.set_alarm(FORGET_AFTER).await?;
    }
    Ok(())
}

fn claim(storage: &Storage<'_>, claim: &Claim) -> Result<AccountId, Failure> {
    let database = storage.created(MIGRATIONS)?;
    // One conditional statement: whoever comes second changes nothing and reads the first.
    let row: Option<PointerRow> = database.row(
        "INSERT INTO pointer (id, account) VALUES (1, ?)
         ON CONFLICT (id) DO UPDATE SET account = account RETURNING account",
        vec![text(claim.account.as_str())],
    )?;
    row.map(|row| row.account)
        .ok_or_else(|| Failure::unavailable(Claim::NAME, "the pointer was not written"))
}
