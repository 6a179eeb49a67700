//! Reading a body without believing its length.

use futures_util::StreamExt;
use std::fmt;

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
    /// Over 64 KB.
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

/// Reads a body of at most [`MAX_BODY_BYTES`], counting the bytes as they come.
pub async fn read(request: &mut worker::Request) -> Result<Vec<u8>, BodyError> {
    // A request without a body has no stream.
    let Ok(mut stream) = request.stream() else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    let mut received: usize = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Interrupted)?;
        received = received.saturating_add(chunk.len());
        if received > MAX_DISCARDED_BYTES {
            return Err(BodyError::TooLarge);
        }
        if received > MAX_BODY_BYTES {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if received > MAX_BODY_BYTES { Err(BodyError::TooLarge) } else { Ok(bytes) }
}
