//! A refusal, as JavaScript sees it: an `Error` with a `code`, and the `member` that is wrong. `js/error.js` makes a
//! `LatchkeyError` of it.

use js_sys::Error;
use latchkey_protocol::client_side::MetadataFault;
use latchkey_protocol::client_side::callback::CallbackError;
use wasm_bindgen::JsValue;

use crate::members::set;

/// The error for a metadata document that must not be followed.
pub fn metadata_fault(fault: MetadataFault) -> JsValue {
    let error = with_code(fault.description(), fault.code());
    set(&error, "member", &fault.member().into());
    error
}

/// The error for a callback that gives no code.
pub fn callback_error(error: &CallbackError) -> JsValue {
    with_code(&error.to_string(), error.code())
}

fn with_code(message: &str, code: &str) -> JsValue {
    let error = Error::new(message).into();
    set(&error, "code", &code.into());
    error
}
