//! Everything of this server that can be asked for, and what is the same for all requests to it.

use latchkey_protocol::configuration::{Configuration, Endpoint};

use crate::endpoints;
use crate::http::CorsPolicy;
use crate::pages::AssetPaths;

/// Everything that can be asked for: the configured endpoints, and documents at fixed places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The metadata document, wherever clients look for it.
    Metadata,
    /// The metadata document of a protected resource, or the place where it would be.
    ResourceMetadata,
    /// The stylesheet.
    Stylesheet,
    /// The icon.
    Icon,
    /// The playground and its files.
    Playground,
    /// An endpoint or a page.
    Endpoint(Endpoint),
}

impl Route {
    /// The methods besides HEAD and OPTIONS, as `Allow` writes them.
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Metadata
            | Self::ResourceMetadata
            | Self::Stylesheet
            | Self::Icon
            | Self::Playground => "GET",
            Self::Endpoint(endpoint) => match endpoint {
                Endpoint::Home
                | Endpoint::Jwks
                | Endpoint::Activity
                | Endpoint::ActivityCsv
                | Endpoint::ActivityJson
                | Endpoint::DeviceQr
                | Endpoint::AdminClientRefusals
                | Endpoint::AdminRefusals
                | Endpoint::AdminHealth => "GET",
                Endpoint::Token
                | Endpoint::Registration
                | Endpoint::Revocation
                | Endpoint::Introspection
                | Endpoint::DeviceAuthorization
                | Endpoint::SignOut
                | Endpoint::AdminClientSecret => "POST",
                Endpoint::Authorization
                | Endpoint::SignIn
                | Endpoint::SignUp
                | Endpoint::Consent
                | Endpoint::Device
                | Endpoint::Account
                | Endpoint::AccountTokens
                | Endpoint::AdminClients
                | Endpoint::AdminKeys
                | Endpoint::AdminInitialAccessTokens => "GET, POST",
                Endpoint::RegistrationManagement => "GET, PUT, DELETE",
                Endpoint::AdminClient => "GET, PATCH, DELETE",
                Endpoint::AdminKey | Endpoint::AdminInitialAccessToken => "DELETE",
            },
        }
    }

    /// Every method it answers to, as `Allow` lists them. Whatever answers GET answers HEAD
    /// ([RFC 9110 section 9.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.1)).
    pub fn allow(self) -> String {
        let methods = self.methods();
        let head = if methods.contains("GET") { ", HEAD" } else { "" };
        format!("{methods}{head}, OPTIONS")
    }

    /// Whether people look at it in a browser, with cookies.
    pub const fn is_page(self) -> bool {
        match self {
            Self::Metadata | Self::ResourceMetadata | Self::Stylesheet | Self::Icon => false,
            Self::Playground => true,
            Self::Endpoint(endpoint) => match endpoint {
                Endpoint::Home
                | Endpoint::Authorization
                | Endpoint::SignIn
                | Endpoint::SignUp
                | Endpoint::SignOut
                | Endpoint::Consent
                | Endpoint::Device
                | Endpoint::Account
                | Endpoint::AccountTokens
                | Endpoint::Activity
                | Endpoint::ActivityCsv
                | Endpoint::ActivityJson => true,
                Endpoint::Token
                | Endpoint::Registration
                | Endpoint::Revocation
                | Endpoint::Introspection
                | Endpoint::DeviceAuthorization
                | Endpoint::DeviceQr
                | Endpoint::Jwks
                | Endpoint::RegistrationManagement
                | Endpoint::AdminClients
                | Endpoint::AdminClient
                | Endpoint::AdminClientSecret
                | Endpoint::AdminClientRefusals
                | Endpoint::AdminRefusals
                | Endpoint::AdminHealth
                | Endpoint::AdminKeys
                | Endpoint::AdminKey
                | Endpoint::AdminInitialAccessTokens
                | Endpoint::AdminInitialAccessToken => false,
            },
        }
    }

    /// Whether it belongs to the admin API.
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Endpoint(endpoint) if endpoint.is_admin())
    }

    /// Which pages of other origins may read its answers.
    pub const fn cors(self) -> CorsPolicy {
        // CORS-03: only servers introspect, only operators administer, and their credentials have no
        // place in a browser.
        if self.is_page()
            || self.is_admin()
            || matches!(self, Self::Endpoint(Endpoint::Introspection))
        {
            CorsPolicy::Closed
        } else {
            CorsPolicy::Open { methods: self.methods() }
        }
    }

    /// What its requests are called in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::ResourceMetadata => "resource metadata",
            Self::Stylesheet | Self::Icon => "assets",
            Self::Playground => "playground",
            Self::Endpoint(endpoint) => match endpoint {
                Endpoint::Home => "home",
                Endpoint::Authorization => "authorize",
                Endpoint::Token => "token",
                Endpoint::Registration => "register",
                Endpoint::Revocation => "revoke",
                Endpoint::Jwks => "jwks",
                Endpoint::SignIn => "sign-in",
                Endpoint::SignUp => "sign-up",
                Endpoint::SignOut => "sign-out",
                Endpoint::Consent => "consent",
                Endpoint::Introspection => "introspect",
                Endpoint::DeviceAuthorization => "device authorization",
                Endpoint::Device => "device",
                Endpoint::DeviceQr => "device qr",
                Endpoint::Account => "account",
                Endpoint::AccountTokens => "account tokens",
                Endpoint::Activity | Endpoint::ActivityCsv | Endpoint::ActivityJson => "activity",
                Endpoint::RegistrationManagement => "registration",
                Endpoint::AdminClients
                | Endpoint::AdminClient
                | Endpoint::AdminClientSecret
                | Endpoint::AdminClientRefusals
                | Endpoint::AdminRefusals
                | Endpoint::AdminHealth
                | Endpoint::AdminKeys
                | Endpoint::AdminKey
                | Endpoint::AdminInitialAccessTokens
                | Endpoint::AdminInitialAccessToken => "admin",
            },
        }
    }

    /// What is at a path.
    pub fn find(path: &str, configuration: &Configuration, assets: &AssetPaths) -> Option<Self> {
        if endpoints::discovery::is_metadata_path(path, &configuration.issuer) {
            return Some(Self::Metadata);
        }
        if endpoints::discovery::is_resource_metadata_path(path) {
            return Some(Self::ResourceMetadata);
        }
        if path == assets.stylesheet {
            return Some(Self::Stylesheet);
        }
        if path == assets.icon {
            return Some(Self::Icon);
        }
        if configuration.endpoints.playground_file(path).is_some() {
            return Some(Self::Playground);
        }
        configuration.endpoints.find(path).map(Self::Endpoint)
    }
}
