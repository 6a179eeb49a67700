//! The answer to an authorization request, on its way back to the client.

use latchkey_protocol::authorize::{
    AuthorizationRequest, RedirectError, RedirectReason, error_location, success_location,
};
use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::redirect_uri::RedirectUriKind;
use latchkey_protocol::token::GrantToken;

use super::sealed_request::{Waiting, client_view, destination};
use super::{look, page};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::pages::{Outcome, ReturnToApp, ReturnWithError};

/// Where the browser goes with the code of an approved request.
pub fn code_location(
    context: &Context,
    account: &AccountId,
    request: &AuthorizationRequest,
) -> String {
    let code = GrantToken {
        account: account.clone(),
        grant: request.grant.clone(),
        secret: request.code_secret(account),
    }
    .to_wire(&context.configuration.prefixes.authorization_code);
    success_location(request, &code, &context.configuration)
}

/// A request's refusal, to be told to its client.
pub fn refusal(request: &AuthorizationRequest, reason: RedirectReason) -> RedirectError {
    RedirectError {
        redirect_uri: request.redirect_uri.clone(),
        state: request.state.clone(),
        reason,
        silent: request.prompt.none,
    }
}

/// Tells the client by redirect where that can't be abused, and otherwise asks the person to go.
pub fn redirect_error(
    context: &Context,
    client: &ClientRecord,
    error: &RedirectError,
) -> Result<Answer, Failure> {
    context.refused(&error.reason, Some(&client.client_id));
    let location = error_location(error, &context.configuration);
    // RFC 9700 section 4.11.2: anybody can register a client whose redirect URI is a phishing page,
    // and a faulty request would make us send people there unasked. A person's own machine and a
    // client that asked for silence are safe to answer directly.
    if error.silent || error.redirect_uri.kind() != RedirectUriKind::Https {
        return Ok(Answer::redirect(302, location));
    }
    let look = look(&context.configuration);
    let reply = error.reason.reply();
    let host = error.redirect_uri.display_host();
    let back = ReturnWithError {
        look: &look,
        client: client_view(client),
        destination: destination(error.redirect_uri.kind(), &host),
        url: &location,
        code: reply.code.as_str(),
        description: Some(&reply.description),
        reference: &context.reference,
    };
    page(context, 400, back.render())
}

/// A website or a program on this machine takes over by itself; an app that opens links may not, so
/// the page that opens it stays and says what happened.
pub fn send_back(
    context: &Context,
    waiting: Waiting<'_>,
    outcome: Outcome,
    location: &str,
) -> Result<Answer, Failure> {
    let redirect_uri = &waiting.request.redirect_uri;
    if redirect_uri.kind() != RedirectUriKind::PrivateUse {
        // RFC 9700 section 4.12: 303, so that the form isn't posted on.
        return Ok(Answer::redirect(303, location));
    }
    let look = look(&context.configuration);
    let host = redirect_uri.display_host();
    let back = ReturnToApp {
        look: &look,
        outcome,
        client: client_view(waiting.client),
        destination: destination(redirect_uri.kind(), &host),
        url: location,
    };
    page(context, 200, back.render())
}
