//! The servers of the matrix: Latchkey with the examples behind it, and the host on which clients
//! publish their metadata documents.

use latchkey_tests::deployment::Clients;
use latchkey_tests::upstream::{Answer, Place, Received, Whole};
use latchkey_tests::{Deployment, Server, Upstream, jwt, random};
use serde_json::json;

/// Where a program on this machine listens for its callback.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:33418/callback";
/// The ids that the operator wrote down.
pub(super) const PROGRAM: &str = "matrix-program";
pub(super) const SERVICE: &str = "matrix-service";
/// The operator's token for the admin API.
pub(super) use latchkey_tests::ADMIN_TOKEN;
/// What a client's key is called.
pub(super) const KEY_ID: &str = "matrix-key";

/// A server of the matrix.
pub struct World {
    /// The server.
    pub server: Server,
    /// The secret of the service that the operator wrote down.
    pub(super) service_secret: String,
    /// The URLs of the documents: of a program that acts for a person, and of one that acts for itself.
    pub(super) program_document: String,
    pub(super) service_document: String,
    _documents: (Upstream, Place),
}

impl World {
    /// Starts it, with a test user or without.
    ///
    /// # Errors
    ///
    /// A sentence with the end of the log, when the server doesn't come up.
    pub fn start(test_user: bool) -> Result<Self, String> {
        let host = Upstream::start();
        let place = host.place(Answer::By(document));
        let url = |name: &str| format!("http://127.0.0.1:{}/{}/{name}", host.port(), place.name());
        let (program_document, service_document) = (url("client.json"), url("service.json"));
        let service_secret = random::text(43);
        let clients = Clients {
            program: PROGRAM,
            redirect_uri: REDIRECT_URI,
            service: SERVICE,
            service_secret: &service_secret,
            service_document: &service_document,
            admin_token: ADMIN_TOKEN,
        };
        let server = Server::start(Deployment::matrix(&clients, test_user))?;
        let documents = (host, place);
        Ok(Self {
            server,
            service_secret,
            program_document,
            service_document,
            _documents: documents,
        })
    }
}

/// The metadata document at the URL that was asked for
/// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)).
fn document(received: &Received) -> Whole {
    let host = received.header("host").unwrap_or_default();
    let mut document = json!({
        "client_id": format!("http://{host}{}", received.target),
        "client_name": "Client with a document",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    if received.target.ends_with("/service.json") {
        document["grant_types"] = json!(["client_credentials"]);
        document["response_types"] = json!([]);
        document["token_endpoint_auth_method"] = json!("private_key_jwt");
        document["token_endpoint_auth_signing_alg"] = json!("ES256");
        document["jwks"] = json!({ "keys": [jwt::forging_key(KEY_ID)] });
    }
    Whole::json(&document)
}
