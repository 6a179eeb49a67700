//! The admin API, `/admin/…`: for the operator's scripts, by the bearer token `ADMIN_TOKEN`.

mod clients;
mod health;
mod initial_access_tokens;
mod keys;
mod refusals;

use js_sys::Reflect;
use latchkey_protocol::administration::{AdminError, authorize};
use latchkey_protocol::bearer;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::secret::Secret;

use super::body_error_status;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, BodyError, Incoming};
use crate::limits::{self, Guess};
use crate::log::Level;

const ADMIN_TOKEN: &str = "ADMIN_TOKEN";

/// Whether the deployment has an admin API.
pub fn is_on(env: &worker::Env) -> bool {
    Reflect::has(env, &ADMIN_TOKEN.into()).unwrap_or(false)
}

/// Answers a request to one of its endpoints.
pub async fn answer(
    context: &Context,
    incoming: &mut Incoming,
    endpoint: Endpoint,
) -> Result<Answer, Failure> {
    if let Err(error) = check_token(context, incoming)? {
        incoming.discard_body().await;
        let guess = error.is_a_guess().then_some(Guess::AdminToken);
        let refusal = refuse(context, &error, None);
        return Ok(limits::unless_too_many(context, guess, refusal).await);
    }
    let path = incoming.path().to_owned();
    let id = context.configuration.endpoints.id(endpoint, &path);
    match (endpoint, incoming.method()) {
        (Endpoint::AdminClients, "POST") => clients::create(context, incoming).await,
        (Endpoint::AdminClients, _) => clients::list(context, incoming).await,
        (Endpoint::AdminClient, "PATCH") => clients::patch(context, incoming, id).await,
        (Endpoint::AdminClient, "DELETE") => clients::delete(context, id).await,
        (Endpoint::AdminClient, _) => clients::get(context, id).await,
        (Endpoint::AdminClientSecret, _) => clients::rotate_secret(context, incoming, id).await,
        (Endpoint::AdminClientRefusals, _) => refusals::of_client(context, id).await,
        (Endpoint::AdminRefusals, _) => refusals::of_nobody(context).await,
        (Endpoint::AdminHealth, _) => Ok(health::get(context).await),
        (Endpoint::AdminKeys, "POST") => keys::post(context, incoming).await,
        (Endpoint::AdminKeys, _) => keys::list(context).await,
        (Endpoint::AdminKey, _) => keys::delete(context, id).await,
        (Endpoint::AdminInitialAccessTokens, "POST") => {
            initial_access_tokens::create(context, incoming).await
        }
        (Endpoint::AdminInitialAccessTokens, _) => {
            initial_access_tokens::list(context, incoming).await
        }
        (Endpoint::AdminInitialAccessToken, _) => initial_access_tokens::delete(context, id).await,
        _ => Ok(refuse(context, &AdminError::NotFound, None)),
    }
}

fn check_token(context: &Context, incoming: &Incoming) -> Result<Result<(), AdminError>, Failure> {
    let expected = context.env.platform().secret(ADMIN_TOKEN);
    let expected = expected.map_err(|cause| Failure::MissingBinding {
        binding: ADMIN_TOKEN,
        cause: cause.to_string(),
    })?;
    let presented = bearer::presented(
        incoming.header("authorization").as_deref(),
        None,
        incoming.raw_query().unwrap_or_default(),
    );
    let presented = match presented {
        Ok(presented) => presented,
        Err(bearer::PresentationError::Nothing) => return Ok(Err(AdminError::NoToken)),
        Err(error) => return Ok(Err(AdminError::Unreadable(error))),
    };
    let checked = authorize(&Secret::new(expected.to_string()), presented.secret());
    if checked == Err(AdminError::TokenTooShort) {
        context
            .event(Level::Error, "misconfigured")
            .with("key", ADMIN_TOKEN.to_owned())
            .with("do", "set a random secret of 32 characters or more: openssl rand -hex 32 | npx wrangler secret put ADMIN_TOKEN".to_owned())
            .write();
    }
    Ok(checked)
}

fn refuse(context: &Context, error: &AdminError, client_id: Option<&ClientId>) -> Answer {
    let answer = context.refuse(&error.reply(), error, client_id);
    match error.challenge() {
        Some(challenge) => answer.with_header("www-authenticate", challenge),
        None => answer,
    }
}

fn unreadable(context: &Context, error: BodyError) -> Answer {
    let reply = ErrorReply::new(ErrorCode::InvalidRequest, error.to_string());
    context.refuse(&reply, &error, None).with_status(body_error_status(error))
}

/// A line of the log about a change, so that somebody can find out later who did it.
fn log_change(context: &Context, what: &str, client_id: Option<&ClientId>, token: Option<&str>) {
    context
        .outcome(Level::Info, what)
        .with("who", "admin".to_owned())
        .with("client_id", client_id.map(ToString::to_string))
        .with("initial_access_token", token.map(str::to_owned))
        .write();
}
