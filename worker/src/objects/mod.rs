//! The Durable Objects, and how to talk to them.
//!
//! A message is a type with a name and a reply type. An object matches on the name exactly, so both
//! sides share one definition.

pub mod account;
pub mod client_registry;
pub mod device_authorization;
pub mod directory;
pub mod keyring;
mod sql;
mod storage;

use futures_util::future::{Either, select};
use js_sys::{Function, Promise, Reflect, Uint8Array};
use latchkey_protocol::json;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::bindings::Bindings;
use crate::failure::Failure;
use crate::trace::{Operation, Tally};

use storage::{Known, Storage};

/// How long an object may take to answer. Far longer than any of them needs under load.
const PATIENCE: Duration = Duration::from_secs(10);

/// What comes before the name of a message whose sender wants to know what it costs.
const COUNTED: &str = "counted/";
/// The header in which the object then says so.
const COUNTS: &str = "latchkey-counts";

/// A message to an object.
pub trait Message: Serialize + DeserializeOwned {
    /// Its name, unique per object.
    const NAME: &'static str;
    /// What the object answers.
    type Reply: Serialize + DeserializeOwned;
}

/// Asks an object of any kind whether it is well. It stores nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Health {}

impl Message for Health {
    const NAME: &'static str = "health";
    type Reply = SchemaVersions;
}

/// The schema versions of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaVersions {
    /// What it has stored is of this one; 0 when it has stored nothing.
    pub stored: u32,
    /// The one that this release writes.
    pub newest: u32,
}

/// Names the binding of a kind of object.
#[derive(Debug, Clone, Copy)]
pub enum ObjectKind {
    /// [`account::Account`], one per person.
    Account,
    /// [`directory::Directory`], one per sign-in identifier.
    Directory,
    /// [`client_registry::ClientRegistry`], one per shard.
    ClientRegistry,
    /// [`device_authorization::DeviceAuthorization`], one per user code.
    DeviceAuthorization,
    /// [`keyring::Keyring`], one per deployment.
    Keyring,
}

impl ObjectKind {
    /// What its binding is called.
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Account => "ACCOUNT",
            Self::Directory => "DIRECTORY",
            Self::ClientRegistry => "CLIENT_REGISTRY",
            Self::DeviceAuthorization => "DEVICE_AUTHORIZATION",
            Self::Keyring => "KEYRING",
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Account => Operation::AccountCalls,
            Self::Directory => Operation::DirectoryCalls,
            Self::ClientRegistry => Operation::ClientRegistryCalls,
            Self::DeviceAuthorization => Operation::DeviceAuthorizationCalls,
            Self::Keyring => Operation::KeyringCalls,
        }
    }
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
    let answer = exchange(env, kind, name, M::NAME, body).await?;
    json::read_bytes(&answer).map_err(|cause| Failure::unavailable(M::NAME, cause))
}

/// The part of [`send`] that is the same for all messages, so that it is in the WebAssembly once.
async fn exchange(
    env: &Bindings,
    kind: ObjectKind,
    name: &str,
    message: &'static str,
    body: String,
) -> Result<Vec<u8>, Failure> {
    let failed = |cause: worker::Error| Failure::unavailable(message, cause);
    let namespace = env.platform().durable_object(kind.binding()).map_err(|cause| {
        Failure::MissingBinding { binding: kind.binding(), cause: cause.to_string() }
    })?;
    let stub = namespace.get_by_name(name).map_err(failed)?.into_rpc::<JsValue>();

    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from(body));
    // The host is never looked up: the stub already names the object.
    let counted = if env.tally().is_on() { COUNTED } else { "" };
    let url = JsValue::from(format!("https://object/{counted}{message}"));
    let _under_way = env.hop(kind.operation());
    let answer = JsFuture::from(fetch(&stub, &url, &init).map_err(|cause| failed(cause.into()))?);
    // An object that panicked never answers; without a bound the caller would wait with it.
    let patience = worker::Delay::from(PATIENCE);
    let response = match select(answer, patience).await {
        Either::Left((answer, _)) => answer.map_err(|cause| failed(cause.into()))?,
        Either::Right(_) => return Err(Failure::unavailable(message, "no answer in time")),
    };
    let response = response.unchecked_into::<web_sys::Response>();
    if env.tally().is_on()
        && let Some(counts) = response.headers().get(COUNTS).ok().flatten()
    {
        env.tally().add(&counts);
    }
    let body = bytes(&response).await.map_err(|cause| failed(cause.into()))?;
    if response.status() != 200 {
        return Err(Failure::unavailable(message, String::from_utf8_lossy(&body)));
    }
    Ok(body)
}

/// `fetch` of an object's stub. What the `worker` crate has for it makes a request of its own before, and reads the answer
/// as a stream, which together cost as much as the object's work.
fn fetch(stub: &JsValue, url: &JsValue, init: &web_sys::RequestInit) -> Result<Promise, JsValue> {
    let fetch = Reflect::get(stub, &"fetch".into())?.unchecked_into::<Function>();
    fetch.call2(stub, url, init).map(JsCast::unchecked_into)
}

async fn bytes(response: &web_sys::Response) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(response.array_buffer()?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// A message as it reaches an object.
struct Received {
    name: String,
    body: Vec<u8>,
    /// It counts if the sender wants that.
    tally: Tally,
}

impl Received {
    async fn read(mut request: worker::Request) -> worker::Result<Self> {
        let path = request.path();
        let path = path.trim_start_matches('/');
        let (name, tally) = match path.strip_prefix(COUNTED) {
            Some(name) => (name, Tally::counting()),
            None => (path, Tally::default()),
        };
        let name = name.to_owned();
        let body = request.bytes().await?;
        Ok(Self { name, body, tally })
    }

    fn message<M: Message>(&self) -> Result<M, Failure> {
        json::read_bytes(&self.body).map_err(|cause| Failure::unavailable(M::NAME, cause))
    }
}

/// Adds what a message cost to its answer, if its sender wants that.
fn with_counts(answer: worker::Response, tally: &Tally) -> worker::Result<worker::Response> {
    if let Some(counts) = tally.to_text() {
        answer.headers().set(COUNTS, &counts)?;
    }
    Ok(answer)
}

/// Writes an object's reply, or says in the log and to the caller what went wrong.
fn reply<M: Message>(result: Result<M::Reply, Failure>) -> worker::Result<worker::Response> {
    let text = result.and_then(|reply| {
        json::write(&reply).map_err(|cause| Failure::unavailable(M::NAME, cause))
    });
    answer(text)
}

fn answer(text: Result<String, Failure>) -> worker::Result<worker::Response> {
    match text {
        Ok(text) => worker::Response::from_bytes(text.into_bytes()),
        Err(failure) => worker::Response::error(failure.to_string(), 500),
    }
}

/// The answer to a message that the object doesn't know: another release wrote it.
fn unknown(name: &str) -> worker::Result<worker::Response> {
    worker::Response::error(format!("unknown message {name}"), 501)
}
