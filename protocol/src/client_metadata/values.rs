//! The registered names that metadata may hold, as far as they mean something here.

use crate::json::FromJson;
use serde::Serialize;

/// How a client proves at the token endpoint that it is itself
/// ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// Not at all: a public client.
    None,
    /// A secret by HTTP Basic.
    ClientSecretBasic,
    /// A secret in the form.
    ClientSecretPost,
    /// A JWT signed with a key of the client's own
    /// ([RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
    PrivateKeyJwt,
}

impl TokenEndpointAuthMethod {
    /// Every method there is here, in the order in which the metadata lists them.
    pub const ALL: [Self; 4] =
        [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt];

    /// The method's registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether the client proves itself by a secret that the server made or was told.
    #[must_use]
    pub const fn needs_secret(self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
            Self::None | Self::PrivateKeyJwt => false,
        }
    }

    /// The method of this name; `None` when it isn't supported here.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// A way to get tokens ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// [RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)
    AuthorizationCode,
    /// [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)
    RefreshToken,
    /// [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)
    ClientCredentials,
    /// [RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    /// Every grant there is here, in the order in which the metadata lists them.
    pub const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::DeviceCode];

    /// Whether a client can get its first token by it.
    #[must_use]
    pub const fn can_start(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::ClientCredentials | Self::DeviceCode => true,
            Self::RefreshToken => false,
        }
    }

    /// Whether it starts with a person who allows it, so that refresh tokens come of it.
    #[must_use]
    pub const fn involves_a_person(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::DeviceCode => true,
            Self::RefreshToken | Self::ClientCredentials => false,
        }
    }

    /// The value of `grant_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// The grant of this name; `None` when it isn't supported here.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == name)
    }
}

/// What an authorization request may ask for
/// ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseType {
    /// [RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)
    Code,
}

impl ResponseType {
    /// The value of `response_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
        }
    }
}

/// Where a client says that it runs
/// ([OpenID Connect Registration section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a person's machine.
    Native,
    /// On a server or in a browser.
    Web,
}

impl ApplicationType {
    /// The value of `application_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Web => "web",
        }
    }
}
