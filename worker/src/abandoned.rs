//! Which work the platform has ended without a word.
//!
//! When a client hangs up, or something takes too long, the platform ends the request: what its work waits for never comes, and
//! nobody is told. What it had in the isolate's memory would stay there for good, so it is let go once it has had every chance to
//! go on. Work that may wait longer than [`CHANCE`] for something without a time of its own does a step now and then:
//! [`patiently`](crate::wait::patiently).

use std::time::Duration;

/// Beyond the longest time that it wanted to wait itself, in milliseconds.
const CHANCE: u64 = 2 * 60_000;
/// No more than this passes from one look at the clock to the next, in milliseconds: one that was set, or an isolate that slept, gave
/// nobody a chance.
const MOST_AT_ONCE: u64 = 60_000;
/// How often it is looked for, in milliseconds.
const LOOK_EVERY: u64 = 10_000;

/// The time that has passed for certain, in milliseconds since the isolate began.
#[derive(Debug)]
pub struct Passed {
    total: u64,
    /// What the clock said last.
    seen: Option<u64>,
    looked_at: u64,
}

impl Passed {
    /// None yet.
    pub const fn begin() -> Self {
        Self { total: 0, seen: None, looked_at: 0 }
    }

    /// All of it.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The clock says `now`, in milliseconds since the epoch. Whether it is time to look for what was abandoned.
    pub fn at(&mut self, now: u64) -> bool {
        let seen = self.seen.replace(now).unwrap_or(now);
        self.total = self.total.saturating_add(now.saturating_sub(seen).min(MOST_AT_ONCE));
        let is_time = self.total.saturating_sub(self.looked_at) >= LOOK_EVERY;
        if is_time {
            self.looked_at = self.total;
        }
        is_time
    }

    /// Whether work goes on no more whose last step was at `last_step`, and which never wanted to wait longer than for `longest`.
    pub fn is_abandoned(&self, last_step: u64, longest: Duration) -> bool {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        self.total.saturating_sub(last_step) > longest.saturating_add(CHANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000;
    const NOT_LONG: Duration = Duration::from_secs(10);

    #[test]
    fn issue_7_work_is_abandoned_once_it_had_two_minutes_more_than_it_wanted() {
        let mut passed = Passed::begin();
        assert!(!passed.at(NOW));
        let mut looks = 0;
        for second in 1..=130 {
            looks += u32::from(passed.at(NOW + second * 1_000));
            assert!(!passed.is_abandoned(0, NOT_LONG), "{second}");
        }
        assert_eq!(looks, 13);
        passed.at(NOW + 130_001);
        assert!(passed.is_abandoned(0, NOT_LONG));
        assert!(!passed.is_abandoned(0, Duration::from_secs(11)));
        assert!(!passed.is_abandoned(1, NOT_LONG));
        assert!(!passed.is_abandoned(0, Duration::MAX));
    }

    #[test]
    fn issue_7_a_clock_that_was_set_and_an_isolate_that_slept_abandon_nothing() {
        let mut passed = Passed::begin();
        passed.at(NOW);
        passed.at(NOW + 86_400_000);
        passed.at(NOW - 86_400_000);
        assert_eq!(passed.total(), MOST_AT_ONCE);
        assert!(!passed.is_abandoned(0, Duration::ZERO));
        passed.at(NOW - 86_400_000 + 5);
        assert_eq!(passed.total(), MOST_AT_ONCE + 5);
    }
}
