//! When to fetch the keys, and how long to believe them.

use super::VerifyError;
use super::key_set::{KeySet, KeySetError};
use crate::jwt::Received;
use crate::time::{Lifetime, UnixTime};

/// How a [`KeyCache`] treats its keys. The defaults fit Latchkey, which publishes a key a day before it
/// signs with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// After this many seconds the keys are fetched again: an hour, the `max-age` of `/jwks`.
    pub refresh_after: Lifetime,
    /// At least this many seconds lie between two fetches, whatever tokens come and however often it
    /// fails: 30.
    pub retry_after: Lifetime,
    /// Without a fresh copy the last good one is believed for this many seconds: a day. A limit, so that
    /// a key that was withdrawn doesn't count for ever where its server can't be reached.
    pub discard_after: Lifetime,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self {
            refresh_after: Lifetime::hours(1),
            retry_after: Lifetime::seconds(30),
            discard_after: Lifetime::days(1),
        }
    }
}

/// The last good keys, and when they were last asked for. It fetches nothing itself.
///
/// Of several threads that share one behind a mutex exactly one is told to fetch; the others go on with
/// what there is. Let go of the mutex during the fetch.
#[derive(Debug, Clone, Default)]
pub struct KeyCache {
    policy: CachePolicy,
    keys: Option<KeySet>,
    asked_at: Option<UnixTime>,
}

impl KeyCache {
    /// An empty cache.
    #[must_use]
    pub const fn new(policy: CachePolicy) -> Self {
        Self { policy, keys: None, asked_at: None }
    }

    /// Whether the caller must fetch the keys now because there are none or they are old; for a start
    /// and for a timer. True counts as the fetch, however that ends.
    pub fn must_fetch(&mut self, now: UnixTime) -> bool {
        let old = self
            .keys
            .as_ref()
            .is_none_or(|keys| is_over(self.policy.refresh_after, keys.fetched_at(), now));
        old && self.claim(now)
    }

    /// Whether the caller must fetch the keys now, before it verifies `token`: as
    /// [`KeyCache::must_fetch`], or because the token names a key that isn't there. A flood of tokens
    /// with made-up names makes one fetch in [`CachePolicy::retry_after`].
    pub fn must_fetch_for(&mut self, token: &str, now: UnixTime) -> bool {
        if self.must_fetch(now) {
            return true;
        }
        // What is no access token at all is refused without its key.
        let Ok(token) = Received::parse(token) else { return false };
        let known = |key_id: &str| self.keys.as_ref().is_some_and(|keys| keys.contains(key_id));
        token.key_id().is_some_and(|key_id| !known(key_id)) && self.claim(now)
    }

    /// Keeps the body of a response of `jwks_uri` with status 200.
    ///
    /// # Errors
    ///
    /// [`KeySetError`]: it has no usable key. The last good keys stay, as they do when the fetch itself
    /// fails and there is nothing to store.
    pub fn store(&mut self, jwks: &str, now: UnixTime) -> Result<(), KeySetError> {
        self.keys = Some(KeySet::parse(jwks, now)?);
        Ok(())
    }

    /// The last good keys.
    ///
    /// # Errors
    ///
    /// [`VerifyError::NoKeys`]: none were fetched so far, or they are too old to be believed.
    pub fn keys(&self, now: UnixTime) -> Result<&KeySet, VerifyError> {
        let believed = |keys: &&KeySet| now.since(keys.fetched_at()) < self.policy.discard_after;
        self.keys.as_ref().filter(believed).ok_or(VerifyError::NoKeys)
    }

    fn claim(&mut self, now: UnixTime) -> bool {
        let due =
            self.asked_at.is_none_or(|asked_at| is_over(self.policy.retry_after, asked_at, now));
        if due {
            self.asked_at = Some(now);
        }
        due
    }
}

/// Whether a wait since `begun` is over. One that begins in the future was timed by a clock that has been
/// set back since, and nobody knows how long it would be.
fn is_over(wait: Lifetime, begun: UnixTime, now: UnixTime) -> bool {
    begun > now || now.since(begun) >= wait
}
