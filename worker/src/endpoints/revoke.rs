//! `POST /revoke` ([RFC 7009 section 2](https://www.rfc-editor.org/rfc/rfc7009#section-2)).

use latchkey_protocol::client_authentication::AuthenticatedClient;
use latchkey_protocol::grant::client_credentials;
use latchkey_protocol::grant::revoke::RevokeRequest;
use latchkey_protocol::jwt::{AccessTokenClaims, Authority};
use latchkey_protocol::revocation::{RevocationError, RevocationRequest};
use latchkey_protocol::token::GrantToken;

use super::client_authentication::authenticated_form;
use crate::access_tokens;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::limits::{self, Guess};
use crate::log::Level;
use crate::objects::account::messages::Revoke;
use crate::objects::{self, ObjectKind};

/// Gives a token back.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let request = match authenticated_form(context, incoming).await? {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let client_id = request.client.client_id().clone();
    let revocation = match RevocationRequest::parse(&request.form) {
        Ok(revocation) => revocation,
        Err(error) => return Ok(context.refuse(&error.reply(), &error, Some(&client_id))),
    };
    // RFC 7009 section 2.1: the hint may be wrong, so the token itself says what it is.
    let text = revocation.token.expose();
    let refresh_token = GrantToken::parse(&context.configuration.prefixes.refresh_token, text);
    let (account, grant, request) = match refresh_token {
        Some(token) => {
            let revoke =
                RevokeRequest::RefreshToken { secret: token.secret, client_id: client_id.clone() };
            (token.account, token.grant, revoke)
        }
        None => {
            let keys = keys::key_set(context).await?;
            // RFC 7009 section 2.2: an invalid token is a success, since it can't be used anyway.
            let Ok(claims) = keys.verify(context, &revocation.token).await? else {
                return Ok(Answer::empty(200).not_stored());
            };
            match claims.authority {
                Authority::Person { account, grant, .. } => {
                    let revoke = RevokeRequest::AccessToken {
                        token_id: claims.token_id,
                        expires_at: claims.expires_at,
                        client_id: client_id.clone(),
                    };
                    (account, grant, revoke)
                }
                Authority::Client => return own_token(context, claims, &request.client).await,
            }
        }
    };
    let message = Revoke { grant, request };
    let reply =
        objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await?;
    match reply {
        Ok(()) => {
            context
                .outcome(Level::Info, "revoked")
                .with_text("client_id", &client_id)
                .with_pseudonym("account", account.as_str())
                .with_pseudonym("grant", message.grant.as_str())
                .write();
            Ok(Answer::empty(200).not_stored())
        }
        Err(error) => {
            let refusal =
                context.refuse(&RevocationError::ForeignToken.reply(), &error, Some(&client_id));
            // A token that nobody has is a success here (RFC 7009 section 2.2) and tells nothing, so only
            // those of others count.
            let guess = Some(Guess::OfClient(&client_id));
            Ok(limits::unless_too_many(context, guess, refusal).await)
        }
    }
}

/// Gives back a token that the client has for itself: its shard remembers that.
async fn own_token(
    context: &Context,
    claims: AccessTokenClaims,
    client: &AuthenticatedClient,
) -> Result<Answer, Failure> {
    let client_id = client.client_id();
    match client_credentials::revoke(&claims, client, context.now) {
        Ok(None) => {}
        Ok(Some(expires_at)) => {
            access_tokens::revoke_own_token(context, client_id, claims.token_id, expires_at)
                .await?;
            let event = context.outcome(Level::Info, "revoked");
            event.with_text("client_id", client_id).write();
        }
        Err(error) => {
            let reply = RevocationError::ForeignToken.reply();
            let refusal = context.refuse(&reply, &error, Some(client_id));
            let guess = Some(Guess::OfClient(client_id));
            return Ok(limits::unless_too_many(context, guess, refusal).await);
        }
    }
    Ok(Answer::empty(200).not_stored())
}
