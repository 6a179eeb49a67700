//! `GET` and `POST /authorize`
//! ([RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).

use futures_util::future::join;
use latchkey_protocol::authorize::{self, AuthorizationRequest, LocalError, Refusal};
use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::error::ErrorReply;
use latchkey_protocol::params::Parameters;

use super::authorization_response::redirect_error;
use super::sealed_request::Waiting;
use super::{Trouble, client_document, error_page, next_page, test_user, unreadable_form};
use crate::browser::Browser;
use crate::clients::{self, NotFound};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming, MAX_QUERY_BYTES};
use crate::keys;
use crate::platform::RuntimeEntropy;

/// Answers an authorization request.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    if incoming.method() == "POST" {
        return by_get(context, incoming).await;
    }
    let Ok(parameters) = incoming.query() else {
        return local_error(context, incoming, LocalError::Unreadable);
    };
    let client_id = match authorize::identify(&parameters) {
        Ok(client_id) => client_id,
        Err(error) => return local_error(context, incoming, error),
    };
    let found = clients::look_up(context, &client_id).await?;
    let mut client = match found.client {
        Ok(client) => client,
        Err(NotFound::Unknown) => {
            return local_error(context, incoming, LocalError::ClientUnknown);
        }
        Err(NotFound::Document(problem)) => {
            return match asks_for_json(incoming) {
                // A program reads this one by its body; 401 would ask it for a password.
                true if !problem.is_temporary() => {
                    Ok(client_document::refusal(context, &client_id, &problem).with_status(400))
                }
                true => Ok(client_document::refusal(context, &client_id, &problem)),
                false => client_document::page(context, &client_id, &problem),
            };
        }
    };
    let mut checked = check(context, &parameters, &client);
    if found.is_copy && checked.is_err() {
        // The copy may be from before the client's redirect URIs were changed.
        let Some(now) = clients::find_now(context, &client_id).await? else {
            return local_error(context, incoming, LocalError::ClientUnknown);
        };
        client = now;
        checked = check(context, &parameters, &client);
    }
    match checked {
        Ok(request) => proceed(context, incoming, &parameters, request, &client).await,
        Err(Refusal::Local(error)) => local_error(context, incoming, error),
        Err(Refusal::Redirect(error)) => redirect_error(context, &client, &error),
    }
}

/// OpenID Connect Core section 3.1.2.1: the same parameters may come in a form. A form that another
/// site posted brings no `SameSite=Lax` cookie along, so the browser is sent here again by GET, which
/// does: otherwise a person who is signed in would be asked to sign in.
async fn by_get(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let form = match incoming.form().await {
        Ok(form) => form,
        Err(error) => return unreadable_form(context, error),
    };
    let query = form.to_query();
    if query.len() > MAX_QUERY_BYTES {
        return local_error(context, incoming, LocalError::TooLong);
    }
    let path = context.configuration.endpoints.path(Endpoint::Authorization);
    Ok(Answer::redirect(303, format!("{path}?{query}")))
}

fn check(
    context: &Context,
    parameters: &Parameters,
    client: &ClientRecord,
) -> Result<AuthorizationRequest, Refusal> {
    authorize::check(parameters, client, &context.configuration, context.now, &mut RuntimeEntropy)
}

/// Shows the page that a checked request needs next, or answers without one.
async fn proceed(
    context: &Context,
    incoming: &Incoming,
    parameters: &Parameters,
    request: AuthorizationRequest,
    client: &ClientRecord,
) -> Result<Answer, Failure> {
    let waiting = Waiting { request: &request, client };
    if let Some(answer) = test_user::decide(context, incoming, parameters, waiting).await? {
        return Ok(answer);
    }
    let browser = Browser::read(context, incoming);
    let (keys, brought) = join(keys::key_set(context), browser.bring(context, waiting)).await;
    next_page::show(context, &*keys?, &browser, brought?, waiting)
}

/// Programs may look before they open a browser.
fn asks_for_json(incoming: &Incoming) -> bool {
    let accept = incoming.header("accept").unwrap_or_default();
    accept.contains("application/json") && !incoming.is_from_a_person()
}

/// Says here what can't be told to the client: as JSON if a program asks for that, so that clients
/// which look before they open a browser can register anew; otherwise as a page.
fn local_error(
    context: &Context,
    incoming: &Incoming,
    error: LocalError,
) -> Result<Answer, Failure> {
    if asks_for_json(incoming) {
        let description = format!("{} {}", error.what_happened(), error.what_to_do());
        let reply = ErrorReply::new(error.code(), description);
        return Ok(context.refuse(&reply, &error, None).with_status(400));
    }
    context.refused(&error, None);
    let trouble = Trouble {
        status: 400,
        title: "This request can not be answered",
        what_happened: error.what_happened(),
        what_to_do: error.what_to_do(),
    };
    error_page(context, &trouble)
}
