//! `POST /token` ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::grant::Granted;
use latchkey_protocol::grant::device_code::{Poll, PollError, Redemption};
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::jwt::AccessTokenClaims;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::token::GrantToken;
use latchkey_protocol::token_request::{self, GrantRequest, TokenRequest};
use latchkey_protocol::user_code::UserCode;
use serde::Serialize;

use super::client_credentials::{AuthenticatedForm, authenticated_form};
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::log::Level;
use crate::objects::account::messages::{Redeem, RedeemDevice, Refresh};
use crate::objects::device_authorization::PollDevice;
use crate::objects::{self, ObjectKind};
use crate::platform::RuntimeEntropy;

/// Answers a token request.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let form = match authenticated_form(context, incoming).await? {
        Ok(form) => form,
        Err(answer) => return Ok(answer),
    };
    let client_id = Some(form.client.client_id());
    let parsed =
        token_request::parse(&form.form, &form.client, &form.record, &context.configuration);
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Ok(context.refuse(&error.reply(), &error, client_id)),
    };
    // The keys come first: once a code is redeemed or a token rotated, nothing may stand between
    // that and the answer.
    let keys = keys::key_set(context).await?;
    let (account, grant, request) = match parsed {
        TokenRequest::OfGrant { account, grant, request } => (account, grant, request),
        TokenRequest::OfDevice { user_code, poll, resource } => {
            return of_device(context, &form, &keys, &user_code, poll, resource).await;
        }
    };
    let (env, kind, name) = (&context.env, ObjectKind::Account, account.as_str());
    let granted = match request {
        GrantRequest::AuthorizationCode(request) => {
            match objects::send(env, kind, name, &Redeem { grant, request }).await? {
                Ok(granted) => granted,
                Err(error) => return Ok(context.refuse(&error.reply(), &error, client_id)),
            }
        }
        GrantRequest::RefreshToken(request) => {
            match objects::send(env, kind, name, &Refresh { grant, request }).await? {
                Ok(granted) => granted,
                Err(error) => return Ok(context.refuse(&error.reply(), &error, client_id)),
            }
        }
    };
    issue(context, &form, &keys, account, granted).await
}

/// Answers a device that asks whether its code was approved
/// ([RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)): the object of the
/// user code says who approved, and their account gives the tokens.
async fn of_device(
    context: &Context,
    form: &AuthenticatedForm,
    keys: &KeySet,
    user_code: &UserCode,
    poll: Poll,
    resource: Vec<String>,
) -> Result<Answer, Failure> {
    let (env, client_id) = (&context.env, Some(form.client.client_id()));
    let message = PollDevice { poll };
    let kind = ObjectKind::DeviceAuthorization;
    let approved = match objects::send(env, kind, user_code.as_str(), &message).await? {
        Ok(approved) => approved,
        Err(error @ PollError::Pending) => {
            // What every waiting device gets every few seconds is no refusal that anybody looks for.
            context
                .event(Level::Info, "device waits")
                .with("client_id", form.client.client_id().to_string())
                .write();
            return Ok(Answer::oauth_error(&error.reply(), &context.reference));
        }
        Err(error) => {
            let answer = context.refuse(&error.reply(), &error, client_id);
            return Ok(match error.interval() {
                Some(interval) => {
                    answer.with_header("retry-after", interval.as_seconds().to_string())
                }
                None => answer,
            });
        }
    };
    let Poll { secret, client_id: asked_by } = message.poll;
    let request = Redemption { secret, client_id: asked_by, resource };
    let message = RedeemDevice { grant: approved.grant, request };
    let account = approved.account;
    match objects::send(env, ObjectKind::Account, account.as_str(), &message).await? {
        Ok(granted) => issue(context, form, keys, account, granted).await,
        Err(error) => Ok(context.refuse(&error.reply(), &error, client_id)),
    }
}

/// Signs the access token and writes the answer
/// ([RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
async fn issue(
    context: &Context,
    request: &AuthenticatedForm,
    keys: &KeySet,
    account: AccountId,
    granted: Granted,
) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct TokenResponse<'a> {
        access_token: &'a str,
        token_type: &'static str,
        expires_in: u64,
        refresh_token: &'a str,
        // RFC 6749 section 3.3: a scope has at least one token, so an empty one is left out.
        #[serde(skip_serializing_if = "Scope::is_empty")]
        scope: &'a Scope,
    }
    let configuration = &context.configuration;
    let lifetime = configuration.lifetimes.access_token;
    let claims = AccessTokenClaims {
        issuer: configuration.issuer.as_str().to_owned(),
        subject: account.clone(),
        audience: granted.resource,
        client_id: request.client.client_id().clone(),
        scope: granted.scope,
        token_id: URL_SAFE_NO_PAD.encode(RuntimeEntropy.bytes::<16>()),
        grant: granted.grant.clone(),
        authenticated_at: granted.authenticated_at,
        issued_at: context.now,
        expires_at: context.now.plus(lifetime),
    };
    let access_token = keys.sign(&claims).await?;
    let refresh_token =
        GrantToken { account, grant: granted.grant, secret: granted.refresh_secret }
            .to_wire(&configuration.prefixes.refresh_token);
    // A client that is in use lives on; the note is due at most once a day.
    if let Err(failure) = clients::touch(context, &request.record).await {
        context.log_failure(&failure);
    }
    context
        .event(Level::Info, "tokens issued")
        .with("client_id", claims.client_id.to_string())
        .with("grant", claims.grant.to_string())
        .with("scope", claims.scope.to_string())
        .write();
    let body = TokenResponse {
        access_token: access_token.expose(),
        token_type: "Bearer",
        expires_in: lifetime.as_seconds(),
        refresh_token: refresh_token.expose(),
        scope: &claims.scope,
    };
    Ok(Answer::json(200, &body).not_stored())
}
