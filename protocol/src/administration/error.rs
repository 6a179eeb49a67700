//! Why a request to the admin API is refused.

use super::{LONGEST_GRACE, SHORTEST_ADMIN_TOKEN, list::MAXIMUM_LIMIT};
use crate::bearer::PresentationError;
use crate::client::ClientOrigin;
use crate::client_metadata::ClientMetadataError;
use crate::error::{ErrorCode, ErrorReply};
use crate::registration::initial_access_token::LONGEST_LIFETIME;

/// Why a request to the admin API is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminError {
    /// The deployment's own token is too short to protect anything.
    TokenTooShort,
    /// The request has no token.
    NoToken,
    /// Its token can't be read.
    Unreadable(PresentationError),
    /// Its token is another.
    WrongToken,
    /// There is no such client, token or key.
    NotFound,
    /// The client is not the admin API's to change.
    ReadOnlyClient(ClientOrigin),
    /// The client's metadata can't be registered.
    Metadata(ClientMetadataError),
    /// The body has a member that means nothing.
    UnknownMember,
    /// The body changes what can't be changed.
    ReadOnlyMember {
        /// Which member.
        member: &'static str,
    },
    /// A member has the wrong type, or a value outside of what is possible.
    Member {
        /// Which member.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A scope of `client_credentials` doesn't exist.
    UnknownScope,
    /// A resource of `client_credentials` doesn't exist.
    UnknownResource,
    /// A client that can't prove itself would get tokens for itself.
    OwnAccessOfPublicClient,
    /// The client has no secret that could be replaced.
    NoSecret,
    /// `grace` is too long.
    GraceTooLong,
    /// `expires_in` is nothing or too long.
    Lifetime,
    /// A query parameter is there twice.
    RepeatedParameter,
    /// `limit` is no number, or too large.
    Limit,
    /// `cursor` isn't one that a list gave out.
    Cursor,
    /// `origin` or `approved` has another value.
    Filter,
    /// There is, or just was, a key of this `kid`.
    KeyIdTaken,
    /// The numbers of a key that is brought don't belong together.
    NoKeyPair,
}

impl From<ClientMetadataError> for AdminError {
    fn from(error: ClientMetadataError) -> Self {
        Self::Metadata(error)
    }
}

impl AdminError {
    /// Whether the admin token may be made up.
    #[must_use]
    pub const fn is_a_guess(&self) -> bool {
        matches!(self, Self::WrongToken)
    }

    /// What the operator is told.
    #[must_use]
    pub fn reply(&self) -> ErrorReply {
        let (code, description): (ErrorCode, String) = match self {
            Self::TokenTooShort => (
                ErrorCode::ServerError,
                format!(
                    "The secret ADMIN_TOKEN has less than {SHORTEST_ADMIN_TOKEN} characters; set a \
                     longer, random one."
                ),
            ),
            Self::NoToken | Self::Unreadable(_) | Self::WrongToken => (
                ErrorCode::InvalidToken,
                "The admin token is missing or wrong; send it as 'Authorization: Bearer'.".into(),
            ),
            Self::NotFound => (ErrorCode::NotFound, "There is nothing of this id.".into()),
            Self::ReadOnlyClient(ClientOrigin::Document) => (
                ErrorCode::Conflict,
                "The client is described by the document at its client_id, and what you decide \
                 about it is in LATCHKEY.clients in wrangler.toml; change it there and deploy."
                    .into(),
            ),
            Self::ReadOnlyClient(_) => (
                ErrorCode::Conflict,
                "The client is in LATCHKEY.clients in wrangler.toml; change it there and deploy."
                    .into(),
            ),
            Self::Metadata(error) => return error.reply(),
            Self::UnknownMember => (
                ErrorCode::InvalidRequest,
                "The body has a member that does not exist; the README lists those that do.".into(),
            ),
            Self::ReadOnlyMember { member } => (
                ErrorCode::InvalidRequest,
                format!("The member '{member}' can not be changed; leave it out or as it is."),
            ),
            Self::Member { member, expected } => {
                (ErrorCode::InvalidRequest, format!("The member '{member}' has to be {expected}."))
            }
            Self::UnknownScope => (
                ErrorCode::InvalidScope,
                "A scope of 'client_credentials' is not in LATCHKEY.scopes.".into(),
            ),
            Self::UnknownResource => (
                ErrorCode::InvalidTarget,
                "A resource of 'client_credentials' is not in LATCHKEY.resources; name it by its \
                 path or uri."
                    .into(),
            ),
            Self::OwnAccessOfPublicClient => (
                ErrorCode::InvalidClientMetadata,
                "A client with token_endpoint_auth_method 'none' can not prove who it is, so it \
                 can have no 'client_credentials'."
                    .into(),
            ),
            Self::NoSecret => (
                ErrorCode::Conflict,
                "The client has no secret: its token_endpoint_auth_method needs none.".into(),
            ),
            Self::GraceTooLong => (
                ErrorCode::InvalidRequest,
                format!("'grace' is seconds, from 0 to {}.", LONGEST_GRACE.as_seconds()),
            ),
            Self::Lifetime => (
                ErrorCode::InvalidRequest,
                format!("'expires_in' is seconds, from 1 to {}.", LONGEST_LIFETIME.as_seconds()),
            ),
            Self::RepeatedParameter => {
                (ErrorCode::InvalidRequest, "A parameter was sent twice. Send each once.".into())
            }
            Self::Limit => (
                ErrorCode::InvalidRequest,
                format!("'limit' is a number from 1 to {MAXIMUM_LIMIT}."),
            ),
            Self::Cursor => (
                ErrorCode::InvalidRequest,
                "'cursor' is not one that a list gave out; leave it out to begin anew.".into(),
            ),
            Self::Filter => (
                ErrorCode::InvalidRequest,
                "'origin' is self_registered, document, configured or administered; 'approved' is \
                 true or false."
                    .into(),
            ),
            Self::KeyIdTaken => (
                ErrorCode::Conflict,
                "There is a key of this 'kid', or one was dropped just now; give the key another."
                    .into(),
            ),
            Self::NoKeyPair => (
                ErrorCode::InvalidRequest,
                "The member 'jwk' has to be a private P-256 key whose 'x' and 'y' belong to its 'd'."
                    .into(),
            ),
        };
        ErrorReply::new(code, description)
    }

    /// What goes into `WWW-Authenticate`; `None` where the token is not the matter
    /// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    #[must_use]
    pub const fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("Bearer realm=\"admin\""),
            Self::Unreadable(_) | Self::WrongToken => {
                Some("Bearer realm=\"admin\", error=\"invalid_token\"")
            }
            _ => None,
        }
    }
}
