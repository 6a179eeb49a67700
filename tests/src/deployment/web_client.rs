//! What browser apps sign in to.

use super::{Deployment, Issuer};
use crate::upstream::Upstream;

impl Deployment {
    /// An API and an MCP server before `upstream`, behind a proxy on this port. A revocation acts on
    /// the next call.
    #[must_use]
    pub fn web_client(upstream: &Upstream, proxy: u16) -> Self {
        let deployment = Self::before(
            "web client",
            upstream,
            r#"
            resources = [
                { path = "/api", name = "Notes", kind = "http", upstream = { url = "UPSTREAM/notes" }, scopes = ["api"], methods = { DELETE = ["api:write"] }, revocation_bound = 0 },
                { path = "/mcp", name = "Tools", kind = "mcp", upstream = { url = "UPSTREAM/tools" }, scopes = ["mcp"], tools = { delete_note = ["mcp:write"] }, revocation_bound = 0 },
            ]
            "#,
        );
        Self { issuer: Issuer::Behind(proxy), ..deployment }
    }
}
