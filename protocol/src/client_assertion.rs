//! `private_key_jwt`: a client proves who it is by a JWT that it signs
//! ([RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2),
//! [draft-ietf-oauth-rfc7523bis](https://datatracker.ietf.org/doc/draft-ietf-oauth-rfc7523bis/)).
//!
//! Three steps: [`ClientAssertion::parse`] says which client it claims to be, so that its keys can be
//! found; [`ClientAssertion::verify`] checks everything once the signature was; and the
//! [`SingleUse`] that comes of it makes an [`AuthenticatedClient`] only when its `jti` was claimed.

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use crate::client::{ClientId, ClientRecord, TokenEndpointAuthMethod};
use crate::client_authentication::{AuthenticatedClient, ClientAuthenticationFailure};
use crate::configuration::Configuration;
use crate::configuration::Endpoint;
use crate::json::FromJson;
use crate::jwt::{ForeignJwt, SignatureVerdict};
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest that an assertion may still live: each is for one request.
const LONGEST_LIFE: Lifetime = Lifetime::minutes(10);
/// How far the client's clock may be off.
const LEEWAY: Lifetime = Lifetime::seconds(30);
/// The longest `jti`, in bytes.
const LONGEST_ID: usize = 256;

/// An assertion, taken apart. Nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct ClientAssertion {
    jwt: ForeignJwt,
    client_id: ClientId,
}

#[derive(Debug, Serialize, FromJson)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    jti: Option<String>,
}

impl ClientAssertion {
    /// Reads `client_assertion`.
    ///
    /// # Errors
    ///
    /// `invalid_client`: it is no JWT, is signed by another algorithm than ours, is another kind of
    /// JWT, or names no client.
    pub fn parse(text: &str) -> Result<Self, ClientAuthenticationFailure> {
        use ClientAuthenticationFailure as Failure;
        let jwt = ForeignJwt::parse(text).map_err(|_| Failure::AssertionMalformed)?;
        // RFC 8725 section 3.11 and 7523bis: a JWT of a type of its own, which was signed for
        // something else, is none of ours.
        if !matches!(jwt.kind(), None | Some("jwt" | "client-authentication+jwt")) {
            return Err(Failure::AssertionMalformed);
        }
        let subject = jwt.claimed("sub").ok_or(Failure::AssertionMalformed)?;
        let client_id = ClientId::parse(&subject).ok_or(Failure::UnknownClient)?;
        Ok(Self { jwt, client_id })
    }

    /// Which client it claims to be: its `sub`
    /// ([RFC 7521 section 4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2)).
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// The JWT, whose signature is to be checked with one of the client's keys.
    #[must_use]
    pub const fn jwt(&self) -> &ForeignJwt {
        &self.jwt
    }

    /// What can be said before any key is looked at, so that nothing is fetched in vain.
    ///
    /// # Errors
    ///
    /// `invalid_client`: the client has ended or is disabled, authenticates in another way, or
    /// registered another algorithm.
    pub fn check_client(
        &self,
        client: &ClientRecord,
        now: UnixTime,
    ) -> Result<(), ClientAuthenticationFailure> {
        use ClientAuthenticationFailure as Failure;
        if client.client_id != self.client_id {
            return Err(Failure::UnknownClient);
        }
        if client.is_expired(now) {
            return Err(Failure::ExpiredClient);
        }
        if client.policy.disabled {
            return Err(Failure::DisabledClient);
        }
        if client.token_endpoint_auth_method != TokenEndpointAuthMethod::PrivateKeyJwt {
            return Err(Failure::OtherMethodRegistered);
        }
        // OpenID Connect Registration section 2: with a registered algorithm, requests signed by
        // another one MUST be rejected.
        let registered = client.metadata.token_endpoint_auth_signing_alg;
        if registered.is_some_and(|algorithm| algorithm != self.jwt.algorithm()) {
            return Err(Failure::AssertionMalformed);
        }
        Ok(())
    }

    /// Checks the assertion of `client`, whose key gave `verdict` on its signature
    /// ([RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).
    ///
    /// # Errors
    ///
    /// `invalid_client`: the signature isn't one of the client's keys', or `iss`, `sub`, `aud`,
    /// `exp`, `nbf`, `iat` or `jti` isn't what it has to be.
    pub fn verify(
        &self,
        client: &ClientRecord,
        verdict: SignatureVerdict,
        configuration: &Configuration,
        now: UnixTime,
    ) -> Result<SingleUse, ClientAuthenticationFailure> {
        use ClientAuthenticationFailure as Failure;
        self.check_client(client, now)?;
        let claims = self.jwt.claims::<Claims>(verdict).map_err(|error| match error {
            crate::jwt::JwtError::InvalidSignature => Failure::AssertionSignatureInvalid,
            _ => Failure::AssertionMalformed,
        })?;
        let custom = claims.custom;
        // RFC 7523 section 3: iss and sub MUST be the client_id.
        if custom.iss != self.client_id.as_str() || custom.sub != self.client_id.as_str() {
            return Err(Failure::AssertionOfAnother);
        }
        if !is_audience(&custom.aud, configuration) {
            return Err(Failure::AssertionForAnother);
        }
        // RFC 7523 section 3: exp MUST be there; one far ahead would have to be remembered for long.
        let expires_at = claims.expires_at.ok_or(Failure::AssertionMalformed)?;
        if expires_at.plus(LEEWAY).has_passed(now) {
            return Err(Failure::AssertionExpired);
        }
        if expires_at > now.plus(LONGEST_LIFE).plus(LEEWAY) {
            return Err(Failure::AssertionTooLong);
        }
        let ahead = |time: Option<UnixTime>| time.is_some_and(|time| time > now.plus(LEEWAY));
        if ahead(claims.not_before) || ahead(claims.issued_at) {
            return Err(Failure::AssertionNotYetValid);
        }
        let id = custom.jti.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        Ok(SingleUse {
            client: AuthenticatedClient::proven(client),
            token_id: id.ok_or(Failure::AssertionWithoutId)?,
            forget_at: expires_at.plus(LEEWAY),
        })
    }
}

/// draft-ietf-oauth-rfc7523bis section 4: the issuer, as the only value, is the one audience that
/// nobody else accepts. What old clients send, the token endpoint's URL, only counts where the
/// deployment says so.
fn is_audience(audience: &Value, configuration: &Configuration) -> bool {
    let only = match audience {
        Value::String(text) => Some(text.as_str()),
        Value::Array(values) => match values.as_slice() {
            [Value::String(text)] => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    };
    only.is_some_and(|audience| {
        audience == configuration.issuer.as_str()
            || (configuration.legacy.token_endpoint_audience
                && audience == configuration.endpoints.url(Endpoint::Token))
    })
}

/// A good assertion that may have been used before. The client it proves is only handed out when its
/// `jti` was claimed, where that can be decided once
/// ([RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3), CAS-05).
#[derive(Debug)]
#[must_use]
pub struct SingleUse {
    client: AuthenticatedClient,
    token_id: String,
    forget_at: UnixTime,
}

impl SingleUse {
    /// What is remembered of the assertion: a hash of its `jti`, which may be of any form.
    #[must_use]
    pub fn token_hash(&self) -> String {
        Secret::new(self.token_id.as_str()).hash().to_text()
    }

    /// When the assertion has expired for every clock, so that nobody needs to remember it.
    #[must_use]
    pub const fn forget_at(&self) -> UnixTime {
        self.forget_at
    }

    /// The client, if this was the assertion's first use.
    ///
    /// # Errors
    ///
    /// `invalid_client`: it was used before.
    pub fn claimed(
        self,
        first_use: bool,
    ) -> Result<AuthenticatedClient, ClientAuthenticationFailure> {
        if first_use {
            Ok(self.client)
        } else {
            Err(ClientAuthenticationFailure::AssertionReplayed)
        }
    }
}
