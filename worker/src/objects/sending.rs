//! The sender's side of a message.

use futures_util::future::{Either, select};
use js_sys::Promise;
use latchkey_protocol::json;
use std::time::Duration;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::receiving::{COUNTED, read_answer};
use super::{Message, ObjectKind};
use crate::bindings::Bindings;
use crate::failure::Failure;
use crate::wait::Wait;

/// How long an object may take to answer. Far longer than any of them needs under load.
const PATIENCE: Duration = Duration::from_secs(10);

#[wasm_bindgen]
extern "C" {
    /// An object, as whoever asks it has it.
    #[derive(Debug)]
    type Stub;
    /// `send` of [`super::receiving::receives`].
    #[wasm_bindgen(method, catch)]
    fn send(this: &Stub, name: &str, message: &str) -> Result<Promise, JsValue>;
}

/// Sends `message` to the object of `kind` that is called `name`.
///
/// # Errors
///
/// [`Failure`] when the binding is missing or the object doesn't answer.
pub async fn send<M: Message>(
    env: &Bindings,
    kind: ObjectKind,
    name: &str,
    message: &M,
) -> Result<M::Reply, Failure> {
    let body = json::write(message).map_err(|cause| Failure::unavailable(M::NAME, cause))?;
    let answer = exchange(env, kind, name, M::NAME, &body).await?;
    json::read(read_answer(&answer, M::NAME, env.tally())?)
        .map_err(|cause| Failure::unavailable(M::NAME, cause.place_only()))
}

/// The part of [`send`] that is the same for all messages, so that it is in the WebAssembly once.
async fn exchange(
    env: &Bindings,
    kind: ObjectKind,
    name: &str,
    message: &'static str,
    body: &str,
) -> Result<String, Failure> {
    let failed = |cause: worker::Error| Failure::unavailable(message, cause);
    let namespace = env.platform().durable_object(kind.binding()).map_err(|cause| {
        Failure::MissingBinding { binding: kind.binding(), cause: cause.to_string() }
    })?;
    let stub = namespace.get_by_name(name).map_err(failed)?.into_rpc::<Stub>();
    let counted = if env.tally().is_on() { COUNTED } else { "" };
    let _under_way = env.hop(kind.operation());
    let sent = stub.send(&format!("{counted}{message}"), body);
    let answer = JsFuture::from(sent.map_err(|cause| failed(cause.into()))?);
    // An object that panicked never answers; without a bound the caller would wait with it.
    let patience = Wait::of(PATIENCE);
    match select(answer, patience).await {
        Either::Left((answer, _)) => answer
            .map_err(|cause| failed(cause.into()))?
            .as_string()
            .ok_or_else(|| Failure::unavailable(message, "the answer is no text")),
        Either::Right(_) => Err(Failure::unavailable(message, "no answer in time")),
    }
}
