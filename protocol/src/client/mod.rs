//! Registered clients: what identifies one, what is stored of one, and how long it lives.

mod id;
mod origin;
mod policy;

pub use id::ClientId;
pub use origin::ClientOrigin;
pub use policy::{ClientPolicy, OwnAccess};

use serde::Serialize;

use crate::client_metadata::ClientMetadata;
pub use crate::client_metadata::{GrantType, TokenEndpointAuthMethod};
use crate::json::FromJson;
use crate::secret::{Secret, SecretHash};
use crate::time::{Lifetime, UnixTime};

/// How long registered clients are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLifetimes {
    /// A client that has never got a token lives this long from its registration.
    pub unused: Lifetime,
    /// A client that has got one lives this long from its last use.
    pub idle: Lifetime,
}

impl Default for ClientLifetimes {
    fn default() -> Self {
        Self { unused: Lifetime::days(1), idle: Lifetime::days(90) }
    }
}

/// What is stored and cached of a client.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct ClientRecord {
    /// Who it is.
    pub client_id: ClientId,
    /// Where it is known from.
    #[serde(default)]
    pub origin: ClientOrigin,
    /// What the operator decided about it.
    #[serde(default, skip_serializing_if = "ClientPolicy::is_default")]
    pub policy: ClientPolicy,
    /// What it registered, after the server's corrections.
    pub metadata: ClientMetadata,
    /// The hash of its secret; `None` for a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_hash: Option<SecretHash>,
    /// The secret that it had before, which is good for a while longer; `None` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<PreviousSecret>,
    /// The statement whose claims its metadata has
    /// ([RFC 7591 section 2.3](https://www.rfc-editor.org/rfc/rfc7591#section-2.3)), as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
    /// The method it has to authenticate with.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// The hash of the token by which it manages its registration
    /// ([RFC 7592 section 3](https://www.rfc-editor.org/rfc/rfc7592#section-3)); `None` when it can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_access_token_hash: Option<SecretHash>,
    /// It named no method when it registered, so that it may use any that takes its secret,
    /// whatever the default says.
    #[serde(default)]
    pub any_secret_method: bool,
    /// When it was registered.
    pub issued_at: UnixTime,
    /// When it ends unless it is used; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixTime>,
    /// When it was first used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_used_at: Option<UnixTime>,
    /// When its use was last noted, which is at most once a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<UnixTime>,
}

/// A secret that was replaced while its client may still use it.
#[derive(Debug, Clone, Copy, Serialize, FromJson)]
pub struct PreviousSecret {
    /// The hash of the secret.
    pub hash: SecretHash,
    /// Until when it is good.
    pub until: UnixTime,
}

impl ClientRecord {
    /// The longest time between two notes of a client's use.
    const RENEWAL_INTERVAL: Lifetime = Lifetime::days(1);

    /// Whether the client can keep no secret
    /// ([RFC 6749 section 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)).
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.token_endpoint_auth_method, TokenEndpointAuthMethod::None)
    }

    /// Whether the client has ended; then it is treated as one that never was.
    #[must_use]
    pub fn is_expired(&self, now: UnixTime) -> bool {
        self.expires_at.is_some_and(|end| end.has_passed(now))
    }

    /// Whether the client registered for this grant.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant)
    }

    /// Whether the client may send its secret by this method.
    #[must_use]
    pub fn accepts_method(&self, method: TokenEndpointAuthMethod) -> bool {
        self.token_endpoint_auth_method == method
            || (self.any_secret_method
                && self.token_endpoint_auth_method.needs_secret()
                && method.needs_secret())
    }

    /// Whether this is the client's secret, or the one before it while that is good. Takes the same
    /// time for every wrong secret.
    #[must_use]
    pub fn has_secret(&self, secret: &Secret, now: UnixTime) -> bool {
        let hash = secret.hash();
        let is_current = self.client_secret_hash.is_some_and(|current| current.equals(&hash));
        let is_previous = self
            .previous_secret
            .is_some_and(|previous| previous.hash.equals(&hash) && !previous.until.has_passed(now));
        is_current || is_previous
    }

    /// Notes that the client has been used, and so lives on for the idle lifetime.
    ///
    /// `None` when nothing is to be written: its use was noted less than a day ago (or, where the
    /// idle lifetime is that short, less than half of it ago), or the client has expired.
    #[must_use]
    pub fn touch(&self, now: UnixTime, lifetimes: ClientLifetimes) -> Option<Self> {
        if self.is_expired(now) {
            return None;
        }
        let half_the_idle_lifetime = Lifetime::seconds(lifetimes.idle.as_seconds() / 2);
        let interval = Self::RENEWAL_INTERVAL.min(half_the_idle_lifetime);
        if self.last_used_at.is_some_and(|last| now.since(last) < interval) {
            return None;
        }
        Some(Self {
            expires_at: self.expires_at.map(|_| now.plus(lifetimes.idle)),
            first_used_at: self.first_used_at.or(Some(now)),
            last_used_at: Some(now),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTERED: UnixTime = UnixTime::from_seconds(1_000_000);

    fn record() -> ClientRecord {
        ClientRecord {
            client_id: ClientId::parse("client").expect("client id"),
            origin: ClientOrigin::SelfRegistered,
            policy: ClientPolicy::default(),
            metadata: ClientMetadata::default(),
            client_secret_hash: None,
            previous_secret: None,
            software_statement: None,
            registration_access_token_hash: None,
            token_endpoint_auth_method: TokenEndpointAuthMethod::None,
            any_secret_method: false,
            issued_at: REGISTERED,
            expires_at: Some(REGISTERED.plus(Lifetime::days(1))),
            first_used_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn method_and_grant_names_read_the_same_on_the_wire_and_in_serde() {
        for method in TokenEndpointAuthMethod::ALL {
            let json = serde_json::to_string(&method).expect("json");
            assert_eq!(json, format!("\"{}\"", method.as_str()));
            assert_eq!(TokenEndpointAuthMethod::from_name(method.as_str()), Some(method));
        }
        for grant in GrantType::ALL {
            let json = serde_json::to_string(&grant).expect("json");
            assert_eq!(json, format!("\"{}\"", grant.as_str()));
            assert_eq!(GrantType::from_name(grant.as_str()), Some(grant));
        }
        assert_eq!(TokenEndpointAuthMethod::from_name("client_secret_jwt"), None);
        assert_eq!(GrantType::from_name("password"), None);
    }

    #[test]
    fn a_client_that_is_never_used_expires_after_a_day_and_a_used_one_after_90_idle_days() {
        let lifetimes = ClientLifetimes::default();
        let unused = record();
        assert!(!unused.is_expired(REGISTERED.plus(Lifetime::hours(23))));
        assert!(unused.is_expired(REGISTERED.plus(Lifetime::days(1))));

        let first_use = REGISTERED.plus(Lifetime::hours(1));
        let used = unused.touch(first_use, lifetimes).expect("first use is written");
        assert_eq!(used.first_used_at, Some(first_use));
        assert_eq!(used.expires_at, Some(first_use.plus(Lifetime::days(90))));

        let last_moment = first_use.plus(Lifetime::days(89));
        let renewed = used.touch(last_moment, lifetimes).expect("renewed");
        assert_eq!(renewed.first_used_at, Some(first_use));
        assert_eq!(renewed.last_used_at, Some(last_moment));
        assert_eq!(renewed.expires_at, Some(last_moment.plus(Lifetime::days(90))));
    }

    #[test]
    fn a_use_is_written_at_most_once_a_day_and_never_revives_an_expired_client() {
        let lifetimes = ClientLifetimes::default();
        let first_use = REGISTERED.plus(Lifetime::hours(1));
        let used = record().touch(first_use, lifetimes).expect("first use");
        assert!(used.touch(first_use, lifetimes).is_none());
        assert!(used.touch(first_use.plus(Lifetime::hours(23)), lifetimes).is_none());
        assert!(used.touch(first_use.plus(Lifetime::days(1)), lifetimes).is_some());
        assert!(used.touch(REGISTERED, lifetimes).is_none(), "a clock that went back");
        assert!(record().touch(REGISTERED.plus(Lifetime::days(1)), lifetimes).is_none());
    }

    #[test]
    fn an_idle_lifetime_shorter_than_a_day_is_renewed_in_time() {
        let lifetimes = ClientLifetimes { unused: Lifetime::hours(1), idle: Lifetime::minutes(10) };
        let used = record().touch(REGISTERED, lifetimes).expect("first use");
        let later = REGISTERED.plus(Lifetime::minutes(6));
        assert!(used.touch(later, lifetimes).is_some());
    }

    #[test]
    fn a_client_that_never_expires_stays_so_when_used() {
        let record = ClientRecord { expires_at: None, ..record() };
        let used = record.touch(REGISTERED, ClientLifetimes::default()).expect("first use");
        assert_eq!(used.expires_at, None);
        assert!(!used.is_expired(UnixTime::from_seconds(u64::MAX)));
    }

    #[test]
    fn rfc7591_2_only_a_client_that_named_no_method_may_choose_between_basic_and_post() {
        use TokenEndpointAuthMethod::{
            ClientSecretBasic, ClientSecretPost, None as Public, PrivateKeyJwt,
        };
        let cases = [
            (ClientSecretBasic, false, [false, true, false, false]),
            (ClientSecretPost, false, [false, false, true, false]),
            (ClientSecretBasic, true, [false, true, true, false]),
            (Public, false, [true, false, false, false]),
            (Public, true, [true, false, false, false]),
            (PrivateKeyJwt, false, [false, false, false, true]),
            (PrivateKeyJwt, true, [false, false, false, true]),
        ];
        for (registered, any_secret_method, expected) in cases {
            let record = ClientRecord {
                token_endpoint_auth_method: registered,
                any_secret_method,
                ..record()
            };
            let accepted = TokenEndpointAuthMethod::ALL.map(|method| record.accepts_method(method));
            assert_eq!(accepted, expected, "{registered:?} {any_secret_method}");
        }
    }
}
