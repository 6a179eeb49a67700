//! Why an authorization request is refused, and where that may be said.

use serde::Serialize;

use crate::error::{ErrorCode, ErrorReply};
use crate::json::FromJson;
use crate::redirect_uri::MatchedRedirectUri;
use crate::requested_scope::RequestedScopeError as ScopeError;

/// A refusal shown on a page of ours, because there is no redirect URI to trust
/// ([RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalError {
    /// The query isn't readable: bad percent-encoding, bad UTF-8, far too many parameters.
    Unreadable,
    /// No `client_id`.
    ClientIdMissing,
    /// `client_id` twice.
    ClientIdRepeated,
    /// A `client_id` that can't be one.
    ClientIdMalformed,
    /// No such client, or it has expired.
    ClientUnknown,
    /// The operator has disabled the client.
    ClientDisabled,
    /// `redirect_uri` twice.
    RedirectUriRepeated,
    /// Several are registered and none was sent.
    RedirectUriMissing,
    /// The one sent isn't registered.
    RedirectUriMismatch,
    /// Longer than what can travel between the pages.
    TooLong,
    /// A `response_mode` that isn't supported: an answer in another mode would go unread.
    ResponseModeUnsupported,
}

impl LocalError {
    /// The code that is shown with it.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::ClientUnknown | Self::ClientIdMalformed => ErrorCode::InvalidClient,
            Self::ClientDisabled => ErrorCode::UnauthorizedClient,
            Self::Unreadable
            | Self::ClientIdMissing
            | Self::ClientIdRepeated
            | Self::RedirectUriRepeated
            | Self::RedirectUriMissing
            | Self::RedirectUriMismatch
            | Self::TooLong
            | Self::ResponseModeUnsupported => ErrorCode::InvalidRequest,
        }
    }

    /// What happened, for the person who sees the page.
    #[must_use]
    pub const fn what_happened(self) -> &'static str {
        match self {
            Self::Unreadable => "The link that brought you here is damaged.",
            Self::ClientIdMissing => {
                "The link that brought you here does not say which app sent you."
            }
            Self::ClientIdRepeated => "The link that brought you here names two apps.",
            Self::ClientIdMalformed | Self::ClientUnknown => {
                "The app that sent you is not registered here. It may have been removed because \
                 it was not used for a while."
            }
            Self::ClientDisabled => {
                "The operator of this site has switched off the app that sent you. Nothing was sent \
                 to it."
            }
            Self::RedirectUriRepeated => {
                "The link that brought you here names two addresses to return to."
            }
            Self::RedirectUriMissing => "The app did not say where to send you back.",
            Self::RedirectUriMismatch => {
                "The app asked to send you back to an address that is not registered for it. To \
                 keep you safe, nothing was sent there."
            }
            Self::TooLong => "The app's request is too long to be answered.",
            Self::ResponseModeUnsupported => {
                "The app asked for its answer in a way that is not supported here."
            }
        }
    }

    /// What the person, or the app's developer, can do.
    #[must_use]
    pub const fn what_to_do(self) -> &'static str {
        match self {
            Self::Unreadable | Self::ClientIdMissing | Self::ClientIdRepeated => {
                "Go back to the app and start again. Developers: send client_id exactly once, as \
                 issued at registration."
            }
            Self::ClientIdMalformed | Self::ClientUnknown => {
                "Go back to the app, remove the connection there and connect again: the app then \
                 registers anew."
            }
            Self::ClientDisabled => {
                "You can close this page. Developers: ask the operator to enable the client again."
            }
            Self::RedirectUriRepeated | Self::RedirectUriMissing | Self::RedirectUriMismatch => {
                "Go back to the app and start again. Developers: send redirect_uri exactly once \
                 and exactly as registered; only the port of a loopback address may differ."
            }
            Self::TooLong => {
                "Developers: send a short opaque state and keep what it stands for in the app; \
                 all parameters together may have about 8,000 bytes."
            }
            Self::ResponseModeUnsupported => {
                "Developers: leave response_mode out or send response_mode=query."
            }
        }
    }
}

/// Why a request with a good client and redirect URI is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum RedirectReason {
    /// A parameter was sent twice.
    ParameterRepeated,
    /// No `response_type`.
    ResponseTypeMissing,
    /// A `response_type` other than `code`.
    ResponseTypeUnsupported,
    /// The client didn't register the authorization code grant.
    GrantTypeNotRegistered,
    /// No `code_challenge` from a client that has to send one.
    CodeChallengeMissing,
    /// `code_challenge_method` is missing or `plain`.
    CodeChallengeMethodPlain,
    /// The challenge or its method can't be one.
    CodeChallengeMalformed,
    /// `scope` has characters that a scope can't have.
    ScopeMalformed,
    /// Under `strict_scopes`: a scope that doesn't exist.
    ScopeUnknown,
    /// No scope was asked for or none of them exists, and there is no default.
    ScopeEmpty,
    /// A `resource` that is none of ours.
    ResourceUnknown,
    /// `prompt=none` together with another value.
    PromptContradiction,
    /// `max_age` is no number of seconds.
    MaxAgeMalformed,
    /// `request` (RFC 9101).
    RequestObject,
    /// `request_uri` (RFC 9101, RFC 9126).
    RequestUri,
    /// `registration` (OpenID Connect).
    Registration,
    /// `prompt=none`, and nobody is signed in (or not recently enough).
    LoginRequired,
    /// `prompt=none`, and the person hasn't allowed this before.
    ConsentRequired,
    /// The person pressed Deny.
    Denied,
    /// `latchkey_test_decision`, on a development server with a test user, is neither `allow` nor
    /// `deny`.
    TestDecisionUnknown,
}

impl RedirectReason {
    /// The code and description that the client gets.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        use ErrorCode as Code;
        let (code, description) = match self {
            Self::ParameterRepeated => {
                (Code::InvalidRequest, "A parameter was sent twice. Send each one once.")
            }
            Self::ResponseTypeMissing => {
                (Code::InvalidRequest, "response_type is missing. Send response_type=code.")
            }
            Self::ResponseTypeUnsupported => (
                Code::UnsupportedResponseType,
                "response_type is not supported. Send response_type=code.",
            ),
            Self::GrantTypeNotRegistered => (
                Code::UnauthorizedClient,
                "The client is not registered for the authorization_code grant.",
            ),
            Self::CodeChallengeMissing => (
                Code::InvalidRequest,
                "code_challenge is missing. PKCE is required: send code_challenge and \
                 code_challenge_method=S256.",
            ),
            Self::CodeChallengeMethodPlain => (
                Code::InvalidRequest,
                "code_challenge_method has to be S256; a missing one means plain (RFC 7636 \
                 section 4.3), which is not accepted.",
            ),
            Self::CodeChallengeMalformed => (
                Code::InvalidRequest,
                "code_challenge or code_challenge_method is malformed. Send the 43 characters of \
                 the base64url-encoded SHA-256 of the verifier, and code_challenge_method=S256.",
            ),
            Self::ScopeMalformed => (Code::InvalidScope, ScopeError::Malformed.description()),
            Self::ScopeUnknown => (Code::InvalidScope, ScopeError::Unknown.description()),
            Self::ScopeEmpty => (Code::InvalidScope, ScopeError::Empty.description()),
            Self::ResourceUnknown => (
                Code::InvalidTarget,
                "resource is none of the resources of this server. Send the resource of the \
                 protected resource metadata, or leave it out for the default.",
            ),
            Self::PromptContradiction => {
                (Code::InvalidRequest, "prompt=none can not be combined with another value.")
            }
            Self::MaxAgeMalformed => {
                (Code::InvalidRequest, "max_age has to be a whole number of seconds.")
            }
            Self::RequestObject => (
                Code::RequestNotSupported,
                "request is not supported. Send the parameters themselves.",
            ),
            Self::RequestUri => (
                Code::RequestUriNotSupported,
                "request_uri is not supported. Send the parameters themselves.",
            ),
            Self::Registration => (
                Code::RegistrationNotSupported,
                "registration is not supported. Register at the registration endpoint.",
            ),
            Self::LoginRequired => (
                Code::LoginRequired,
                "The person has to sign in. Send the request without prompt=none.",
            ),
            Self::ConsentRequired => (
                Code::ConsentRequired,
                "The person has to allow this first. Send the request without prompt=none.",
            ),
            Self::Denied => (Code::AccessDenied, "The person did not allow it."),
            Self::TestDecisionUnknown => (
                Code::InvalidRequest,
                "latchkey_test_decision has to be allow or deny. Leave it out to be allowed.",
            ),
        };
        ErrorReply::new(code, description)
    }
}

/// A refusal that may be sent to the client, since its redirect URI is known to be its own.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct RedirectError {
    /// Where to.
    pub redirect_uri: MatchedRedirectUri,
    /// `state`, returned exactly as it came.
    pub state: Option<String>,
    /// Why.
    pub reason: RedirectReason,
    /// Whether the client asked for an answer without any page (`prompt=none`).
    pub silent: bool,
}

/// A refused authorization request.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// Shown here.
    Local(LocalError),
    /// Told to the client.
    Redirect(Box<RedirectError>),
}

impl From<LocalError> for Refusal {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}
