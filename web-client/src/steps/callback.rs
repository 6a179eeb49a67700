//! Reading the callback.

use latchkey_protocol::client_side::Members;
use latchkey_protocol::client_side::callback::{Expected, read};
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::fault::Fault;
use crate::platform::object::JsMembers;

/// Reads a callback's query, or the address it is in, and returns the authorization code.
///
/// # Errors
///
/// `wrong_state`, `wrong_issuer`, `malformed_callback`, `no_code`, or the server's own error.
#[wasm_bindgen(js_name = readCallback)]
pub fn read_callback(callback: &str, expected: &JsValue) -> Result<String, JsValue> {
    let expected = JsMembers(expected.clone());
    let server = JsMembers(expected.value("server"));
    let code = code_of(
        callback,
        &Expected {
            state: &Secret::new(expected.needed("state")?),
            issuer: &server.needed("issuer")?,
            issuer_is_sent: server.flag("authorization_response_iss_parameter_supported"),
        },
    )?;
    Ok(code.expose().to_owned())
}

/// The code of a callback.
pub fn code_of(callback: &str, expected: &Expected<'_>) -> Result<Secret, Fault> {
    Ok(read(query_of(callback), expected)?)
}

/// The query of an address, or what is given when it has none.
pub fn query_of(callback: &str) -> &str {
    let end = callback.find('#').unwrap_or(callback.len());
    let callback = callback.get(..end).unwrap_or_default();
    callback.split_once('?').map_or(callback, |(_, query)| query)
}
