//! JWT access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).

use chrono::Duration;
use jwt_compact::{AlgorithmExt, TimeOptions, UntrustedToken};
use serde::Serialize;
use serde_json::Value;

use super::{
    AlreadyChecked, ES256, JwtError, RawClaims, SignatureVerdict, Unsigned, WireHeader, date, unix,
};
use crate::client::ClientId;
use crate::identifier::{AccountId, GrantId};
use crate::json::FromJson;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::subject::Subject;
use crate::time::UnixTime;

/// How far the clocks of two servers may disagree, in seconds.
const LEEWAY_SECONDS: i64 = 30;

/// The claims of an access token
/// ([RFC 9068 section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTokenClaims {
    /// `iss`: the issuer identifier, as in the metadata.
    pub issuer: String,
    /// Who it speaks for: what `sub` comes from.
    pub authority: Authority,
    /// `aud`: the one resource the token is for.
    pub audience: ResourceIndicator,
    /// `client_id`: who may use it.
    pub client_id: ClientId,
    /// `scope`.
    pub scope: Scope,
    /// `jti`: unique per token.
    pub token_id: String,
    /// `iat`.
    pub issued_at: UnixTime,
    /// `exp`.
    pub expires_at: UnixTime,
}

/// By whose authority a client has an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// A person allowed it.
    Person {
        /// `sub`: the person.
        account: AccountId,
        /// `grant_id`: where introspection and the gateway find the grant. Not registered with IANA.
        grant: GrantId,
        /// `auth_time`: when the person last entered their password.
        authenticated_at: UnixTime,
    },
    /// The client has it for itself
    /// ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)): `sub` is its
    /// `client_id`.
    Client,
}

impl AccessTokenClaims {
    /// `sub`: the person or, of a client's own token, the client.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match &self.authority {
            Authority::Person { account, .. } => Subject::Person(account.clone()),
            Authority::Client => Subject::Client(self.client_id.clone()),
        }
    }
}

#[derive(Serialize, FromJson)]
struct WireClaims {
    iss: String,
    sub: String,
    aud: ResourceIndicator,
    client_id: ClientId,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
    jti: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant_id: Option<GrantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
}

impl WireClaims {
    /// By whose authority the token is; `None` when the claims contradict one another.
    fn authority(&self) -> Option<Authority> {
        // RFC 9068 section 2.2: without a resource owner `sub` identifies the client. No client's id
        // can be an account's.
        if self.sub == self.client_id.as_str() {
            let without_person = self.grant_id.is_none() && self.auth_time.is_none();
            return without_person.then_some(Authority::Client);
        }
        Some(Authority::Person {
            account: AccountId::parse(&self.sub)?,
            grant: self.grant_id.clone()?,
            authenticated_at: self.auth_time?,
        })
    }
}

impl Unsigned {
    /// Writes header and claims of an access token to be signed by the key `key_id`.
    ///
    /// # Errors
    ///
    /// [`JwtError::Malformed`] when a time is beyond what a JWT can say.
    pub fn access_token(claims: &AccessTokenClaims, key_id: &str) -> Result<Self, JwtError> {
        let (grant_id, auth_time) = match &claims.authority {
            Authority::Person { grant, authenticated_at, .. } => {
                (Some(grant.clone()), Some(*authenticated_at))
            }
            Authority::Client => (None, None),
        };
        let wire = WireClaims {
            iss: claims.issuer.clone(),
            sub: claims.subject().to_string(),
            aud: claims.audience.clone(),
            client_id: claims.client_id.clone(),
            scope: claims.scope.clone(),
            jti: claims.token_id.clone(),
            grant_id,
            auth_time,
        };
        // RFC 9068 section 2.1: typ MUST be at+jwt, so that no other JWT passes for an access token.
        Self::write(wire, "at+jwt", key_id, claims.issued_at, Some(claims.expires_at))
    }
}

/// A token as it came over the wire; nothing of it is believed yet.
#[derive(Debug)]
pub struct Received<'a> {
    text: &'a str,
    token: UntrustedToken<'a, WireHeader>,
}

impl<'a> Received<'a> {
    /// Takes a token apart without believing any of it.
    ///
    /// # Errors
    ///
    /// [`JwtError::Malformed`] when it is no JWT, [`JwtError::WrongType`] when it is another kind of
    /// JWT, [`JwtError::WrongAlgorithm`] for any algorithm but ES256.
    pub fn parse(text: &'a str) -> Result<Self, JwtError> {
        let token: UntrustedToken<'a, WireHeader> =
            UntrustedToken::try_from(text).map_err(|_| JwtError::Malformed)?;
        // RFC 9068 section 4: typ is at+jwt or application/at+jwt, without regard to case.
        let kind = token.header().token_type.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !matches!(kind.as_str(), "at+jwt" | "application/at+jwt") {
            return Err(JwtError::WrongType);
        }
        // RFC 8725 section 3.1: only the algorithms that are expected, never what the token says.
        if token.algorithm() != ES256 {
            return Err(JwtError::WrongAlgorithm);
        }
        // RFC 7515 section 4.1.11: an extension that isn't understood makes the token invalid.
        if token.header().other_fields.crit.is_some() {
            return Err(JwtError::Malformed);
        }
        Ok(Self { text, token })
    }

    /// The algorithm that it says it is signed with, which is one that is accepted.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.token.algorithm()
    }

    /// Which key claims to have signed it.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.token.header().key_id.as_deref()
    }

    /// The signed bytes.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.text.rsplit_once('.').map_or(&[], |(message, _)| message.as_bytes())
    }

    /// The signature to check over [`Self::message`].
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.token.signature_bytes()
    }

    /// Believes the token if its signature is valid and it was issued by `issuer` and lives at `now`.
    /// Which audience it is for is the caller's to compare.
    ///
    /// # Errors
    ///
    /// [`JwtError`] names the first check that failed
    /// ([RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).
    pub fn verify(
        &self,
        verdict: SignatureVerdict,
        issuer: &str,
        now: UnixTime,
    ) -> Result<AccessTokenClaims, JwtError> {
        let algorithm = AlreadyChecked { algorithm: ES256, message: self.message(), verdict };
        let token = algorithm.validator::<RawClaims>(&()).validate(&self.token).map_err(
            |error| match error {
                jwt_compact::ValidationError::InvalidSignature => JwtError::InvalidSignature,
                _ => JwtError::Malformed,
            },
        )?;
        let (_, mut claims) = token.into_parts();
        let wire = Value::Object(std::mem::take(&mut claims.custom.0));
        let wire = WireClaims::from_json(wire).map_err(|_| JwtError::Malformed)?;
        let now = date(now)?;
        let time = TimeOptions::new(Duration::seconds(LEEWAY_SECONDS), move || now);
        claims.validate_expiration(&time).map_err(|_| JwtError::Expired)?;
        if claims.not_before.is_some() {
            claims.validate_maturity(&time).map_err(|_| JwtError::NotYetValid)?;
        }
        if wire.iss != issuer {
            return Err(JwtError::WrongIssuer);
        }
        Ok(AccessTokenClaims {
            authority: wire.authority().ok_or(JwtError::Malformed)?,
            issuer: wire.iss,
            audience: wire.aud,
            client_id: wire.client_id,
            scope: wire.scope,
            token_id: wire.jti,
            issued_at: unix(claims.issued_at)?,
            expires_at: unix(claims.expiration)?,
        })
    }
}
