//! Initial access tokens
//! ([RFC 7591 section 1.2](https://www.rfc-editor.org/rfc/rfc7591#section-1.2)): the operator's leave
//! to register clients, so many and so long.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::client::{ClientPolicy, ClientRecord};
use crate::entropy::Entropy;
use crate::json::FromJson;
use crate::secret::{Secret, SecretHash};
use crate::time::{Lifetime, UnixTime};

/// The longest life of a token.
pub const LONGEST_LIFETIME: Lifetime = Lifetime::days(366);

/// Which token: two hexadecimal digits for the shard that stores it, and 128 random bits. Everyone
/// who sees the token sees it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
#[serde(try_from = "String", into = "String")]
pub struct InitialAccessTokenId(String);

impl InitialAccessTokenId {
    /// Draws an identifier.
    #[must_use]
    pub fn generate(shard: u8, entropy: &mut impl Entropy) -> Self {
        Self(format!("{shard:02x}{}", URL_SAFE_NO_PAD.encode(entropy.bytes::<16>())))
    }

    /// Reads an identifier; `None` unless [`Self::generate`] could have made it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (shard, random) = text.split_at_checked(2)?;
        let is_sound = shard.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && URL_SAFE_NO_PAD.decode(random).is_ok_and(|bytes| bytes.len() == 16);
        is_sound.then(|| Self(text.to_owned()))
    }

    /// Which shard stores the token.
    #[must_use]
    pub fn shard(&self) -> u8 {
        self.0.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or_default()
    }

    /// The identifier as it is written in tokens and rows.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for InitialAccessTokenId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("expected a shard and 16 bytes of base64url")
    }
}

impl From<InitialAccessTokenId> for String {
    fn from(id: InitialAccessTokenId) -> Self {
        id.0
    }
}

/// A token as it is sent: `<prefix><id>.<secret>`.
#[derive(Debug, Clone, Serialize, FromJson)] // Cloned into a message that may be sent twice.
pub struct InitialAccessToken {
    /// Which.
    pub id: InitialAccessTokenId,
    /// What proves it.
    pub secret: Secret,
}

impl InitialAccessToken {
    /// Reads a token; `None` when it is something else.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(prefix)?.split_once('.')?;
        let id = InitialAccessTokenId::parse(id)?;
        (!secret.is_empty()).then(|| Self { id, secret: Secret::new(secret) })
    }

    /// The token as it is sent.
    #[must_use]
    pub fn to_wire(&self, prefix: &str) -> Secret {
        Secret::new(format!("{prefix}{}.{}", self.id.as_str(), self.secret.expose()))
    }
}

/// What is stored of a token. How often it was used is counted beside it.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct InitialAccessTokenRecord {
    /// Which.
    pub id: InitialAccessTokenId,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
    /// What the operator calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
    /// How many clients may register with it; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// What the operator decides about each client that registers with it.
    #[serde(default)]
    pub policy: ClientPolicy,
}

impl InitialAccessTokenRecord {
    /// Passes when `secret` is the token's and it can still be used at `now`, after `uses` uses. The
    /// use itself is claimed by whoever stores it, in one statement.
    ///
    /// # Errors
    ///
    /// [`InitialAccessTokenError`].
    pub fn check(
        &self,
        secret: &Secret,
        uses: u32,
        now: UnixTime,
    ) -> Result<(), InitialAccessTokenError> {
        if !self.secret_hash.matches(secret) {
            return Err(InitialAccessTokenError::Unknown);
        }
        if self.expires_at.has_passed(now) {
            return Err(InitialAccessTokenError::Expired);
        }
        if self.max_uses.is_some_and(|most| uses >= most) {
            return Err(InitialAccessTokenError::UsedUp);
        }
        Ok(())
    }

    /// The client with what the operator decides about it.
    #[must_use]
    pub fn admit(&self, client: ClientRecord) -> ClientRecord {
        let own = self.policy.client_credentials.clone();
        let policy = ClientPolicy {
            approved: self.policy.approved || client.policy.approved,
            // RFC 6749 section 4.4: "MUST only be used by confidential clients".
            client_credentials: own.filter(|_| !client.is_public()),
            ..client.policy
        };
        ClientRecord { policy, ..client }
    }
}

/// Why an initial access token lets nobody in. The client isn't told which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum InitialAccessTokenError {
    /// There is no such token, or its secret is another.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was used as often as it may be.
    UsedUp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::OwnAccess;
    use crate::entropy::CountingEntropy;
    use crate::test_support::{NOW, after, client, confidential_client};
    use proptest::prelude::*;

    fn token() -> InitialAccessToken {
        let mut entropy = CountingEntropy::default();
        let id = InitialAccessTokenId::generate(0x0b, &mut entropy);
        InitialAccessToken { id, secret: Secret::generate(&mut entropy) }
    }

    fn record() -> InitialAccessTokenRecord {
        let token = token();
        InitialAccessTokenRecord {
            id: token.id,
            secret_hash: token.secret.hash(),
            label: None,
            created_at: NOW,
            expires_at: after(60),
            max_uses: Some(2),
            policy: ClientPolicy::default(),
        }
    }

    #[test]
    fn a_token_reads_back_and_names_its_shard() {
        let wire = token().to_wire("p_");
        let read = InitialAccessToken::parse("p_", wire.expose()).expect("reads back");
        assert_eq!((read.id.as_str(), read.id.shard()), (token().id.as_str(), 0x0b));
        assert!(record().secret_hash.matches(&read.secret));
        let text = wire.expose();
        for wrong in [
            "",
            "p_",
            "p_.x",
            text.trim_start_matches('p'),
            &text.replace('.', ""),
            &format!("q{text}"),
        ] {
            assert!(InitialAccessToken::parse("p_", wrong).is_none(), "{wrong}");
        }
        let stored = serde_json::to_string(&record()).expect("json");
        assert!(!stored.contains(token().secret.expose()));
        assert!(crate::json::read::<InitialAccessTokenRecord>(&stored).is_ok());
    }

    #[test]
    fn a_token_is_good_for_its_time_and_its_uses() {
        use InitialAccessTokenError::{Expired, Unknown, UsedUp};
        let (record, secret) = (record(), token().secret);
        assert_eq!(record.check(&secret, 0, NOW), Ok(()));
        assert_eq!(record.check(&secret, 1, after(59)), Ok(()));
        assert_eq!(record.check(&secret, 2, NOW), Err(UsedUp));
        assert_eq!(record.check(&secret, 0, after(60)), Err(Expired));
        assert_eq!(record.check(&Secret::new("another"), 9, after(60)), Err(Unknown));
        let unlimited = InitialAccessTokenRecord { max_uses: None, ..record };
        assert_eq!(unlimited.check(&secret, 1_000_000, NOW), Ok(()));
    }

    #[test]
    fn rfc6749_4_4_a_token_gives_own_access_to_confidential_clients_only() {
        let own = OwnAccess::default();
        let record = InitialAccessTokenRecord {
            policy: ClientPolicy {
                approved: true,
                client_credentials: Some(own.clone()),
                ..ClientPolicy::default()
            },
            ..record()
        };
        let admitted = record.admit(confidential_client());
        assert!(admitted.policy.approved);
        assert_eq!(admitted.policy.client_credentials, Some(own));
        let public = record.admit(client());
        assert!(public.policy.approved && public.policy.client_credentials.is_none());
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,80}") {
            let _ = InitialAccessToken::parse("p_", &text);
            if let Some(id) = InitialAccessTokenId::parse(&text) {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
