//! Why a client isn't authenticated, and what it is told.

use std::fmt;

use crate::error::{ErrorCode, ErrorReply};
use crate::params::RepeatedParameter;

/// Why a client isn't authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthenticationFailure {
    /// A parameter came twice.
    Repeated(RepeatedParameter),
    /// No `client_id`, in no place.
    ClientIdMissing,
    /// One `client_id` in the header and another in the form.
    TwoClientIds,
    /// A secret in the header and one in the form.
    TwoMethods,
    /// The `Authorization` header has a scheme other than Basic.
    UnsupportedScheme,
    /// The Basic credentials can't be decoded.
    MalformedBasic,
    /// A client assertion that is no signed JWT: its type isn't supported.
    UnsupportedAssertion,
    /// An assertion beside a secret.
    AssertionAndSecret,
    /// An assertion that is missing, no JWT, of another type or algorithm, or without its claims.
    AssertionMalformed,
    /// A client that is registered for `private_key_jwt` sent no assertion.
    AssertionMissing,
    /// `iss`, `sub` and `client_id` aren't one client.
    AssertionOfAnother,
    /// `aud` isn't this server, alone.
    AssertionForAnother,
    /// Its time is over.
    AssertionExpired,
    /// It would live for longer than 10 minutes.
    AssertionTooLong,
    /// Its time has not come.
    AssertionNotYetValid,
    /// It has no `jti`, or one that is too long.
    AssertionWithoutId,
    /// It was used before.
    AssertionReplayed,
    /// None of the client's keys made its signature.
    AssertionSignatureInvalid,
    /// There is no such client.
    UnknownClient,
    /// There was such a client.
    ExpiredClient,
    /// The operator has disabled the client.
    DisabledClient,
    /// A confidential client without its secret.
    SecretMissing,
    /// A method that the client isn't registered for.
    OtherMethodRegistered,
    /// Not the client's secret.
    SecretWrong,
}

impl ClientAuthenticationFailure {
    /// Whether nothing was sent by which a client could be known.
    #[must_use]
    pub const fn is_absence(self) -> bool {
        matches!(self, Self::ClientIdMissing | Self::UnsupportedScheme)
    }

    /// Whether a proof, or the client itself, may be made up. A client that was once here is none, and
    /// neither is one that has its way of proving itself wrong.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::UnknownClient | Self::SecretWrong | Self::AssertionSignatureInvalid => true,
            Self::Repeated(_)
            | Self::ClientIdMissing
            | Self::TwoClientIds
            | Self::TwoMethods
            | Self::UnsupportedScheme
            | Self::MalformedBasic
            | Self::UnsupportedAssertion
            | Self::AssertionAndSecret
            | Self::AssertionMalformed
            | Self::AssertionMissing
            | Self::AssertionOfAnother
            | Self::AssertionForAnother
            | Self::AssertionExpired
            | Self::AssertionTooLong
            | Self::AssertionNotYetValid
            | Self::AssertionWithoutId
            | Self::AssertionReplayed
            | Self::ExpiredClient
            | Self::DisabledClient
            | Self::SecretMissing
            | Self::OtherMethodRegistered => false,
        }
    }

    pub(super) const fn code(self) -> ErrorCode {
        match self {
            Self::Repeated(_) | Self::ClientIdMissing | Self::TwoClientIds | Self::TwoMethods => {
                ErrorCode::InvalidRequest
            }
            Self::UnsupportedScheme
            | Self::MalformedBasic
            | Self::UnsupportedAssertion
            | Self::AssertionAndSecret
            | Self::AssertionMalformed
            | Self::AssertionMissing
            | Self::AssertionOfAnother
            | Self::AssertionForAnother
            | Self::AssertionExpired
            | Self::AssertionTooLong
            | Self::AssertionNotYetValid
            | Self::AssertionWithoutId
            | Self::AssertionReplayed
            | Self::AssertionSignatureInvalid
            | Self::UnknownClient
            | Self::ExpiredClient
            | Self::DisabledClient
            | Self::SecretMissing
            | Self::OtherMethodRegistered
            | Self::SecretWrong => ErrorCode::InvalidClient,
        }
    }

    pub(super) fn reply(self) -> ErrorReply {
        ErrorReply::new(self.code(), self.to_string())
    }
}

impl fmt::Display for ClientAuthenticationFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Repeated(repeated) => return repeated.fmt(formatter),
            Self::ClientIdMissing => "The client_id is missing; send it with every request.",
            Self::TwoClientIds => {
                "The client_id in the form is not the one in the Authorization header; send one."
            }
            Self::TwoMethods => {
                "A secret is both in the Authorization header and in the form; send it once."
            }
            Self::UnsupportedScheme => {
                "The Authorization header has a scheme that is not supported here; use Basic, or \
                 send client_id and client_secret in the form."
            }
            Self::MalformedBasic => {
                "The Basic credentials can't be read; form-encode client_id and client_secret, \
                 join them by a colon and encode that in base64."
            }
            Self::UnsupportedAssertion => {
                "The client_assertion_type is not supported here; send \
                 urn:ietf:params:oauth:client-assertion-type:jwt-bearer."
            }
            Self::AssertionAndSecret => {
                "A client assertion and a secret are in one request; send only the assertion."
            }
            Self::AssertionMalformed => {
                "The client_assertion is not a JWT that is accepted here; sign one with ES256, RS256 \
                 or EdDSA (the registered algorithm, if there is one) with iss, sub, aud, exp and jti."
            }
            Self::AssertionMissing => {
                "The client is registered for private_key_jwt and sent no client_assertion; send one."
            }
            Self::AssertionOfAnother => {
                "The client_assertion names another client; iss, sub and client_id have to be the same."
            }
            Self::AssertionForAnother => {
                "The aud of the client_assertion has to be the issuer of this server and nothing else."
            }
            Self::AssertionExpired => "The client_assertion has expired; sign a new one.",
            Self::AssertionTooLong => {
                "The client_assertion lives too long; let it expire within 10 minutes."
            }
            Self::AssertionNotYetValid => {
                "The client_assertion is not valid yet; check the clock that it was signed by."
            }
            Self::AssertionWithoutId => {
                "The client_assertion has no usable jti; give each one its own, of at most 256 bytes."
            }
            Self::AssertionReplayed => {
                "The client_assertion was used before; sign a new one for each request."
            }
            Self::AssertionSignatureInvalid => {
                "The signature of the client_assertion is not by a key of the client; check jwks or \
                 jwks_uri and the kid."
            }
            // An expired client is an unknown client, to the word.
            Self::UnknownClient | Self::ExpiredClient => {
                "The client is not registered here; register again."
            }
            Self::DisabledClient => {
                "The operator of this server has disabled the client; ask them to enable it again."
            }
            Self::SecretMissing => "The client has a secret and did not send it; send it.",
            Self::OtherMethodRegistered => {
                "The client is registered for another authentication method; use that one."
            }
            Self::SecretWrong => "The client secret is wrong; register again if it is lost.",
        })
    }
}

impl From<RepeatedParameter> for ClientAuthenticationFailure {
    fn from(repeated: RepeatedParameter) -> Self {
        Self::Repeated(repeated)
    }
}
