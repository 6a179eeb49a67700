//! The request that a person is sent with, and the callback that comes of it.

use latchkey_protocol::client_side::callback::{Expected, read};
use latchkey_protocol::pkce::CodeVerifier;
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::entropy::BrowserEntropy;
use crate::fault::callback_error;

/// An authorization request with a state and a verifier of its own.
#[wasm_bindgen]
pub struct AuthorizationRequest {
    url: String,
    state: Secret,
    verifier: CodeVerifier,
}

#[wasm_bindgen]
impl AuthorizationRequest {
    /// Where to send the person.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The `state` that comes back.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn state(&self) -> String {
        self.state.expose().to_owned()
    }

    /// The secret for the token request.
    #[wasm_bindgen(getter, js_name = codeVerifier)]
    #[must_use]
    pub fn code_verifier(&self) -> String {
        self.verifier.expose().to_owned()
    }
}

/// Writes an authorization request ([RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1),
/// [RFC 7636 section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3)). `parameters` is the rest of its query, already
/// encoded; the state begins with `prefix`, by which the callback knows how it came about.
#[wasm_bindgen(js_name = beginAuthorization)]
#[must_use]
pub fn begin_authorization(endpoint: &str, parameters: &str, prefix: &str) -> AuthorizationRequest {
    // BRW-01: fresh for every request.
    let state = Secret::new([prefix, Secret::generate(&mut BrowserEntropy).expose()].concat());
    let verifier = CodeVerifier::generate(&mut BrowserEntropy);
    let challenge = verifier.challenge();
    // Base64url has nothing that a query would have to escape.
    let state_and_challenge = [
        "&state=",
        state.expose(),
        "&code_challenge=",
        challenge.expose(),
        "&code_challenge_method=S256&",
    ]
    .concat();
    // RFC 6749 section 3.1: a query that the endpoint has is kept.
    let joint = if endpoint.contains('?') { "&" } else { "?" };
    AuthorizationRequest {
        url: [endpoint, joint, "response_type=code", &state_and_challenge, parameters].concat(),
        state,
        verifier,
    }
}

/// Reads a callback's query and returns the authorization code.
///
/// # Errors
///
/// `wrong_state`, `wrong_issuer`, `malformed_callback`, `no_code`, or the server's own error.
#[wasm_bindgen(js_name = readCallback)]
pub fn read_callback(
    query: &str,
    state: &str,
    issuer: &str,
    #[wasm_bindgen(js_name = issuerIsSent)] issuer_is_sent: bool,
) -> Result<String, JsValue> {
    read(query, &Expected { state: &Secret::new(state), issuer, issuer_is_sent })
        .map(|code| code.expose().to_owned())
        .map_err(|error| callback_error(&error))
}
