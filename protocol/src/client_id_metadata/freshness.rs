//! How long a document that was fetched is believed
//! ([section 4.4](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-4.4),
//! [RFC 9111 section 4.2](https://www.rfc-editor.org/rfc/rfc9111#section-4.2)).

use serde::Serialize;

use crate::client_metadata::ClientMetadata;
use crate::json::FromJson;
use crate::time::{Lifetime, UnixTime};

/// How long an answer is fresh, within this server's own bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness(Lifetime);

impl Freshness {
    /// However short the sender wants it: a document that is asked for with every request would let
    /// a stranger have the server fetch without end.
    pub const SHORTEST: Lifetime = Lifetime::minutes(5);
    /// However long the sender wants it.
    pub const LONGEST: Lifetime = Lifetime::days(7);
    /// When the sender doesn't say.
    pub const UNSTATED: Lifetime = Lifetime::hours(1);

    /// Reads `Cache-Control` and `Age`. `Expires` isn't looked at: whoever sends it sends a
    /// `max-age` too, or gets [`Self::UNSTATED`].
    ///
    /// `longest` is the deployment's own limit, at most [`Self::LONGEST`].
    #[must_use]
    pub fn of(cache_control: Option<&str>, age: Option<&str>, longest: Lifetime) -> Self {
        let longest = longest.min(Self::LONGEST);
        let shortest = Self::SHORTEST.min(longest);
        let directives = cache_control.unwrap_or_default().to_ascii_lowercase();
        let mut stated = None;
        for directive in directives.split(',').map(str::trim) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim() {
                "no-store" | "no-cache" | "private" => return Self(shortest),
                // The first one counts; what is no number is as good as unstated.
                "max-age" if stated.is_none() => {
                    stated = value.trim().trim_matches('"').parse::<u64>().ok();
                }
                _ => {}
            }
        }
        let age = age.and_then(|age| age.trim().parse::<u64>().ok()).unwrap_or_default();
        let wanted =
            stated.map_or(Self::UNSTATED, |seconds| Lifetime::seconds(seconds.saturating_sub(age)));
        Self(wanted.max(shortest).min(longest))
    }

    /// How long.
    #[must_use]
    pub const fn lifetime(self) -> Lifetime {
        self.0
    }
}

/// A document that was good, as it is kept.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct KeptDocument {
    /// What it said.
    pub metadata: ClientMetadata,
    /// When it was fetched.
    pub fetched_at: UnixTime,
    /// Until when it is used without asking again.
    pub fresh_until: UnixTime,
}

impl KeptDocument {
    /// How long after its fetch a document is still used when it can't be fetched anew. Then its
    /// client is as good as gone.
    pub const LAST_GOOD: Lifetime = Lifetime::days(30);

    /// Whether it can be used without asking again.
    #[must_use]
    pub fn is_fresh(&self, now: UnixTime) -> bool {
        !self.fresh_until.has_passed(now)
    }

    /// Whether it can be used when asking again fails.
    #[must_use]
    pub fn is_last_good(&self, now: UnixTime) -> bool {
        !self.fetched_at.plus(Self::LAST_GOOD).has_passed(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(cache_control: &str, age: Option<&str>) -> u64 {
        Freshness::of(Some(cache_control), age, Freshness::LONGEST).lifetime().as_seconds()
    }

    #[test]
    fn cim_08_a_document_is_fresh_as_its_headers_say_within_5_minutes_and_7_days() {
        for (cache_control, expected) in [
            ("max-age=3600", 3_600),
            ("public, max-age=86400", 86_400),
            ("Public , Max-Age = 86400", 86_400),
            ("max-age=\"7200\"", 7_200),
            ("max-age=10", 300),
            ("max-age=0", 300),
            ("max-age=31536000", 604_800),
            ("max-age=18446744073709551616", 3_600),
            ("max-age=-1", 3_600),
            ("max-age=3600, max-age=7200", 3_600),
            ("no-store", 300),
            ("no-cache, max-age=3600", 300),
            ("", 3_600),
            ("immutable", 3_600),
        ] {
            assert_eq!(seconds(cache_control, None), expected, "{cache_control}");
        }
        assert_eq!(Freshness::of(None, None, Freshness::LONGEST).lifetime(), Freshness::UNSTATED);
    }

    #[test]
    fn a_deployment_may_want_to_ask_more_often() {
        let second = Lifetime::seconds(1);
        for header in ["max-age=3600", "no-store", ""] {
            assert_eq!(Freshness::of(Some(header), None, second).lifetime(), second, "{header}");
        }
        let month = Lifetime::days(30);
        let capped = Freshness::of(Some("max-age=2592000"), None, month);
        assert_eq!(capped.lifetime(), Freshness::LONGEST);
    }

    #[test]
    fn rfc9111_5_1_the_time_spent_in_caches_on_the_way_counts() {
        assert_eq!(seconds("max-age=3600", Some("600")), 3_000);
        assert_eq!(seconds("max-age=3600", Some("9999")), 300);
        assert_eq!(seconds("max-age=3600", Some("x")), 3_600);
    }

    #[test]
    fn needs_5_a_copy_outlives_its_freshness_by_30_days_from_its_fetch() {
        let at = UnixTime::from_seconds;
        let kept = KeptDocument {
            metadata: ClientMetadata::default(),
            fetched_at: at(1_000),
            fresh_until: at(4_600),
        };
        assert!(kept.is_fresh(at(4_599)) && !kept.is_fresh(at(4_600)));
        let month = 30 * 86_400;
        assert!(kept.is_last_good(at(1_000 + month - 1)));
        assert!(!kept.is_last_good(at(1_000 + month)));
    }

    proptest! {
        #[test]
        fn whatever_the_header_says_the_bounds_hold(header in ".{0,60}", age in ".{0,10}") {
            let lifetime =
                Freshness::of(Some(&header), Some(&age), Freshness::LONGEST).lifetime();
            prop_assert!(lifetime >= Freshness::SHORTEST && lifetime <= Freshness::LONGEST);
        }
    }
}
