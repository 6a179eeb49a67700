//! Which entries of an activity log go to the account together.
//!
//! A client may call many times a second. Each entry would be a message of its own to the person's account, which costs as
//! much as the call; so the first one waits a moment, and takes along whatever comes meanwhile.

use latchkey_protocol::identifier::AccountId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use crate::objects::account::messages::LogEntry;

/// How long the first entry waits for others.
pub const TOGETHER: Duration = Duration::from_millis(200);
/// So many entries wait for no more.
const MOST: usize = 50;
/// A batch that is older than this, in milliseconds, is sent by whoever finds it: the request that was to send it has ended.
const OVERDUE: u64 = 2_000;

thread_local! {
    static WAITING: RefCell<Batches> = RefCell::default();
}

/// What is to be done by whoever added an entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait for [`TOGETHER`], then send what there is.
    Wait,
    /// Send these now.
    Send(Vec<LogEntry>),
    /// Nothing: another request sends it.
    Leave,
}

/// Adds an entry, `now` in milliseconds since the epoch.
pub fn add(account: &AccountId, entry: LogEntry, now: u64) -> Next {
    WAITING.with_borrow_mut(|batches| batches.add(account, entry, now))
}

/// Takes what waits for an account.
pub fn take(account: &AccountId) -> Vec<LogEntry> {
    WAITING.with_borrow_mut(|batches| batches.take(account))
}

#[derive(Default)]
struct Batches(HashMap<AccountId, Batch>);

struct Batch {
    entries: Vec<LogEntry>,
    begun_at: u64,
}

impl Batches {
    fn add(&mut self, account: &AccountId, entry: LogEntry, now: u64) -> Next {
        let Some(batch) = self.0.get_mut(account) else {
            self.0.insert(account.clone(), Batch { entries: vec![entry], begun_at: now });
            return Next::Wait;
        };
        batch.entries.push(entry);
        let is_overdue = now.saturating_sub(batch.begun_at) > OVERDUE;
        if batch.entries.len() >= MOST || is_overdue {
            // What comes next begins a batch whose sender is this one's, if it still waits.
            let entries = mem::take(&mut batch.entries);
            if is_overdue {
                self.0.remove(account);
            } else {
                batch.begun_at = now;
            }
            return Next::Send(entries);
        }
        Next::Leave
    }

    fn take(&mut self, account: &AccountId) -> Vec<LogEntry> {
        self.0.remove(account).map(|batch| batch.entries).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::RuntimeEntropy;
    use latchkey_protocol::activity::Activity;
    use latchkey_protocol::time::UnixTime;

    fn entry(seconds: u64) -> LogEntry {
        LogEntry { activity: Activity::SignedOut, at: UnixTime::from_seconds(seconds) }
    }

    fn account() -> AccountId {
        AccountId::generate(&mut RuntimeEntropy)
    }

    #[test]
    fn the_first_entry_waits_and_takes_the_next_ones_of_its_account_along() {
        let (mut batches, one, other) = (Batches::default(), account(), account());
        assert_eq!(batches.add(&one, entry(1), 0), Next::Wait);
        assert_eq!(batches.add(&one, entry(2), 10), Next::Leave);
        assert_eq!(batches.add(&other, entry(3), 20), Next::Wait);
        assert_eq!(batches.take(&one), [entry(1), entry(2)]);
        assert_eq!(batches.take(&one), []);
        assert_eq!(batches.add(&one, entry(4), 30), Next::Wait);
        assert_eq!(batches.take(&other), [entry(3)]);
    }

    #[test]
    fn a_full_batch_goes_at_once_and_the_rest_with_who_waits() {
        let (mut batches, account) = (Batches::default(), account());
        assert_eq!(batches.add(&account, entry(0), 0), Next::Wait);
        for _ in 2..MOST {
            assert_eq!(batches.add(&account, entry(1), 0), Next::Leave);
        }
        let Next::Send(entries) = batches.add(&account, entry(1), 0) else { panic!("not full") };
        assert_eq!(entries.len(), MOST);
        assert_eq!(batches.add(&account, entry(2), 0), Next::Leave);
        assert_eq!(batches.take(&account), [entry(2)]);
    }

    #[test]
    fn what_was_left_behind_goes_with_the_next_entry() {
        let (mut batches, account) = (Batches::default(), account());
        assert_eq!(batches.add(&account, entry(1), 0), Next::Wait);
        assert_eq!(
            batches.add(&account, entry(2), OVERDUE + 1),
            Next::Send(vec![entry(1), entry(2)])
        );
        assert_eq!(batches.add(&account, entry(3), OVERDUE + 2), Next::Wait);
    }
}
