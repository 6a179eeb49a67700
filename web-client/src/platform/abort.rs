//! `AbortSignal`.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::object;
use crate::fault::Fault;

/// The `signal` of a call's options.
pub fn signal_of(options: &JsValue) -> Option<AbortSignal> {
    options
        .is_object()
        .then(|| object::get(options, "signal"))
        .and_then(|value| value.dyn_into().ok())
}

/// Refuses a call that was aborted before it began.
pub fn check(signal: Option<&AbortSignal>) -> Result<(), Fault> {
    if signal.is_some_and(AbortSignal::aborted) { Err(Fault::aborted()) } else { Ok(()) }
}

/// Waits for a promise or for the signal, whichever comes first. What the promise stands for goes on.
pub async fn unless_aborted(
    promise: Promise,
    signal: Option<&AbortSignal>,
) -> Result<JsValue, Fault> {
    check(signal)?;
    let Some(signal) = signal else { return Ok(JsFuture::from(promise).await?) };
    let mut listener: Option<Function> = None;
    let aborted = Promise::new(&mut |_, reject| {
        let _ = signal.add_event_listener_with_callback("abort", &reject);
        listener = Some(reject);
    });
    let result = JsFuture::from(Promise::race(&Array::of2(&promise, &aborted))).await;
    if let Some(listener) = listener {
        let _ = signal.remove_event_listener_with_callback("abort", &listener);
    }
    match result {
        Ok(value) => Ok(value),
        Err(_) if signal.aborted() => Err(Fault::aborted()),
        Err(thrown) => Err(thrown.into()),
    }
}
