//! Giving a token back
//! ([RFC 7009 section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1)).

use serde::Serialize;

use super::record::Position;
use super::{Decision, EndReason, FamilyState, GrantRecord, Write, end_installation};
use crate::activity::Activity;
use crate::client::ClientId;
use crate::configuration::Lifetimes;
use crate::json::FromJson;
use crate::secret::Secret;
use crate::time::UnixTime;

/// The token that is given back, and by whom.
#[derive(Debug, Serialize, FromJson)]
#[serde(tag = "token", rename_all = "snake_case")]
pub enum RevokeRequest {
    /// A refresh token: ends every grant of its installation, and with them all their access
    /// tokens, as far as anybody asks us about them.
    RefreshToken {
        /// Its secret part.
        secret: Secret,
        /// The authenticated client.
        client_id: ClientId,
    },
    /// An access token whose signature was checked: ends that token and leaves the grant.
    AccessToken {
        /// Its `jti`.
        token_id: String,
        /// Its `exp`.
        expires_at: UnixTime,
        /// The authenticated client.
        client_id: ClientId,
    },
}

/// Why nothing was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum RevokeError {
    /// The token is another client's.
    AnotherClient,
}

/// Revokes one token. A token that is unknown, expired or already revoked is a success that changes
/// nothing (RFC 7009 section 2.2).
///
/// `others` are the other grants of the record's installation. They end with it, as
/// [RFC 7009 section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1) lets tokens of the same
/// authorization grant end: the person knows the installation as one app that they allowed.
///
/// # Errors
///
/// [`RevokeError::AnotherClient`]: the token belongs to another client and stays as it is.
#[must_use]
pub fn revoke(
    record: Option<GrantRecord>,
    others: Vec<GrantRecord>,
    request: RevokeRequest,
    lifetimes: &Lifetimes,
    now: UnixTime,
) -> Decision<Result<(), RevokeError>> {
    let Some(record) = record else { return Decision::unchanged(Ok(())) };
    match request {
        RevokeRequest::AccessToken { token_id, expires_at, client_id } => {
            // RFC 7009 section 2.1: the server verifies that the token was issued to this client.
            if record.client_id != client_id {
                return Decision::unchanged(Err(RevokeError::AnotherClient));
            }
            if expires_at.has_passed(now) {
                return Decision::unchanged(Ok(()));
            }
            Decision {
                writes: vec![
                    Write::RevokedAccessToken { token_id, expires_at },
                    Write::Activity(Activity::Revoked { client_id }),
                ],
                reply: Ok(()),
            }
        }
        RevokeRequest::RefreshToken { secret, client_id } => {
            let family = match &record.family {
                FamilyState::Live(family) if record.is_live(now) => family,
                FamilyState::NotStarted | FamilyState::Live(_) | FamilyState::Ended { .. } => {
                    return Decision::unchanged(Ok(()));
                }
            };
            // A token of any generation names the family, but only a real one: whoever just knows
            // the ids (they are in each access token) must not be able to sign the client out.
            if family.position(&secret, lifetimes, now) == Position::Unknown {
                return Decision::unchanged(Ok(()));
            }
            if record.client_id != client_id {
                return Decision::unchanged(Err(RevokeError::AnotherClient));
            }
            let belongs = |other: &GrantRecord| {
                other.id != record.id && other.installation() == record.installation()
            };
            let mut all: Vec<_> = others.into_iter().filter(belongs).collect();
            all.insert(0, record);
            let ended = end_installation(all, EndReason::Revoked, now);
            let mut writes: Vec<_> =
                ended.into_iter().map(|record| Write::Grant(Box::new(record))).collect();
            writes.push(Write::Activity(Activity::Revoked { client_id }));
            Decision { writes, reply: Ok(()) }
        }
    }
}

#[cfg(test)]
#[path = "revoke_tests.rs"]
mod tests;
