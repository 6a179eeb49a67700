//! Limits on what anybody may ask for without proving anything.
//!
//! The platform counts, in each of its locations by itself. Without its two bindings there is no limit.

use js_sys::Reflect;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::network::Sharers;

use crate::context::Context;
use crate::http::{Answer, Incoming};
use crate::log::Level;

/// Counts one network.
const NETWORK: &str = "NETWORK_LIMIT";
/// Counts the whole of a shared egress, so it allows far more.
const SHARED_EGRESS: &str = "SHARED_EGRESS_LIMIT";
/// When to come back, in seconds: the period of both limits.
const RETRY_AFTER_SECONDS: &str = "60";

/// An endpoint that is limited. Each counts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedEndpoint {
    /// Registering a client.
    Registration,
    /// Beginning a device flow.
    DeviceAuthorization,
}

impl LimitedEndpoint {
    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::DeviceAuthorization => "device-authorization",
        }
    }
}

/// Counts the request; the answer to send instead, if there were too many from its network.
///
/// A limiter that fails lets the request in: it protects us, and nobody is to be locked out by it.
pub async fn check(
    context: &Context,
    incoming: &Incoming,
    endpoint: LimitedEndpoint,
) -> Option<Answer> {
    // The platform sets it, and overwrites what a client sends.
    let address = incoming.header("cf-connecting-ip")?;
    let shared_egress = &context.configuration.registration.shared_egress;
    let (binding, range) = match Sharers::of(&address, shared_egress)? {
        Sharers::Nobody => return None,
        Sharers::Network(range) => (NETWORK, range),
        Sharers::Egress(range) => (SHARED_EGRESS, range),
    };
    if !Reflect::has(&context.env, &binding.into()).unwrap_or(false) {
        return None;
    }
    let counted = match context.env.rate_limiter(binding) {
        Ok(limiter) => limiter.limit(format!("{}:{range}", endpoint.name())).await,
        Err(cause) => Err(cause),
    };
    match counted {
        Ok(outcome) if outcome.success => None,
        Ok(_) => Some(too_many(context, binding)),
        Err(cause) => {
            context
                .event(Level::Error, "limit unavailable")
                .with("cause", cause.to_string())
                .with(
                    "do",
                    format!("the binding {binding} has to be a rate limit in wrangler.toml"),
                )
                .write();
            None
        }
    }
}

fn too_many(context: &Context, binding: &'static str) -> Answer {
    let reply = ErrorReply::new(
        ErrorCode::TooManyRequests,
        "There were too many requests from your network. Wait a minute and send it again.",
    );
    context
        .refuse(&reply, &format!("too many requests ({binding})"), None)
        .with_header("retry-after", RETRY_AFTER_SECONDS)
}
