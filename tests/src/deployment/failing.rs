//! Deployments that are killed, or whose platform fails.

use super::{ADMIN_TOKEN, Deployment, Issuer};
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

    /// The shipped lifetimes, a clock that a test sets, an admin API for the keys, and beside the usual resource one whose
    /// credentials the gateway remembers.
    #[must_use]
    pub fn keyed(upstream: &Upstream) -> Self {
        let faulty = Self::faulty(upstream);
        let remembered = format!(
            r#"resources = [
        {{ path = "/remembered", name = "Files", upstream = {{ url = "http://127.0.0.1:{}/files" }}, scopes = ["mcp"], revocation_bound = 300 }},"#,
            upstream.port()
        );
        let settings = faulty.settings.replacen("resources = [", &remembered, 1);
        Self { name: "keyed", settings: settings.into(), ..faulty }
    }

    /// The same, counting what each request does.
    #[must_use]
    pub fn traced(self) -> Self {
        Self { settings: format!("log = {{ trace = true }}\n{}", self.settings).into(), ..self }
    }

    /// A server on the web, with an admin API.
    #[must_use]
    pub fn public_with_admin() -> Self {
        Self { name: "public with admin", admin_token: Some(ADMIN_TOKEN), ..Self::kept() }
    }

    /// The same with a secret under which its keys are sealed.
    #[must_use]
    pub fn sealed(self, keyring_secret: &'static str) -> Self {
        Self { keyring_secret: Some(keyring_secret), ..self }
    }

    /// A deployment that every release can serve, where a code lives for as long as it may.
    #[must_use]
    pub fn kept() -> Self {
        let settings = r#"
            lifetimes = { authorization_code = 600 }
            scopes = [{ name = "mcp", title = "Use your tools", default = true }]
            resources = [{ path = "/mcp", name = "Tools" }]
        "#;
        Self {
            runner: Runner::Miniflare,
            issuer: Issuer::Public("https://id.example"),
            settings: settings.into(),
            ..Self::shipped("kept")
        }
    }

    /// The same before an upstream, with a clock that a test sets.
    #[must_use]
    pub fn upgraded(upstream: &Upstream) -> Self {
        let kept = Self::kept();
        let behind = format!(
            r#"name = "Tools", upstream = {{ url = "http://127.0.0.1:{}/tools" }}"#,
            upstream.port()
        );
        let settings = kept.settings.replace(r#"name = "Tools""#, &behind);
        Self { runner: Runner::Faulty, settings: settings.into(), ..kept }
    }

    fn writable(name: &'static str, upstream: &Upstream, lifetimes: &str) -> Self {
        let hash = super::machines::hash_of(&super::machines::secret_of("watcher"));
        let settings = format!("{lifetimes}{}", RESOURCES.replace("WATCHER", &hash));
        Self { admin_token: Some(ADMIN_TOKEN), ..Self::before(name, upstream, &settings) }
    }
}
