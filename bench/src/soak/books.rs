//! What the storage says of every grant, once nobody writes any more.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection as Database;
use tokio::time::Instant;

use crate::storage::databases;

/// So many seconds are too close to tell: the server's clock has whole ones.
const ABOUT: i64 = 2;

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Its refresh token works, or its code waits to be redeemed.
    Alive,
    /// Nobody refreshed it, or redeemed its code, in time.
    Expired,
    /// Its client or its person took it back.
    Revoked,
    /// A used code or refresh token came back.
    Replayed,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Alive, Self::Expired, Self::Revoked, Self::Replayed];

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Replayed => "replayed",
        }
    }

    fn of(state: &str, reason: Option<&str>, is_over: bool) -> Result<Self> {
        Ok(match (state, reason) {
            ("ended", Some("revoked" | "revoked_by_person" | "client_removed")) => Self::Revoked,
            ("ended", Some("code_replayed" | "refresh_token_replayed")) => Self::Replayed,
            ("live" | "not_started", None) if is_over => Self::Expired,
            ("live" | "not_started", None) => Self::Alive,
            other => anyhow::bail!("a grant is {other:?}, which the books don't know"),
        })
    }
}

/// Every grant, with what became of it and for how many seconds it would have gone on.
#[derive(Debug)]
pub struct Books {
    grants: HashMap<String, (Fate, i64)>,
    read_at: Instant,
}

impl Books {
    /// Reads them from the accounts' storage.
    pub fn read(storage: &Path) -> Result<Self> {
        const GRANTS: &str = "SELECT id, json_extract(record, '$.family.state'),
                json_extract(record, '$.family.reason'),
                min(json_extract(record, '$.ends_at'),
                    coalesce(json_extract(record, '$.family.idle_until'),
                        json_extract(record, '$.code.expires_at'), 0)) - unixepoch()
            FROM grants";
        let (mut books, read_at) = (HashMap::new(), Instant::now());
        for file in databases(storage, "Account")? {
            let database = Database::open(&file)?;
            let mut statement = database.prepare(GRANTS)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (state, reason): (String, Option<String>) = (row.get(1)?, row.get(2)?);
                let left: i64 = row.get(3)?;
                let fate = Fate::of(&state, reason.as_deref(), left <= 0)?;
                let before = books.insert(row.get(0)?, (fate, left));
                ensure!(before.is_none(), "two accounts have a grant with the same id");
            }
        }
        Ok(Self { grants: books, read_at })
    }

    /// That every grant that was issued is there.
    pub fn balance(&self, issued: u64) -> Result<()> {
        let found = u64::try_from(self.grants.len())?;
        ensure!(found == issued, "{issued} grants were issued, and {found} are in the books");
        Ok(())
    }

    /// How many had this fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.grants.values().filter(|(own, _)| *own == fate).count()
    }

    /// Whether this grant gives tokens now; `None` when its time ends about now.
    pub fn is_alive(&self, grant: &str) -> Result<Option<bool>> {
        let known = self.grants.get(grant);
        let (fate, left) = known.with_context(|| format!("no grant {grant} in the books"))?;
        if *fate != Fate::Alive {
            return Ok(Some(false));
        }
        let left = left.saturating_sub_unsigned(self.read_at.elapsed().as_secs());
        Ok((left.abs() > ABOUT).then_some(left > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_7_every_state_of_a_grant_has_its_line_in_the_books() {
        for (state, reason, is_over, fate) in [
            ("live", None, false, Fate::Alive),
            ("live", None, true, Fate::Expired),
            ("not_started", None, false, Fate::Alive),
            ("not_started", None, true, Fate::Expired),
            ("ended", Some("revoked"), false, Fate::Revoked),
            ("ended", Some("refresh_token_replayed"), true, Fate::Replayed),
        ] {
            assert_eq!(Fate::of(state, reason, is_over).expect(state), fate, "{state} {reason:?}");
        }
        assert!(Fate::of("ended", Some("by magic"), false).is_err());
    }

    #[test]
    fn issue_7_a_grant_that_was_issued_and_is_nowhere_is_missed() {
        let grants = HashMap::from([
            ("one".to_owned(), (Fate::Alive, 900)),
            ("about".to_owned(), (Fate::Alive, 1)),
            ("over".to_owned(), (Fate::Revoked, 900)),
        ]);
        let books = Books { grants, read_at: Instant::now() };
        books.balance(3).expect("balanced");
        let message = books.balance(4).expect_err("one is lost").to_string();
        assert!(message.contains("4 grants were issued"), "{message}");
        assert_eq!(books.is_alive("one").expect("known"), Some(true));
        assert_eq!(books.is_alive("about").expect("known"), None);
        assert_eq!(books.is_alive("over").expect("known"), Some(false));
        assert!(books.is_alive("two").is_err());
    }
}
