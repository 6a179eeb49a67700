//! What a JSON-RPC message asks of an MCP server.
//!
//! [Streamable HTTP](https://modelcontextprotocol.io/specification/2025-06-18/basic/transports); the
//! array of messages is that of revision 2025-03-26. The message is forwarded byte for byte, so
//! whatever two programs could read in two ways is refused: the server behind must not see another
//! tool than the one that was checked here.

mod message;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The longest message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// The most messages in one array.
pub const MAX_MESSAGES: usize = 100;
/// The most arrays and objects inside each other.
pub const MAX_DEPTH: usize = 128;
/// The longest name in a log, in characters.
const MAX_LABEL: usize = 128;

/// What a body asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspected {
    /// Its requests and notifications, in their order. An answer to the server's own request asks
    /// for nothing.
    pub calls: Vec<Call>,
}

/// One request or notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `method`.
    pub method: String,
    /// `params.name` of a `tools/call`.
    pub tool: Option<String>,
}

impl Inspected {
    /// The names of the tools that are called.
    #[must_use]
    pub fn tools(&self) -> Vec<&str> {
        self.calls.iter().filter_map(|call| call.tool.as_deref()).collect()
    }

    /// Passes when the headers `Mcp-Method` and `Mcp-Name` (revision 2026-07-28) say what the body
    /// says, or are absent: a server may go by either. A body that calls nothing agrees with neither.
    ///
    /// Where no body is read, [`crate::forwarding::request_headers::passes_without_message`] leaves
    /// both out.
    ///
    /// # Errors
    ///
    /// [`MessageError::HeaderMismatch`]: they say something else.
    pub fn agrees_with(
        &self,
        mcp_method: Option<&str>,
        mcp_name: Option<&str>,
    ) -> Result<(), MessageError> {
        let is_silent = mcp_method.is_none() && mcp_name.is_none();
        if self.calls.is_empty() && !is_silent {
            return Err(MessageError::HeaderMismatch);
        }
        let name = mcp_name.map(decoded);
        let agrees = self.calls.iter().all(|call| {
            let method = mcp_method.is_none_or(|method| method == call.method);
            let tool = match (&call.tool, &name) {
                (Some(tool), Some(name)) => name.as_deref() == Some(tool.as_bytes()),
                (None, _) | (Some(_), None) => true,
            };
            method && tool
        });
        if agrees { Ok(()) } else { Err(MessageError::HeaderMismatch) }
    }
}

/// A header's value in bytes; `None` when its base64 is damaged. What isn't plain ASCII comes as
/// `=?base64?…?=`.
fn decoded(value: &str) -> Option<Vec<u8>> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => Some(value.as_bytes().to_vec()),
    }
}

impl Call {
    /// The same call with names that are fit for a log: at most 128 characters, none of them a
    /// control character.
    #[must_use]
    pub fn label(&self) -> Self {
        let label = |name: &str| {
            let printable = |character: char| if character.is_control() { '?' } else { character };
            name.chars().take(MAX_LABEL).map(printable).collect()
        };
        Self { method: label(&self.method), tool: self.tool.as_deref().map(label) }
    }
}

/// Reads what a body asks for. `body` is one message or an array of them.
///
/// # Errors
///
/// [`MessageError`]: it isn't JSON-RPC, or two programs could read it in two ways, or it is beyond a
/// limit.
pub fn inspect(body: &[u8]) -> Result<Inspected, MessageError> {
    if body.len() > MAX_MESSAGE_BYTES {
        return Err(MessageError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| MessageError::NotJson)?;
    if message::depth(text) > MAX_DEPTH {
        return Err(MessageError::TooDeep);
    }
    message::read(text).map(|calls| Inspected { calls })
}

/// Passes when the body is said to be what [`inspect`] reads: JSON in UTF-8, not compressed.
///
/// # Errors
///
/// [`MessageError::UnsupportedContentType`] and [`MessageError::ContentEncoded`].
pub fn check_content(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<(), MessageError> {
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    // A server that believes in another charset would read other characters than we do.
    let is_utf8 = parts.filter(|part| !part.is_empty()).all(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if !(is_json && is_utf8) {
        return Err(MessageError::UnsupportedContentType);
    }
    let encoding = content_encoding.unwrap_or_default().trim();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") {
        Ok(())
    } else {
        Err(MessageError::ContentEncoded)
    }
}

/// Why a message isn't forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageError {
    /// It isn't a JSON-RPC message or an array of them.
    NotJson,
    /// A member comes twice; which one counts differs between programs.
    DuplicateMember,
    /// A member or method differs from one that counts by case only, which not every program sees,
    /// or a name has a control character, at which some programs end it.
    AmbiguousMember,
    /// A `tools/call` doesn't say which tool.
    ToolNameMissing,
    /// `Mcp-Method` or `Mcp-Name` says something else than the body.
    HeaderMismatch,
    /// More than [`MAX_DEPTH`] arrays and objects inside each other.
    TooDeep,
    /// More than [`MAX_MESSAGES`] messages.
    TooMany,
    /// Its content type isn't `application/json` in UTF-8.
    UnsupportedContentType,
    /// It is compressed.
    ContentEncoded,
    /// It is longer than [`MAX_MESSAGE_BYTES`].
    TooLarge,
}

impl MessageError {
    /// The HTTP status ([RFC 9110 section 15.5](https://www.rfc-editor.org/rfc/rfc9110#section-15.5)).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NotJson
            | Self::DuplicateMember
            | Self::AmbiguousMember
            | Self::ToolNameMissing
            | Self::HeaderMismatch
            | Self::TooDeep
            | Self::TooMany => 400,
            Self::TooLarge => 413,
            Self::UnsupportedContentType | Self::ContentEncoded => 415,
        }
    }

    /// The reason as the log and the activity write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotJson => "not_json_rpc",
            Self::DuplicateMember => "duplicate_member",
            Self::AmbiguousMember => "ambiguous_member",
            Self::ToolNameMissing => "tool_name_missing",
            Self::HeaderMismatch => "header_mismatch",
            Self::TooDeep => "message_too_deep",
            Self::TooMany => "too_many_messages",
            Self::UnsupportedContentType => "unsupported_content_type",
            Self::ContentEncoded => "content_encoded",
            Self::TooLarge => "message_too_large",
        }
    }

    /// What was wrong and what to do.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::NotJson => "The body is not a JSON-RPC message in UTF-8; send one JSON object.",
            Self::DuplicateMember => "The message has a member twice; send each member once.",
            Self::AmbiguousMember => {
                "The message has a member or a method whose name differs from a known one by \
                 case only, or a name with a control character; write it as JSON-RPC and MCP do."
            }
            Self::ToolNameMissing => {
                "The tools/call has no params.name; name the tool with a string."
            }
            Self::HeaderMismatch => {
                "Mcp-Method or Mcp-Name differs from the body; send what the body says."
            }
            Self::TooDeep => "The message is nested more than 128 levels deep; send a flatter one.",
            Self::TooMany => "There are more than 100 messages in the array; send fewer at once.",
            Self::UnsupportedContentType => {
                "The content type is not application/json in UTF-8; send that."
            }
            Self::ContentEncoded => "The body is compressed; send it without Content-Encoding.",
            Self::TooLarge => "The message is larger than 4 MiB; send a smaller one.",
        }
    }
}

#[cfg(test)]
mod tests;
