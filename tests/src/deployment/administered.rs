//! Deployments whose operator decides about clients.

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

    /// Of each kind of request that is limited, three of one network in 10 seconds, and eight of one
    /// shared egress.
    #[must_use]
    pub fn limited() -> Self {
        Self {
            limits: Some([3, 8]),
            settings: "registration = { shared_egress = [\"160.79.104.0/21\"] }".into(),
            ..Self::shipped("limited")
        }
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
