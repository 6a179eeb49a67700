//! Registered clients: what identifies one, what is stored of one, and how long it lives.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

use crate::client_metadata::ClientMetadata;
use crate::entropy::Entropy;
use crate::secret::SecretHash;
use crate::time::{Lifetime, UnixTime};

/// A client identifier ([RFC 6749 section 2.2](https://www.rfc-editor.org/rfc/rfc6749#section-2.2)):
/// 1 to 512 printable ASCII characters. It is public and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// The longest identifier that is accepted, in bytes.
    pub const MAXIMUM_LENGTH: usize = 512;

    /// Reads an identifier; `None` unless it is 1 to 512 characters of the set that
    /// [RFC 6749 appendix A.1](https://www.rfc-editor.org/rfc/rfc6749#appendix-A.1) allows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=Self::MAXIMUM_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        sound.then(|| Self(text.to_owned()))
    }

    /// Draws the identifier of a client that registers itself: the configured prefix, two
    /// hexadecimal digits for the shard that stores it, and 128 random bits in base64url.
    #[must_use]
    pub fn generate(prefix: &str, shard: u8, entropy: &mut impl Entropy) -> Self {
        Self(format!("{prefix}{shard:02x}{}", URL_SAFE_NO_PAD.encode(entropy.bytes::<16>())))
    }

    /// Which shard stores the client; `None` when the identifier isn't one that
    /// [`ClientId::generate`] made with this prefix, and so can't be stored anywhere.
    #[must_use]
    pub fn shard(&self, prefix: &str) -> Option<u8> {
        let (shard, random) = self.0.strip_prefix(prefix)?.split_at_checked(2)?;
        let lower_case_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let decoded = URL_SAFE_NO_PAD.decode(random).ok()?;
        (decoded.len() == 16 && shard.bytes().all(lower_case_digit))
            .then(|| u8::from_str_radix(shard, 16).ok())?
    }

    /// The identifier as it travels in `client_id`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("expected 1 to 512 printable ASCII characters"))
    }
}

/// How a client proves at the token endpoint that it is itself
/// ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// Not at all: a public client.
    None,
    /// A secret by HTTP Basic.
    ClientSecretBasic,
    /// A secret in the form.
    ClientSecretPost,
}

impl TokenEndpointAuthMethod {
    /// Every method there is here, in the order in which the metadata lists them.
    pub const ALL: [Self; 3] = [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost];

    /// The method's registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }

    /// The method of this name; `None` when it isn't supported here.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// A way to get tokens ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrantType {
    /// [RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)
    AuthorizationCode,
    /// [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)
    RefreshToken,
}

impl GrantType {
    /// Every grant there is here, in the order in which the metadata lists them.
    pub const ALL: [Self; 2] = [Self::AuthorizationCode, Self::RefreshToken];

    /// The value of `grant_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The grant of this name; `None` when it isn't supported here.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == name)
    }
}

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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientRecord {
    /// Who it is.
    pub client_id: ClientId,
    /// What it registered, after the server's corrections.
    pub metadata: ClientMetadata,
    /// The hash of its secret; `None` for a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_hash: Option<SecretHash>,
    /// The method it has to authenticate with.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
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
                && !self.is_public()
                && method != TokenEndpointAuthMethod::None)
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
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    const REGISTERED: UnixTime = UnixTime::from_seconds(1_000_000);

    fn record() -> ClientRecord {
        ClientRecord {
            client_id: ClientId::parse("client").expect("client id"),
            metadata: ClientMetadata::default(),
            client_secret_hash: None,
            token_endpoint_auth_method: TokenEndpointAuthMethod::None,
            any_secret_method: false,
            issued_at: REGISTERED,
            expires_at: Some(REGISTERED.plus(Lifetime::days(1))),
            first_used_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn rfc6749_a_1_a_client_id_is_printable_ascii_of_at_most_512_bytes() {
        for good in ["a", "https://client.example/metadata.json", "a b", &"x".repeat(512)] {
            assert_eq!(ClientId::parse(good).expect(good).as_str(), good);
        }
        for wrong in ["", "\u{7f}", "a\nb", "é", "\0", &"x".repeat(513)] {
            assert_eq!(ClientId::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_generated_client_id_names_its_shard_and_differs_from_the_next() {
        let mut entropy = CountingEntropy::default();
        let first = ClientId::generate("jmpy_client_", 0xa7, &mut entropy);
        let second = ClientId::generate("jmpy_client_", 0xa7, &mut entropy);
        assert!(first.as_str().starts_with("jmpy_client_a7"), "{first}");
        assert_eq!(first.as_str().len(), "jmpy_client_".len() + 2 + 22);
        assert_eq!(first.shard("jmpy_client_"), Some(0xa7));
        assert_ne!(first, second);
    }

    #[test]
    fn a_client_id_that_was_not_generated_here_has_no_shard() {
        let random = "A".repeat(22);
        for wrong in [
            "".to_owned(),
            "p_".to_owned(),
            format!("q_00{random}"),
            format!("p_0{random}"),
            format!("p_0G{random}"),
            format!("p_+1{random}"),
            format!("p_A7{random}"),
            format!("p_00{random}A"),
            format!("p_00{}", "A".repeat(21)),
            format!("p_00{}=", "A".repeat(21)),
            // The last character holds four spare bits, which have to be zero: one id, one text.
            format!("p_00{}B", "A".repeat(21)),
            "https://client.example/metadata.json".to_owned(),
        ] {
            let shard = ClientId::parse(&wrong).and_then(|id| id.shard("p_"));
            assert_eq!(shard, None, "{wrong}");
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
        assert_eq!(TokenEndpointAuthMethod::from_name("private_key_jwt"), None);
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
        use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost, None as Public};
        let cases = [
            (ClientSecretBasic, false, [false, true, false]),
            (ClientSecretPost, false, [false, false, true]),
            (ClientSecretBasic, true, [false, true, true]),
            (Public, false, [true, false, false]),
            (Public, true, [true, false, false]),
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

    proptest! {
        #[test]
        fn a_client_id_reads_back_or_is_refused(text in ".{0,600}") {
            if let Some(id) = ClientId::parse(&text) {
                prop_assert_eq!(id.as_str(), &text);
                let _ = id.shard("p_");
            }
        }

        #[test]
        fn every_shard_reads_back(shard in any::<u8>(), prefix in "[a-z_]{0,12}") {
            let id = ClientId::generate(&prefix, shard, &mut CountingEntropy::default());
            prop_assert_eq!(id.shard(&prefix), Some(shard));
            prop_assert_eq!(ClientId::parse(id.as_str()), Some(id));
        }
    }
}
