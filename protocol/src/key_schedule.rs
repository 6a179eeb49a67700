//! When a key is made, works, and goes: one that signs tokens, or one that seals what pages carry. Each kind
//! has a schedule of its own.
//!
//! A key is published before it signs, so that nobody meets a signature by a key they can't find;
//! and it stays published after its last signature until the longest-lived token it signed is over.

use serde::Serialize;

use crate::json::FromJson;
use crate::time::{Lifetime, UnixTime};

/// How long before its first signature a key is published. Longer than any cache of the JWKS.
pub const PUBLISH_AHEAD: Lifetime = Lifetime::days(1);

/// How long a key stays after the last token it signed has expired: caches and clocks differ.
pub const RETIRE_LEEWAY: Lifetime = Lifetime::hours(1);

/// What the schedule knows about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct ScheduledKey {
    /// The key's id, as in `kid`.
    pub key_id: String,
    /// When it begins to sign.
    pub signs_from: UnixTime,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlan {
    /// The key that signs, if there is one already.
    pub signing: Option<String>,
    /// Make a key that signs from this time on.
    pub create: Option<UnixTime>,
    /// Delete these keys.
    pub retire: Vec<String>,
    /// When to look again.
    pub next_look: UnixTime,
}

/// Decides what to do with `keys` at `now`, when a key signs for `signing_key` and an access token
/// lives for `access_token`.
#[must_use]
pub fn plan(
    keys: &[ScheduledKey],
    signing_key: Lifetime,
    access_token: Lifetime,
    now: UnixTime,
) -> KeyPlan {
    let ordered = in_order(keys);
    let Some(current) = current(&ordered, now) else {
        // Nobody can have a token of ours yet, so there is nobody to announce the first key to.
        return KeyPlan { signing: None, create: Some(now), retire: Vec::new(), next_look: now };
    };

    let takeover = current.signs_from.plus(signing_key);
    let has_successor = ordered.iter().any(|key| key.signs_from > now);
    let create_at = takeover.minus(PUBLISH_AHEAD);
    let create =
        (!has_successor && create_at <= now).then(|| takeover.max(now.plus(PUBLISH_AHEAD)));

    // A key was last used when the next one took over.
    let retirements: Vec<(UnixTime, &str)> = ordered
        .iter()
        .zip(ordered.iter().skip(1))
        .filter(|(_, next)| next.signs_from <= now)
        .map(|(key, next)| {
            (next.signs_from.plus(access_token).plus(RETIRE_LEEWAY), key.key_id.as_str())
        })
        .collect();
    let retire = retirements
        .iter()
        .filter(|(at, _)| at.has_passed(now))
        .map(|(_, key_id)| (*key_id).to_owned())
        .collect();

    let next_look = retirements
        .iter()
        .map(|(at, _)| *at)
        .chain(ordered.iter().map(|key| key.signs_from))
        .chain([create_at])
        .filter(|at| *at > now)
        .min()
        .unwrap_or_else(|| now.plus(PUBLISH_AHEAD));
    KeyPlan { signing: Some(current.key_id.clone()), create, retire, next_look }
}

/// What a key does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It is published, and takes over later.
    Next,
    /// It signs, or seals.
    Current,
    /// It does neither any more, and is kept for what it signed or sealed.
    Retired,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    /// The key's id.
    pub key_id: String,
    /// What it does now.
    pub state: KeyState,
    /// Until when it signs, if nobody changes the schedule.
    pub signs_until: UnixTime,
    /// Until when it is kept.
    pub kept_until: UnixTime,
}

/// What becomes of `keys`, in the order in which they sign; the arguments are those of [`plan`].
#[must_use]
pub fn prospects(
    keys: &[ScheduledKey],
    signing_key: Lifetime,
    access_token: Lifetime,
    now: UnixTime,
) -> Vec<Prospect> {
    let ordered = in_order(keys);
    let signing = current(&ordered, now).map(|key| key.key_id.as_str());
    let mut state = KeyState::Retired;
    let after = ordered.iter().skip(1).map(Some).chain([None]);
    let one = |(key, after): (&&ScheduledKey, Option<&&ScheduledKey>)| {
        if signing == Some(key.key_id.as_str()) {
            state = KeyState::Current;
        } else if state == KeyState::Current {
            state = KeyState::Next;
        }
        let signs_until =
            after.map_or_else(|| key.signs_from.plus(signing_key), |after| after.signs_from);
        Prospect {
            key_id: key.key_id.clone(),
            state,
            signs_until,
            kept_until: signs_until.plus(access_token).plus(RETIRE_LEEWAY),
        }
    };
    ordered.iter().zip(after).map(one).collect()
}

/// The key that takes over from the one that signs; `None` when none is published yet.
#[must_use]
pub fn successor(keys: &[ScheduledKey], now: UnixTime) -> Option<&ScheduledKey> {
    let ordered = in_order(keys);
    let signing = current(&ordered, now)?;
    let place = ordered.iter().position(|key| key.key_id == signing.key_id)?;
    ordered.get(place.saturating_add(1)).copied()
}

fn in_order(keys: &[ScheduledKey]) -> Vec<&ScheduledKey> {
    let order = |key: &ScheduledKey| (key.signs_from, key.key_id.clone());
    let mut ordered: Vec<&ScheduledKey> = Vec::with_capacity(keys.len());
    for key in keys {
        let place = ordered.partition_point(|other| order(other) <= order(key));
        ordered.insert(place, key);
    }
    ordered
}

fn current<'k>(ordered: &[&'k ScheduledKey], now: UnixTime) -> Option<&'k ScheduledKey> {
    // Where the clock stands a little behind the one that made the first key, that key signs.
    let started = ordered.iter().rev().find(|key| key.signs_from <= now);
    started.or_else(|| ordered.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: u64 = 86_400;
    const SIGNING: Lifetime = Lifetime::days(90);
    const TOKEN: Lifetime = Lifetime::hours(1);

    fn key(key_id: &str, signs_from: u64) -> ScheduledKey {
        ScheduledKey { key_id: key_id.to_owned(), signs_from: UnixTime::from_seconds(signs_from) }
    }

    fn at(keys: &[ScheduledKey], seconds: u64) -> KeyPlan {
        plan(keys, SIGNING, TOKEN, UnixTime::from_seconds(seconds))
    }

    #[test]
    fn a_new_deployment_makes_a_key_that_signs_at_once() {
        let plan = at(&[], 1_000);
        assert_eq!(plan.create, Some(UnixTime::from_seconds(1_000)));
        assert_eq!(plan.signing, None);
    }

    #[test]
    fn a_first_key_made_by_a_clock_ahead_of_this_one_signs_all_the_same() {
        let plan = at(&[key("a", 1_005)], 1_000);
        assert_eq!((plan.signing.as_deref(), plan.create), (Some("a"), None));
    }

    #[test]
    fn the_next_key_is_published_a_day_before_it_signs() {
        let keys = [key("a", 0)];
        assert_eq!(at(&keys, 88 * DAY).create, None);
        assert_eq!(at(&keys, 88 * DAY).next_look.seconds(), 89 * DAY);
        assert_eq!(at(&keys, 89 * DAY).create.map(UnixTime::seconds), Some(90 * DAY));
        // Nobody looked for a long time: the new key still waits a day.
        assert_eq!(at(&keys, 200 * DAY).create.map(UnixTime::seconds), Some(201 * DAY));
    }

    #[test]
    fn the_last_key_stays_until_its_last_token_is_over() {
        let keys = [key("a", 0), key("b", 90 * DAY)];
        let before = at(&keys, 90 * DAY - 1);
        assert_eq!((before.signing.as_deref(), before.retire.len()), (Some("a"), 0));
        let after = at(&keys, 90 * DAY);
        assert_eq!((after.signing.as_deref(), after.retire.len()), (Some("b"), 0));
        let last_token = 90 * DAY + 3_600;
        assert_eq!(at(&keys, last_token).retire, Vec::<String>::new());
        assert_eq!(at(&keys, last_token + 3_600).retire, ["a"]);
    }

    #[test]
    fn issue_7_each_key_has_its_state_and_its_ends() {
        let keys = [key("c", 90 * DAY), key("a", 0), key("b", 10 * DAY)];
        let now = UnixTime::from_seconds(50 * DAY);
        let found = prospects(&keys, SIGNING, TOKEN, now);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.key_id.as_str(), one.state, one.signs_until.seconds()))
            .collect();
        assert_eq!(
            told,
            [
                ("a", KeyState::Retired, 10 * DAY),
                ("b", KeyState::Current, 90 * DAY),
                ("c", KeyState::Next, 180 * DAY),
            ]
        );
        assert_eq!(found[0].kept_until.seconds(), 10 * DAY + 7_200);
        assert_eq!(successor(&keys, now).map(|key| key.key_id.as_str()), Some("c"));
        assert_eq!(successor(&keys[1..], now), None);
        // Made by a clock ahead of this one: it signs, and isn't its own successor.
        let first = [key("a", 60 * DAY)];
        assert_eq!(prospects(&first, SIGNING, TOKEN, now)[0].state, KeyState::Current);
        assert_eq!((successor(&first, now), successor(&[], now)), (None, None));
    }

    proptest! {
        /// Follows the plan for two years, looking when it says (or late), and checks that there is
        /// always a key that signs and that it was published a day before.
        #[test]
        fn whoever_looks_late_still_never_signs_with_an_unpublished_key(
            delays in proptest::collection::vec(0_u64..40 * DAY, 30)
        ) {
            let mut now = UnixTime::from_seconds(DAY);
            let mut keys: Vec<(ScheduledKey, UnixTime)> = Vec::new();
            for (round, delay) in delays.into_iter().enumerate() {
                for _ in 0..3 {
                    let known: Vec<ScheduledKey> =
                        keys.iter().map(|(key, _)| key.clone()).collect();
                    let plan = plan(&known, SIGNING, TOKEN, now);
                    keys.retain(|(key, _)| !plan.retire.contains(&key.key_id));
                    if let Some(from) = plan.create {
                        keys.push((key(&format!("{round}-{}", keys.len()), from.seconds()), now));
                    }
                    if let Some(signing) = &plan.signing {
                        let published = keys
                            .iter()
                            .find(|(key, _)| key.key_id == *signing)
                            .expect("the signing key is published");
                        let first = keys.iter().map(|(_, at)| *at).min() == Some(published.1);
                        prop_assert!(first || published.1.plus(PUBLISH_AHEAD) <= now);
                    }
                    prop_assert!(plan.next_look > now || plan.signing.is_none());
                }
                now = now.plus(Lifetime::seconds(delay));
            }
        }
    }
}
