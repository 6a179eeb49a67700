//! `GET /device/qr`: the address of the page for a device's code, as a QR code.
//!
//! The image is made of the question alone. Nothing is looked up, so it says the same of a code that
//! a device shows as of one that nobody has.

use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::device_authorization::verification_uri_complete;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::user_code::UserCode;

use crate::context::Context;
use crate::http::{Answer, Incoming};
use crate::pages::qr_code;

/// The image for `user_code`, or for the page without a code.
pub fn get(context: &Context, incoming: &Incoming) -> Answer {
    let configuration = &context.configuration;
    let query = incoming.query().ok();
    let asked = query.as_ref().map(|query| query.get("user_code"));
    let address = match asked {
        Some(Ok(None)) => Some(configuration.endpoints.url(Endpoint::Device)),
        Some(Ok(Some(text))) => {
            UserCode::parse(text).ok().map(|code| verification_uri_complete(&code, configuration))
        }
        Some(Err(_)) | None => None,
    };
    match address.as_deref().and_then(qr_code) {
        Some(image) => Answer::empty(200)
            .with_header("content-type", "image/svg+xml")
            // Opened by itself it is a document of this origin.
            .with_header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
            .with_header("cross-origin-resource-policy", "cross-origin")
            .not_stored()
            .with_body(image),
        None => {
            let reply = ErrorReply::new(
                ErrorCode::InvalidRequest,
                "user_code is not a user code. Send the one of the device authorization response, or \
                 none.",
            );
            context.refuse(&reply, &"no user code", None)
        }
    }
}
