//! The settings as they are written, and what each is when it is left out.

use super::client_settings::ClientSetting;
use super::development::DevelopmentSettings;
use super::registration_settings::RegistrationSetting;
use super::resource_settings::ResourceSetting;
use crate::client_metadata::TokenEndpointAuthMethod;
use crate::json::FromJson;
use crate::scope::ScopeToken;
use crate::time::Lifetime;

/// The table `LATCHKEY`.
#[derive(Debug, FromJson)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    pub product: Product,
    pub base_path: Option<String>,
    pub sign_up: bool,
    pub lifetimes: Lifetimes,
    pub prefixes: Prefixes,
    pub scopes: Vec<ScopeDefinition>,
    pub strict_scopes: bool,
    pub resources: Vec<ResourceSetting>,
    pub clients: Vec<ClientSetting>,
    pub registration: RegistrationSetting,
    pub token_endpoint_auth_methods: Vec<TokenEndpointAuthMethod>,
    pub client_id_metadata_documents: DocumentSettings,
    pub redirect_uris: RedirectUriSettings,
    pub authorization_response_iss_parameter: bool,
    pub legacy: Legacy,
    pub client_registry_shards: u8,
    pub playground: Option<bool>,
    pub development: DevelopmentSettings,
    pub log: LogSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            product: Product::default(),
            base_path: None,
            sign_up: true,
            lifetimes: Lifetimes::default(),
            prefixes: Prefixes::default(),
            scopes: Vec::new(),
            strict_scopes: false,
            resources: Vec::new(),
            clients: Vec::new(),
            registration: RegistrationSetting::default(),
            token_endpoint_auth_methods: TokenEndpointAuthMethod::ALL.to_vec(),
            client_id_metadata_documents: DocumentSettings::default(),
            redirect_uris: RedirectUriSettings::default(),
            authorization_response_iss_parameter: true,
            legacy: Legacy::default(),
            client_registry_shards: 16,
            playground: None,
            development: DevelopmentSettings::default(),
            log: LogSettings::default(),
        }
    }
}

/// What people see on the pages.
#[derive(Debug, Clone, PartialEq, Eq, FromJson)]
#[serde(default, deny_unknown_fields)]
pub struct Product {
    /// The product's name.
    pub name: String,
    /// An https URI of a logo, or a path on the issuer's origin.
    pub logo: Option<String>,
    /// The colour of buttons and links, `#rrggbb`.
    pub accent: String,
    /// The same for dark mode; lightened from `accent` when absent.
    pub accent_dark: Option<String>,
    /// An https URI of the privacy policy.
    pub privacy_uri: Option<String>,
    /// An https URI of the terms of service.
    pub terms_uri: Option<String>,
    /// An https or mailto URI where people find help.
    pub support_uri: Option<String>,
}

impl Default for Product {
    fn default() -> Self {
        Self {
            name: "Latchkey".to_owned(),
            logo: None,
            accent: "#1f5fd0".to_owned(),
            accent_dark: None,
            privacy_uri: None,
            terms_uri: None,
            support_uri: None,
        }
    }
}

/// Durations in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromJson)]
#[serde(default, deny_unknown_fields)]
pub struct Lifetimes {
    /// An access token. Default 1 hour.
    pub access_token: Lifetime,
    /// An authorization code. Default 60 seconds.
    pub authorization_code: Lifetime,
    /// A grant that is not refreshed. Default 30 days.
    pub refresh_token_idle: Lifetime,
    /// A grant, however often it is refreshed. Default 365 days.
    pub refresh_token_absolute: Lifetime,
    /// How long a used refresh token still answers with its one successor. Default 60 seconds.
    pub refresh_retry_window: Lifetime,
    /// A device code and its user code, until the person has decided. Default 10 minutes.
    pub device_code: Lifetime,
    /// From `/authorize` until the person has decided. Default 10 minutes.
    pub authorization_request: Lifetime,
    /// A browser's session that is not used. Default 14 days.
    pub session_idle: Lifetime,
    /// A browser's session, however often it is used. Default 90 days.
    pub session_absolute: Lifetime,
    /// A registered client that nobody ever approved. Default 1 day.
    pub unused_client: Lifetime,
    /// A registered client since it was last used. Default 90 days.
    pub idle_client: Lifetime,
    /// How long a key signs before the next one takes over. Default 90 days.
    pub signing_key: Lifetime,
    /// The longest that a personal access token may be made to live. Default 366 days.
    pub personal_access_token: Lifetime,
    /// The longest that a client's metadata document is used without asking for it again, whatever
    /// its headers say. Default 7 days.
    pub client_document: Lifetime,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access_token: Lifetime::hours(1),
            authorization_code: Lifetime::seconds(60),
            refresh_token_idle: Lifetime::days(30),
            refresh_token_absolute: Lifetime::days(365),
            refresh_retry_window: Lifetime::seconds(60),
            device_code: Lifetime::minutes(10),
            authorization_request: Lifetime::minutes(10),
            session_idle: Lifetime::days(14),
            session_absolute: Lifetime::days(90),
            unused_client: Lifetime::days(1),
            idle_client: Lifetime::days(90),
            signing_key: Lifetime::days(90),
            personal_access_token: Lifetime::days(366),
            client_document: Lifetime::days(7),
        }
    }
}

/// What identifiers and tokens start with, so that people and secret scanners recognise them.
#[derive(Debug, Clone, PartialEq, Eq, FromJson)]
#[serde(default, deny_unknown_fields)]
pub struct Prefixes {
    /// Default `latchkey_client_`.
    pub client_id: String,
    /// Default `latchkey_secret_`.
    pub client_secret: String,
    /// Default `latchkey_ac_`.
    pub authorization_code: String,
    /// Default `latchkey_dc_`.
    pub device_code: String,
    /// Default `latchkey_rt_`.
    pub refresh_token: String,
    /// Default `latchkey_pat_`.
    pub personal_access_token: String,
    /// Default `latchkey_rat_`.
    pub registration_access_token: String,
    /// Default `latchkey_iat_`.
    pub initial_access_token: String,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self {
            client_id: "latchkey_client_".to_owned(),
            client_secret: "latchkey_secret_".to_owned(),
            authorization_code: "latchkey_ac_".to_owned(),
            device_code: "latchkey_dc_".to_owned(),
            refresh_token: "latchkey_rt_".to_owned(),
            personal_access_token: "latchkey_pat_".to_owned(),
            registration_access_token: "latchkey_rat_".to_owned(),
            initial_access_token: "latchkey_iat_".to_owned(),
        }
    }
}

/// A scope that exists, and its words on the consent page.
#[derive(Debug, Clone, PartialEq, Eq, FromJson)]
#[serde(deny_unknown_fields)]
pub struct ScopeDefinition {
    /// The scope token ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    pub name: ScopeToken,
    /// What it allows, in a few words.
    pub title: String,
    /// One more sentence, shown small.
    #[serde(default)]
    pub detail: Option<String>,
    /// Whether a request that names no scope asks for it.
    #[serde(default)]
    pub default: bool,
    /// Which other scopes whoever holds this one has too, as `notes:write` may imply `notes:read`.
    #[serde(default)]
    pub implies: Vec<ScopeToken>,
}

/// What the log has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromJson)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// Which lines are written. Default `info`.
    pub level: LogLevel,
    /// A line for each request, whatever the level, with what it did at the platform. Default false.
    pub trace: bool,
}

/// How much a line of the log matters, from what matters least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// A request changed nothing: a page was shown, a document read, a call passed on.
    Debug,
    /// Something was changed or given.
    #[default]
    Info,
    /// A request was refused.
    Warn,
    /// Something of the deployment failed, and somebody has to look.
    Error,
}

impl LogLevel {
    /// The name, as the configuration and the log have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What only old clients need. Each one weakens the server; each is off by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromJson)]
#[serde(default, deny_unknown_fields)]
pub struct Legacy {
    /// Accept `code_challenge_method=plain`.
    pub plain_pkce: bool,
    /// Let a client that has a secret leave PKCE out. Never applies to public clients.
    pub confidential_without_pkce: bool,
    /// Accept the token endpoint's URL as `aud` of a client assertion, beside the issuer
    /// ([RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3) of old).
    pub token_endpoint_audience: bool,
}

/// Clients that are described by a document at their `client_id`
/// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)).
#[derive(Debug, Clone, PartialEq, Eq, FromJson)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentSettings {
    /// Whether there are such clients here. Default true.
    pub enabled: bool,
    /// The only hosts whose documents are accepted, each with its subdomains; all, when it is empty.
    pub allowed_hosts: Vec<String>,
    /// Hosts whose documents are refused, each with its subdomains.
    pub denied_hosts: Vec<String>,
    /// Whether the copies of well-known clients' documents that come with this release stand in
    /// when the document itself can't be fetched. Default true.
    pub pinned: bool,
}

impl Default for DocumentSettings {
    fn default() -> Self {
        Self { enabled: true, allowed_hosts: Vec::new(), denied_hosts: Vec::new(), pinned: true }
    }
}

impl DocumentSettings {
    /// Whether documents of this host are accepted.
    #[must_use]
    pub fn accepts_host(&self, host: &str) -> bool {
        let is_in = |hosts: &[String]| {
            hosts.iter().any(|listed| {
                host == listed
                    || host
                        .strip_suffix(listed.as_str())
                        .is_some_and(|subdomain| subdomain.ends_with('.'))
            })
        };
        !is_in(&self.denied_hosts) && (self.allowed_hosts.is_empty() || is_in(&self.allowed_hosts))
    }
}

/// Which redirect URIs may be registered besides https and loopback http.
#[derive(Debug, FromJson)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RedirectUriSettings {
    /// Exact URIs with a private-use scheme.
    pub private_use: Vec<String>,
    /// Accept every scheme with a dot in it (RFC 8252 section 7.1).
    pub reverse_domain_schemes: bool,
}

impl Default for RedirectUriSettings {
    fn default() -> Self {
        Self {
            private_use: vec![
                "cursor://anysphere.cursor-mcp/oauth/callback".to_owned(),
                "claude://claude.ai/mcp-auth-callback/sdk".to_owned(),
            ],
            reverse_domain_schemes: false,
        }
    }
}
