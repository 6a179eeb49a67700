//! Points in time and durations, in whole seconds.
//!
//! The current time is always an argument named `now`; this crate never reads a clock.

use crate::json::FromJson;
use serde::Serialize;

/// A point in time: seconds since 1970-01-01T00:00:00Z, as in a JWT `NumericDate`
/// ([RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, FromJson)]
#[serde(transparent)]
pub struct UnixTime(u64);

impl UnixTime {
    /// Wraps a number of seconds since the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This time plus `lifetime`, saturating at the end of time.
    #[must_use]
    pub const fn plus(self, lifetime: Lifetime) -> Self {
        Self(self.0.saturating_add(lifetime.0))
    }

    /// This time minus `lifetime`, saturating at the epoch.
    #[must_use]
    pub const fn minus(self, lifetime: Lifetime) -> Self {
        Self(self.0.saturating_sub(lifetime.0))
    }

    /// The end of the day, in UTC, that this time is in.
    #[must_use]
    pub const fn end_of_day(self) -> Self {
        let day = Lifetime::days(1);
        Self(self.0 - self.0 % day.0).plus(day)
    }

    /// How long it has been since `earlier`; zero when `earlier` lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Lifetime {
        Lifetime(self.0.saturating_sub(earlier.0))
    }

    /// Whether `now` is less than `lifetime` after this time. A time that is still to come isn't recent: the
    /// clock was set back, and nobody can say how old it is.
    #[must_use]
    pub const fn is_recent(self, lifetime: Lifetime, now: Self) -> bool {
        self.0 <= now.0 && now.since(self).0 < lifetime.0
    }

    /// Whether something that ends at this time has ended by `now`. The last second is excluded:
    /// what expires at 100 is expired at 100.
    #[must_use]
    pub const fn has_passed(self, now: Self) -> bool {
        now.0 >= self.0
    }
}

/// A duration in whole seconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, FromJson,
)]
#[serde(transparent)]
pub struct Lifetime(u64);

impl Lifetime {
    /// A duration of `seconds`.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// A duration of `minutes`.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes.saturating_mul(60))
    }

    /// A duration of `hours`.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(hours.saturating_mul(60 * 60))
    }

    /// A duration of `days`, each of 86,400 seconds.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(days.saturating_mul(24 * 60 * 60))
    }

    /// The duration in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_at_a_second_is_expired_in_that_second() {
        let end = UnixTime::from_seconds(100);
        assert!(!end.has_passed(UnixTime::from_seconds(99)));
        assert!(end.has_passed(UnixTime::from_seconds(100)));
    }

    #[test]
    fn a_day_ends_when_the_next_one_begins() {
        let end = |seconds| UnixTime::from_seconds(seconds).end_of_day().seconds();
        assert_eq!(
            [end(0), end(86_399), end(86_400), end(86_401)],
            [86_400, 86_400, 172_800, 172_800]
        );
        assert_eq!(end(u64::MAX), u64::MAX);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let end = UnixTime::from_seconds(u64::MAX);
        assert_eq!(end.plus(Lifetime::days(1)), end);
        assert_eq!(UnixTime::from_seconds(5).minus(Lifetime::minutes(1)).seconds(), 0);
        assert_eq!(UnixTime::from_seconds(5).since(end), Lifetime::seconds(0));
        assert_eq!(Lifetime::days(u64::MAX).as_seconds(), u64::MAX);
    }
}
