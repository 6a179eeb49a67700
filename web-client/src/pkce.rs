//! What a page draws before it sends a person to the authorization endpoint.

use latchkey_protocol::pkce::CodeVerifier;
use latchkey_protocol::secret::Secret;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::entropy::BrowserEntropy;

/// A code verifier and its S256 challenge
/// ([RFC 7636 section 4](https://www.rfc-editor.org/rfc/rfc7636#section-4)). Draw a fresh pair for
/// every authorization request.
#[wasm_bindgen]
pub struct Pkce {
    verifier: CodeVerifier,
}

#[wasm_bindgen]
impl Pkce {
    /// The secret for the token request (`code_verifier`).
    #[wasm_bindgen(getter, js_name = codeVerifier)]
    #[must_use]
    pub fn code_verifier(&self) -> String {
        self.verifier.expose().to_owned()
    }

    /// The value for the authorization request (`code_challenge`).
    #[wasm_bindgen(getter, js_name = codeChallenge)]
    #[must_use]
    pub fn code_challenge(&self) -> String {
        self.verifier.challenge().expose().to_owned()
    }

    /// Always `S256` (`code_challenge_method`).
    #[wasm_bindgen(getter, js_name = codeChallengeMethod)]
    #[must_use]
    pub fn code_challenge_method(&self) -> String {
        self.verifier.challenge().method().as_str().to_owned()
    }
}

/// Draws a verifier of 256 bits and its challenge.
#[wasm_bindgen(js_name = createPkce)]
#[must_use]
pub fn create_pkce() -> Pkce {
    Pkce { verifier: CodeVerifier::generate(&mut BrowserEntropy) }
}

/// Draws a `state` of 256 bits that ties a callback to the tab that began the flow
/// ([RFC 6749 section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
#[wasm_bindgen(js_name = createState)]
#[must_use]
pub fn create_state() -> String {
    fresh_state().expose().to_owned()
}

/// The same, as a secret.
pub fn fresh_state() -> Secret {
    Secret::generate(&mut BrowserEntropy)
}
