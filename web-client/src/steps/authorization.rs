//! The request that a person is sent with.

use latchkey_protocol::params;
use latchkey_protocol::pkce::CodeVerifier;
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{fresh_state, server_of};
use crate::fault::Fault;
use crate::platform::entropy::BrowserEntropy;
use crate::platform::object::JsMembers;

/// What to ask for.
pub struct Wish {
    /// `client_id`.
    pub client_id: String,
    /// `redirect_uri`.
    pub redirect_uri: String,
    /// `scope`.
    pub scope: Option<String>,
    /// `resource`.
    pub resource: Option<String>,
    /// `prompt`.
    pub prompt: Option<String>,
    /// `login_hint`.
    pub login_hint: Option<String>,
}

/// An authorization request with its own state and verifier.
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

impl AuthorizationRequest {
    /// Writes the request ([RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1),
    /// [RFC 7636 section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3), RFC 8707). `prefix` marks
    /// the state.
    pub fn write(endpoint: &str, wish: &Wish, prefix: &str) -> Self {
        // BRW-01: fresh for every request.
        let state = Secret::new([prefix, fresh_state().expose()].concat());
        let verifier = CodeVerifier::generate(&mut BrowserEntropy);
        let challenge = verifier.challenge();
        let pairs: Vec<(&str, &str)> = [
            ("response_type", Some("code")),
            ("client_id", Some(wish.client_id.as_str())),
            ("redirect_uri", Some(wish.redirect_uri.as_str())),
            ("scope", wish.scope.as_deref()),
            ("state", Some(state.expose())),
            ("code_challenge", Some(challenge.expose())),
            ("code_challenge_method", Some("S256")),
            ("resource", wish.resource.as_deref()),
            ("prompt", wish.prompt.as_deref()),
            ("login_hint", wish.login_hint.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| {
            value.filter(|value| !value.is_empty()).map(|value| (name, value))
        })
        .collect();
        let joint = if endpoint.contains('?') { "&" } else { "?" };
        let url = [endpoint, joint, &params::encode(&pairs)].concat();
        Self { url, state, verifier }
    }
}

/// `createAuthorizationRequest` of `index.d.ts`.
///
/// # Errors
///
/// `invalid_options`, and what is wrong with the metadata.
#[wasm_bindgen(js_name = createAuthorizationRequest)]
pub fn create_authorization_request(
    server: &JsValue,
    request: &JsValue,
) -> Result<AuthorizationRequest, JsValue> {
    let server = server_of(server)?;
    let request = JsMembers(request.clone());
    Ok(AuthorizationRequest::write(&server.authorization_endpoint, &wish_of(&request)?, ""))
}

fn wish_of(request: &JsMembers) -> Result<Wish, Fault> {
    Ok(Wish {
        client_id: request.needed("clientId")?,
        redirect_uri: request.needed("redirectUri")?,
        scope: request.optional("scope")?,
        resource: request.optional("resource")?,
        prompt: request.optional("prompt")?,
        login_hint: request.optional("loginHint")?,
    })
}
