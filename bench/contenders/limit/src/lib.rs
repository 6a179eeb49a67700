//! What the platform itself allows, in Rust: a worker that does nothing, and a bare Durable Object.
//!
//! [`nothing`] is one worker, which `nothing.js` puts first. The other is in front of the objects: `/create/<name>` makes
//! the object of that name and its row, `/read/<name>` has it read the row, and `/write/<name>` read it and change it on a
//! condition, as a grant is refreshed.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod bare;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::web_sys;

/// Answers a request that it knows nothing of: `worker::Request` would read its address, method and headers.
///
/// # Errors
///
/// When the platform makes no response.
#[wasm_bindgen]
pub fn nothing() -> Result<web_sys::Response, JsValue> {
    web_sys::Response::new_with_opt_str(Some("ok"))
}

/// Has an object answer.
#[worker::event(fetch)]
async fn fetch(
    request: worker::Request,
    env: worker::Env,
    _context: worker::Context,
) -> worker::Result<worker::Response> {
    let path = request.path();
    let Some((operation, name)) = path.trim_start_matches('/').split_once('/') else {
        return worker::Response::error(format!("no object in {path}"), 404);
    };
    let object = env.durable_object("BARE")?.get_by_name(name)?;
    object.fetch_with_str(&format!("https://object/{operation}")).await
}
