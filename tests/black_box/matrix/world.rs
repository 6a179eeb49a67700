//! The servers of the matrix: Latchkey with the examples behind it, and the host on which clients
//! publish their metadata documents.

use latchkey_tests::deployment::Clients;
use latchkey_tests::{Answer, Deployment, DocumentHost, Server, Signer, random};
use serde_json::{Value, json};

/// Where a program on this machine listens for its callback.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:33418/callback";
/// The ids that the operator wrote down.
pub(super) const PROGRAM: &str = "matrix-program";
pub(super) const SERVICE: &str = "matrix-service";

/// A server of the matrix.
pub struct World {
    /// The server.
    pub server: Server,
    /// The secret of the service that the operator wrote down.
    pub(super) service_secret: String,
    /// The URLs of the documents: of a program that acts for a person, and of one that acts for itself.
    pub(super) program_document: String,
    pub(super) service_document: String,
    /// The key of the latter.
    pub(super) signer: Signer,
}

impl World {
    /// Starts it, with a test user or without.
    ///
    /// # Errors
    ///
    /// A sentence with the end of the log, when the server doesn't come up.
    pub fn start(test_user: bool) -> Result<Self, String> {
        let host = DocumentHost::start();
        let signer = Signer::new("ES256");
        let publish = |file: &str, document: Value| {
            let url = host.url(file);
            let document = described(&url, document);
            host.set(&url, Some(Answer::json(&document, "max-age=3600")));
            url
        };
        let program_document = publish(
            "client.json",
            json!({
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            }),
        );
        let service_document = publish(
            "service.json",
            json!({
                "grant_types": ["client_credentials"],
                "response_types": [],
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256",
                "jwks": signer.jwks(),
            }),
        );
        let service_secret = random::text(43);
        let clients = Clients {
            program: PROGRAM,
            redirect_uri: REDIRECT_URI,
            service: SERVICE,
            service_secret: &service_secret,
            service_document: &service_document,
        };
        let server = Server::start(Deployment::matrix(&clients, test_user))?;
        Ok(Self { server, service_secret, program_document, service_document, signer })
    }
}

/// The metadata document at `url`
/// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)).
fn described(url: &str, mut document: Value) -> Value {
    document["client_id"] = json!(url);
    document["client_name"] = json!("Client with a document");
    document["redirect_uris"] = json!([REDIRECT_URI]);
    document
}
