//! `POST /token` ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::grant::Granted;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::jwt::AccessTokenClaims;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::token::GrantToken;
use latchkey_protocol::token_request::{self, GrantRequest, TokenRequest};
use serde::Serialize;

use super::client_credentials::{AuthenticatedForm, authenticated_form};
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::log::Level;
use crate::objects::account::messages::{Redeem, Refresh};
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
    let TokenRequest { account, grant, request } = match parsed {
        Ok(request) => request,
        Err(error) => return Ok(context.refuse(&error.reply(), &error, client_id)),
    };
    // The keys come first: once a code is redeemed or a token rotated, nothing may stand between
    // that and the answer.
    let keys = keys::key_set(context).await?;
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
