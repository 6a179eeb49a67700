//! Token revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)): a client gives a token
//! back, and the grant it belongs to ends.

use std::fmt;

use crate::client::ClientId;
use crate::client_authentication::AuthenticatedClient;
use crate::error::{ErrorCode, ErrorReply};
use crate::params::{Parameters, RepeatedParameter};
use crate::secret::Secret;

/// What the client believes the token to be
/// ([RFC 7009 section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1)). It only says where
/// to look first; a wrong hint changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
}

/// A revocation request.
#[derive(Debug, Clone)]
pub struct RevocationRequest {
    /// The token, whatever it may be.
    pub token: Secret,
    /// The hint; `None` as well when it has a value that isn't known here.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl RevocationRequest {
    /// Reads the parameters of
    /// [RFC 7009 section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1).
    ///
    /// # Errors
    ///
    /// `invalid_request`: `token` is missing, or a parameter comes twice.
    pub fn parse(parameters: &Parameters) -> Result<Self, RevocationError> {
        let token = parameters.get("token")?.ok_or(RevocationError::TokenMissing)?;
        // RFC 7009 section 2.1: "An authorization server MAY ignore this parameter"; an unknown
        // value isn't `unsupported_token_type`, which is about the token and not the hint.
        let token_type_hint = match parameters.get("token_type_hint")? {
            Some("access_token") => Some(TokenTypeHint::AccessToken),
            Some("refresh_token") => Some(TokenTypeHint::RefreshToken),
            _ => None,
        };
        Ok(Self { token: Secret::new(token), token_type_hint })
    }
}

/// What to do about a token. Either way the answer is 200 and says nothing, so that nobody learns
/// which tokens exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RevocationDecision {
    /// End the grant that the token belongs to: its refresh tokens and its access tokens.
    RevokeGrant,
    /// Nothing: the token is unknown, expired or revoked already
    /// ([RFC 7009 section 2.2](https://www.rfc-editor.org/rfc/rfc7009#section-2.2)).
    Nothing,
}

/// Decides what to do about a token. `owner` is the client that the token was issued to; `None`
/// when the token isn't one of ours or no longer works.
///
/// # Errors
///
/// `invalid_grant`: the token is another client's. It stays valid.
pub fn decide(
    owner: Option<&ClientId>,
    client: &AuthenticatedClient,
) -> Result<RevocationDecision, RevocationError> {
    match owner {
        None => Ok(RevocationDecision::Nothing),
        Some(owner) if owner == client.client_id() => Ok(RevocationDecision::RevokeGrant),
        // RFC 7009 section 2.1: "If this validation fails, the request is refused and the client is
        // informed of the error". The RFC names no code; whoever has the token knows it exists.
        Some(_) => Err(RevocationError::ForeignToken),
    }
}

/// Why a revocation request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationError {
    /// A parameter came twice.
    Repeated(RepeatedParameter),
    /// `token` is missing.
    TokenMissing,
    /// The token was issued to another client.
    ForeignToken,
}

impl RevocationError {
    /// What the client is told.
    #[must_use]
    pub fn reply(&self) -> ErrorReply {
        let code = match self {
            Self::Repeated(_) | Self::TokenMissing => ErrorCode::InvalidRequest,
            Self::ForeignToken => ErrorCode::InvalidGrant,
        };
        ErrorReply::new(code, self.to_string())
    }
}

impl fmt::Display for RevocationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated(repeated) => repeated.fmt(formatter),
            Self::TokenMissing => {
                formatter.write_str("The parameter 'token' is missing; send the token to revoke.")
            }
            Self::ForeignToken => formatter.write_str(
                "The token was issued to another client; only that client can revoke it.",
            ),
        }
    }
}

impl std::error::Error for RevocationError {}

impl From<RepeatedParameter> for RevocationError {
    fn from(repeated: RepeatedParameter) -> Self {
        Self::Repeated(repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parameters(body: &str) -> Parameters {
        Parameters::parse(body.as_bytes()).expect(body)
    }

    #[test]
    fn rfc7009_2_1_the_hint_is_optional_and_an_unknown_one_is_ignored() {
        let cases = [
            ("token=abc", None),
            ("token=abc&token_type_hint=access_token", Some(TokenTypeHint::AccessToken)),
            ("token=abc&token_type_hint=refresh_token", Some(TokenTypeHint::RefreshToken)),
            ("token=abc&token_type_hint=id_token", None),
            ("token=abc&token_type_hint=", None),
            ("token=abc&other=1&other=2", None),
        ];
        for (body, hint) in cases {
            let request = RevocationRequest::parse(&parameters(body)).expect(body);
            assert_eq!(request.token.expose(), "abc", "{body}");
            assert_eq!(request.token_type_hint, hint, "{body}");
        }
    }

    #[test]
    fn rfc7009_2_2_1_a_request_without_exactly_one_token_is_an_invalid_request() {
        for body in ["", "token=", "token=a&token=b", "token=a&token_type_hint=&token_type_hint=x"]
        {
            let error = RevocationRequest::parse(&parameters(body)).expect_err(body);
            assert_eq!(error.reply().code, ErrorCode::InvalidRequest, "{body}");
        }
    }

    #[test]
    fn rfc7009_2_1_only_the_client_that_a_token_was_issued_to_can_revoke_it() {
        let client = AuthenticatedClient::for_tests("mine", true);
        let (mine, other) = (ClientId::parse("mine"), ClientId::parse("Mine"));
        assert_eq!(decide(mine.as_ref(), &client), Ok(RevocationDecision::RevokeGrant));
        let error = decide(other.as_ref(), &client).expect_err("foreign token");
        assert_eq!(error.reply().code, ErrorCode::InvalidGrant);
    }

    #[test]
    fn rfc7009_2_2_an_unknown_token_is_a_success_that_changes_nothing() {
        assert_eq!(
            decide(None, &AuthenticatedClient::for_tests("mine", true)),
            Ok(RevocationDecision::Nothing)
        );
    }

    proptest! {
        #[test]
        fn reading_a_request_never_panics(body in "(token|token_type_hint|&|=|%|[a-z]){0,20}") {
            if let Ok(parameters) = Parameters::parse(body.as_bytes()) {
                let _ = RevocationRequest::parse(&parameters);
            }
        }
    }
}
