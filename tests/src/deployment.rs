//! The configurations under test.
//!
//! Everything but `[vars]` comes from the `wrangler.toml` that is shipped, so that bindings, rules
//! and compatibility date can't drift away from what people deploy.

mod administered;
mod counted;
mod examples;
mod failing;
mod gateway;
mod machines;
mod matrix;
mod observed;
mod playground;
mod service;
mod web_client;
mod written;

pub use administered::ADMIN_TOKEN;
pub use matrix::Clients;
pub use observed::LOG_KEY;
use std::borrow::Cow;
pub use written::workspace_root;

use crate::process::Runner;
use service::Service;
use written::{copy_folder, copy_worker, write_file};

/// What a deployment's issuer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// `http://127.0.0.1:<port>`, the address it is served on.
    Loopback,
    /// A public identifier. The server is reached on loopback all the same, so that everything it
    /// says of itself has to come from its configuration and nothing from the `Host` header.
    Public(&'static str),
    /// The address of a proxy on this port of 127.0.0.1, which passes everything on.
    Behind(u16),
    /// Not configured at all: the server is reached, and has no name.
    Missing,
}

/// One configuration of the server.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// What it is called in messages.
    pub name: &'static str,
    /// What runs it.
    pub runner: Runner,
    /// Its issuer.
    pub issuer: Issuer,
    /// The path below which all endpoints lie, empty or starting with `/`.
    pub base_path: &'static str,
    /// Settings that replace the shipped ones, key by key.
    settings: Cow<'static, str>,
    /// The token of its admin API, if it has one.
    pub admin_token: Option<&'static str>,
    /// Its limits in 10 seconds, of what a network asks for, of a shared egress and of what a network
    /// tries, where they aren't the shipped ones.
    limits: Option<[i64; 3]>,
    /// Whether its limits are variables, of which nothing can be asked.
    with_broken_limits: bool,
    /// The worker that a service binding leads to, beside this one.
    service: Option<Service>,
    /// The key of the names in its log, if it has one.
    log_key: Option<&'static str>,
    /// The secret under which its keys are sealed, if it has one.
    keyring_secret: Option<&'static str>,
    /// A variable in the place of the dataset for counters.
    metrics_variable: Option<&'static str>,
    /// Whether the examples of `npm start` are behind it.
    with_examples: bool,
    /// Whether it has the playground's files.
    with_playground: bool,
    /// Bindings and other keys of the shipped configuration that are left out.
    without: &'static [&'static str],
    /// What its metadata document answers once it is up: 200, or 500 with a wrong setting.
    pub ready_status: u16,
}

impl Deployment {
    /// What is shipped, under another name, as a start for those that lack something.
    fn shipped(name: &'static str) -> Self {
        Self {
            name,
            runner: Runner::Wrangler,
            issuer: Issuer::Loopback,
            base_path: "",
            settings: Cow::Borrowed(""),
            service: None,
            admin_token: None,
            limits: None,
            with_broken_limits: false,
            log_key: None,
            keyring_secret: None,
            metrics_variable: None,
            with_examples: false,
            with_playground: false,
            without: &[],
            ready_status: 200,
        }
    }

    /// What is shipped without one of its bindings.
    #[must_use]
    pub fn without_binding(binding: &'static [&'static str; 1]) -> Self {
        Self { without: binding, ..Self::shipped(binding[0]) }
    }

    /// The same without a binding.
    #[must_use]
    pub fn and_without(&self, binding: &'static [&'static str; 1]) -> Self {
        Self { without: binding, ..self.clone() }
    }

    /// A lifetime that nothing could live by.
    #[must_use]
    pub fn bad_setting() -> Self {
        Self {
            settings: "lifetimes = { access_token = 0 }".into(),
            ready_status: 500,
            ..Self::shipped("bad setting")
        }
    }

    /// A resource that needs a scope nobody can have.
    #[must_use]
    pub fn bad_resource() -> Self {
        Self {
            settings: r#"
                scopes = [{ name = "mcp", title = "Use your tools", default = true }]
                resources = [
                    { path = "/mcp", upstream = { url = "http://127.0.0.1:1" }, scopes = ["mcp"] },
                    { path = "/api", upstream = { url = "http://127.0.0.1:1" }, methods = { DELETE = ["typo"] } },
                ]
            "#
            .into(),
            ready_status: 500,
            ..Self::shipped("bad resource")
        }
    }

    /// Nobody said what the server is called.
    #[must_use]
    pub fn without_issuer() -> Self {
        Self { issuer: Issuer::Missing, ready_status: 500, ..Self::shipped("without an issuer") }
    }

    /// What is shipped, where a code and a retry live as long as they may: on a busy machine the
    /// usual minute is over before the server has started again.
    #[must_use]
    pub fn patient() -> Self {
        Self {
            settings: "lifetimes = { authorization_code = 600, refresh_retry_window = 600 }".into(),
            ..Self::shipped("patient")
        }
    }

    /// A client that nobody allowed ends after eight seconds, any other after an hour without use.
    #[must_use]
    pub fn brief_clients() -> Self {
        Self {
            settings: "lifetimes = { unused_client = 8, idle_client = 3600 }".into(),
            ..Self::shipped("brief clients")
        }
    }

    /// A client's metadata document is asked for again after a second.
    #[must_use]
    pub fn brief_documents() -> Self {
        Self {
            settings: "lifetimes = { client_document = 1 }".into(),
            ..Self::shipped("brief documents")
        }
    }

    /// A public issuer, and nothing that keeps the platform's fetch from what isn't public.
    #[must_use]
    pub fn without_strict_fetch() -> Self {
        Self {
            issuer: Issuer::Public("https://id.example"),
            without: &["compatibility_flags"],
            ..Self::shipped("without strict fetch")
        }
    }

    /// Clients keep a secret or are public: none signs.
    #[must_use]
    pub fn without_signatures() -> Self {
        Self {
            settings: "token_endpoint_auth_methods = [\"none\", \"client_secret_basic\"]".into(),
            ..Self::shipped("without signatures")
        }
    }

    /// What is shipped, with two scopes and two resources to choose from.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            settings: r#"
                scopes = [
                    { name = "mcp", title = "Use your tools", detail = "Read and run them.", default = true },
                    { name = "mcp:write", title = "Change your tools" },
                ]
                resources = [
                    { path = "/mcp", name = "Tools" },
                    { uri = "https://api.example/v1", name = "API" },
                ]
            "#.into(),
            ..Self::shipped("standard")
        }
    }

    /// What is shipped, where a test user allows each client without a browser.
    #[must_use]
    pub fn test_user() -> Self {
        Self {
            settings: r#"
                development = { consent_as = "ci@example.com" }
                scopes = [
                    { name = "mcp", title = "Use your tools", default = true },
                    { name = "mcp:write", title = "Change your tools" },
                ]
                resources = [{ path = "/mcp", name = "Tools" }]
            "#
            .into(),
            ..Self::shipped("test user")
        }
    }

    /// The same on an issuer that others can reach.
    #[must_use]
    pub fn public_test_user() -> Self {
        Self {
            name: "public test user",
            issuer: Issuer::Public("https://id.example"),
            ready_status: 500,
            ..Self::test_user()
        }
    }

    /// The same without the test user.
    #[must_use]
    pub fn without_test_user() -> Self {
        let with = Self::test_user();
        let settings = with.settings.replace("consent_as = \"ci@example.com\"", "");
        Self { settings: settings.into(), ..with }
    }

    /// The public short-link service of issue 2: another base path, prefixes, scopes and lifetimes,
    /// `plain` PKCE, and an https issuer.
    #[must_use]
    pub fn short_links() -> Self {
        Self {
            issuer: Issuer::Public("https://links.example"),
            base_path: "/mcp/oauth",
            settings: r##"
                base_path = "/mcp/oauth"
                scopes = [
                    { name = "shorturl:read", title = "See your short links", default = true },
                    { name = "shorturl:create", title = "Create short links", default = true },
                    { name = "qrcode:read", title = "See your QR codes" },
                    { name = "qrcode:create", title = "Create QR codes" },
                    { name = "analytics:read", title = "See how often your links are opened" },
                ]
                resources = [{ path = "/mcp", name = "Short links" }]
                product = { name = "Short Links", accent = "#0a7d4f", logo = "https://cdn.links.example/logo.png" }
                prefixes = { client_id = "jmpy_client_", client_secret = "jmpy_secret_", refresh_token = "jmpy_rt_" }
                lifetimes = { access_token = 3600, refresh_token_idle = 2592000, refresh_token_absolute = 2592000 }
                legacy = { plain_pkce = true }
            "##.into(),
            ..Self::shipped("short links")
        }
    }

    /// An issuer with a path, nobody may sign up, and no `iss` in authorization responses.
    #[must_use]
    pub fn tenant() -> Self {
        Self {
            issuer: Issuer::Public("https://id.example/tenant1"),
            base_path: "/tenant1",
            settings: r#"
                sign_up = false
                authorization_response_iss_parameter = false
                scopes = [{ name = "mcp", title = "Use your tools", default = true }]
            "#
            .into(),
            ..Self::shipped("tenant")
        }
    }

    /// Short windows, strict scopes, and what only old clients need.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            settings: r#"
                strict_scopes = true
                scopes = [
                    { name = "mcp", title = "Use your tools", default = true },
                    { name = "mcp:write", title = "Change your tools" },
                ]
                resources = [{ path = "/mcp" }]
                redirect_uris = { private_use = [], reverse_domain_schemes = true }
                lifetimes = { refresh_retry_window = 1, authorization_code = 10, authorization_request = 10, access_token = 60, device_code = 10 }
                legacy = { confidential_without_pkce = true, token_endpoint_audience = true }
            "#.into(),
            ..Self::shipped("quick")
        }
    }

    /// The issuer identifier when served on `port`.
    #[must_use]
    pub fn issuer_on(&self, port: u16) -> String {
        match self.issuer {
            Issuer::Loopback | Issuer::Missing => format!("http://127.0.0.1:{port}"),
            Issuer::Public(issuer) => issuer.to_owned(),
            Issuer::Behind(proxy) => format!("http://127.0.0.1:{proxy}"),
        }
    }

    /// Scheme and host of the issuer, without its path.
    #[must_use]
    pub fn origin_on(&self, port: u16) -> String {
        let issuer = self.issuer_on(port);
        url::Url::parse(&issuer).expect("issuer").origin().ascii_serialization()
    }

    /// Whether cookies are `Secure` and `__Host-`.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        matches!(self.issuer, Issuer::Public(_))
    }
}
