//! OAuth error codes and what a client is told.
//!
//! Each endpoint has its own enum of precise reasons. A reason maps to one [`ErrorCode`]; the HTTP
//! status is a method of the code and never chosen at a call site.

use crate::json::FromJson;
use serde::Serialize;

/// An error code as it travels in `error=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    InvalidRequest,
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    InvalidClient,
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    InvalidGrant,
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    UnauthorizedClient,
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    UnsupportedGrantType,
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
    InvalidScope,
    /// [RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)
    AccessDenied,
    /// [RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)
    UnsupportedResponseType,
    /// [RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)
    ServerError,
    /// [RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)
    TemporarilyUnavailable,
    /// [RFC 8707 section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)
    InvalidTarget,
    /// [RFC 7591 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2)
    InvalidRedirectUri,
    /// [RFC 7591 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2)
    InvalidClientMetadata,
    /// [RFC 7591 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2)
    InvalidSoftwareStatement,
    /// [RFC 7591 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2)
    UnapprovedSoftwareStatement,
    /// [OpenID Connect Core section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)
    LoginRequired,
    /// [OpenID Connect Core section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)
    ConsentRequired,
    /// [OpenID Connect Core section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)
    RequestNotSupported,
    /// [OpenID Connect Core section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)
    RequestUriNotSupported,
    /// [OpenID Connect Core section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)
    RegistrationNotSupported,
    /// [RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)
    InvalidToken,
    /// [RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)
    InsufficientScope,
    /// [RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)
    AuthorizationPending,
    /// [RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)
    SlowDown,
    /// [RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)
    ExpiredToken,
    /// Too many requests from one network
    /// ([RFC 6585 section 4](https://www.rfc-editor.org/rfc/rfc6585#section-4)). Not registered
    /// with IANA: no OAuth code means it, and one that means something else would mislead a client.
    TooManyRequests,
    /// The admin API: there is no such thing. Not registered with IANA.
    NotFound,
    /// The admin API: the thing can't be changed here. Not registered with IANA.
    Conflict,
}

impl ErrorCode {
    /// The code as it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::TooManyRequests => "too_many_requests",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
        }
    }

    /// The HTTP status of a direct (not redirected) answer with this code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            // RFC 6749 section 5.2: 401 when the client tried to authenticate by the Authorization
            // header, otherwise 400 or 401. Clients re-register on 401 only, so it is always 401.
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooManyRequests => 429,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::AccessDenied
            | Self::UnsupportedResponseType
            | Self::InvalidTarget
            | Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::InvalidSoftwareStatement
            | Self::UnapprovedSoftwareStatement
            | Self::LoginRequired
            | Self::ConsentRequired
            | Self::RequestNotSupported
            | Self::RequestUriNotSupported
            | Self::RegistrationNotSupported
            | Self::AuthorizationPending
            | Self::SlowDown
            | Self::ExpiredToken => 400,
        }
    }
}

/// The client's part of a refusal: a code and a sentence that says what was wrong, what was
/// expected and what to do. The sentence never repeats what the client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// The code.
    pub code: ErrorCode,
    /// The sentence, limited to the characters of RFC 6749 section 5.2
    /// (`%x20-21 / %x23-5B / %x5D-7E`).
    pub description: String,
}

impl ErrorReply {
    /// A reply with a description; characters that RFC 6749 section 5.2 forbids become `'`.
    #[must_use]
    pub fn new(code: ErrorCode, description: impl AsRef<str>) -> Self {
        let description = description
            .as_ref()
            .chars()
            .map(|character| match character {
                ' '..='!' | '#'..='[' | ']'..='~' => character,
                _ => '\'',
            })
            .collect();
        Self { code, description }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_5_2_a_description_uses_only_the_allowed_characters() {
        let reply = ErrorReply::new(ErrorCode::InvalidScope, "a \"b\" \\ \u{7f} \n é");
        assert_eq!(reply.description, "a 'b' ' ' ' '");
    }

    #[test]
    fn a_code_reads_the_same_on_the_wire_and_in_serde() {
        let json = serde_json::to_string(&ErrorCode::RequestUriNotSupported).expect("json");
        assert_eq!(json, format!("\"{}\"", ErrorCode::RequestUriNotSupported.as_str()));
    }
}
