//! The answers that the gateway gives itself.

use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::forwarding::response_headers;
use serde::Serialize;

use crate::context::Context;
use crate::http::Answer;

/// An error as JSON, with the reference that the log line has too.
pub fn error(status: u16, code: &str, description: &str, reference: &str) -> Answer {
    #[derive(Serialize)]
    struct Body<'a> {
        error: &'a str,
        error_description: String,
    }
    let body =
        Body { error: code, error_description: format!("{description} (reference {reference})") };
    Answer::json(status, &body).not_stored()
}

/// Adds what every answer of the gateway has, an error of its own too: a browser tells its page
/// nothing of an answer without it, not even that it is a 401.
pub fn with_common_headers(answer: Answer) -> Answer {
    response_headers::added().into_iter().fold(answer, |answer, (name, value)| match name {
        // Several policies and several lists all count, so the upstream's own stays.
        "content-security-policy" | "vary" => answer.with_header(name, value),
        _ => answer.with_only_header(name, value),
    })
}

/// [RFC 9110 section 15.5.6](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6).
pub fn method_not_allowed(context: &Context) -> Answer {
    const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    let reply = ErrorReply::new(
        ErrorCode::InvalidRequest,
        format!("This resource does not answer to the method; use one of {ALLOW}."),
    );
    context.refuse(&reply, &"method not allowed", None).with_status(405).with_header("allow", ALLOW)
}
