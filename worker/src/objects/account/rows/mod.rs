//! The account's rows.

mod activity;
mod grants;
mod personal_access_tokens;
mod sessions;
mod user_code_tries;

pub use grants::{StoredGrant, Versions};
pub use personal_access_tokens::StoredToken;

use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::grant::Write;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::{Lifetime, UnixTime};

use super::messages::Create;
use super::schema::{MIGRATIONS, NEWEST};
use crate::failure::Failure;
use crate::objects::sql::{Database, text, time};
use crate::objects::storage::Storage;
use activity::KEEP_ACTIVITY;
use latchkey_protocol::json::FromJson;

/// The shortest time between two sweeps.
pub const SWEEP_EVERY: Lifetime = Lifetime::hours(1);

/// The last use of a grant or a token is noted at most this often: a row written for each call would
/// cost as much as the call's own entry in the log.
const NOTE_USE_EVERY: Lifetime = Lifetime::minutes(1);

/// Whether a use at `at` is noted, when `last` is the one that was noted last.
fn is_worth_noting(last: Option<UnixTime>, at: UnixTime) -> bool {
    last.is_none_or(|last| at.since(last) >= NOTE_USE_EVERY)
}

/// The rows of one account. An account that doesn't exist has none and stores nothing.
pub struct Rows {
    database: Option<Database>,
}

/// The person.
#[derive(FromJson)]
pub struct Profile {
    pub email: EmailAddress,
    pub password_hash: Secret,
    pub created_at: UnixTime,
}

/// A row that a statement found or changed.
#[derive(FromJson)]
struct IdRow {
    #[serde(rename = "id")]
    _id: serde_json::Value,
}

#[derive(FromJson)]
struct NextRow {
    next: Option<UnixTime>,
    oldest_activity: Option<UnixTime>,
}

impl Rows {
    /// The rows of the account whose object this is.
    pub fn open(storage: &Storage<'_>) -> Result<Self, Failure> {
        Ok(Self { database: storage.existing(MIGRATIONS)? })
    }

    /// The rows of an account that is about to be created.
    pub fn made(storage: &Storage<'_>) -> Result<Self, Failure> {
        Ok(Self { database: Some(storage.made(NEWEST, MIGRATIONS)?) })
    }

    /// All that `work` writes, or nothing of it.
    pub fn together<R>(&self, work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
        match &self.database {
            Some(database) => database.together(work),
            // It writes nothing.
            None => work(),
        }
    }

    /// Creates the account; `false` when it was there already.
    pub fn create(&self, message: &Create, now: UnixTime) -> Result<bool, Failure> {
        let created: Option<IdRow> = self.writable()?.row(
            "INSERT INTO profile (id, account, email, password_hash, created_at)
             VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id",
            vec![
                text(message.account.as_str()),
                text(message.email.as_str()),
                text(message.password_hash.expose()),
                time(now),
            ],
        )?;
        Ok(created.is_some())
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
        database.row("SELECT email, password_hash, created_at FROM profile", vec![])
    }

    /// Applies one write of a decision. `versions` are those of the grants it was made on.
    pub fn apply(&self, write: &Write, versions: &Versions, now: UnixTime) -> Result<(), Failure> {
        match write {
            Write::Grant(grant) => self.put_grant(grant, versions.of(&grant.id), now),
            Write::Activity(activity) => self.log(activity, now),
            Write::RevokedAccessToken { token_id, expires_at } => {
                self.put_revoked_access_token(token_id, *expires_at)
            }
        }
    }

    /// Whether the object has anything that the sweep has to look after.
    pub const fn has_expiring_rows(&self) -> bool {
        self.database.is_some()
    }

    /// Deletes what has ended; when the next thing ends, if anything is left to end.
    pub fn sweep(&self, now: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        for table in [
            "sessions",
            "grants",
            "revoked_access_tokens",
            "personal_access_tokens",
            "user_code_tries",
        ] {
            database.run(&format!("DELETE FROM {table} WHERE forget_at <= ?"), vec![time(now)])?;
        }
        database.run("DELETE FROM activity WHERE at <= ?", vec![time(now.minus(KEEP_ACTIVITY))])?;
        self.trim_activity()?;
        let row: Option<NextRow> = database.row(
            "SELECT min(next) AS next, (SELECT at FROM activity ORDER BY id LIMIT 1) AS oldest_activity FROM (
                SELECT min(forget_at) AS next FROM sessions
                UNION ALL SELECT min(forget_at) FROM grants
                UNION ALL SELECT min(forget_at) FROM revoked_access_tokens
                UNION ALL SELECT min(forget_at) FROM personal_access_tokens
                UNION ALL SELECT min(forget_at) FROM user_code_tries)",
            vec![],
        )?;
        Ok(row.and_then(|row| {
            // Whoever does something every hour also has an entry that ends every hour: these wait for
            // the end of the day, since each sweep reads the whole log.
            let oldest = row.oldest_activity.map(|at| at.plus(KEEP_ACTIVITY).end_of_day());
            [row.next, oldest].into_iter().flatten().min()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_use_is_noted_and_then_one_a_minute() {
        let at = UnixTime::from_seconds;
        assert!(is_worth_noting(None, at(100)));
        assert!(!is_worth_noting(Some(at(100)), at(159)));
        assert!(is_worth_noting(Some(at(100)), at(160)));
        // Another machine's clock was ahead.
        assert!(!is_worth_noting(Some(at(100)), at(90)));
    }
}
