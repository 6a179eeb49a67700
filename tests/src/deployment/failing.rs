//! Deployments that are killed, or whose platform fails.

use super::{ADMIN_TOKEN, Deployment};
use crate::process::Runner;
use crate::upstream::Upstream;

/// A code and a retry live as long as they may, so that a slow machine doesn't end them.
const PATIENT: &str = "lifetimes = { authorization_code = 600, refresh_retry_window = 600 }";

/// What there is to have access to, and who may introspect it.
const RESOURCES: &str = r#"
    resources = [
        { path = "/api", name = "Notes", upstream = { url = "UPSTREAM/notes" }, scopes = ["mcp"], introspectors = ["watcher"] },
    ]
    clients = [
        { client_id = "watcher", client_secret_sha256 = "WATCHER", client_credentials = { scopes = ["mcp"], resources = ["/api"] } },
    ]
"#;

impl Deployment {
    /// Everything that can be written, on a server that starts again in a second.
    #[must_use]
    pub fn killed(upstream: &Upstream) -> Self {
        Self { runner: Runner::Miniflare, ..Self::writable("killed", upstream, PATIENT) }
    }

    /// The same, with a platform that fails when a test wants it to and the shipped lifetimes.
    #[must_use]
    pub fn faulty(upstream: &Upstream) -> Self {
        Self { runner: Runner::Faulty, ..Self::writable("faulty", upstream, "") }
    }

    fn writable(name: &'static str, upstream: &Upstream, lifetimes: &str) -> Self {
        let hash = super::machines::hash_of(&super::machines::secret_of("watcher"));
        let settings = format!("{lifetimes}{}", RESOURCES.replace("WATCHER", &hash));
        Self { admin_token: Some(ADMIN_TOKEN), ..Self::before(name, upstream, &settings) }
    }
}
