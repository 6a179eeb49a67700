//! Reading a revocation request ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)); what it does
//! is decided in [`crate::grant::revoke`].

use std::fmt;

use crate::error::{ErrorCode, ErrorReply};
use crate::params::{Parameters, RepeatedParameter};
use crate::secret::Secret;

/// A revocation request.
#[derive(Debug, Clone)]
pub struct RevocationRequest {
    /// The token, whatever it may be.
    pub token: Secret,
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
        // RFC 7009 section 2.1: "An authorization server MAY ignore" the hint: the token's own form
        // says what it is. Sent twice, it is an error like any other parameter.
        parameters.get("token_type_hint")?;
        Ok(Self { token: Secret::new(token) })
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
    fn rfc7009_2_1_the_hint_is_optional_and_any_value_of_it_is_ignored() {
        for body in [
            "token=abc",
            "token=abc&token_type_hint=access_token",
            "token=abc&token_type_hint=id_token",
            "token=abc&token_type_hint=",
            "token=abc&other=1&other=2",
        ] {
            let request = RevocationRequest::parse(&parameters(body)).expect(body);
            assert_eq!(request.token.expose(), "abc", "{body}");
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
    fn rfc7009_2_1_a_foreign_token_is_an_invalid_grant() {
        assert_eq!(RevocationError::ForeignToken.reply().code, ErrorCode::InvalidGrant);
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
