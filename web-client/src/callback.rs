//! Reading the callback.

use js_sys::{Error, Reflect};
use latchkey_protocol::client_side::callback::{CallbackError, Expected, read};
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Reads the query of the callback (`location.search`) and returns the authorization code.
///
/// `state` is the one that was sent, `issuer` the server that the person was sent to, and
/// `issuerIsSent` what its metadata says in `authorization_response_iss_parameter_supported`.
///
/// # Errors
///
/// Throws an `Error` whose `code` is `wrong_state`, `wrong_issuer`, `malformed_callback`, `no_code`,
/// or the server's own error code such as `access_denied`.
#[wasm_bindgen(js_name = readCallback)]
pub fn read_callback(
    query: &str,
    state: &str,
    issuer: &str,
    #[wasm_bindgen(js_name = issuerIsSent)] issuer_is_sent: bool,
) -> Result<String, Error> {
    let state = Secret::new(state);
    read(query, &Expected { state: &state, issuer, issuer_is_sent })
        .map(|code| code.expose().to_owned())
        .map_err(|error| to_js(&error))
}

fn to_js(error: &CallbackError) -> Error {
    let shown = Error::new(&error.to_string());
    // Setting a member of a fresh object can't fail.
    let _ = Reflect::set(&shown, &"code".into(), &JsValue::from(error.code()));
    shown
}
