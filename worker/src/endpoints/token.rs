//! `POST /token` ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::client::GrantType;
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::grant::Granted;
use latchkey_protocol::grant::authorization_code::{CodeRequest, RedeemError};
use latchkey_protocol::grant::refresh_token::{RefreshError, RefreshRequest};
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::jwt::AccessTokenClaims;
use latchkey_protocol::params::Parameters;
use latchkey_protocol::pkce::CodeVerifier;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::token::GrantToken;
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
    let request = match authenticated_form(context, incoming).await? {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let refuse = |code, description: &str| {
        let reply = ErrorReply::new(code, description);
        Ok(context.refuse(&reply, &description, Some(request.client.client_id())))
    };
    let Some(name) = parameter(&request.form, "grant_type") else {
        return refuse(
            ErrorCode::InvalidRequest,
            "grant_type is missing. Send authorization_code or refresh_token.",
        );
    };
    let Some(grant_type) = GrantType::from_name(name) else {
        return refuse(
            ErrorCode::UnsupportedGrantType,
            "grant_type is not supported. Send authorization_code or refresh_token.",
        );
    };
    if !request.record.may_use(grant_type) {
        return refuse(
            ErrorCode::UnauthorizedClient,
            "The client is not registered for this grant_type.",
        );
    }
    match grant_type {
        GrantType::AuthorizationCode => authorization_code(context, &request).await,
        GrantType::RefreshToken => refresh_token(context, &request).await,
    }
}

/// [RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).
async fn authorization_code(
    context: &Context,
    request: &AuthenticatedForm,
) -> Result<Answer, Failure> {
    let client_id = request.client.client_id();
    let Some(code) = parameter(&request.form, "code") else {
        let reply = ErrorReply::new(ErrorCode::InvalidRequest, "code is missing.");
        return Ok(context.refuse(&reply, &"code missing", Some(client_id)));
    };
    let code_verifier = match parameter(&request.form, "code_verifier").map(CodeVerifier::parse) {
        None => None,
        Some(Ok(verifier)) => Some(verifier),
        Some(Err(error)) => {
            let reply = ErrorReply::new(ErrorCode::InvalidRequest, error.to_string());
            return Ok(context.refuse(&reply, &error, Some(client_id)));
        }
    };
    let prefix = &context.configuration.prefixes.authorization_code;
    let Some(code) = GrantToken::parse(prefix, code) else {
        let error = RedeemError::UnknownCode;
        return Ok(context.refuse(&error.reply(), &error, Some(client_id)));
    };
    let message = Redeem {
        grant: code.grant,
        request: CodeRequest {
            secret: code.secret,
            client_id: client_id.clone(),
            redirect_uri: parameter(&request.form, "redirect_uri").map(str::to_owned),
            code_verifier,
            resource: request.form.all("resource").map(str::to_owned).collect(),
        },
    };
    let account = code.account;
    // The keys come first: once the code is redeemed nothing may stand between it and the answer.
    let keys = keys::key_set(context).await?;
    let reply =
        objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await?;
    match reply {
        Ok(granted) => issue(context, request, &keys, account, granted).await,
        Err(error) => Ok(context.refuse(&error.reply(), &error, Some(client_id))),
    }
}

/// [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
async fn refresh_token(context: &Context, request: &AuthenticatedForm) -> Result<Answer, Failure> {
    let client_id = request.client.client_id();
    let Some(token) = parameter(&request.form, "refresh_token") else {
        let reply = ErrorReply::new(ErrorCode::InvalidRequest, "refresh_token is missing.");
        return Ok(context.refuse(&reply, &"refresh_token missing", Some(client_id)));
    };
    let scope = match parameter(&request.form, "scope").map(Scope::parse) {
        None => None,
        // Clients ask for `offline_access` by habit; it is in every grant and in none.
        Some(Ok(scope)) => Some(known_part(context, &scope)),
        Some(Err(error)) => {
            let reply = ErrorReply::new(ErrorCode::InvalidScope, error.to_string());
            return Ok(context.refuse(&reply, &error, Some(client_id)));
        }
    };
    let prefix = &context.configuration.prefixes.refresh_token;
    let Some(token) = GrantToken::parse(prefix, token) else {
        let error = RefreshError::UnknownToken;
        return Ok(context.refuse(&error.reply(), &error, Some(client_id)));
    };
    let message = Refresh {
        grant: token.grant,
        request: RefreshRequest {
            secret: token.secret,
            client_id: client_id.clone(),
            scope,
            resource: request.form.all("resource").map(str::to_owned).collect(),
        },
    };
    let account = token.account;
    // The keys come first: once the token is rotated nothing may stand between it and the answer.
    let keys = keys::key_set(context).await?;
    let reply =
        objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await?;
    match reply {
        Ok(granted) => issue(context, request, &keys, account, granted).await,
        Err(error) => Ok(context.refuse(&error.reply(), &error, Some(client_id))),
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

/// The part of a scope that exists here, unless the deployment refuses unknown scopes.
fn known_part(context: &Context, scope: &Scope) -> Scope {
    if context.configuration.strict_scopes {
        scope.clone()
    } else {
        scope.intersection(&context.configuration.known_scope())
    }
}

/// A parameter; the form's repeated ones were refused before.
fn parameter<'a>(form: &'a Parameters, name: &'static str) -> Option<&'a str> {
    form.get(name).ok().flatten()
}
