//! A deployment with clients that act for themselves.

use sha2::{Digest as _, Sha256};

use super::{ADMIN_TOKEN, Deployment};
use crate::client::Client;
use crate::upstream::Upstream;

const RESOURCES: &str = r#"
    resources = [
        { path = "/api", name = "Notes", upstream = { url = "UPSTREAM/notes" }, scopes = ["api"], methods = { DELETE = ["api:write"] }, introspectors = ["reader"] },
        { path = "/mcp", name = "Tools", kind = "mcp", upstream = { url = "UPSTREAM/tools" }, scopes = ["mcp"] },
        { path = "/slow-bound", name = "Remembered", upstream = { url = "UPSTREAM" }, revocation_bound = 300 },
    ]
    clients = [
        { client_id = "nightly", client_name = "Nightly import", client_secret_sha256 = "NIGHTLY", client_credentials = { scopes = ["api", "api:write"], resources = ["/api", "/mcp", "/slow-bound"] }, disabled = DISABLED },
        { client_id = "poster", client_secret_sha256 = "POSTER", token_endpoint_auth_method = "client_secret_post", client_credentials = { scopes = ["mcp:write"], resources = ["/mcp"] } },
        { client_id = "console", client_secret_sha256 = "CONSOLE", token_endpoint_auth_method = "client_secret_basic", redirect_uris = ["https://client.example/callback"], client_credentials = { scopes = ["api"] }, disabled = DISABLED },
        { client_id = "reader", client_secret_sha256 = "READER", redirect_uris = ["https://client.example/callback"] },
    ]
"#;

/// The clients of [`Deployment::examples`].
const OF_EXAMPLES: &str = r#"
    clients = [
        { client_id = "poster", client_name = "The nightly job", client_secret_sha256 = "POSTER", client_credentials = { scopes = ["mcp", "notes:write"], resources = ["/mcp"] } },
    ]
"#;

impl Deployment {
    /// Clients that the configuration knows: `nightly` (basic), `poster` (post) and `console`, which also
    /// acts for people, may have something for themselves; `reader` may ask about tokens.
    #[must_use]
    pub fn machines(upstream: &Upstream) -> Self {
        Self::machines_where(upstream, "false")
    }

    /// The same after the operator has disabled `nightly` and `console`.
    #[must_use]
    pub fn machines_disabled(upstream: &Upstream) -> Self {
        Self::machines_where(upstream, "true")
    }

    /// The same after the operator has removed every client.
    #[must_use]
    pub fn machines_removed(upstream: &Upstream) -> Self {
        let (resources, _) = RESOURCES.split_once("    clients = [").expect("clients");
        Self::before("machines", upstream, resources).administrable()
    }

    fn machines_where(upstream: &Upstream, disabled: &str) -> Self {
        let settings = with_hashes(&RESOURCES.replace("DISABLED", disabled));
        Self::before("machines", upstream, &settings).administrable()
    }

    fn administrable(self) -> Self {
        Self { admin_token: Some(ADMIN_TOKEN), ..self }
    }

    /// The settings of the client that acts for itself at the examples.
    pub(super) fn settings_of_examples() -> String {
        with_hashes(OF_EXAMPLES)
    }
}

/// The settings with the hashes of secrets in them.
fn with_hashes(settings: &str) -> String {
    let mut settings = settings.to_owned();
    for id in ["nightly", "poster", "console", "reader"] {
        let hash = hash_of(&secret_of(id));
        settings = settings.replace(&format!("\"{}\"", id.to_uppercase()), &format!("\"{hash}\""));
    }
    settings
}

/// What the configuration has of a secret.
pub(super) fn hash_of(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn secret_of(id: &str) -> String {
    format!("the secret of {id}, which only the tests know")
}

impl Client {
    /// One of the clients of [`Deployment::machines`], of which [`Deployment::examples`] knows `poster`.
    #[must_use]
    pub fn configured(id: &str) -> Self {
        let method = if id == "poster" { "client_secret_post" } else { "client_secret_basic" };
        let known = Self::known(id, method, "https://client.example/callback");
        Self { secret: Some(secret_of(id)), ..known }
    }

    /// Asks for a token for itself.
    #[must_use]
    pub fn token_for_itself(&self, server: &crate::Server, more: &[(&str, &str)]) -> crate::Reply {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(more);
        self.token(server, &fields)
    }
}
