//! Token introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)): who may ask about which
//! token, and what they are told. Whether the token is good is found out before.

mod response_format;
#[cfg(test)]
mod tests;

pub use response_format::ResponseFormat;

use serde::Serialize;
use std::fmt;

use crate::client::ClientId;
use crate::configuration::Configuration;
use crate::error::{ErrorCode, ErrorReply};
use crate::grant::refresh_token::RefreshTokenState;
use crate::identifier::{AccountId, PersonalAccessTokenId};
use crate::jwt::AccessTokenClaims;
use crate::params::{Parameters, RepeatedParameter};
use crate::personal_access_token::TokenGrant;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::subject::Subject;
use crate::time::UnixTime;

/// An introspection request.
#[derive(Debug, Clone)]
pub struct IntrospectionRequest {
    /// The token, whatever it may be.
    pub token: Secret,
}

impl IntrospectionRequest {
    /// Reads the parameters of
    /// [RFC 7662 section 2.1](https://www.rfc-editor.org/rfc/rfc7662#section-2.1).
    ///
    /// # Errors
    ///
    /// `invalid_request`: `token` is missing, or a parameter comes twice.
    pub fn parse(parameters: &Parameters) -> Result<Self, IntrospectionError> {
        let token = parameters.get("token")?.ok_or(IntrospectionError::TokenMissing)?;
        // RFC 7662 section 2.1: the server "MAY ignore" the hint: the token's own form says what it
        // is. Sent twice, it is an error like any other parameter.
        parameters.get("token_type_hint")?;
        Ok(Self { token: Secret::new(token) })
    }
}

/// Why an introspection request is refused. A token that isn't good is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntrospectionError {
    /// A parameter came twice.
    Repeated(RepeatedParameter),
    /// `token` is missing.
    TokenMissing,
    /// The client has no secret, so anybody could ask in its name.
    PublicClient,
}

impl IntrospectionError {
    /// What the client is told.
    #[must_use]
    pub fn reply(&self) -> ErrorReply {
        let code = match self {
            Self::Repeated(_) | Self::TokenMissing => ErrorCode::InvalidRequest,
            Self::PublicClient => ErrorCode::InvalidClient,
        };
        ErrorReply::new(code, self.to_string())
    }
}

impl fmt::Display for IntrospectionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated(repeated) => repeated.fmt(formatter),
            Self::TokenMissing => formatter
                .write_str("The parameter 'token' is missing; send the token to introspect."),
            Self::PublicClient => formatter.write_str(
                "Introspection needs a client with a secret; register one with client_secret_basic \
                 or client_secret_post.",
            ),
        }
    }
}

impl std::error::Error for IntrospectionError {}

impl From<RepeatedParameter> for IntrospectionError {
    fn from(repeated: RepeatedParameter) -> Self {
        Self::Repeated(repeated)
    }
}

/// A token that was found good: it is ours, its time isn't over, and it isn't revoked.
#[derive(Debug, Clone)]
pub enum Token {
    /// An access token.
    AccessToken(AccessTokenClaims),
    /// A refresh token.
    RefreshToken {
        /// The person.
        account: AccountId,
        /// What it stands for.
        state: RefreshTokenState,
    },
    /// A personal access token.
    PersonalAccessToken {
        /// The person.
        account: AccountId,
        /// Which of their tokens.
        id: PersonalAccessTokenId,
        /// What it gives.
        grant: TokenGrant,
    },
}

/// The answer ([RFC 7662 section 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2)), as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Introspected {
    active: bool,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

/// RFC 7519 section 4.1.3: one audience is written as a string, several as an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Audience {
    One(ResourceIndicator),
    Several(Vec<ResourceIndicator>),
}

impl Audience {
    fn of(resources: Vec<ResourceIndicator>) -> Self {
        match resources.as_slice() {
            [only] => Self::One(only.clone()),
            _ => Self::Several(resources),
        }
    }
}

impl Introspected {
    /// The answer about a token that isn't good, or that the caller has nothing to do with.
    ///
    /// [RFC 7662 section 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2): nothing beside
    /// `active`, not even why.
    #[must_use]
    pub fn inactive() -> Self {
        Self {
            active: false,
            scope: Scope::default(),
            client_id: None,
            token_type: None,
            exp: None,
            iat: None,
            sub: None,
            aud: None,
            iss: None,
            jti: None,
        }
    }

    /// Whether the caller is told that the token is good.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.active
    }
}

/// What `caller`, an authenticated client, is told about `token`.
///
/// The token's own client sees it, and so does a client that the configuration names as introspector
/// of a resource the token is for ([RFC 7662 section 4](https://www.rfc-editor.org/rfc/rfc7662#section-4)).
/// A refresh token is seen by its own client only: a resource that takes one for an access token would
/// let it in.
#[must_use]
pub fn reply(
    token: Token,
    caller: &ClientId,
    configuration: &Configuration,
    now: UnixTime,
) -> Introspected {
    let active = Introspected {
        active: true,
        iss: Some(configuration.issuer.as_str().to_owned()),
        ..Introspected::inactive()
    };
    match token {
        Token::AccessToken(claims) => {
            let may_see = *caller == claims.client_id
                || configuration.may_introspect(caller, &claims.audience);
            // Checking a signature allows for clocks that disagree; `exp` is our own clock's.
            if !may_see || claims.expires_at.has_passed(now) {
                return Introspected::inactive();
            }
            let subject = claims.subject();
            Introspected {
                scope: claims.scope,
                client_id: Some(claims.client_id),
                token_type: Some("Bearer"),
                exp: Some(claims.expires_at),
                iat: Some(claims.issued_at),
                sub: Some(subject),
                aud: Some(Audience::One(claims.audience)),
                iss: Some(claims.issuer),
                jti: Some(claims.token_id),
                ..active
            }
        }
        Token::RefreshToken { account, state } => {
            if *caller != state.client_id || state.expires_at.has_passed(now) {
                return Introspected::inactive();
            }
            Introspected {
                scope: state.scope,
                client_id: Some(state.client_id),
                exp: Some(state.expires_at),
                iat: state.issued_at,
                sub: Some(account.into()),
                aud: Some(Audience::of(state.resources)),
                ..active
            }
        }
        Token::PersonalAccessToken { account, id, grant } => {
            // Where else the token can be used is nothing to this caller.
            let resources: Vec<_> = grant
                .resources
                .into_iter()
                .filter(|resource| configuration.may_introspect(caller, resource))
                .collect();
            if resources.is_empty() || grant.expires_at.has_passed(now) {
                return Introspected::inactive();
            }
            Introspected {
                scope: grant.scope,
                token_type: Some("Bearer"),
                exp: Some(grant.expires_at),
                iat: Some(grant.created_at),
                sub: Some(account.into()),
                aud: Some(Audience::of(resources)),
                jti: Some(id.as_str().to_owned()),
                ..active
            }
        }
    }
}
