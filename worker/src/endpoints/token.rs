//! `POST /token` ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).

mod device;
mod issue;

use futures_util::future::join;
use latchkey_protocol::grant::client_credentials;
use latchkey_protocol::token_request::{self, GrantRequest, TokenRequest};

use super::client_authentication::{AuthenticatedForm, authenticated_form};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::limits::{self, Guess};
use crate::objects::account::messages::{Redeem, Refresh};
use crate::objects::{self, ObjectKind};

/// Answers a token request.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    // The keys come first: once a code is redeemed or a token rotated, nothing may stand between
    // that and the answer.
    let (form, keys) = join(authenticated_form(context, incoming), keys::key_set(context)).await;
    let form = match form? {
        Ok(form) => form,
        Err(answer) => return Ok(answer),
    };
    let client_id = Some(form.client.client_id());
    let parsed =
        token_request::parse(&form.form, &form.client, &form.record, &context.configuration);
    let request = match parsed {
        Ok(request) => request,
        Err(error) => {
            let refusal = context.refuse(&error.reply(), &error, client_id);
            return Ok(refused(context, &form, error.is_a_guess(), refusal).await);
        }
    };
    let keys = keys?;
    let (account, grant, request) = match request {
        TokenRequest::OfPerson { account, grant, request } => (account, grant, request),
        TokenRequest::OfClient(request) => {
            let configuration = &context.configuration;
            return match client_credentials::decide(
                &form.client,
                &form.record,
                &request,
                configuration,
            ) {
                Ok(granted) => issue::of_client(context, &form, &keys, granted).await,
                Err(error) => Ok(context.refuse(&error.reply(), &error, client_id)),
            };
        }
        TokenRequest::OfDevice { user_code, poll, resource, client_snapshot } => {
            let asked = device::Asked { user_code, poll, resource, client_snapshot };
            return device::poll(context, &form, &keys, asked).await;
        }
    };
    let (env, kind, name) = (&context.env, ObjectKind::Account, account.as_str());
    let granted = match request {
        GrantRequest::AuthorizationCode(request) => {
            match objects::send(env, kind, name, &Redeem { grant, request }).await? {
                Ok(granted) => granted,
                Err(error) => {
                    let refusal = context.refuse(&error.reply(), &error, client_id);
                    return Ok(refused(context, &form, error.is_a_guess(), refusal).await);
                }
            }
        }
        GrantRequest::RefreshToken(request) => {
            match objects::send(env, kind, name, &Refresh { grant, request }).await? {
                Ok(granted) => granted,
                Err(error) => {
                    let refusal = context.refuse(&error.reply(), &error, client_id);
                    return Ok(refused(context, &form, error.is_a_guess(), refusal).await);
                }
            }
        }
    };
    issue::of_person(context, &form, &keys, account, granted).await
}

/// The answer to a request of an authenticated client that was refused, perhaps for a guess.
async fn refused(
    context: &Context,
    form: &AuthenticatedForm,
    is_a_guess: bool,
    refusal: Answer,
) -> Answer {
    let guess = is_a_guess.then(|| Guess::OfClient(form.client.client_id()));
    limits::unless_too_many(context, guess, refusal).await
}
