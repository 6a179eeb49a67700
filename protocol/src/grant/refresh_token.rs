//! The refresh token grant
//! ([RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)) with rotation that
//! survives retries ([RFC 9700 section 4.14](https://www.rfc-editor.org/rfc/rfc9700#section-4.14)).

use serde::Serialize;

use super::record::Position;
use super::{Decision, EndReason, FamilyState, GrantRecord, Granted, Write, audience};
use crate::activity::Activity;
use crate::client::ClientId;
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::{Configuration, Lifetimes};
use crate::error::{ErrorCode, ErrorReply};
use crate::json::FromJson;
use crate::metadata::OFFLINE_ACCESS;
use crate::resource::ResourceIndicator;
use crate::scope::{Scope, ScopeToken};
use crate::secret::Secret;
use crate::time::UnixTime;

/// A token request with a refresh token, taken apart.
#[derive(Debug, Serialize, FromJson)]
pub struct RefreshRequest {
    /// The refresh token's secret part.
    pub secret: Secret,
    /// The authenticated client.
    pub client_id: ClientId,
    /// What its metadata document says now, if it has one.
    #[serde(default)]
    pub client_snapshot: Option<ClientSnapshot>,
    /// The client can't store a successor, so it keeps this token.
    #[serde(default)]
    pub keep_token: bool,
    /// `scope`, if sent.
    pub scope: Option<Scope>,
    /// Every `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: Vec<String>,
}

/// Why a refresh token isn't accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum RefreshError {
    /// No such token.
    UnknownToken,
    /// Issued to another client.
    AnotherClient,
    /// The client's metadata document has other keys than when the person allowed the client.
    ClientChanged,
    /// The grant was ended before.
    Ended,
    /// Not used for too long, or the grant is too old.
    Expired,
    /// Used before, and its window is over; the family is ended now.
    Replayed,
    /// `scope` names more than was granted.
    WiderScope,
    /// `resource` is unknown or wasn't granted.
    InvalidTarget,
}

impl RefreshError {
    /// Whether what was sent may be made up. A token that was once good is none, whatever became of it:
    /// its client has to hear that.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::UnknownToken | Self::AnotherClient => true,
            Self::ClientChanged
            | Self::Ended
            | Self::Expired
            | Self::Replayed
            | Self::WiderScope
            | Self::InvalidTarget => false,
        }
    }

    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        let (code, description) = match self {
            Self::UnknownToken
            | Self::AnotherClient
            | Self::Ended
            | Self::Expired
            | Self::Replayed => (
                ErrorCode::InvalidGrant,
                "The refresh token is unknown, expired, revoked, already used or another \
                 client's. Send the person to the authorization endpoint again.",
            ),
            Self::ClientChanged => (
                ErrorCode::InvalidGrant,
                "The client proves itself by other keys than when the person allowed it. Send the \
                 person to the authorization endpoint again.",
            ),
            Self::WiderScope => (
                ErrorCode::InvalidScope,
                "scope names more than the person allowed. Leave it out to keep what was \
                 granted, or send the person to the authorization endpoint for more. The refresh \
                 token is still good.",
            ),
            Self::InvalidTarget => (
                ErrorCode::InvalidTarget,
                "resource names a resource that was not granted, or more than one. Send one \
                 resource of the authorization request, or none. The refresh token is still good.",
            ),
        };
        ErrorReply::new(code, description)
    }
}

/// Exchanges a refresh token for an access token and the refresh token's one successor.
///
/// The same token presented again within the retry window, while its successor is unused, gets the
/// same successor. After that it is a replay and ends the family: either the one who presents it
/// or the one who holds the successor stole it.
///
/// A client that the operator excepted from rotation ([`RefreshRequest::keep_token`]) gets the token
/// back that it sent; each use still prolongs its idle time.
///
/// # Errors
///
/// - `invalid_grant`: unknown, expired, ended, replayed, or another client's. Only a replay by the
///   right client changes anything.
/// - `invalid_scope`: more than was granted; the token stays good.
/// - `invalid_target`: a resource that wasn't granted; the token stays good.
#[must_use]
pub fn refresh(
    record: Option<GrantRecord>,
    request: &RefreshRequest,
    configuration: &Configuration,
    now: UnixTime,
) -> Decision<Result<Granted, RefreshError>> {
    let refuse = |error| Decision::unchanged(Err(error));
    let Some(mut record) = record else { return refuse(RefreshError::UnknownToken) };
    // RFC 6749 section 6: the refresh token is bound to the client to which it was issued.
    if record.client_id != request.client_id {
        return refuse(RefreshError::AnotherClient);
    }
    // Client ID Metadata Document section 6.8: other keys may be in other hands.
    if !has_same_keys(record.client_snapshot.as_ref(), request.client_snapshot.as_ref()) {
        return refuse(RefreshError::ClientChanged);
    }
    let family = match &record.family {
        FamilyState::NotStarted => return refuse(RefreshError::UnknownToken),
        FamilyState::Ended { .. } => return refuse(RefreshError::Ended),
        FamilyState::Live(family) => family.clone(),
    };
    if !record.is_live(now) {
        return refuse(RefreshError::Expired);
    }

    let lifetimes = &configuration.lifetimes;
    let position = family.position(&request.secret, lifetimes, now);
    match position {
        Position::Unknown => return refuse(RefreshError::UnknownToken),
        Position::Spent => {
            let client_id = record.client_id.clone();
            return Decision {
                writes: vec![
                    Write::Grant(Box::new(record.ended(EndReason::RefreshTokenReplayed, now))),
                    Write::Activity(Activity::RefreshTokenReplayed { client_id }),
                ],
                reply: Err(RefreshError::Replayed),
            };
        }
        Position::Current | Position::Previous => {}
    }

    // RFC 6749 section 6: scope MUST NOT include any scope not originally granted; if omitted it is
    // the original one. The new refresh token keeps the whole grant.
    let requested =
        request.scope.as_ref().map(|scope| without_offline_access(scope, &record.scope));
    let scope = match requested {
        Some(scope) if !scope.is_subset_of(&record.scope) => {
            return refuse(RefreshError::WiderScope);
        }
        Some(scope) if !scope.is_empty() => scope,
        Some(_) | None => record.scope.clone(),
    };
    let Ok(resource) = audience(&record, &request.resource, &configuration.resources) else {
        return refuse(RefreshError::InvalidTarget);
    };

    let granted = |refresh_secret| Granted {
        grant: record.id.clone(),
        refresh_secret,
        scope,
        resource,
        authenticated_at: record.authenticated_at,
    };
    if position == Position::Previous {
        return Decision::unchanged(Ok(granted(family.again(&request.secret))));
    }
    let (family, successor) = if request.keep_token {
        (family.kept(lifetimes, now), request.secret.clone())
    } else {
        family.rotate(&request.secret, lifetimes, now)
    };
    let reply = Ok(granted(successor));
    record.family = FamilyState::Live(family);
    record.last_used_at = now;
    // A retry of the same refresh has returned above, so each rotation is noted once.
    let refreshed = Activity::Refreshed { client_id: record.client_id.clone() };
    Decision { writes: vec![Write::Grant(Box::new(record)), Write::Activity(refreshed)], reply }
}

fn has_same_keys(then: Option<&ClientSnapshot>, now: Option<&ClientSnapshot>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => then.has_keys_of(now),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Clients send what they asked for at the authorization endpoint again. There `offline_access` is
/// never an error, so it isn't here, even though it isn't among what was granted.
fn without_offline_access(requested: &Scope, granted: &Scope) -> Scope {
    let kept =
        |token: &&ScopeToken| token.as_str() != OFFLINE_ACCESS || granted.contains(OFFLINE_ACCESS);
    Scope::from_tokens(requested.iter().filter(kept).cloned())
}

/// What introspection may say about a refresh token that is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct RefreshTokenState {
    /// Whose it is.
    pub client_id: ClientId,
    /// What its access tokens may do.
    pub scope: Scope,
    /// Which resources they can be for.
    pub resources: Vec<ResourceIndicator>,
    /// When it was given out; `None` for the one before the current, of which that isn't stored.
    pub issued_at: Option<UnixTime>,
    /// When it ends unless it is used before.
    pub expires_at: UnixTime,
}

/// Whether `secret` would be exchanged at `now`, and what it stands for; changes nothing. `None`
/// for every token that [`refresh`] refuses: a spent one looks like one that never was, and looking
/// at it isn't a replay.
#[must_use]
pub fn inspect(
    record: &GrantRecord,
    secret: &Secret,
    lifetimes: &Lifetimes,
    now: UnixTime,
) -> Option<RefreshTokenState> {
    let family = match &record.family {
        FamilyState::Live(family) if record.is_live(now) => family,
        FamilyState::NotStarted | FamilyState::Live(_) | FamilyState::Ended { .. } => return None,
    };
    let issued_at = match family.position(secret, lifetimes, now) {
        Position::Current => Some(family.rotated_at()),
        Position::Previous => None,
        Position::Spent | Position::Unknown => return None,
    };
    let window_ends = family.rotated_at().plus(lifetimes.refresh_retry_window);
    let ends_at = family.idle_until.min(record.ends_at);
    Some(RefreshTokenState {
        client_id: record.client_id.clone(),
        scope: record.scope.clone(),
        resources: record.resources.clone(),
        issued_at,
        expires_at: if issued_at.is_some() { ends_at } else { ends_at.min(window_ends) },
    })
}

#[cfg(test)]
#[path = "refresh_token_tests.rs"]
mod tests;
