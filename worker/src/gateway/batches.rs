//! Which entries of an activity log go to the account together.
//!
//! An entry goes at once, if none of the same person went just before. A client may call many times a second: what comes while
//! a message with entries is on its way, or too soon after one, goes together as the next message, in the order in which it happened.

use latchkey_protocol::identifier::AccountId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use crate::objects::account::messages::LogEntry;

/// From one message to the next, where entries may wait at all: a page that somebody opens right afterwards has them.
pub const PACE: Duration = Duration::from_millis(250);
/// So many entries wait for no message.
const MOST: usize = 50;
/// After so many messages another request goes on: the platform ends whatever a request does after 30 seconds.
const ROUNDS: u32 = 5;
/// A message that has been on its way for longer than this, in milliseconds, has nobody any more who waits for it.
const OVERDUE: u64 = 15_000;
/// With more accounts than this, those that have nothing waiting are forgotten.
const ACCOUNTS: usize = 500;

thread_local! {
    static WAITING: RefCell<Batches> = RefCell::default();
}

/// The duty to send what waits, after a while, and then to ask for the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn {
    /// How long to wait before.
    pub wait: Duration,
    sender: u64,
}

/// Adds an entry that may wait for `pace`, `now` in milliseconds since the epoch. `None`: it goes with a message of somebody else.
pub fn add(account: &AccountId, entry: LogEntry, pace: Duration, now: u64) -> Option<Turn> {
    WAITING.with_borrow_mut(|batches| batches.add(account, entry, pace, now))
}

/// What whoever has the turn has to send. `None`: another has done it.
pub fn take(account: &AccountId, turn: &Turn, now: u64) -> Option<Vec<LogEntry>> {
    WAITING.with_borrow_mut(|batches| batches.take(account, turn, now))
}

/// Whether more has come while the entries of `turn` were on their way.
pub fn next(account: &AccountId, turn: &Turn, pace: Duration, now: u64) -> Option<Turn> {
    WAITING.with_borrow_mut(|batches| batches.next(account, turn, pace, now))
}

#[derive(Default)]
struct Batches {
    batches: HashMap<AccountId, Batch>,
    senders: u64,
}

/// What waits to be sent to one account.
#[derive(Default)]
struct Batch {
    entries: Vec<LogEntry>,
    /// Whose turn it is, if anybody's.
    sender: Option<u64>,
    /// Whether a message is to leave, rather than on its way.
    is_due: bool,
    /// Whether one of the entries may not wait.
    is_urgent: bool,
    rounds: u32,
    /// When the last message left, or when the one that is due will; 0 before the first.
    leaves_at: u64,
}

impl Batch {
    /// How long what waits has to go on waiting.
    fn wait(&self, pace: Duration, now: u64) -> Duration {
        if self.is_urgent || self.entries.len() >= MOST || self.is_overdue(now) {
            return Duration::ZERO;
        }
        if self.is_due {
            return Duration::from_millis(self.leaves_at.saturating_sub(now)).min(pace);
        }
        pace.saturating_sub(Duration::from_millis(now.saturating_sub(self.leaves_at)))
    }

    /// Whether whoever has the turn must have ended before it came to anything, or the clock was set.
    fn is_overdue(&self, now: u64) -> bool {
        now.abs_diff(self.leaves_at) > OVERDUE
    }

    /// Gives the turn to `sender`, who is to wait for so long.
    fn begin(&mut self, sender: u64, wait: Duration, now: u64) -> Turn {
        self.sender = Some(sender);
        self.is_due = true;
        self.leaves_at = now.saturating_add(wait.as_millis().try_into().unwrap_or(u64::MAX));
        Turn { wait, sender }
    }
}

impl Batches {
    fn add(
        &mut self,
        account: &AccountId,
        entry: LogEntry,
        pace: Duration,
        now: u64,
    ) -> Option<Turn> {
        if self.batches.len() >= ACCOUNTS && !self.batches.contains_key(account) {
            self.batches.retain(|_, batch| batch.sender.is_some());
        }
        let batch = self.batches.entry(account.clone()).or_default();
        batch.entries.push(entry);
        batch.is_urgent |= pace.is_zero();
        let wait = batch.wait(pace, now);
        // One that is on its way is waited for, also by what is urgent: what happened before is told before.
        let is_soon = !batch.is_overdue(now)
            && batch.entries.len() < MOST
            && batch.rounds < ROUNDS
            && !(batch.is_due && batch.is_urgent);
        if batch.sender.is_some() && is_soon {
            return None;
        }
        self.senders = self.senders.wrapping_add(1);
        batch.rounds = 0;
        Some(batch.begin(self.senders, wait, now))
    }

    fn take(&mut self, account: &AccountId, turn: &Turn, now: u64) -> Option<Vec<LogEntry>> {
        let batch = self.of_turn(account, turn)?;
        batch.is_due = false;
        batch.is_urgent = false;
        batch.leaves_at = now;
        Some(mem::take(&mut batch.entries))
    }

    fn next(&mut self, account: &AccountId, turn: &Turn, pace: Duration, now: u64) -> Option<Turn> {
        let batch = self.of_turn(account, turn)?;
        if batch.entries.is_empty() {
            batch.sender = None;
            if pace.is_zero() {
                self.batches.remove(account);
            }
            return None;
        }
        batch.rounds = batch.rounds.saturating_add(1);
        let wait = batch.wait(pace, now);
        Some(batch.begin(turn.sender, wait, now))
    }

    fn of_turn(&mut self, account: &AccountId, turn: &Turn) -> Option<&mut Batch> {
        self.batches.get_mut(account).filter(|batch| batch.sender == Some(turn.sender))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::RuntimeEntropy;
    use latchkey_protocol::activity::Activity;
    use latchkey_protocol::time::UnixTime;

    /// Of a resource where each call asks.
    const EXACT: Duration = Duration::ZERO;
    /// Some time in milliseconds, long after the epoch.
    const NOW: u64 = 1_000_000;

    fn entry(seconds: u64) -> LogEntry {
        LogEntry { activity: Activity::SignedOut, at: UnixTime::from_seconds(seconds) }
    }

    fn account() -> AccountId {
        AccountId::generate(&mut RuntimeEntropy)
    }

    /// Adds an entry that has the turn, at once, and takes what is to be sent.
    fn goes(batches: &mut Batches, account: &AccountId, pace: Duration, now: u64) -> Turn {
        let turn = batches.add(account, entry(0), pace, now).expect("the turn");
        assert_eq!(turn.wait, Duration::ZERO);
        assert_eq!(batches.take(account, &turn, now), Some(vec![entry(0)]));
        turn
    }

    #[test]
    fn an_entry_goes_at_once_and_what_comes_meanwhile_goes_together_after_it() {
        let (mut batches, one, other) = (Batches::default(), account(), account());
        let first = goes(&mut batches, &one, EXACT, NOW);
        assert_eq!(batches.add(&one, entry(2), EXACT, NOW + 1), None);
        assert_eq!(batches.add(&one, entry(3), EXACT, NOW + 2), None);
        goes(&mut batches, &other, EXACT, NOW + 3);
        let second = batches.next(&one, &first, EXACT, NOW + 4).expect("two wait");
        assert_eq!(second.wait, Duration::ZERO);
        assert_eq!(batches.take(&one, &second, NOW + 4), Some(vec![entry(2), entry(3)]));
        assert_eq!(batches.next(&one, &second, EXACT, NOW + 5), None);
        goes(&mut batches, &one, EXACT, NOW + 6);
    }

    #[test]
    fn issue_6_where_a_revocation_may_be_known_late_a_busy_client_s_calls_go_four_times_a_second() {
        let (mut batches, account) = (Batches::default(), account());
        let first = goes(&mut batches, &account, PACE, NOW);
        assert_eq!(batches.next(&account, &first, PACE, NOW + 1), None);
        let second = batches.add(&account, entry(2), PACE, NOW + 50).expect("nobody has the turn");
        assert_eq!(second.wait, Duration::from_millis(200));
        assert_eq!(batches.add(&account, entry(3), PACE, NOW + 249), None, "it goes with that");
        assert_eq!(batches.take(&account, &second, NOW + 250), Some(vec![entry(2), entry(3)]));
        assert_eq!(batches.add(&account, entry(4), PACE, NOW + 251), None, "one is on its way");
        let third = batches.next(&account, &second, PACE, NOW + 260).expect("one waits");
        assert_eq!(third.wait, Duration::from_millis(240));
        assert_eq!(batches.take(&account, &third, NOW + 500), Some(vec![entry(4)]));
        assert_eq!(batches.next(&account, &third, PACE, NOW + 501), None);
        goes(&mut batches, &account, PACE, NOW + 750);
    }

    #[test]
    fn what_may_not_wait_takes_along_what_waits() {
        let (mut batches, account) = (Batches::default(), account());
        let first = goes(&mut batches, &account, PACE, NOW);
        assert_eq!(batches.next(&account, &first, PACE, NOW + 1), None);
        let waiting = batches.add(&account, entry(2), PACE, NOW + 2).expect("the turn");
        let urgent = batches.add(&account, entry(3), EXACT, NOW + 3).expect("it doesn't wait");
        assert_eq!(urgent.wait, Duration::ZERO);
        assert_eq!(batches.take(&account, &urgent, NOW + 3), Some(vec![entry(2), entry(3)]));
        assert_eq!(batches.take(&account, &waiting, NOW + 250), None, "another has sent it");
        assert_eq!(batches.add(&account, entry(4), EXACT, NOW + 251), None, "one is on its way");
        let after = batches.next(&account, &urgent, PACE, NOW + 252).expect("one waits");
        assert_eq!(after.wait, Duration::ZERO, "it is urgent, whoever sends it");
    }

    #[test]
    fn nobody_sends_for_the_others_without_end() {
        let (mut batches, account) = (Batches::default(), account());
        let mut turn = goes(&mut batches, &account, EXACT, NOW);
        for _ in 0..ROUNDS {
            assert_eq!(batches.add(&account, entry(1), EXACT, NOW), None);
            turn = batches.next(&account, &turn, EXACT, NOW).expect("one waits");
            assert_eq!(batches.take(&account, &turn, NOW), Some(vec![entry(1)]));
        }
        let successor = goes(&mut batches, &account, EXACT, NOW);
        assert_eq!(batches.add(&account, entry(3), EXACT, NOW), None);
        assert_eq!(batches.next(&account, &turn, EXACT, NOW), None, "it is the successor's");
        let last = batches.next(&account, &successor, EXACT, NOW).expect("one waits");
        assert_eq!(batches.take(&account, &last, NOW), Some(vec![entry(3)]));
    }

    #[test]
    fn many_entries_and_those_of_a_request_that_ended_wait_for_nobody() {
        for pace in [EXACT, PACE] {
            let (mut batches, account) = (Batches::default(), account());
            goes(&mut batches, &account, pace, NOW);
            for _ in 1..MOST {
                assert_eq!(batches.add(&account, entry(1), pace, NOW), None);
            }
            let full = batches.add(&account, entry(1), pace, NOW).expect("too many to wait");
            assert_eq!(full.wait, Duration::ZERO);
            assert_eq!(batches.take(&account, &full, NOW).map(|entries| entries.len()), Some(MOST));
            assert_eq!(batches.add(&account, entry(2), pace, NOW + OVERDUE), None);
            let late = batches.add(&account, entry(3), pace, NOW + OVERDUE + 1).expect("the turn");
            assert_eq!(late.wait, Duration::ZERO);
            assert_eq!(batches.take(&account, &late, NOW), Some(vec![entry(2), entry(3)]));
        }
    }

    #[test]
    fn issue_7_after_the_clock_was_set_back_nothing_waits_for_the_time_before() {
        let (mut batches, account) = (Batches::default(), account());
        let first = goes(&mut batches, &account, PACE, NOW);
        assert_eq!(batches.next(&account, &first, PACE, NOW), None);
        let lost = batches.add(&account, entry(1), PACE, NOW).expect("the turn");
        let back = NOW - 2 * OVERDUE;
        let turn = batches.add(&account, entry(2), PACE, back).expect("the turn again");
        assert_eq!(turn.wait, Duration::ZERO);
        assert_eq!(batches.take(&account, &lost, back), None);
        assert_eq!(batches.take(&account, &turn, back), Some(vec![entry(1), entry(2)]));
    }

    #[test]
    fn accounts_with_nothing_waiting_are_forgotten_when_there_are_many() {
        let mut batches = Batches::default();
        for _ in 0..ACCOUNTS * 2 {
            let account = account();
            let turn = goes(&mut batches, &account, PACE, NOW);
            assert_eq!(batches.next(&account, &turn, PACE, NOW), None);
        }
        assert!(batches.batches.len() <= ACCOUNTS);
    }
}
