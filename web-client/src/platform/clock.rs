//! The browser's clock.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &Function, milliseconds: f64) -> wasm_bindgen::JsValue;
}

/// Milliseconds since 1970 by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "the package's one place that reads the clock")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive and below 2^53"
)]
pub fn now() -> u64 {
    js_sys::Date::now() as u64
}

/// A promise that is kept after so many milliseconds.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
pub fn after(milliseconds: u64) -> Promise {
    Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, milliseconds as f64);
    })
}

/// Waits.
pub async fn sleep(milliseconds: u64) {
    // It is never broken.
    let _ = JsFuture::from(after(milliseconds)).await;
}
