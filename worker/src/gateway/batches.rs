//! Which entries of an activity log go to the account together.
//!
//! A client may call many times a second. While one message with entries is on its way to the person's account, what comes
//! meanwhile waits for it, and goes as one message next: in the order in which it happened, and without waiting for a clock.

use latchkey_protocol::identifier::AccountId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem;

use crate::objects::account::messages::LogEntry;

/// So many entries wait for no message.
const MOST: usize = 50;
/// After so many messages another request goes on: the platform ends whatever a request does after 30 seconds.
const ROUNDS: u32 = 5;
/// A message that has been on its way for longer than this, in milliseconds, has nobody any more who waits for it.
const OVERDUE: u64 = 15_000;

thread_local! {
    static WAITING: RefCell<Batches> = RefCell::default();
}

/// Entries that whoever gets them has to send, and then has to ask for the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn {
    /// What to send.
    pub entries: Vec<LogEntry>,
    sender: u64,
}

/// Adds an entry, `now` in milliseconds since the epoch. `None`: it goes with the next message of somebody else.
pub fn add(account: &AccountId, entry: LogEntry, now: u64) -> Option<Turn> {
    WAITING.with_borrow_mut(|batches| batches.add(account, entry, now))
}

/// What has come while the entries of `turn` were on their way.
pub fn next(account: &AccountId, turn: &Turn, now: u64) -> Option<Turn> {
    WAITING.with_borrow_mut(|batches| batches.next(account, turn, now))
}

#[derive(Default)]
struct Batches {
    batches: HashMap<AccountId, Batch>,
    senders: u64,
}

/// What waits while a message is on its way.
struct Batch {
    entries: Vec<LogEntry>,
    sender: u64,
    rounds: u32,
    sent_at: u64,
}

impl Batches {
    fn add(&mut self, account: &AccountId, entry: LogEntry, now: u64) -> Option<Turn> {
        let mut entries = vec![entry];
        if let Some(batch) = self.batches.get_mut(account) {
            batch.entries.append(&mut entries);
            let waits = batch.entries.len() < MOST
                && batch.rounds < ROUNDS
                && now.saturating_sub(batch.sent_at) <= OVERDUE;
            if waits {
                return None;
            }
            entries = mem::take(&mut batch.entries);
        }
        self.senders = self.senders.wrapping_add(1);
        let sender = self.senders;
        let batch = Batch { entries: Vec::new(), sender, rounds: 0, sent_at: now };
        self.batches.insert(account.clone(), batch);
        Some(Turn { entries, sender })
    }

    fn next(&mut self, account: &AccountId, turn: &Turn, now: u64) -> Option<Turn> {
        let batch = self.batches.get_mut(account).filter(|batch| batch.sender == turn.sender)?;
        if batch.entries.is_empty() {
            self.batches.remove(account);
            return None;
        }
        batch.rounds = batch.rounds.saturating_add(1);
        batch.sent_at = now;
        Some(Turn { entries: mem::take(&mut batch.entries), sender: turn.sender })
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
    fn an_entry_goes_at_once_and_what_comes_meanwhile_goes_together_after_it() {
        let (mut batches, one, other) = (Batches::default(), account(), account());
        let first = batches.add(&one, entry(1), 0).expect("nothing is on its way");
        assert_eq!(first.entries, [entry(1)]);
        assert_eq!(batches.add(&one, entry(2), 1), None);
        assert_eq!(batches.add(&one, entry(3), 2), None);
        assert!(batches.add(&other, entry(4), 3).is_some(), "another account's");
        let second = batches.next(&one, &first, 4).expect("two wait");
        assert_eq!(second.entries, [entry(2), entry(3)]);
        assert_eq!(batches.next(&one, &second, 5), None);
        assert!(batches.add(&one, entry(5), 6).is_some());
    }

    #[test]
    fn nobody_sends_for_the_others_without_end() {
        let (mut batches, account) = (Batches::default(), account());
        let mut turn = batches.add(&account, entry(0), 0).expect("the first");
        for _ in 0..ROUNDS {
            assert_eq!(batches.add(&account, entry(1), 0), None);
            turn = batches.next(&account, &turn, 0).expect("one waits");
        }
        let successor = batches.add(&account, entry(2), 0).expect("the next one goes on");
        assert_eq!(successor.entries, [entry(2)]);
        assert_eq!(batches.add(&account, entry(3), 0), None);
        assert_eq!(batches.next(&account, &turn, 0), None, "it is the successor's");
        assert_eq!(batches.next(&account, &successor, 0).expect("one waits").entries, [entry(3)]);
    }

    #[test]
    fn many_entries_and_those_of_a_request_that_ended_wait_for_nobody() {
        let (mut batches, account) = (Batches::default(), account());
        assert!(batches.add(&account, entry(0), 0).is_some());
        for _ in 1..MOST {
            assert_eq!(batches.add(&account, entry(1), 0), None);
        }
        let full = batches.add(&account, entry(1), 0).expect("too many to wait");
        assert_eq!(full.entries.len(), MOST);
        assert_eq!(batches.add(&account, entry(2), OVERDUE), None);
        let late = batches.add(&account, entry(3), OVERDUE + 1).expect("nobody sends them");
        assert_eq!(late.entries, [entry(2), entry(3)]);
    }
}
