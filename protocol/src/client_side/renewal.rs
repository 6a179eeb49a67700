//! When a token is refreshed, and how long to wait after a refresh that failed for now.
//!
//! Only the client's own clock counts, from when the answer came: a clock that is wrong by minutes is
//! wrong at both ends of the comparison.

/// How often one call asks before it gives up for now.
const TRIES: u32 = 3;
/// The longest pause in milliseconds that a call waits out; a longer one is told to the caller.
const LONGEST_WAIT: u64 = 10_000;

/// What an access token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// To be used.
    Fresh,
    /// To be refreshed, and to be used if that fails for now.
    Due,
    /// Not to be used.
    Expired,
}

/// How fresh a token is at `now`. `obtained` and `expires` are of the same clock; all in milliseconds.
/// `minimum_validity` is what the caller needs, at most half of the token's life: a short token would
/// otherwise never be fresh. A token whose end the server didn't say is used until it is refused.
#[must_use]
pub fn freshness(
    now: u64,
    obtained: u64,
    expires: Option<u64>,
    minimum_validity: u64,
) -> Freshness {
    let Some(expires) = expires else { return Freshness::Fresh };
    let half = expires.saturating_sub(obtained) / 2;
    // A clock that was set back: the token's age is unknown, so it is refreshed while it may still do.
    if now < obtained {
        return Freshness::Due;
    }
    match expires.checked_sub(now) {
        None | Some(0) => Freshness::Expired,
        Some(left) if left < minimum_validity.min(half) => Freshness::Due,
        Some(_) => Freshness::Fresh,
    }
}

/// The pause before try `attempt` (the first repetition is 1), in milliseconds: what the server said,
/// else 1 and 2 seconds, and up to half as much again by `chance`, so that tabs and devices don't come
/// back together. `None` when it is longer than a call should wait, or there were tries enough.
#[must_use]
pub fn pause(attempt: u32, retry_after: Option<u32>, chance: u8) -> Option<u64> {
    let base = retry_after.map_or_else(
        || 1000_u64 << attempt.saturating_sub(1).min(5),
        |seconds| u64::from(seconds).max(1) * 1000,
    );
    let more = base * u64::from(chance) / 512;
    (attempt < TRIES && base <= LONGEST_WAIT).then_some(base + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn a_token_is_refreshed_in_time_and_used_while_that_fails() {
        let at = |now, validity| freshness(now, 0, Some(HOUR), validity);
        assert_eq!(at(0, 30_000), Freshness::Fresh);
        assert_eq!(at(HOUR - 30_000, 30_000), Freshness::Fresh);
        assert_eq!(at(HOUR - 29_999, 30_000), Freshness::Due);
        assert_eq!(at(HOUR - 1, 30_000), Freshness::Due);
        assert_eq!(at(HOUR, 30_000), Freshness::Expired);
        assert_eq!(at(HOUR - 1, 0), Freshness::Fresh);
        assert_eq!(freshness(HOUR, 0, None, 30_000), Freshness::Fresh);
    }

    #[test]
    fn a_token_of_short_life_is_fresh_for_half_of_it() {
        let at = |now| freshness(now, 100, Some(10_100), 30_000);
        assert_eq!(
            (at(100), at(5100), at(5101)),
            (Freshness::Fresh, Freshness::Fresh, Freshness::Due)
        );
    }

    #[test]
    fn needs_39_a_clock_that_was_set_back_costs_one_refresh_and_no_session() {
        assert_eq!(freshness(99, 100, Some(HOUR), 30_000), Freshness::Due);
        assert_eq!(freshness(u64::MAX, 100, Some(HOUR), 30_000), Freshness::Expired);
    }

    #[test]
    fn pauses_grow_listen_to_the_server_and_end() {
        assert_eq!(
            [1, 2, 3].map(|attempt| pause(attempt, None, 0)),
            [Some(1000), Some(2000), None]
        );
        assert_eq!(pause(1, Some(7), 0), Some(7000));
        assert_eq!(pause(1, Some(0), 0), Some(1000));
        assert_eq!(pause(1, Some(10), 255), Some(14_980));
        assert_eq!(pause(1, Some(11), 0), None);
        assert_eq!(pause(u32::MAX, None, 255), None);
    }
}
