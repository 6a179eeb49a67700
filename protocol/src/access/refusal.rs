//! Every reason why a request to a protected resource is refused, and what each comes to.

use crate::bearer::{CredentialKind, PresentationError};
use crate::error::{ErrorCode, ErrorReply};
use crate::jwt::{JwtError, claimed_issuer};
use crate::mcp::MessageError;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;

/// The longest list of scopes that a description names, in bytes; clients limit the whole of an
/// answer's headers.
const MAXIMUM_LISTED: usize = 500;
/// The longest issuer that a description names, in bytes.
const MAXIMUM_ISSUER: usize = 200;
/// The longest list of resources that a description names, in bytes.
const MAXIMUM_RESOURCES: usize = 500;

/// Why a request isn't forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It has no credential.
    NoCredential,
    /// Its credential is in the URL.
    TokenInQuery,
    /// It has more than one credential.
    SeveralCredentials,
    /// It has a credential header that can't be read.
    MalformedCredential,
    /// Its path could be read in two ways.
    ConfusingPath,
    /// Its credential is not good here.
    Token(TokenProblem),
    /// Its credential is good, but not for this.
    InsufficientScope {
        /// What it holds.
        held: Scope,
        /// What the request needs.
        needed: Scope,
    },
    /// Its body can't be read for certain as one JSON-RPC message.
    Message(MessageError),
}

/// Why a credential is not good at this resource. Always `invalid_token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenProblem {
    /// It is no token, or has not the claims of an access token.
    Malformed,
    /// Another server issued it.
    AnotherIssuer {
        /// Which one, as the token claims.
        found: Option<String>,
    },
    /// It is for other resources.
    WrongAudience {
        /// Which ones.
        found: Vec<ResourceIndicator>,
    },
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It was taken back, or what it was given under was.
    Revoked,
    /// The operator has disabled the client that has it.
    ClientDisabled,
    /// Its signature isn't one of this server's keys'.
    BadSignature,
    /// It is a refresh token.
    RefreshToken,
    /// It is an authorization code.
    AuthorizationCode,
    /// This resource doesn't take credentials of its kind.
    KindNotAccepted(CredentialKind),
    /// No such personal access token exists.
    UnknownPersonalAccessToken,
    /// It starts like a personal access token, but its checksum is wrong.
    DamagedPersonalAccessToken,
    /// `X-API-Key` has something else than a personal access token.
    ApiKeyWithoutPersonalAccessToken,
    /// It is something else of this server: another kind of JWT, or a client's id or secret.
    NotAnAccessToken,
}

impl From<PresentationError> for Refusal {
    fn from(error: PresentationError) -> Self {
        match error {
            PresentationError::Nothing => Self::NoCredential,
            PresentationError::OnlyInQuery => Self::TokenInQuery,
            PresentationError::Several => Self::SeveralCredentials,
            PresentationError::Malformed => Self::MalformedCredential,
        }
    }
}

impl From<TokenProblem> for Refusal {
    fn from(problem: TokenProblem) -> Self {
        Self::Token(problem)
    }
}

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        Self::Message(error)
    }
}

impl TokenProblem {
    /// What is wrong with the JWT `text` that `error` refused. A token that says it is another
    /// issuer's is called that, whatever else is wrong with it: nothing here is wrong with those
    /// that other servers make, they are only in the wrong place.
    #[must_use]
    pub fn of_jwt(error: JwtError, text: &str, issuer: &str) -> Self {
        let found = claimed_issuer(text).filter(|found| found != issuer);
        match error {
            // Their signature is this server's, so it is this server's word that counts.
            JwtError::Expired => Self::Expired,
            JwtError::NotYetValid => Self::NotYetValid,
            _ if found.is_some() => Self::AnotherIssuer { found },
            JwtError::WrongIssuer => Self::AnotherIssuer { found: None },
            JwtError::InvalidSignature | JwtError::WrongAlgorithm => Self::BadSignature,
            JwtError::WrongType => Self::NotAnAccessToken,
            JwtError::Malformed => Self::Malformed,
        }
    }

    /// The reason as the log and the activity write it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed_token",
            Self::AnotherIssuer { .. } => "another_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::ClientDisabled => "client_disabled",
            Self::BadSignature => "bad_signature",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
            Self::KindNotAccepted(_) => "kind_not_accepted",
            Self::UnknownPersonalAccessToken => "unknown_personal_access_token",
            Self::DamagedPersonalAccessToken => "damaged_personal_access_token",
            Self::ApiKeyWithoutPersonalAccessToken => "api_key_without_personal_access_token",
            Self::NotAnAccessToken => "not_an_access_token",
        }
    }

    fn description(&self, issuer: &str, resource: &ResourceIndicator) -> String {
        let expected = resource.as_str();
        match self {
            Self::Malformed => format!("The token can't be read; get a new one from {issuer}."),
            Self::AnotherIssuer { found } => {
                let found = found.as_deref().filter(|found| is_plain_url(found));
                let found = found.unwrap_or("another server");
                format!(
                    "The token was issued by {found}; this resource accepts tokens of {issuer}."
                )
            }
            Self::WrongAudience { found } => {
                let names: Vec<_> = found.iter().map(ResourceIndicator::as_str).collect();
                let found = match names.join(", ") {
                    names if names.is_empty() => "no resource".to_owned(),
                    names if names.len() <= MAXIMUM_RESOURCES => names,
                    _ => "other resources".to_owned(),
                };
                format!("The token is for {found}; this resource is {expected}.")
            }
            Self::Expired => "The token is expired; get a new one.".to_owned(),
            Self::NotYetValid => "The token is not valid yet; wait or get a new one.".to_owned(),
            Self::Revoked => {
                "The token was revoked; ask the person to sign in and allow access again."
                    .to_owned()
            }
            Self::ClientDisabled => {
                "The operator of this server has disabled the client; ask them.".to_owned()
            }
            Self::BadSignature => format!(
                "The token's signature is not valid; get a token from {issuer} and send it \
                 unchanged."
            ),
            Self::RefreshToken => {
                "This is a refresh token; exchange it at the token endpoint for an access token \
                 and send that."
                    .to_owned()
            }
            Self::AuthorizationCode => {
                "This is an authorization code; exchange it at the token endpoint for an access \
                 token and send that."
                    .to_owned()
            }
            Self::KindNotAccepted(CredentialKind::AccessToken) => {
                "This resource doesn't take access tokens; send a personal access token.".to_owned()
            }
            Self::KindNotAccepted(CredentialKind::PersonalAccessToken) => {
                "This resource doesn't take personal access tokens; send an access token."
                    .to_owned()
            }
            Self::UnknownPersonalAccessToken => {
                "The personal access token is unknown or was revoked; make a new one on the \
                 account page."
                    .to_owned()
            }
            Self::DamagedPersonalAccessToken => {
                "The personal access token's checksum is wrong, so it was changed or cut; copy \
                 the whole token again."
                    .to_owned()
            }
            Self::ApiKeyWithoutPersonalAccessToken => {
                "X-API-Key takes a personal access token; send an access token as Authorization: \
                 Bearer."
                    .to_owned()
            }
            Self::NotAnAccessToken => {
                "This is not an access token; get one at the token endpoint and send that."
                    .to_owned()
            }
        }
    }
}

impl Refusal {
    /// Whether a secret was sent that may be made up. No access token is one: nobody can guess a signature,
    /// and its 401 is what has a client refresh, all of them at once when a key is dropped.
    #[must_use]
    pub const fn is_a_guess(&self) -> bool {
        matches!(self, Self::Token(TokenProblem::UnknownPersonalAccessToken))
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NoCredential | Self::TokenInQuery => 401,
            Self::SeveralCredentials | Self::MalformedCredential | Self::ConfusingPath => {
                ErrorCode::InvalidRequest.status()
            }
            // MRS-12: 401, never 403 and never a JSON-RPC error in a 200.
            Self::Token(_) => ErrorCode::InvalidToken.status(),
            Self::InsufficientScope { .. } => ErrorCode::InsufficientScope.status(),
            Self::Message(error) => error.status(),
        }
    }

    /// The code; `None` for a request without a usable credential.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            // RFC 6750 section 3.1: "If the request lacks any authentication information [...] the
            // resource server SHOULD NOT include an error code or other error information."
            Self::NoCredential | Self::TokenInQuery => None,
            Self::SeveralCredentials
            | Self::MalformedCredential
            | Self::ConfusingPath
            | Self::Message(_) => Some(ErrorCode::InvalidRequest),
            Self::Token(_) => Some(ErrorCode::InvalidToken),
            Self::InsufficientScope { .. } => Some(ErrorCode::InsufficientScope),
        }
    }

    /// What was wrong and what to do, in the characters of `error_description`
    /// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)). Of the request it
    /// repeats nothing but a plain issuer, and what a token of our own says.
    #[must_use]
    pub fn description(&self, issuer: &str, resource: &ResourceIndicator) -> String {
        let text = match self {
            Self::NoCredential => {
                "This resource needs a token; send it as Authorization: Bearer.".to_owned()
            }
            Self::TokenInQuery => {
                "A token in the URL is not accepted; send it as Authorization: Bearer.".to_owned()
            }
            Self::SeveralCredentials => {
                "There is more than one credential; send one, in one header.".to_owned()
            }
            Self::MalformedCredential => {
                "The credential can't be read; send Authorization: Bearer, one space and the token."
                    .to_owned()
            }
            Self::ConfusingPath => {
                "The path has an empty or dot segment, a backslash or an encoding that programs \
                 read differently; write it plainly."
                    .to_owned()
            }
            Self::Token(problem) => problem.description(issuer, resource),
            Self::InsufficientScope { held, needed } => format!(
                "The token does not have the scopes this needs. held: {}; needed: {}",
                listed(held),
                listed(needed)
            ),
            Self::Message(error) => error.description().to_owned(),
        };
        ErrorReply::new(ErrorCode::InvalidRequest, text).description
    }

    /// The reason as the log and the activity write it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::TokenInQuery => "token_in_query",
            Self::SeveralCredentials => "several_credentials",
            Self::MalformedCredential => "malformed_credential",
            Self::ConfusingPath => "confusing_path",
            Self::Token(problem) => problem.name(),
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Message(error) => error.name(),
        }
    }
}

fn listed(scope: &Scope) -> String {
    let text = scope.to_string();
    match text.len() {
        0 => "none".to_owned(),
        1..=MAXIMUM_LISTED => text,
        _ => format!("{} scopes", scope.iter().count()),
    }
}

/// Whether a claimed issuer can be shown: it is the token's word, which nobody has checked.
fn is_plain_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.len() <= MAXIMUM_ISSUER
        && rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric()))
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'.' | b'_' | b'~' | b'-')
        })
}
