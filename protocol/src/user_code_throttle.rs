//! How many wrong user codes a person may enter
//! ([RFC 8628 section 5.1](https://www.rfc-editor.org/rfc/rfc8628#section-5.1)).
//!
//! Counted for the account, not for the network address, so that people behind one address don't pay
//! for each other. A code is counted before it is looked up, so that a hundred at the same moment are a
//! hundred; one that was right is given back. A right code makes none of the wrong ones undone.

use serde::Serialize;

use crate::json::FromJson;
use crate::time::{Lifetime, UnixTime};

/// This many wrong codes in [`WINDOW`]. With 1.6 billion codes each of them hits one of a thousand
/// waiting devices once in 320,000 windows, and then only connects a stranger's device to the
/// guesser's own account.
const TRIES: usize = 5;
/// How long a wrong code counts: as long as a device code usually lives.
const WINDOW: Lifetime = Lifetime::minutes(10);

/// The codes that were tried lately, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, FromJson)]
pub struct UserCodeTries(Vec<UnixTime>);

/// What one more code comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCodeTry {
    /// It may be looked up; these are the tries to store.
    Allowed(UserCodeTries),
    /// Too many. Nothing is to be stored: asking again doesn't prolong the wait.
    Wait(Lifetime),
}

impl UserCodeTries {
    /// Counts a code that is about to be looked up.
    #[must_use]
    pub fn try_code(self, now: UnixTime) -> UserCodeTry {
        let mut times = self.0;
        // One that is still to come was counted by a clock that has been set back since.
        times.retain(|at| at.is_recent(WINDOW, now));
        match times.first() {
            Some(oldest) if times.len() >= TRIES => {
                UserCodeTry::Wait(oldest.plus(WINDOW).since(now))
            }
            _ => {
                times.push(now);
                UserCodeTry::Allowed(Self(times))
            }
        }
    }

    /// Gives the try of `at` back: its code was right.
    #[must_use]
    pub fn give_back(mut self, at: UnixTime) -> Self {
        if let Some(index) = self.0.iter().rposition(|tried| *tried == at) {
            self.0.remove(index);
        }
        self
    }

    /// When nothing of it counts any more.
    #[must_use]
    pub fn forget_at(&self) -> UnixTime {
        self.0.last().copied().unwrap_or(UnixTime::from_seconds(0)).plus(WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::from_seconds(1_000_000);

    const fn after(seconds: u64) -> UnixTime {
        START.plus(Lifetime::seconds(seconds))
    }

    fn allowed(tries: UserCodeTries, now: UnixTime) -> UserCodeTries {
        match tries.try_code(now) {
            UserCodeTry::Allowed(tries) => tries,
            UserCodeTry::Wait(wait) => panic!("has to wait {wait:?}"),
        }
    }

    fn five_at_once() -> UserCodeTries {
        (0..5).fold(UserCodeTries::default(), |tries, _| allowed(tries, START))
    }

    #[test]
    fn rfc8628_5_1_dev_06_five_codes_in_ten_minutes_and_the_sixth_waits() {
        let tries = five_at_once();
        assert_eq!(tries.clone().try_code(START), UserCodeTry::Wait(Lifetime::minutes(10)));
        assert_eq!(
            tries.clone().try_code(after(599)),
            UserCodeTry::Wait(Lifetime::seconds(1)),
            "asking again does not prolong the wait"
        );
        let later = allowed(tries, after(600));
        assert_eq!(later.forget_at(), after(1_200));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let back = START.minus(Lifetime::hours(1));
        let tries = (0..5).fold(five_at_once(), |tries, _| allowed(tries, back));
        assert_eq!(tries.try_code(back), UserCodeTry::Wait(Lifetime::minutes(10)));
    }

    #[test]
    fn dev_06_each_code_counts_for_its_own_ten_minutes() {
        let mut tries = UserCodeTries::default();
        for second in [0, 100, 200, 300, 400] {
            tries = allowed(tries, after(second));
        }
        assert_eq!(tries.clone().try_code(after(450)), UserCodeTry::Wait(Lifetime::seconds(150)));
        let tries = allowed(tries, after(600));
        assert_eq!(tries.try_code(after(650)), UserCodeTry::Wait(Lifetime::seconds(50)));
    }

    #[test]
    fn dev_06_a_right_code_costs_nothing_and_undoes_no_wrong_one() {
        let mut tries = UserCodeTries::default();
        for second in 0..4 {
            tries = allowed(tries, after(second));
        }
        for second in 10..20 {
            tries = allowed(tries, after(second)).give_back(after(second));
        }
        let tries = allowed(tries, after(30));
        assert!(matches!(tries.clone().try_code(after(31)), UserCodeTry::Wait(_)));
        // A try that isn't there gives nothing back.
        assert_eq!(tries.clone().give_back(after(99)), tries);
    }
}
