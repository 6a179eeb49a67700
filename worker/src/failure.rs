//! Something of ours that failed while a request was served.
//!
//! A failure is never the client's fault and never says `invalid_grant`: that would make a client
//! throw away a good token.

use latchkey_protocol::error::{ErrorCode, ErrorReply};
use std::fmt;

/// How long a client should wait before it tries again, in seconds.
pub const RETRY_AFTER_SECONDS: &str = "2";

/// Why the server couldn't do its part. The text is for the log only.
#[derive(Debug)]
pub enum Failure {
    /// An object, the cache or the runtime's cryptography didn't do what it was asked.
    Unavailable {
        /// What was attempted.
        doing: &'static str,
        /// What the platform said.
        cause: String,
    },
    /// A binding is missing in `wrangler.toml`.
    MissingBinding {
        /// Its name.
        binding: &'static str,
        /// What the platform said.
        cause: String,
    },
    /// A page couldn't be rendered.
    Rendering(String),
}

impl Failure {
    /// A failure while `doing` something.
    pub fn unavailable(doing: &'static str, cause: impl fmt::Display) -> Self {
        Self::Unavailable { doing, cause: cause.to_string() }
    }

    /// The client's part.
    pub fn reply() -> ErrorReply {
        ErrorReply::new(
            ErrorCode::TemporarilyUnavailable,
            "The server could not complete the request. Send the same request again in a moment.",
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { doing, cause } => write!(formatter, "{doing}: {cause}"),
            Self::MissingBinding { binding, cause } => write!(
                formatter,
                "the binding {binding} is missing ({cause}): compare wrangler.toml with the one \
                 that came with this release and deploy again"
            ),
            Self::Rendering(cause) => write!(formatter, "rendering a page: {cause}"),
        }
    }
}
