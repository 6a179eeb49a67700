//! Reading a body without believing its length.

use futures_util::StreamExt;
use std::fmt;
use web_sys::ReadableStream;

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
