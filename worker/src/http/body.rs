//! Reading a body, of which only the connection itself says how long it is.

use js_sys::{Array, Function, Reflect, Uint8Array};
use std::fmt;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, ReadableStream, ReadableStreamDefaultReader, StreamPipeOptions, TransformStream,
};

use crate::wait;

/// No request to this server needs more.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Why a body isn't used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Another content type, or none.
    WrongContentType {
        /// The one that is wanted.
        wanted: &'static str,
    },
    /// Over the limit, which is 64 KB for every endpoint.
    TooLarge,
    /// The connection broke off.
    Interrupted,
    /// No form: bad percent-encoding, bad UTF-8, far too many parameters.
    MalformedForm,
}

impl fmt::Display for BodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongContentType { wanted } => {
                write!(formatter, "The body has to be sent with Content-Type: {wanted}.")
            }
            Self::TooLarge => formatter.write_str("The body is larger than 64 KB."),
            Self::Interrupted => formatter.write_str("The body could not be read to its end."),
            Self::MalformedForm => formatter.write_str(
                "The body is not a readable form: check its percent-encoding and that it is UTF-8.",
            ),
        }
    }
}

/// How much of a body that is too large is still taken in, and dropped, before the answer: a
/// connection that is answered in the middle of a request can't be used again.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;

/// A body on its way. It is handed on to the platform, which moves the bytes by itself: nothing of
/// it passes through this program's memory.
#[derive(Debug)]
pub struct BodyStream(ReadableStream);

impl BodyStream {
    /// Wraps the platform's stream.
    pub const fn new(stream: ReadableStream) -> Self {
        Self(stream)
    }

    /// The platform's stream.
    pub fn into_inner(self) -> ReadableStream {
        self.0
    }

    /// The same body, and what tells when its last byte has been taken. `length` is its length in
    /// bytes, if known: without it the body is sent in chunks.
    pub fn watched(self, length: Option<u32>) -> (Self, Option<Taken>) {
        let Some(pipe) = pipe(length) else { return (self, None) };
        let taken = self.0.pipe_to(&pipe.writable());
        (Self(pipe.readable()), Some(Taken(JsFuture::from(taken))))
    }

    /// The same body, which breaks off when `signal` is given, and what tells when it is over.
    pub fn cut_by(self, signal: &AbortSignal) -> (Self, Option<Taken>) {
        let Some(pipe) = pipe(None) else { return (self, None) };
        let options = StreamPipeOptions::new();
        options.set_signal(signal);
        let taken = self.0.pipe_to_with_options(&pipe.writable(), &options);
        (Self(pipe.readable()), Some(Taken(JsFuture::from(taken))))
    }
}

/// Tells when a body has been taken to its end, or can't be.
pub struct Taken(JsFuture);

impl Taken {
    /// Waits for it.
    pub async fn wait(&mut self) {
        // A body that broke off is over too; whoever takes it sees the error itself.
        drop((&mut self.0).await);
    }
}

/// Two ends between which the platform moves bytes by itself, as the standard's `TransformStream`
/// doesn't ([Workers](https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/)).
fn pipe(length: Option<u32>) -> Option<TransformStream> {
    let (name, arguments) = match length {
        Some(length) => ("FixedLengthStream", Array::of1(&length.into())),
        None => ("IdentityTransformStream", Array::new()),
    };
    let class = Reflect::get(&js_sys::global(), &name.into()).ok()?.dyn_into::<Function>().ok()?;
    Reflect::construct(&class, &arguments).ok().map(JsCast::unchecked_into)
}

/// Reads a body of at most [`MAX_BODY_BYTES`].
pub async fn read(request: &web_sys::Request) -> Result<Vec<u8>, BodyError> {
    read_at_most(request, MAX_BODY_BYTES).await
}

/// Reads a body of at most `limit` bytes.
pub async fn read_at_most(request: &web_sys::Request, limit: usize) -> Result<Vec<u8>, BodyError> {
    // A body that was handed on belongs to somebody else, and taking its stream would panic.
    let Some(stream) = request.body().filter(|stream| !stream.locked()) else {
        return Ok(Vec::new());
    };
    match known_length(request).filter(|length| *length <= limit) {
        Some(length) if length <= MAX_BODY_BYTES => whole(request, limit).await,
        // Over a slow line it takes minutes.
        Some(_) => wait::patiently(Box::pin(whole(request, limit))).await,
        None => counted(stream, limit).await,
    }
}

/// How long the body is, where the connection itself ends it there: it has a length, and isn't sent in
/// chunks ([RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3)).
fn known_length(request: &web_sys::Request) -> Option<usize> {
    let header = |name| request.headers().get(name).ok().flatten();
    let length = header("content-length").filter(|_| header("transfer-encoding").is_none());
    length?.parse().ok()
}

/// Reads a short body in one go, which costs a fraction of reading a stream.
async fn whole(request: &web_sys::Request, limit: usize) -> Result<Vec<u8>, BodyError> {
    let promise = request.array_buffer().map_err(|_| BodyError::Interrupted)?;
    let buffer = JsFuture::from(promise).await.map_err(|_| BodyError::Interrupted)?;
    let bytes = Uint8Array::new(&buffer);
    if usize::try_from(bytes.length()).is_ok_and(|length| length <= limit) {
        Ok(bytes.to_vec())
    } else {
        Err(BodyError::TooLarge)
    }
}

/// Reads a body of unknown length, counting the bytes as they come.
async fn counted(stream: ReadableStream, limit: usize) -> Result<Vec<u8>, BodyError> {
    let reader = stream.get_reader().unchecked_into::<ReadableStreamDefaultReader>();
    let mut bytes = Vec::new();
    let mut received: usize = 0;
    loop {
        let result = JsFuture::from(reader.read()).await.map_err(|_| BodyError::Interrupted)?;
        let member = |name: &str| Reflect::get(&result, &name.into()).ok();
        if member("done").is_none_or(|done| done.is_truthy()) {
            break;
        }
        let chunk = member("value")
            .and_then(|chunk| chunk.dyn_into::<Uint8Array>().ok())
            .ok_or(BodyError::Interrupted)?;
        received = received.saturating_add(usize::try_from(chunk.length()).unwrap_or(usize::MAX));
        if received > limit.saturating_add(MAX_DISCARDED_BYTES) {
            // Nobody waits for the rest, or for whether it could be stopped.
            let _ = reader.cancel();
            return Err(BodyError::TooLarge);
        }
        if received > limit {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk.to_vec());
        }
    }
    if received > limit { Err(BodyError::TooLarge) } else { Ok(bytes) }
}
