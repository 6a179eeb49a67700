//! Deployments with resources behind the gateway.

use super::service::Service;
use super::{Deployment, Issuer};
use crate::upstream::Upstream;

/// Nothing listens on this port.
const DEAD: &str = "http://127.0.0.1:1";

const SCOPES: &str = r#"
    scopes = [
        { name = "mcp", title = "Use your tools", detail = "Read and run them.", default = true },
        { name = "mcp:write", title = "Change your tools", implies = ["mcp"] },
        { name = "api", title = "Read your notes" },
        { name = "api:write", title = "Delete your notes" },
        { name = "offline_access", title = "Stay connected" },
    ]
"#;

impl Deployment {
    /// Every kind of resource, and every setting of one, before `upstream`. The issuer is a public
    /// one, so that nothing that is said comes from `Host`.
    #[must_use]
    pub fn gateway(upstream: &Upstream) -> Self {
        let deployment = Self::before(
            "gateway",
            upstream,
            r#"
            resources = [
                { path = "/mcp", name = "Tools", kind = "mcp", upstream = { url = "UPSTREAM/tools" }, scopes = ["mcp"], tools = { delete_note = ["mcp:write"] }, revocation_bound = 0 },
                { path = "/api", name = "Notes", kind = "http", upstream = { url = "UPSTREAM/notes" }, scopes = ["api"], methods = { DELETE = ["api:write"] }, revocation_bound = 0 },
                { path = "/api/admin", name = "Administration", upstream = { url = "UPSTREAM/admin" }, scopes = ["api:write"] },
                { path = "/slow-bound", name = "Remembered", upstream = { url = "UPSTREAM" }, revocation_bound = 300 },
                { path = "/oauth-only", name = "Apps only", upstream = { url = "UPSTREAM/oauth-only" }, credentials = ["access_token"] },
                { path = "/keys-only", name = "Scripts only", upstream = { url = "UPSTREAM/keys-only" }, credentials = ["personal_access_token"] },
                { path = "/brief", name = "Impatient", upstream = { url = "UPSTREAM/brief" }, timeout = 2 },
                { path = "/dead", name = "Nobody there", upstream = { url = "DEAD" } },
                { path = "/unbound", name = "Not bound", upstream = { service = "NOWHERE" } },
                { path = "/strict-tools", name = "Careful tools", kind = "mcp", upstream = { url = "UPSTREAM/strict" }, scopes = ["mcp"], tools = { look = ["mcp"], "*" = ["mcp:write"] } },
                { path = "/both", name = "Two at once", upstream = { url = "UPSTREAM/both" }, scopes = ["mcp", "offline_access"], methods = { DELETE = ["api", "api:write"] } },
                { path = "/plain", name = "Without a gateway" },
                { uri = "https://notes.example/v1", name = "Notes elsewhere", upstream = { url = "UPSTREAM/elsewhere" }, scopes = ["api"] },
            ]
            "#,
        );
        Self { issuer: Issuer::Public("https://id.example"), ..deployment }
    }

    /// Access tokens and personal access tokens that live for seconds.
    #[must_use]
    pub fn brief_tokens(upstream: &Upstream) -> Self {
        Self::before(
            "brief tokens",
            upstream,
            r#"
            lifetimes = { access_token = 6, personal_access_token = 6 }
            resources = [{ path = "/api", name = "Notes", upstream = { url = "UPSTREAM/notes" }, scopes = ["api"] }]
            "#,
        )
    }

    /// A resource that these clients may introspect tokens for, and one with nobody in particular.
    #[must_use]
    pub fn introspected(upstream: &Upstream, introspectors: &[&str]) -> Self {
        let introspectors: Vec<_> = introspectors.iter().map(|id| format!("{id:?}")).collect();
        let resources = r#"
            resources = [
                { path = "/api", name = "Notes", upstream = { url = "UPSTREAM/notes" }, scopes = ["api"], introspectors = [INTROSPECTORS] },
                { path = "/mcp", name = "Tools", kind = "mcp", upstream = { url = "UPSTREAM/tools" }, scopes = ["mcp"] },
            ]
        "#;
        Self::before(
            "introspected",
            upstream,
            &resources.replace("INTROSPECTORS", &introspectors.join(", ")),
        )
    }

    /// A resource behind a service binding, and that service.
    #[must_use]
    pub fn bound() -> Self {
        let resources = r#"
            resources = [
                { path = "/api", name = "Notes", upstream = { service = "NOTES", path = "/inner" }, scopes = ["api"], methods = { DELETE = ["api:write"] } },
                { path = "/same", name = "As it is", upstream = { service = "NOTES" } },
            ]
        "#;
        Self {
            settings: format!("{SCOPES}{resources}").into(),
            service: Some(Service::Notes),
            ..Self::shipped("bound")
        }
    }

    /// A worker with the example's verifier, which is asked about tokens through the gateway: it has a
    /// service binding to Latchkey for the keys.
    #[must_use]
    pub fn verifying() -> Self {
        let resources = r#"
            resources = [
                { path = "/ask", name = "The verifier", upstream = { service = "VERIFIER", path = "/" } },
                { path = "/mcp", name = "Tools" },
                { uri = "https://api.example/v1", name = "API" },
            ]
        "#;
        Self {
            settings: format!("{SCOPES}{resources}").into(),
            service: Some(Service::Verifier),
            ..Self::shipped("verifying")
        }
    }

    pub(super) fn before(name: &'static str, upstream: &Upstream, settings: &str) -> Self {
        let address = format!("http://127.0.0.1:{}", upstream.port());
        let settings = settings.replace("UPSTREAM", &address).replace("DEAD", DEAD);
        Self { settings: format!("{SCOPES}{settings}").into(), ..Self::shipped(name) }
    }
}
