//! Reading a body without believing its length.

use futures_util::StreamExt;
use js_sys::{Array, Function, Reflect};
use std::fmt;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStream, StreamPipeOptions, TransformStream};

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

/// Reads a body of at most [`MAX_BODY_BYTES`], counting the bytes as they come.
pub async fn read(request: &mut worker::Request) -> Result<Vec<u8>, BodyError> {
    read_at_most(request, MAX_BODY_BYTES).await
}

/// Reads a body of at most `limit` bytes, counting them as they come.
pub async fn read_at_most(
    request: &mut worker::Request,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    // A body that was handed on belongs to somebody else, and taking its stream would panic.
    if request.inner().body().is_none_or(|stream| stream.locked()) {
        return Ok(Vec::new());
    }
    let Ok(mut stream) = request.stream() else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    let mut received: usize = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Interrupted)?;
        received = received.saturating_add(chunk.len());
        if received > limit.saturating_add(MAX_DISCARDED_BYTES) {
            return Err(BodyError::TooLarge);
        }
        if received > limit {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if received > limit { Err(BodyError::TooLarge) } else { Ok(bytes) }
}
