//! What an isolate remembers of credentials that were good.
//!
//! Only good answers are remembered, by the hash of the credential, for at most the resource's
//! `revocation_bound`, never past the credential's end, and only while the server's keys are the same. What isn't remembered
//! is asked again.

use latchkey_protocol::access::Holder;
use latchkey_protocol::secret::SecretHash;
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

/// The most credentials that are remembered.
const CAPACITY: usize = 1_000;

thread_local! {
    static REMEMBERED: RefCell<Remembered> = RefCell::default();
}

/// Who holds the credential, if that was found under these `keys` less than `bound` ago.
pub fn recall(hash: &SecretHash, keys: u64, bound: Lifetime, now: UnixTime) -> Option<Holder> {
    REMEMBERED.with_borrow(|remembered| remembered.recall(&hash.to_text(), keys, bound, now))
}

/// Remembers that the credential was good at `now`, under these `keys`.
pub fn remember(hash: &SecretHash, keys: u64, holder: &Holder, bound: Lifetime, now: UnixTime) {
    if bound > Lifetime::seconds(0) {
        REMEMBERED.with_borrow_mut(|remembered| {
            remembered.remember(hash.to_text(), Found { holder: holder.clone(), keys, at: now });
        });
    }
}

/// Forgets a credential that is no longer good.
pub fn forget(hash: &SecretHash) {
    REMEMBERED.with_borrow_mut(|remembered| remembered.forget(&hash.to_text()));
}

#[derive(Default)]
struct Remembered {
    found: HashMap<String, Found>,
    /// The hashes in the order in which they came; some may be forgotten already.
    order: VecDeque<String>,
}

struct Found {
    holder: Holder,
    /// Which keys there were.
    keys: u64,
    at: UnixTime,
}

impl Remembered {
    fn recall(&self, hash: &str, keys: u64, bound: Lifetime, now: UnixTime) -> Option<Holder> {
        let Found { holder, keys: under, at } = self.found.get(hash)?;
        let is_young = at.is_recent(bound, now);
        (*under == keys && is_young && !holder.expires_at.has_passed(now)).then(|| holder.clone())
    }

    fn remember(&mut self, hash: String, found: Found) {
        if self.found.insert(hash.clone(), found).is_some() {
            return;
        }
        self.order.push_back(hash);
        while self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.found.remove(&oldest);
        }
    }

    fn forget(&mut self, hash: &str) {
        if self.found.remove(hash).is_some() {
            self.order.retain(|known| known != hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_protocol::access::Credential;
    use latchkey_protocol::identifier::{AccountId, PersonalAccessTokenId};
    use latchkey_protocol::scope::Scope;

    use crate::platform::RuntimeEntropy;

    fn holder(expires_at: u64) -> Holder {
        let mut entropy = RuntimeEntropy;
        Holder {
            subject: AccountId::generate(&mut entropy).into(),
            credential: Credential::PersonalAccessToken {
                id: PersonalAccessTokenId::generate(&mut entropy),
            },
            label: None,
            scope: Scope::default(),
            resources: Vec::new(),
            expires_at: UnixTime::from_seconds(expires_at),
        }
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn needs_30_a_good_answer_counts_for_the_revocation_bound_and_no_second_longer() {
        let mut remembered = Remembered::default();
        remembered.remember("a".to_owned(), Found { holder: holder(1_000), keys: 1, at: at(100) });
        let bound = Lifetime::seconds(10);
        assert!(remembered.recall("a", 1, bound, at(100)).is_some());
        assert!(remembered.recall("a", 1, bound, at(109)).is_some());
        assert!(remembered.recall("a", 1, bound, at(110)).is_none());
        assert!(remembered.recall("a", 1, Lifetime::seconds(0), at(100)).is_none());
        assert!(remembered.recall("b", 1, bound, at(100)).is_none());
    }

    #[test]
    fn mrs_12_a_remembered_credential_ends_with_its_time() {
        let mut remembered = Remembered::default();
        remembered.remember("a".to_owned(), Found { holder: holder(105), keys: 1, at: at(100) });
        assert!(remembered.recall("a", 1, Lifetime::minutes(5), at(104)).is_some());
        assert!(remembered.recall("a", 1, Lifetime::minutes(5), at(105)).is_none());
    }

    #[test]
    fn issue_7_what_was_found_under_other_keys_is_asked_again() {
        let mut remembered = Remembered::default();
        let found = Found { holder: holder(1_000), keys: 1, at: at(100) };
        remembered.remember("a".to_owned(), found);
        let bound = Lifetime::minutes(5);
        assert!(remembered.recall("a", 1, bound, at(101)).is_some());
        assert!(remembered.recall("a", 2, bound, at(101)).is_none());
    }

    #[test]
    fn at_most_1000_credentials_are_remembered_and_the_oldest_goes_first() {
        let mut remembered = Remembered::default();
        for number in 0..CAPACITY + 1 {
            remembered.remember(
                number.to_string(),
                Found { holder: holder(1_000), keys: 1, at: at(100) },
            );
            // Found again: it is no second entry.
            remembered.remember(
                number.to_string(),
                Found { holder: holder(1_000), keys: 1, at: at(101) },
            );
        }
        let bound = Lifetime::minutes(5);
        assert_eq!((remembered.found.len(), remembered.order.len()), (CAPACITY, CAPACITY));
        assert!(remembered.recall("0", 1, bound, at(101)).is_none());
        assert!(remembered.recall("1", 1, bound, at(101)).is_some());
        remembered.forget("1");
        assert!(remembered.recall("1", 1, bound, at(101)).is_none());
        assert_eq!(remembered.order.len(), CAPACITY - 1);
    }
}
