//! Whether an access token whose signature was checked still counts: the person's account knows or, of
//! a token that a client has for itself, the client's shard. Nothing is remembered here.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::grant::client_credentials::tokens_count;
use latchkey_protocol::jwt::{AccessTokenClaims, Authority};
use latchkey_protocol::time::UnixTime;

use crate::bindings::Bindings;
use crate::clients::shard_name;
use crate::context::Context;
use crate::failure::Failure;
use crate::objects::account::messages::{AccessState, CheckAccess};
use crate::objects::client_registry::{CheckClientToken, RevokeClientToken};
use crate::objects::{self, ObjectKind};

/// Asks about a token.
///
/// # Errors
///
/// [`Failure`] when whoever knows doesn't answer.
pub async fn state(context: &Context, claims: &AccessTokenClaims) -> Result<AccessState, Failure> {
    let Context { configuration, env, .. } = context;
    match &claims.authority {
        Authority::Person { account, grant, .. } => {
            // Known here already, so the account isn't asked.
            let policy = configuration.configured_policy(&claims.client_id);
            if policy.is_some_and(|policy| policy.disabled) {
                return Ok(AccessState::Revoked);
            }
            let message = CheckAccess { grant: grant.clone(), token_id: claims.token_id.clone() };
            objects::send(env, ObjectKind::Account, account.as_str(), &message).await
        }
        Authority::Client => {
            own_token_state(env, configuration, &claims.client_id, &claims.token_id).await
        }
    }
}

/// Asks about a token that a client has for itself.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer.
pub async fn own_token_state(
    env: &Bindings,
    configuration: &Configuration,
    client_id: &ClientId,
    token_id: &str,
) -> Result<AccessState, Failure> {
    let prefix = &configuration.prefixes.client_id;
    let known_elsewhere = match configuration.configured_policy(client_id) {
        Some(policy) if tokens_count(policy) => true,
        Some(_) => return Ok(AccessState::Revoked),
        None if client_id.shard(prefix).is_some() => false,
        // It was in the configuration when it got the token.
        None => return Ok(AccessState::Revoked),
    };
    let message = CheckClientToken {
        client_id: client_id.clone(),
        token_id: token_id.to_owned(),
        known_elsewhere,
    };
    let shard = shard_name(client_id.home_shard(prefix));
    objects::send(env, ObjectKind::ClientRegistry, &shard, &message).await
}

/// Takes back a token that a client has for itself, for as long as it would have lived.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer.
pub async fn revoke_own_token(
    context: &Context,
    client_id: &ClientId,
    token_id: String,
    expires_at: UnixTime,
) -> Result<(), Failure> {
    let message = RevokeClientToken { client_id: client_id.clone(), token_id, expires_at };
    let shard = shard_name(client_id.home_shard(&context.configuration.prefixes.client_id));
    objects::send(&context.env, ObjectKind::ClientRegistry, &shard, &message).await
}
