//! The answer to a token request that was granted
//! ([RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::grant::Granted;
use latchkey_protocol::grant::client_credentials::OwnGranted;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::jwt::{AccessTokenClaims, Authority};
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::token::GrantToken;
use serde::Serialize;

use crate::clients;
use crate::context::Context;
use crate::endpoints::client_authentication::AuthenticatedForm;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::log::Level;
use crate::platform::RuntimeEntropy;

/// Answers with what a person's grant gave: an access token and a refresh token.
pub async fn of_person(
    context: &Context,
    request: &AuthenticatedForm,
    keys: &KeySet,
    account: AccountId,
    granted: Granted,
) -> Result<Answer, Failure> {
    let Granted { grant, refresh_secret, scope, resource, authenticated_at } = granted;
    let refresh_token =
        GrantToken { account: account.clone(), grant: grant.clone(), secret: refresh_secret }
            .to_wire(&context.configuration.prefixes.refresh_token);
    let authority = Authority::Person { account, grant, authenticated_at };
    let claims = claims(context, request, authority, scope, resource);
    answer(context, request, keys, &claims, Some(&refresh_token)).await
}

/// Answers with what the client got for itself: an access token, and nothing to refresh it.
pub async fn of_client(
    context: &Context,
    request: &AuthenticatedForm,
    keys: &KeySet,
    granted: OwnGranted,
) -> Result<Answer, Failure> {
    let OwnGranted { scope, resource } = granted;
    let claims = claims(context, request, Authority::Client, scope, resource);
    // RFC 6749 section 4.4.3: a refresh token SHOULD NOT be included.
    answer(context, request, keys, &claims, None).await
}

fn claims(
    context: &Context,
    request: &AuthenticatedForm,
    authority: Authority,
    scope: Scope,
    resource: ResourceIndicator,
) -> AccessTokenClaims {
    AccessTokenClaims {
        issuer: context.configuration.issuer.as_str().to_owned(),
        authority,
        audience: resource,
        client_id: request.client.client_id().clone(),
        scope,
        token_id: URL_SAFE_NO_PAD.encode(RuntimeEntropy.bytes::<16>()),
        issued_at: context.now,
        expires_at: context.now.plus(context.configuration.lifetimes.access_token),
    }
}

/// Signs the access token and writes the answer.
async fn answer(
    context: &Context,
    request: &AuthenticatedForm,
    keys: &KeySet,
    claims: &AccessTokenClaims,
    refresh_token: Option<&Secret>,
) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct TokenResponse<'a> {
        access_token: &'a str,
        token_type: &'static str,
        expires_in: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<&'a str>,
        // RFC 6749 section 3.3: a scope has at least one token, so an empty one is left out.
        #[serde(skip_serializing_if = "Scope::is_empty")]
        scope: &'a Scope,
    }
    let access_token = keys.sign(context, claims).await?;
    // A client that is in use lives on; the note is due at most once a day.
    clients::touch(context, &request.record);
    let event = context
        .outcome(Level::Info, "tokens issued")
        .with_text("client_id", &claims.client_id)
        .with_text("subject_type", &claims.subject().kind())
        .with_text("scope", &claims.scope);
    let event = match &claims.authority {
        Authority::Person { account, grant, .. } => event
            .with_pseudonym("account", account.as_str())
            .with_pseudonym("grant", grant.as_str()),
        Authority::Client => event,
    };
    event.write();
    let body = TokenResponse {
        access_token: access_token.expose(),
        token_type: "Bearer",
        expires_in: context.configuration.lifetimes.access_token.as_seconds(),
        refresh_token: refresh_token.map(Secret::expose),
        scope: &claims.scope,
    };
    Ok(Answer::json(200, &body).not_stored())
}
