//! Where each endpoint and page is.

use super::{ConfigurationError, Issuer};

/// Everything the server answers under its base path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The landing page.
    Home,
    /// [RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)
    Authorization,
    /// [RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)
    Token,
    /// [RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)
    Registration,
    /// [RFC 7009 section 2](https://www.rfc-editor.org/rfc/rfc7009#section-2)
    Revocation,
    /// [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)
    Jwks,
    /// The page that asks for e-mail and password.
    SignIn,
    /// The page that creates an account.
    SignUp,
    /// Ends the browser's session.
    SignOut,
    /// The page that asks whether a client may have access.
    Consent,
    /// [RFC 7662 section 2](https://www.rfc-editor.org/rfc/rfc7662#section-2)
    Introspection,
    /// [RFC 8628 section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)
    DeviceAuthorization,
    /// The page where a person enters the code that a device shows: the `verification_uri`.
    Device,
    /// The QR code of that page's address, as an image.
    DeviceQr,
    /// The page with a person's apps, tokens and sessions.
    Account,
    /// The page that makes a personal access token.
    AccountTokens,
    /// The page with what happened in an account.
    Activity,
    /// The same as comma-separated values.
    ActivityCsv,
    /// The same as JSON.
    ActivityJson,
    /// [RFC 7592 section 2](https://www.rfc-editor.org/rfc/rfc7592#section-2): one registration.
    RegistrationManagement,
    /// The admin API's clients.
    AdminClients,
    /// One of them.
    AdminClient,
    /// Its secret.
    AdminClientSecret,
    /// Its last refusals.
    AdminClientRefusals,
    /// The last refusals of clients that nobody knows.
    AdminRefusals,
    /// Whether the deployment is well.
    AdminHealth,
    /// The deployment's keys.
    AdminKeys,
    /// One of them.
    AdminKey,
    /// The admin API's initial access tokens.
    AdminInitialAccessTokens,
    /// One of them.
    AdminInitialAccessToken,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 30] = [
        Self::Home,
        Self::Authorization,
        Self::Token,
        Self::Registration,
        Self::Revocation,
        Self::Jwks,
        Self::SignIn,
        Self::SignUp,
        Self::SignOut,
        Self::Consent,
        Self::Introspection,
        Self::DeviceAuthorization,
        Self::Device,
        Self::DeviceQr,
        Self::Account,
        Self::AccountTokens,
        Self::Activity,
        Self::ActivityCsv,
        Self::ActivityJson,
        Self::RegistrationManagement,
        Self::AdminClients,
        Self::AdminClient,
        Self::AdminClientSecret,
        Self::AdminClientRefusals,
        Self::AdminRefusals,
        Self::AdminHealth,
        Self::AdminKeys,
        Self::AdminKey,
        Self::AdminInitialAccessTokens,
        Self::AdminInitialAccessToken,
    ];

    /// Whether it belongs to the admin API.
    #[must_use]
    pub const fn is_admin(self) -> bool {
        matches!(
            self,
            Self::AdminClients
                | Self::AdminClient
                | Self::AdminClientSecret
                | Self::AdminClientRefusals
                | Self::AdminRefusals
                | Self::AdminHealth
                | Self::AdminKeys
                | Self::AdminKey
                | Self::AdminInitialAccessTokens
                | Self::AdminInitialAccessToken
        )
    }

    /// Its path below the base path; [`ID`] stands for one segment, which is an id.
    const fn name(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Authorization => "/authorize",
            Self::Token => "/token",
            Self::Registration => "/register",
            Self::Revocation => "/revoke",
            Self::Jwks => "/jwks",
            Self::SignIn => "/sign-in",
            Self::SignUp => "/sign-up",
            Self::SignOut => "/sign-out",
            Self::Consent => "/consent",
            Self::Introspection => "/introspect",
            Self::DeviceAuthorization => "/device_authorization",
            Self::Device => "/device",
            Self::DeviceQr => "/device/qr",
            Self::Account => "/account",
            Self::AccountTokens => "/account/tokens",
            Self::Activity => "/account/activity",
            Self::ActivityCsv => "/account/activity.csv",
            Self::ActivityJson => "/account/activity.json",
            Self::RegistrationManagement => "/register/*",
            Self::AdminClients => "/admin/clients",
            Self::AdminClient => "/admin/clients/*",
            Self::AdminClientSecret => "/admin/clients/*/secret",
            Self::AdminClientRefusals => "/admin/clients/*/refusals",
            Self::AdminRefusals => "/admin/refusals",
            Self::AdminHealth => "/admin/health",
            Self::AdminKeys => "/admin/keys",
            Self::AdminKey => "/admin/keys/*",
            Self::AdminInitialAccessTokens => "/admin/initial-access-tokens",
            Self::AdminInitialAccessToken => "/admin/initial-access-tokens/*",
        }
    }

    /// The id in `path`, empty for an endpoint without one; `None` when the path isn't this
    /// endpoint's. An id is one segment and not empty.
    fn id_in(self, path: &str) -> Option<&str> {
        match self.name().split_once(ID) {
            None => (self.name() == path).then_some(""),
            Some((before, after)) => {
                let id = path.strip_prefix(before)?.strip_suffix(after)?;
                (!id.is_empty() && !id.contains('/')).then_some(id)
            }
        }
    }
}

/// Where the playground is, below the base path.
const PLAYGROUND: &str = "/playground";

/// Stands for an id in [`Endpoint::name`].
const ID: char = '*';

/// The base path and origin that turn an [`Endpoint`] into a path or a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    origin: String,
    base_path: String,
}

impl Endpoints {
    /// Endpoints under `base_path`, or under the issuer's path when none is configured.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError`] for key `LATCHKEY.base_path`.
    pub fn new(issuer: &Issuer, base_path: Option<&str>) -> Result<Self, ConfigurationError> {
        let base_path = base_path.unwrap_or(issuer.path());
        let sound = base_path.is_empty()
            || (base_path.starts_with('/')
                && base_path.split('/').skip(1).all(|segment| {
                    !matches!(segment, "" | "." | "..")
                        && segment.bytes().all(|byte| {
                            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
                        })
                }));
        if !sound {
            return Err(ConfigurationError::new(
                "LATCHKEY.base_path",
                format!("{base_path:?}"),
                "a path such as \"/mcp/oauth\": starting with a slash, not ending with one, of \
                 letters, digits, '-', '_' and '.'",
            ));
        }
        Ok(Self { origin: issuer.origin().to_owned(), base_path: base_path.to_owned() })
    }

    /// The base path, empty or starting with `/`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The path of an endpoint on the issuer's origin.
    #[must_use]
    pub fn path(&self, endpoint: Endpoint) -> String {
        format!("{}{}", self.base_path, endpoint.name())
    }

    /// The absolute URL of an endpoint.
    #[must_use]
    pub fn url(&self, endpoint: Endpoint) -> String {
        format!("{}{}", self.origin, self.path(endpoint))
    }

    /// Which endpoint a request path means. Paths are compared byte for byte: no decoding, no case
    /// folding, no collapsing of slashes.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Endpoint> {
        let rest = self.below_base(path)?;
        Endpoint::ALL.into_iter().find(|endpoint| endpoint.id_in(rest).is_some())
    }

    /// The id in the path of a request to `endpoint`, as it was sent; empty when it has none.
    #[must_use]
    pub fn id<'p>(&self, endpoint: Endpoint, path: &'p str) -> &'p str {
        self.below_base(path).and_then(|rest| endpoint.id_in(rest)).unwrap_or_default()
    }

    /// The path of the playground's page, whose files lie below it.
    #[must_use]
    pub fn playground_path(&self) -> String {
        format!("{}{PLAYGROUND}/", self.base_path)
    }

    /// The file of the playground that a request path means: empty for the playground itself, else
    /// beginning with a slash. `None` when the path isn't the playground's.
    #[must_use]
    pub fn playground_file<'p>(&self, path: &'p str) -> Option<&'p str> {
        let file = path.strip_prefix(self.base_path.as_str())?.strip_prefix(PLAYGROUND)?;
        (file.is_empty() || file.starts_with('/')).then_some(file)
    }

    fn below_base<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.base_path.as_str())?;
        Some(if rest.is_empty() { "/" } else { rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn endpoints_lie_under_the_base_path_or_else_under_the_issuers_path() {
        let issuer = Issuer::parse("https://id.example/tenant").expect("issuer");
        let inherited = Endpoints::new(&issuer, None).expect("endpoints");
        assert_eq!(inherited.url(Endpoint::Token), "https://id.example/tenant/token");
        let configured = Endpoints::new(&issuer, Some("/mcp/oauth")).expect("endpoints");
        assert_eq!(configured.url(Endpoint::Token), "https://id.example/mcp/oauth/token");
        assert_eq!(configured.find("/mcp/oauth/token"), Some(Endpoint::Token));
        assert_eq!(configured.find("/mcp/oauth"), Some(Endpoint::Home));
    }

    #[test]
    fn a_path_is_matched_byte_for_byte() {
        let issuer = Issuer::parse("https://id.example").expect("issuer");
        let endpoints = Endpoints::new(&issuer, None).expect("endpoints");
        assert_eq!(endpoints.find("/token"), Some(Endpoint::Token));
        assert_eq!(endpoints.find("/"), Some(Endpoint::Home));
        for path in ["//token", "/Token", "/token/", "/%74oken", "token", "/tokens"] {
            assert_eq!(endpoints.find(path), None, "{path}");
        }
    }

    #[test]
    fn an_id_is_one_segment_of_a_path_and_stays_as_it_was_sent() {
        let issuer = Issuer::parse("https://id.example").expect("issuer");
        let endpoints = Endpoints::new(&issuer, Some("/base")).expect("endpoints");
        let cases = [
            ("/base/register/abc", Endpoint::RegistrationManagement, "abc"),
            ("/base/register/a%2Fb", Endpoint::RegistrationManagement, "a%2Fb"),
            ("/base/admin/clients", Endpoint::AdminClients, ""),
            ("/base/admin/clients/abc", Endpoint::AdminClient, "abc"),
            ("/base/admin/clients/secret", Endpoint::AdminClient, "secret"),
            ("/base/admin/clients/abc/secret", Endpoint::AdminClientSecret, "abc"),
            ("/base/admin/clients/abc/refusals", Endpoint::AdminClientRefusals, "abc"),
            ("/base/admin/refusals", Endpoint::AdminRefusals, ""),
            ("/base/admin/health", Endpoint::AdminHealth, ""),
            ("/base/admin/keys", Endpoint::AdminKeys, ""),
            ("/base/admin/keys/a-kid", Endpoint::AdminKey, "a-kid"),
            ("/base/admin/initial-access-tokens/x", Endpoint::AdminInitialAccessToken, "x"),
        ];
        for (path, endpoint, id) in cases {
            assert_eq!(endpoints.find(path), Some(endpoint), "{path}");
            assert_eq!(endpoints.id(endpoint, path), id, "{path}");
        }
        for path in [
            "/base/register/",
            "/base/register//",
            "/base/register/a/b",
            "/base/admin/clients/",
            "/base/admin/clients//secret",
            "/base/admin/clients/a/b/secret",
            "/base/admin/clients/a/secrets",
            "/base/admin",
            "/register/abc",
        ] {
            assert_eq!(endpoints.find(path), None, "{path}");
        }
    }

    #[test]
    fn issue_5_everything_below_the_playgrounds_path_is_a_file_of_it() {
        let issuer = Issuer::parse("https://id.example").expect("issuer");
        let endpoints = Endpoints::new(&issuer, Some("/base")).expect("endpoints");
        assert_eq!(endpoints.playground_path(), "/base/playground/");
        for (path, file) in [
            ("/base/playground", ""),
            ("/base/playground/", "/"),
            ("/base/playground/steps/token.js", "/steps/token.js"),
        ] {
            assert_eq!(endpoints.playground_file(path), Some(file), "{path}");
        }
        for path in ["/playground/", "/base/playgrounds", "/base", "/base/Playground", ""] {
            assert_eq!(endpoints.playground_file(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_base_path_makes_new_panic_and_an_accepted_one_leads_back_to_its_endpoints(
            base_path in "(/[a-z.]{0,6}){0,4}|.{0,20}"
        ) {
            let issuer = Issuer::parse("https://id.example").expect("issuer");
            if let Ok(endpoints) = Endpoints::new(&issuer, Some(&base_path)) {
                for endpoint in Endpoint::ALL {
                    prop_assert_eq!(endpoints.find(&endpoints.path(endpoint)), Some(endpoint));
                }
            }
        }
    }
}
