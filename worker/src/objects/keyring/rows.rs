//! The keyring's table, and what its rows come to.

use latchkey_protocol::administration::{KeyOrigin, KeyStanding, KeyUse, KeyView};
use latchkey_protocol::json;
use latchkey_protocol::key_schedule::{
    KeyPlan, KeyState, Prospect, RETIRE_LEEWAY, ScheduledKey, plan, prospects, successor,
};
use latchkey_protocol::keyring_secret::is_sealed;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::{Lifetime, UnixTime};
use worker::SqlStorageValue;

use super::messages::{Keys, PublishedKey, StoredKey};
use crate::failure::Failure;
use crate::objects::sql::{Database, text, time};
use latchkey_protocol::json::FromJson;

/// A key, as it is stored. One that was dropped has nothing secret any more.
#[derive(FromJson)]
pub struct KeyRow {
    pub key_id: String,
    pub kind: KeyUse,
    pub origin: KeyOrigin,
    pub made_at: Option<UnixTime>,
    pub used_from: UnixTime,
    pub dropped_at: Option<UnixTime>,
    pub public_jwk: Option<String>,
    pub secret: Secret,
}

/// How long keys of this deployment work and are kept.
#[derive(Clone, Copy)]
pub struct Terms {
    /// How long a key signs, or seals.
    pub works_for: Lifetime,
    /// How long what it signed or sealed lives.
    pub kept_for: Lifetime,
}

/// Every key, the newest first.
pub struct Rows(Vec<KeyRow>);

impl Rows {
    /// Reads them.
    pub fn read(database: &Database) -> Result<Self, Failure> {
        let newest_first = "SELECT * FROM keys ORDER BY used_from DESC, key_id DESC";
        Ok(Self(database.rows(newest_first, vec![])?))
    }

    /// Every row, those of dropped keys too.
    pub fn all(&self) -> &[KeyRow] {
        &self.0
    }

    /// The keys of a kind that count.
    pub fn living(&self, kind: KeyUse) -> impl Iterator<Item = &KeyRow> {
        self.0.iter().filter(move |row| row.kind == kind && row.dropped_at.is_none())
    }

    /// The key of this id, if it counts.
    pub fn find(&self, key_id: &str) -> Option<&KeyRow> {
        self.0.iter().find(|row| row.key_id == key_id && row.dropped_at.is_none())
    }

    fn scheduled(&self, kind: KeyUse) -> Vec<ScheduledKey> {
        let one =
            |row: &KeyRow| ScheduledKey { key_id: row.key_id.clone(), signs_from: row.used_from };
        self.living(kind).map(one).collect()
    }

    /// What is to be done with the keys of a kind.
    pub fn plan(&self, kind: KeyUse, terms: Terms, now: UnixTime) -> KeyPlan {
        plan(&self.scheduled(kind), terms.works_for, terms.kept_for, now)
    }

    /// Which key of a kind takes over next, if one is there.
    pub fn successor(&self, kind: KeyUse, now: UnixTime) -> Option<String> {
        successor(&self.scheduled(kind), now).map(|key| key.key_id.clone())
    }

    /// The dropped keys that nothing can ask for any more: what they signed has expired.
    pub fn forgettable(&self, terms: Terms, now: UnixTime) -> Vec<String> {
        let is_over = |row: &&KeyRow| {
            row.dropped_at
                .is_some_and(|at| at.plus(terms.kept_for).plus(RETIRE_LEEWAY).has_passed(now))
        };
        self.0.iter().filter(is_over).map(|row| row.key_id.clone()).collect()
    }

    /// A name that changes with whatever an isolate has to know.
    pub fn version(&self, signing: &str, sealing: &str) -> String {
        let ids = self.0.iter().map(|row| {
            let mark = if row.dropped_at.is_some() { "-" } else { "+" };
            format!("{mark}{}", row.key_id)
        });
        let ids = ids.collect::<Vec<_>>().join(" ");
        format!("{signing} {sealing} {ids}")
    }

    /// The keys for an isolate.
    pub fn into_keys(self, signing: &str, sealing: &str) -> Result<Keys, Failure> {
        let broken = |cause: &str| Failure::unavailable("reading the keyring", cause);
        let (mut signing_key, mut published) = (None, Vec::new());
        let (mut sealing_keys, mut dropped) = (Vec::new(), Vec::new());
        for row in self.0 {
            let KeyRow { key_id, kind, dropped_at, public_jwk, secret, .. } = row;
            if dropped_at.is_some() {
                if kind == KeyUse::Signing {
                    dropped.push(key_id);
                }
                continue;
            }
            let key = StoredKey { key_id, secret };
            match kind {
                KeyUse::Signing => {
                    let public_jwk = json::parse(public_jwk.as_deref().unwrap_or_default())
                        .map_err(|_| broken("a public key is not JSON"))?;
                    published.push(PublishedKey { key_id: key.key_id.clone(), public_jwk });
                    if key.key_id == signing {
                        signing_key = Some(key);
                    }
                }
                // What seals now comes first, so that every isolate can open it.
                KeyUse::Sealing if key.key_id == sealing => sealing_keys.insert(0, key),
                KeyUse::Sealing => sealing_keys.push(key),
            }
        }
        let signing = signing_key.ok_or_else(|| broken("the signing key is missing"))?;
        Ok(Keys { signing, published, sealing: sealing_keys, dropped })
    }

    /// What an operator sees.
    pub fn views(&self, terms: Terms, now: UnixTime) -> Vec<KeyView> {
        let of = |kind| prospects(&self.scheduled(kind), terms.works_for, terms.kept_for, now);
        let expected: Vec<Prospect> =
            [KeyUse::Signing, KeyUse::Sealing].into_iter().flat_map(of).collect();
        let view = |row: &KeyRow| {
            let found = expected.iter().find(|one| one.key_id == row.key_id);
            KeyView {
                kid: row.key_id.clone(),
                usage: row.kind,
                state: found.map_or(KeyStanding::Dropped, |one| match one.state {
                    KeyState::Next => KeyStanding::Next,
                    KeyState::Current => KeyStanding::Current,
                    KeyState::Retired => KeyStanding::Retired,
                }),
                origin: row.origin,
                made_at: row.made_at,
                used_from: row.used_from,
                used_until: found.map(|one| one.signs_until),
                kept_until: found.map(|one| one.kept_until),
                dropped_at: row.dropped_at,
                sealed: is_sealed(&row.secret),
            }
        };
        self.0.iter().map(view).collect()
    }
}

/// A key that isn't stored yet.
pub struct NewKey {
    pub key: StoredKey,
    pub kind: KeyUse,
    pub origin: KeyOrigin,
    pub public_jwk: Option<String>,
}

impl NewKey {
    /// Stores it.
    pub fn insert(
        self,
        database: &Database,
        used_from: UnixTime,
        now: UnixTime,
    ) -> Result<(), Failure> {
        database.run(
            "INSERT INTO keys (key_id, kind, origin, made_at, used_from, public_jwk, secret)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            vec![
                text(self.key.key_id),
                text(self.kind.as_str()),
                text(self.origin.as_str()),
                time(now),
                time(used_from),
                self.public_jwk.map_or(SqlStorageValue::Null, SqlStorageValue::String),
                text(self.key.secret.expose()),
            ],
        )
    }
}
