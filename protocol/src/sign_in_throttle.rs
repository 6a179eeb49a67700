//! How often one may try to sign in with one identifier.
//!
//! Tries are counted before the password is looked at, whether or not the identifier has an account:
//! so a hundred tries at the same moment are a hundred tries, and waiting tells nobody who has an
//! account here. Those from a browser that has signed in with it before are counted apart, so that a stranger
//! who keeps trying makes other strangers wait, and not the person at their own desk.

use serde::Serialize;

use crate::json::FromJson;
use crate::time::{Lifetime, UnixTime};

/// This many tries are free of waiting.
const FREE_TRIES: u32 = 5;
/// The longest wait. Short enough that nobody can lock another person out for long.
const LONGEST_WAIT: Lifetime = Lifetime::minutes(1);
/// Tries are forgotten after this long without one.
pub const FORGET_AFTER: Lifetime = Lifetime::hours(1);

/// Where a try comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum TriedFrom {
    /// A browser that nobody has signed in with this identifier in.
    #[default]
    Elsewhere,
    /// One in which somebody has.
    KnownBrowser,
}

/// The tries since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
pub struct Tries {
    count: u32,
    last_at: UnixTime,
    /// Those from known browsers, which the two above leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<Counted>,
}

/// How many there were, and when the last one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
struct Counted {
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
    pub fn forget_at(self) -> UnixTime {
        let known = self.known.map_or(self.last_at, |known| known.last_at);
        self.last_at.max(known).plus(FORGET_AFTER)
    }

    const fn elsewhere(self) -> Counted {
        Counted { count: self.count, last_at: self.last_at }
    }
}

impl Counted {
    /// How long the next try has to wait after the last one.
    fn wait(self) -> Lifetime {
        match self.count.checked_sub(FREE_TRIES) {
            None => Lifetime::seconds(0),
            // 2, 4, 8 … seconds after the free tries.
            Some(over) => Lifetime::seconds(2 << over.min(10)).min(LONGEST_WAIT),
        }
    }

    /// With another try at `now`, or how long that has to wait.
    fn and_another(earlier: Option<Self>, now: UnixTime) -> Result<Self, Lifetime> {
        let earlier = earlier.filter(|tries| !tries.last_at.plus(FORGET_AFTER).has_passed(now));
        if let Some(tries) = earlier {
            let may_try_at = tries.last_at.plus(tries.wait());
            // A last try that is still to come was counted by a clock that has been set back since: waiting for
            // it could take for ever.
            if may_try_at > now && tries.last_at <= now {
                return Err(may_try_at.since(now));
            }
        }
        let count = earlier.map_or(0, |tries| tries.count).saturating_add(1);
        Ok(Self { count, last_at: now })
    }
}

/// Another try at `now`, given the ones before.
#[must_use]
pub fn try_again(earlier: Option<Tries>, from: TriedFrom, now: UnixTime) -> Try {
    let known = earlier.and_then(|tries| tries.known);
    let elsewhere = earlier.map(Tries::elsewhere);
    let counted = match from {
        TriedFrom::Elsewhere => Counted::and_another(elsewhere, now)
            .map(|Counted { count, last_at }| Tries { count, last_at, known }),
        TriedFrom::KnownBrowser => Counted::and_another(known, now).map(|counted| {
            let Counted { count, last_at } =
                elsewhere.unwrap_or(Counted { count: 0, last_at: now });
            Tries { count, last_at, known: Some(counted) }
        }),
    };
    counted.map_or_else(Try::Wait, Try::Allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::from_seconds(1_000_000);

    fn allowed(earlier: Option<Tries>, now: UnixTime) -> Tries {
        match try_again(earlier, TriedFrom::Elsewhere, now) {
            Try::Allowed(tries) => tries,
            Try::Wait(wait) => panic!("has to wait {wait:?}"),
        }
    }

    /// The state after `count` tries, each as early as it may be.
    fn after(count: u32) -> Tries {
        let mut tries = allowed(None, START);
        for _ in 1..count {
            tries = allowed(Some(tries), tries.last_at.plus(tries.elsewhere().wait()));
        }
        tries
    }

    #[test]
    fn five_tries_at_the_same_moment_are_free_and_the_sixth_waits() {
        let mut tries = None;
        for _ in 0..5 {
            tries = Some(allowed(tries, START));
        }
        assert_eq!(try_again(tries, TriedFrom::Elsewhere, START), Try::Wait(Lifetime::seconds(2)));
        let one_second_later = START.plus(Lifetime::seconds(1));
        assert_eq!(
            try_again(tries, TriedFrom::Elsewhere, one_second_later),
            Try::Wait(Lifetime::seconds(1)),
            "asking again does not prolong the wait"
        );
        assert_eq!(allowed(tries, START.plus(Lifetime::seconds(2))).count, 6);
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        for (count, seconds) in [(4, 0), (5, 2), (6, 4), (7, 8), (9, 32), (10, 60), (100, 60)] {
            assert_eq!(
                after(count).elsewhere().wait(),
                Lifetime::seconds(seconds),
                "after {count}"
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let tries = after(20);
        let back = START.minus(Lifetime::minutes(30));
        let counted = allowed(Some(tries), back);
        assert_eq!(counted.count, 21, "what was counted still counts");
        assert_eq!(try_again(Some(counted), TriedFrom::Elsewhere, back), Try::Wait(LONGEST_WAIT));
        let _ = allowed(Some(counted), back.plus(LONGEST_WAIT));
    }

    #[test]
    fn tries_are_forgotten_after_an_hour_without_one() {
        let tries = after(20);
        assert_eq!(allowed(Some(tries), tries.forget_at()).count, 1);
    }
    #[test]
    fn strangers_make_no_known_browser_wait_and_it_makes_none_of_them() {
        let strangers = after(20);
        let at = strangers.last_at;
        let from = |tries, from| try_again(Some(tries), from, at);
        assert_eq!(from(strangers, TriedFrom::Elsewhere), Try::Wait(LONGEST_WAIT));
        let mut tries = strangers;
        for _ in 0..5 {
            match from(tries, TriedFrom::KnownBrowser) {
                Try::Allowed(counted) => tries = counted,
                Try::Wait(wait) => panic!("has to wait {wait:?}"),
            }
        }
        assert_eq!(from(tries, TriedFrom::KnownBrowser), Try::Wait(Lifetime::seconds(2)));
        assert_eq!(from(tries, TriedFrom::Elsewhere), Try::Wait(LONGEST_WAIT), "as before");

        // A known browser first.
        let Try::Allowed(known) = try_again(None, TriedFrom::KnownBrowser, START) else {
            panic!("has to wait")
        };
        assert_eq!(known.elsewhere().count, 0);
        assert_eq!(known.forget_at(), START.plus(FORGET_AFTER));
    }

    #[test]
    fn tries_of_releases_that_knew_no_browser_read_the_same() {
        let text = r#"{"count":7,"last_at":1000000}"#;
        let tries: Tries = crate::json::read(text).expect("tries");
        assert_eq!(tries.elsewhere().count, 7);
        assert_eq!(serde_json::to_string(&tries).expect("text"), text);
    }
}
