//! The tokens that clients have for themselves: which still count, and which were given back. And the
//! assertions by which clients prove themselves, each of them once.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::grant::client_credentials::tokens_count;
use latchkey_protocol::time::UnixTime;
use serde::Serialize;

use super::Shard;
use super::messages::ClaimAssertion;
use crate::failure::Failure;
use crate::objects::Message;
use crate::objects::account::messages::AccessState;
use crate::objects::sql::{text, time};
use crate::platform;
use latchkey_protocol::json::FromJson;

/// Asks about an access token that a client has for itself and whose signature and times were checked.
#[derive(Debug, Serialize, FromJson)]
pub struct CheckClientToken {
    /// Which client.
    pub client_id: ClientId,
    /// The token's `jti`.
    pub token_id: String,
    /// The caller knows the client and what is decided about it, as the configuration says it;
    /// otherwise it has to be stored here.
    pub known_elsewhere: bool,
}

impl Message for CheckClientToken {
    const NAME: &'static str = "check-client-token";
    type Reply = AccessState;
}

/// Remembers that a client gave back an access token that it had for itself.
#[derive(Debug, Serialize, FromJson)]
pub struct RevokeClientToken {
    /// Which client.
    pub client_id: ClientId,
    /// The token's `jti`.
    pub token_id: String,
    /// When the token ends anyway, and can be forgotten.
    pub expires_at: UnixTime,
}

impl Message for RevokeClientToken {
    const NAME: &'static str = "revoke-client-token";
    type Reply = ();
}

/// A row that a statement found.
#[derive(FromJson)]
struct TokenRow {
    #[serde(rename = "token_id")]
    _token_id: String,
}

impl Shard<'_> {
    pub(super) fn claim_assertion(&self, message: &ClaimAssertion) -> Result<bool, Failure> {
        #[derive(FromJson)]
        struct Claimed {
            #[serde(rename = "token_hash")]
            _token_hash: String,
        }
        // One conditional statement: whoever comes second writes nothing and gets no row.
        let claimed: Option<Claimed> = self.created()?.row(
            "INSERT INTO used_assertions (client_id, token_hash, forget_at) VALUES (?, ?, ?)
             ON CONFLICT DO NOTHING RETURNING token_hash",
            vec![
                text(message.client_id.as_str()),
                text(message.token_hash.as_str()),
                time(message.forget_at),
            ],
        )?;
        Ok(claimed.is_some())
    }

    pub(super) fn check_client_token(
        &self,
        message: &CheckClientToken,
    ) -> Result<AccessState, Failure> {
        let CheckClientToken { client_id, token_id, known_elsewhere } = message;
        let now = platform::now();
        let counts = *known_elsewhere
            || self
                .find(client_id)?
                .is_some_and(|client| !client.is_expired(now) && tokens_count(&client.policy));
        if counts && !self.is_revoked(client_id, token_id)? {
            Ok(AccessState::Live)
        } else {
            Ok(AccessState::Revoked)
        }
    }

    fn is_revoked(&self, client_id: &ClientId, token_id: &str) -> Result<bool, Failure> {
        let Some(database) = self.existing()? else {
            return Ok(false);
        };
        let row: Option<TokenRow> = database.row(
            "SELECT token_id FROM revoked_access_tokens WHERE token_id = ? AND client_id = ?",
            vec![text(token_id), text(client_id.as_str())],
        )?;
        Ok(row.is_some())
    }

    pub(super) fn revoke_client_token(&self, message: &RevokeClientToken) -> Result<(), Failure> {
        self.created()?.run(
            "INSERT INTO revoked_access_tokens (token_id, client_id, forget_at) VALUES (?, ?, ?)
             ON CONFLICT (token_id) DO NOTHING",
            vec![
                text(message.token_id.as_str()),
                text(message.client_id.as_str()),
                time(message.expires_at),
            ],
        )
    }
}
