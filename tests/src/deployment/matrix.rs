//! What `npm start` serves, with the clients of the command-line matrix.

use super::machines::hash_of;
use super::{ADMIN_TOKEN, Deployment};

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
}

impl Deployment {
    /// The examples of `npm start` with these clients, and with a test user or without.
    #[must_use]
    pub fn matrix(clients: &Clients<'_>, test_user: bool) -> Self {
        let Clients { program, redirect_uri, service, service_secret, service_document } = clients;
        let hash = hash_of(service_secret);
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
        Self { name, settings: settings.into(), admin_token: Some(ADMIN_TOKEN), ..Self::examples() }
    }
}
