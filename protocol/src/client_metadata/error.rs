//! Why client metadata is refused.

use crate::error::{ErrorCode, ErrorReply};
use crate::redirect_uri::RedirectUriError;
use crate::scope::ScopeError;

use super::{
    MAXIMUM_BODY, MAXIMUM_ENTRIES, MAXIMUM_KEY_SET, MAXIMUM_KEY_SET_DEPTH, MAXIMUM_NAME,
    MAXIMUM_STRING,
};

/// Why client metadata is refused. The member is always one of ours, never text of the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientMetadataError {
    /// The body is longer than 64 KB.
    BodyTooLong,
    /// The body isn't JSON in UTF-8, or is nested too deeply.
    NotJson,
    /// The body is JSON, but not an object.
    NotAnObject,
    /// A member appears twice.
    DuplicateMember,
    /// A member has a type that isn't its own.
    WrongType {
        /// The member.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A string is longer than 2,000 bytes.
    TooLong {
        /// The member.
        member: &'static str,
    },
    /// A name is longer than 200 characters.
    NameTooLong {
        /// The member.
        member: &'static str,
    },
    /// There are more than 50 of something.
    TooMany {
        /// The member.
        member: &'static str,
    },
    /// There is no redirect URI.
    RedirectUrisMissing,
    /// A redirect URI may not be registered.
    RedirectUri {
        /// Its place in the list, from 1.
        position: usize,
        /// What is wrong with it.
        reason: RedirectUriError,
    },
    /// The client can only authenticate in ways that don't exist here.
    UnsupportedAuthMethod,
    /// The client's assertions would be signed in a way that isn't accepted here.
    UnsupportedSigningAlgorithm,
    /// `private_key_jwt` without a key.
    KeyMissing,
    /// None of the grants is one that this server has and a client can start with.
    NoUsableGrantType,
    /// None of the response types is `code`.
    NoUsableResponseType,
    /// The scope can't be read.
    Scope(ScopeError),
    /// A URI isn't `https` (or `http` on the loopback interface).
    WebUri {
        /// The member.
        member: &'static str,
    },
    /// Both `jwks` and `jwks_uri` are there.
    KeySetTwice,
    /// `jwks` isn't a JWK set.
    KeySetMalformed,
    /// `jwks` is longer or deeper than any key set.
    KeySetTooLarge,
    /// `jwks` has a private or symmetric key in it.
    KeySetNotPublic,
}

impl ClientMetadataError {
    /// The error code of [RFC 7591 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2).
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::RedirectUrisMissing | Self::RedirectUri { .. } => ErrorCode::InvalidRedirectUri,
            Self::BodyTooLong
            | Self::NotJson
            | Self::NotAnObject
            | Self::DuplicateMember
            | Self::WrongType { .. }
            | Self::TooLong { .. }
            | Self::NameTooLong { .. }
            | Self::TooMany { .. }
            | Self::UnsupportedAuthMethod
            | Self::UnsupportedSigningAlgorithm
            | Self::KeyMissing
            | Self::NoUsableGrantType
            | Self::NoUsableResponseType
            | Self::Scope(_)
            | Self::WebUri { .. }
            | Self::KeySetTwice
            | Self::KeySetMalformed
            | Self::KeySetTooLarge
            | Self::KeySetNotPublic => ErrorCode::InvalidClientMetadata,
        }
    }

    /// What the client is told: the code, and which member is wrong and what it has to be.
    #[must_use]
    pub fn reply(&self) -> ErrorReply {
        let description = match self {
            Self::BodyTooLong => format!("The body is too long; send at most {MAXIMUM_BODY} bytes."),
            Self::NotJson => {
                "The body is not JSON in UTF-8, or is nested too deeply; send one JSON object."
                    .to_owned()
            }
            Self::NotAnObject => "The body is not a JSON object; send one.".to_owned(),
            Self::DuplicateMember => {
                "A member appears twice in one object; send each member once.".to_owned()
            }
            Self::WrongType { member, expected } => {
                format!("The member '{member}' has the wrong type; send {expected}.")
            }
            Self::TooLong { member } => format!(
                "The member '{member}' has too long a string; use at most {MAXIMUM_STRING} bytes."
            ),
            Self::NameTooLong { member } => format!(
                "The member '{member}' is too long; use at most {MAXIMUM_NAME} characters."
            ),
            Self::TooMany { member } => format!(
                "The member '{member}' has too many entries; send at most {MAXIMUM_ENTRIES}."
            ),
            Self::RedirectUrisMissing => {
                "The member 'redirect_uris' is missing or empty; send at least one redirect URI."
                    .to_owned()
            }
            Self::RedirectUri { position, reason } => {
                format!("The member 'redirect_uris', entry {position}: {reason}")
            }
            Self::UnsupportedAuthMethod => {
                "The member 'token_endpoint_auth_method' names no method that is supported here; \
                 use 'none', 'client_secret_basic', 'client_secret_post' or 'private_key_jwt', as far \
                 as token_endpoint_auth_methods_supported in the metadata has them."
                    .to_owned()
            }
            Self::UnsupportedSigningAlgorithm => {
                "The member 'token_endpoint_auth_signing_alg' names no algorithm that is supported \
                 here; use 'ES256', 'RS256' or 'EdDSA', or leave the member out."
                    .to_owned()
            }
            Self::KeyMissing => {
                "The method 'private_key_jwt' needs the client's public keys; send 'jwks' or \
                 'jwks_uri'."
                    .to_owned()
            }
            Self::NoUsableGrantType => {
                "The member 'grant_types' has no grant that a client can start with here; \
                 grant_types_supported in the metadata lists those that exist. Leave the member out \
                 for 'authorization_code'."
                    .to_owned()
            }
            Self::NoUsableResponseType => {
                "The member 'response_types' has no type that is supported here; send 'code' \
                 among them or leave the member out."
                    .to_owned()
            }
            Self::Scope(reason) => format!("The member 'scope': {reason}"),
            Self::WebUri { member } => format!(
                "The member '{member}' is not an https URI without user information; send one, or \
                 leave the member out. (http is for the loopback interface only.)"
            ),
            Self::KeySetTwice => {
                "The members 'jwks' and 'jwks_uri' exclude each other; send one.".to_owned()
            }
            Self::KeySetMalformed => {
                "The member 'jwks' is not a JWK set; send an object with an array 'keys' of objects."
                    .to_owned()
            }
            Self::KeySetTooLarge => format!(
                "The member 'jwks' is too large; send at most {MAXIMUM_KEY_SET} bytes, nested at \
                 most {MAXIMUM_KEY_SET_DEPTH} deep, or a 'jwks_uri'."
            ),
            Self::KeySetNotPublic => {
                "The member 'jwks' has a private or symmetric key; send public keys only, and \
                 replace this one."
                    .to_owned()
            }
        };
        ErrorReply::new(self.code(), description)
    }
}
