//! A deployment whose log says what each request does at the platform.

use super::Deployment;
use super::machines::{hash_of, secret_of};
use crate::upstream::Upstream;

impl Deployment {
    /// A resource that asks about each call and one that remembers, a client of the configuration that
    /// acts for itself and may introspect, and device codes.
    #[must_use]
    pub fn counted(upstream: &Upstream) -> Self {
        let settings = r#"
            log = { trace = true }
            resources = [
                { path = "/api", name = "Notes", upstream = { url = "UPSTREAM/notes" }, introspectors = ["nightly"] },
                { path = "/remembered", name = "Remembered", upstream = { url = "UPSTREAM/remembered" }, revocation_bound = 300 },
            ]
            clients = [
                { client_id = "nightly", client_secret_sha256 = "NIGHTLY", client_credentials = { scopes = ["mcp"], resources = ["/api"] } },
            ]
        "#;
        let hash = hash_of(&secret_of("nightly"));
        Self::before("counted", upstream, &settings.replace("NIGHTLY", &hash))
    }
}
