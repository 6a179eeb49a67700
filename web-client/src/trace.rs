//! What a trace of requests may show.

use latchkey_protocol::client_side;
use wasm_bindgen::prelude::wasm_bindgen;

/// Whether the parameter, member or header of this name holds a secret.
#[wasm_bindgen(js_name = isSecret)]
#[must_use]
pub fn is_secret(name: &str) -> bool {
    client_side::is_secret(name)
}
