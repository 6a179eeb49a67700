//! A person's signed-in browser.

use serde::Serialize;

use crate::configuration::Lifetimes;
use crate::identifier::SessionId;
use crate::json::FromJson;
use crate::secret::{Secret, SecretHash};
use crate::time::{Lifetime, UnixTime};

/// Use of a session is written down at most this often, so that reading pages costs no writes.
const RENEW_EVERY: Lifetime = Lifetime::hours(1);

/// What the account's object stores about a session.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct SessionRecord {
    /// Which session.
    pub id: SessionId,
    /// The hash of the cookie's secret.
    pub secret_hash: SecretHash,
    /// When the person last entered their password: `auth_time`.
    pub authenticated_at: UnixTime,
    /// When it was last used, to the nearest hour.
    pub last_used_at: UnixTime,
    /// When it ends however often it is used.
    pub ends_at: UnixTime,
    /// What the person signed in with, as [`crate::device::describe`] says; `None` when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl SessionRecord {
    /// A session of a person who has just entered their password.
    #[must_use]
    pub fn begin(
        id: SessionId,
        secret: &Secret,
        lifetimes: &Lifetimes,
        now: UnixTime,
        device: Option<String>,
    ) -> Self {
        Self {
            id,
            secret_hash: secret.hash(),
            authenticated_at: now,
            last_used_at: now,
            ends_at: now.plus(lifetimes.session_absolute),
            device,
        }
    }

    /// Whether `secret` opens this session at `now`.
    #[must_use]
    pub fn is_open(&self, secret: &Secret, lifetimes: &Lifetimes, now: UnixTime) -> bool {
        self.secret_hash.matches(secret) && !self.is_over(lifetimes, now)
    }

    /// Whether the session has ended by idleness or age.
    #[must_use]
    pub fn is_over(&self, lifetimes: &Lifetimes, now: UnixTime) -> bool {
        self.ends_at.has_passed(now)
            || self.last_used_at.plus(lifetimes.session_idle).has_passed(now)
    }

    /// The record after a use worth writing down; `None` when the last note is recent enough.
    #[must_use]
    pub fn renewed(&self, now: UnixTime) -> Option<Self> {
        (now.since(self.last_used_at) >= RENEW_EVERY)
            .then(|| Self { last_used_at: now, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    const START: UnixTime = UnixTime::from_seconds(1_000_000);

    #[test]
    fn a_session_ends_by_idleness_by_age_and_for_a_wrong_secret() {
        let mut entropy = CountingEntropy::default();
        let lifetimes = Lifetimes::default();
        let secret = Secret::generate(&mut entropy);
        let id = SessionId::generate(&mut entropy);
        let session = SessionRecord::begin(id, &secret, &lifetimes, START, None);
        assert!(session.is_open(&secret, &lifetimes, START));
        assert!(!session.is_open(&Secret::generate(&mut entropy), &lifetimes, START));

        let idle = START.plus(lifetimes.session_idle);
        assert!(!session.is_open(&secret, &lifetimes, idle));
        let renewed = session.renewed(START.plus(Lifetime::days(7))).expect("renewed");
        assert!(renewed.is_open(&secret, &lifetimes, idle));

        let old = SessionRecord { last_used_at: session.ends_at, ..session.clone() };
        assert!(!old.is_open(&secret, &lifetimes, session.ends_at));
    }

    #[test]
    fn a_session_keeps_its_device_and_one_of_schema_version_1_has_none() {
        let mut entropy = CountingEntropy::default();
        let secret = Secret::generate(&mut entropy);
        let id = SessionId::generate(&mut entropy);
        let device = Some("Firefox on Linux".to_owned());
        let session =
            SessionRecord::begin(id, &secret, &Lifetimes::default(), START, device.clone());
        let mut stored = serde_json::to_value(&session).expect("json");
        let back: SessionRecord = crate::json::from_value(stored.clone()).expect("reads back");
        assert_eq!(back.device, device);
        stored.as_object_mut().expect("object").remove("device");
        let old: SessionRecord = crate::json::from_value(stored).expect("reads on");
        assert_eq!(old.device, None);
    }

    #[test]
    fn use_is_written_down_at_most_once_an_hour() {
        let mut entropy = CountingEntropy::default();
        let secret = Secret::generate(&mut entropy);
        let id = SessionId::generate(&mut entropy);
        let session = SessionRecord::begin(id, &secret, &Lifetimes::default(), START, None);
        assert!(session.renewed(START.plus(Lifetime::minutes(59))).is_none());
        assert!(session.renewed(START.plus(Lifetime::minutes(60))).is_some());
    }
}
