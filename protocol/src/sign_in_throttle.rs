//! How often one may try to sign in with one identifier.
//!
//! Tries are counted before the password is looked at, whether or not the identifier has an account:
//! so a hundred tries at the same moment are a hundred tries, and waiting tells nobody who has an
//! account here.

use serde::{Deserialize, Serialize};

use crate::time::{Lifetime, UnixTime};

/// This many tries are free of waiting.
const FREE_TRIES: u32 = 5;
/// The longest wait. Short enough that nobody can lock another person out for long.
const LONGEST_WAIT: Lifetime = Lifetime::minutes(1);
/// Tries are forgotten after this long without one.
pub const FORGET_AFTER: Lifetime = Lifetime::hours(1);

/// The tries since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    count: u32,
    last_at: UnixTime,
}

/// What a try comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// The password may be checked; these are the tries to store.
    Allowed(Tries),
    /// Too soon. Nothing is to be stored: asking again doesn't prolong the wait.
    Wait(Lifetime),
}

impl Tries {
    /// When they can be forgotten.
    #[must_use]
    pub const fn forget_at(self) -> UnixTime {
        self.last_at.plus(FORGET_AFTER)
    }

    /// How long the next try has to wait after the last one.
    fn wait(self) -> Lifetime {
        match self.count.checked_sub(FREE_TRIES) {
            None => Lifetime::seconds(0),
            // 2, 4, 8 … seconds after the free tries.
            Some(over) => Lifetime::seconds(2 << over.min(10)).min(LONGEST_WAIT),
        }
    }
}

/// Another try at `now`, given the ones before.
#[must_use]
pub fn try_again(earlier: Option<Tries>, now: UnixTime) -> Try {
    let earlier = earlier.filter(|tries| !tries.forget_at().has_passed(now));
    if let Some(tries) = earlier {
        let may_try_at = tries.last_at.plus(tries.wait());
        // A last try that is still to come was counted by a clock that has been set back since: waiting for
        // it could take for ever.
        if may_try_at > now && tries.last_at <= now {
            return Try::Wait(may_try_at.since(now));
        }
    }
    let count = earlier.map_or(0, |tries| tries.count).saturating_add(1);
    Try::Allowed(Tries { count, last_at: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::from_seconds(1_000_000);

    fn allowed(earlier: Option<Tries>, now: UnixTime) -> Tries {
        match try_again(earlier, now) {
            Try::Allowed(tries) => tries,
            Try::Wait(wait) => panic!("has to wait {wait:?}"),
        }
    }

    /// The state after `count` tries, each as early as it may be.
    fn after(count: u32) -> Tries {
        let mut tries = allowed(None, START);
        for _ in 1..count {
            tries = allowed(Some(tries), tries.last_at.plus(tries.wait()));
        }
        tries
    }

    #[test]
    fn five_tries_at_the_same_moment_are_free_and_the_sixth_waits() {
        let mut tries = None;
        for _ in 0..5 {
            tries = Some(allowed(tries, START));
        }
        assert_eq!(try_again(tries, START), Try::Wait(Lifetime::seconds(2)));
        let one_second_later = START.plus(Lifetime::seconds(1));
        assert_eq!(
            try_again(tries, one_second_later),
            Try::Wait(Lifetime::seconds(1)),
            "asking again does not prolong the wait"
        );
        assert_eq!(allowed(tries, START.plus(Lifetime::seconds(2))).count, 6);
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        for (count, seconds) in [(4, 0), (5, 2), (6, 4), (7, 8), (9, 32), (10, 60), (100, 60)] {
            assert_eq!(after(count).wait(), Lifetime::seconds(seconds), "after {count}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let tries = after(20);
        let back = START.minus(Lifetime::minutes(30));
        let counted = allowed(Some(tries), back);
        assert_eq!(counted.count, 21, "what was counted still counts");
        assert_eq!(try_again(Some(counted), back), Try::Wait(LONGEST_WAIT));
        let _ = allowed(Some(counted), back.plus(LONGEST_WAIT));
    }

    #[test]
    fn tries_are_forgotten_after_an_hour_without_one() {
        let tries = after(20);
        assert_eq!(allowed(Some(tries), tries.forget_at()).count, 1);
    }
}
