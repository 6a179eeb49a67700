//! Deployments whose operator decides about clients.

use super::machines::{hash_of, secret_of};
use super::{Deployment, Issuer, workspace_root};
use crate::process::Runner;
use crate::upstream::Upstream;

/// The token of their admin API.
pub const ADMIN_TOKEN: &str = "the-admin-token-of-the-tests-0123456789";

impl Deployment {
    /// An admin API, clients of the configuration, and a resource whose gateway and introspector can
    /// be asked.
    #[must_use]
    pub fn administered(upstream: &Upstream) -> Self {
        let settings = r#"
            resources = [
                { path = "/api", name = "Notes", kind = "http", upstream = { url = "UPSTREAM/notes" }, scopes = ["api"] },
                { path = "/mcp", name = "Tools", kind = "mcp", upstream = { url = "UPSTREAM/tools" }, scopes = ["mcp"] },
            ]
            clients = [
                { client_id = "configured-client", client_name = "Configured", redirect_uris = ["https://configured.example/cb"], token_endpoint_auth_method = "none" },
                { client_id = "https://document.example/client.json", approved = true },
            ]
        "#;
        Self { admin_token: Some(ADMIN_TOKEN), ..Self::before("administered", upstream, settings) }
    }

    /// The same in a Miniflare alone, so that what is sent reaches the worker as it is, under an issuer that
    /// isn't its address.
    #[must_use]
    pub fn besieged(upstream: &Upstream) -> Self {
        Self {
            name: "besieged",
            runner: Runner::Miniflare,
            issuer: Issuer::Public("https://id.example"),
            ..Self::administered(upstream)
        }
    }

    /// An admin token that could be guessed.
    #[must_use]
    pub fn short_admin_token() -> Self {
        Self { admin_token: Some("too-short"), ..Self::shipped("short admin token") }
    }

    /// Whoever registers a client needs an initial access token or a software statement.
    #[must_use]
    pub fn invited() -> Self {
        Self {
            admin_token: Some(ADMIN_TOKEN),
            settings: registration("initial_access_token").into(),
            ..Self::shipped("invited")
        }
    }

    /// Anybody registers a client, and what is said for one still counts.
    #[must_use]
    pub fn open_with_statements() -> Self {
        Self {
            admin_token: Some(ADMIN_TOKEN),
            settings: registration("open").into(),
            ..Self::shipped("open with statements")
        }
    }

    /// Nobody registers a client.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            settings: "registration = { access = \"closed\" }".into(),
            ..Self::shipped("closed")
        }
    }

    /// Of each kind of request that is limited, three of one network in 10 seconds, four tries, and eight
    /// of each of one shared egress. Its resource has a gateway and nothing behind it, and `reader` is the client
    /// of its server.
    #[must_use]
    pub fn limited() -> Self {
        const SETTINGS: &str = r#"
            registration = { shared_egress = ["160.79.104.0/21"] }
            resources = [
                { path = "/mcp", name = "Tools", upstream = { url = "http://127.0.0.1:1" }, introspectors = ["reader"] },
            ]
            clients = [
                { client_id = "reader", client_secret_sha256 = "READER", redirect_uris = ["https://client.example/callback"] },
            ]
        "#;
        Self {
            admin_token: Some(ADMIN_TOKEN),
            limits: Some([3, 8, 4]),
            settings: SETTINGS.replace("READER", &hash_of(&secret_of("reader"))).into(),
            ..Self::shipped("limited")
        }
    }

    /// The same where none of the limits can be asked.
    #[must_use]
    pub fn with_broken_limits() -> Self {
        Self { with_broken_limits: true, limits: None, ..Self::limited() }
    }
}

fn registration(access: &str) -> String {
    let path = workspace_root().join("tests/fixtures/software_statements/statements.json");
    let text = std::fs::read_to_string(&path).expect("statements.json");
    let fixture: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let keys = fixture["jwks"]["keys"].as_array().expect("keys").iter().map(|key| {
        let members = key.as_object().expect("a key").iter();
        let members: Vec<_> = members.map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{{ {} }}", members.join(", "))
    });
    let keys: Vec<_> = keys.collect();
    format!(
        r#"
        scopes = [
            {{ name = "mcp", title = "Use your tools", default = true }},
            {{ name = "reports", title = "Read reports" }},
        ]
        registration = {{ access = "{access}", software_statements = [
            {{ issuer = "https://vouch.example", approved = true, jwks = {{ keys = [{}] }} }},
        ] }}
        "#,
        keys.join(", ")
    )
}
