//! What `npm start` serves, with the clients of the command-line matrix.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

use super::Deployment;

/// The clients that the operator wrote down.
#[derive(Debug, Clone)]
pub struct Clients<'a> {
    /// The id of a program that acts for a person.
    pub program: &'a str,
    /// The address where that program listens for its callback.
    pub redirect_uri: &'a str,
    /// The id of a program that acts for itself.
    pub service: &'a str,
    /// The secret of that program.
    pub service_secret: &'a str,
    /// The URL of the metadata document of another program that acts for itself.
    pub service_document: &'a str,
    /// The operator's own token for the admin API.
    pub admin_token: &'static str,
}

impl Deployment {
    /// The examples of `npm start` with these clients, and with a test user or without.
    #[must_use]
    pub fn matrix(clients: &Clients<'_>, test_user: bool) -> Self {
        let Clients {
            program,
            redirect_uri,
            service,
            service_secret,
            service_document,
            admin_token,
        } = clients;
        let mut hash = String::new();
        for byte in Sha256::digest(service_secret) {
            let _ = write!(hash, "{byte:02x}");
        }
        let own = r#"client_credentials = { scopes = ["mcp"], resources = ["/mcp"] }"#;
        let development = if test_user { r#"consent_as = "ci@example.com""# } else { "" };
        let settings = format!(
            r#"
            development = {{ {development} }}

            [[clients]]
            client_id = "{program}"
            client_name = "Program of the operator"
            redirect_uris = ["{redirect_uri}"]
            token_endpoint_auth_method = "none"

            [[clients]]
            client_id = "{service}"
            client_name = "Service of the operator"
            redirect_uris = ["{redirect_uri}"]
            client_secret_sha256 = "{hash}"
            {own}

            [[clients]]
            client_id = "{service_document}"
            {own}
            "#
        );
        let name = if test_user { "matrix with a test user" } else { "matrix" };
        Self { name, settings: settings.into(), admin_token: Some(admin_token), ..Self::examples() }
    }
}
