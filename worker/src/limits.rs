//! Limits on what anybody may ask for without proving anything.
//!
//! The platform counts, in each of its locations by itself. Without its two bindings there is no limit.

use js_sys::Reflect;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::network::Sharers;
use latchkey_protocol::time::Lifetime;

use crate::context::Context;
use crate::http::Answer;
use crate::log::Level;
use crate::trace::Operation;

/// Counts one network.
const NETWORK: &str = "NETWORK_LIMIT";
/// Counts the whole of a shared egress, so it allows far more.
const SHARED_EGRESS: &str = "SHARED_EGRESS_LIMIT";
/// When to come back: the period of both limits.
pub const PERIOD: Lifetime = Lifetime::minutes(1);

/// An endpoint that is limited. Each counts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedEndpoint {
    /// Registering a client.
    Registration,
    /// Beginning a device flow.
    DeviceAuthorization,
    /// Sending the code that a device shows.
    UserCode,
    /// Naming a client by a document of which there is no copy here yet, so that it has to be fetched.
    MetadataDocument,
}

impl LimitedEndpoint {
    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::DeviceAuthorization => "device-authorization",
            Self::UserCode => "user-code",
            Self::MetadataDocument => "metadata-document",
        }
    }
}

/// Counts the request; the answer to send instead, if there were too many from its network.
///
/// A limiter that fails lets the request in: it protects us, and nobody is to be locked out by it.
pub async fn check(context: &Context, endpoint: LimitedEndpoint) -> Option<Answer> {
    counted(context, endpoint).await.map(|binding| too_many(context, binding))
}

/// As [`check`], for a caller with words of its own: whether there were too many.
pub async fn exceeded(context: &Context, endpoint: LimitedEndpoint) -> bool {
    let binding = counted(context, endpoint).await;
    if let Some(binding) = binding {
        context.refused(&format!("too many requests ({binding})"), None);
    }
    binding.is_some()
}

/// The binding that says that there were too many; `None` when it says nothing.
async fn counted(context: &Context, endpoint: LimitedEndpoint) -> Option<&'static str> {
    let shared_egress = &context.configuration.registration.shared_egress;
    let address = context.client_address.as_deref()?;
    let (binding, range) = match Sharers::of(address, shared_egress)? {
        Sharers::Nobody => return None,
        Sharers::Network(range) => (NETWORK, range),
        Sharers::Egress(range) => (SHARED_EGRESS, range),
    };
    if !Reflect::has(context.env.platform(), &binding.into()).unwrap_or(false) {
        return None;
    }
    let _under_way = context.env.hop(Operation::RateLimits);
    let counted = match context.env.platform().rate_limiter(binding) {
        Ok(limiter) => limiter.limit(format!("{}:{range}", endpoint.name())).await,
        Err(cause) => Err(cause),
    };
    match counted {
        Ok(outcome) if outcome.success => None,
        Ok(_) => Some(binding),
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
        .with_header("retry-after", PERIOD.as_seconds().to_string())
}
