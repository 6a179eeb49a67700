//! The message of a request to an MCP server.

use latchkey_protocol::configuration::ResourceKind;
use latchkey_protocol::mcp::{self, Inspected, MAX_MESSAGE_BYTES, MessageError};

use crate::http::{BodyError, Incoming};

/// A message that was read to be checked, and goes on as the same bytes.
pub struct Message {
    /// The body.
    pub bytes: Vec<u8>,
    /// What it asks for.
    pub inspected: Inspected,
}

/// Reads the message of a request; `None` when its body can stay unread.
///
/// # Errors
///
/// [`MessageError`] when it can't be read for certain as the server behind will read it.
pub async fn read(
    kind: ResourceKind,
    incoming: &mut Incoming,
) -> Result<Option<Message>, MessageError> {
    // The body of a GET isn't forwarded. That of any other method is read, because some servers
    // don't look at the method.
    if kind == ResourceKind::Http || matches!(incoming.method(), "GET" | "HEAD") {
        return Ok(None);
    }
    let bytes = incoming.bytes(MAX_MESSAGE_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => MessageError::TooLarge,
        BodyError::WrongContentType { .. } | BodyError::Interrupted | BodyError::MalformedForm => {
            MessageError::NotJson
        }
    })?;
    if bytes.is_empty() && incoming.method() != "POST" {
        return Ok(None);
    }
    let header = |name| incoming.header(name);
    mcp::check_content(header("content-type").as_deref(), header("content-encoding").as_deref())?;
    let inspected = mcp::inspect(&bytes)?;
    inspected.agrees_with(header("mcp-method").as_deref(), header("mcp-name").as_deref())?;
    Ok(Some(Message { bytes, inspected }))
}
