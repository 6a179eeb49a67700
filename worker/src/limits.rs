//! Limits on what anybody may ask for without proving anything, and on how often they may try to.
//!
//! Requests that can be told by looking at them are counted before anything is done. Wrong secrets are counted
//! when they turn out wrong: what is right is never refused and costs nothing, whoever shares its network.
//! That slows no guess of 256 bits, and needn't: it ends what a wrong one would be told.
//!
//! The platform counts, in each of its locations by itself. Without its bindings there is no limit.

use js_sys::Reflect;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::network::Sharers;
use latchkey_protocol::time::Lifetime;

use crate::context::Context;
use crate::http::Answer;
use crate::log::Level;
use crate::trace::Operation;

/// Counts what programs ask for from one network.
pub const NETWORK: &str = "NETWORK_LIMIT";
/// Counts what people and programs try from one network: passwords, addresses, secrets.
pub const TRIES: &str = "TRIES_LIMIT";
/// Counts the whole of a shared egress in place of both, so it allows far more.
pub const SHARED_EGRESS: &str = "SHARED_EGRESS_LIMIT";
/// When to come back: the period of all limits.
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
    /// Signing in by a password, right or wrong.
    SignIn,
    /// Making an account, or finding out that there is one.
    SignUp,
}

impl LimitedEndpoint {
    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::DeviceAuthorization => "device-authorization",
            Self::UserCode => "user-code",
            Self::MetadataDocument => "metadata-document",
            Self::SignIn => "sign-in",
            Self::SignUp => "sign-up",
        }
    }

    const fn binding(self) -> &'static str {
        match self {
            Self::Registration
            | Self::DeviceAuthorization
            | Self::UserCode
            | Self::MetadataDocument => NETWORK,
            Self::SignIn | Self::SignUp => TRIES,
        }
    }
}

/// A secret that turned out wrong. Each kind, and each client, counts by itself: a client's id is known to
/// everybody, so nobody elsewhere may use up what its own people need.
#[derive(Debug, Clone, Copy)]
pub enum Guess<'a> {
    /// Of a client that there is: its secret, or a code or token in its name.
    OfClient(&'a ClientId),
    /// Of a client that there isn't, so that making up ids doesn't help.
    OfNoClient,
    /// A personal access token.
    PersonalAccessToken,
    /// The token by which a client manages its registration.
    RegistrationAccessToken,
    /// The operator's.
    AdminToken,
}

impl Guess<'_> {
    fn name(self) -> String {
        match self {
            Self::OfClient(client_id) => format!("guess-of-client {client_id}"),
            Self::OfNoClient => "guess-of-no-client".to_owned(),
            Self::PersonalAccessToken => "personal-access-token".to_owned(),
            Self::RegistrationAccessToken => "registration-access-token".to_owned(),
            Self::AdminToken => "admin-token".to_owned(),
        }
    }
}

/// Counts the request; the answer to send instead, if there were too many from its network.
///
/// A limiter that fails lets the request in: it protects us, and nobody is to be locked out by it.
pub async fn check(context: &Context, endpoint: LimitedEndpoint) -> Option<Answer> {
    const WORDS: &str =
        "There were too many requests from your network. Wait a minute and send it again.";
    let binding = counted(context, endpoint.binding(), endpoint.name()).await?;
    Some(too_many(context, binding, WORDS))
}

/// As [`check`], for a caller with words of its own: whether there were too many.
pub async fn exceeded(context: &Context, endpoint: LimitedEndpoint) -> bool {
    let binding = counted(context, endpoint.binding(), endpoint.name()).await;
    if let Some(binding) = binding {
        context.refused(&too_many_requests(binding), None);
    }
    binding.is_some()
}

/// The answer to a refused request: `refusal`, or that there were too many guesses from its network, which
/// says nothing about this one. Without a guess nothing is counted.
pub async fn unless_too_many(
    context: &Context,
    guess: Option<Guess<'_>>,
    refusal: Answer,
) -> Answer {
    const WORDS: &str = "There were too many wrong codes, tokens or secrets from your network. Wait a \
                         minute and send it again.";
    let Some(guess) = guess else { return refusal };
    match counted(context, TRIES, &guess.name()).await {
        Some(binding) => too_many(context, binding, WORDS),
        None => refusal,
    }
}

/// The binding that says that there were too many; `None` when it says nothing.
async fn counted(context: &Context, of_network: &'static str, what: &str) -> Option<&'static str> {
    let shared_egress = &context.configuration.registration.shared_egress;
    let address = context.client_address.as_deref()?;
    let (binding, range) = match Sharers::of(address, shared_egress)? {
        Sharers::Nobody => return None,
        Sharers::Network(range) => (of_network, range),
        Sharers::Egress(range) => (SHARED_EGRESS, range),
    };
    if !Reflect::has(context.env.platform(), &binding.into()).unwrap_or(false) {
        return None;
    }
    let _under_way = context.env.hop(Operation::RateLimits);
    let counted = match context.env.platform().rate_limiter(binding) {
        Ok(limiter) => limiter.limit(format!("{what}:{range}")).await,
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

fn too_many(context: &Context, binding: &'static str, words: &'static str) -> Answer {
    let reply = ErrorReply::new(ErrorCode::TooManyRequests, words);
    told_to_wait(context.refuse(&reply, &too_many_requests(binding), None))
}

/// The answer with the status and the wait of [RFC 6585 section 4](https://www.rfc-editor.org/rfc/rfc6585#section-4).
pub fn told_to_wait(answer: Answer) -> Answer {
    answer.with_status(429).with_header("retry-after", PERIOD.as_seconds().to_string())
}

/// The reason in the log.
fn too_many_requests(binding: &str) -> String {
    format!("too many requests ({binding})")
}
