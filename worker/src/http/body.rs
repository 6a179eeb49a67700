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

/// Reads a body of at most [`MAX_BODY_BYTES`], counting the bytes as they come.
pub async fn read(request: &mut worker::Request) -> Result<Vec<u8>, BodyError> {
    let announced = request.headers().get("content-length").ok().flatten();
    if announced
        .and_then(|text| text.parse().ok())
        .is_some_and(|length: usize| length > MAX_BODY_BYTES)
    {
        return Err(BodyError::TooLarge);
    }
    // A request without a body has no stream.
    let Ok(mut stream) = request.stream() else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Interrupted)?;
        if bytes.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
