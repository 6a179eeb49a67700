//! The person's part: looking a code up, and deciding.

use serde::Serialize;

use super::RecordDecision;
use super::record::{ApprovedRequest, DeviceAuthorizationRecord, DeviceState};
use crate::client::ClientId;
use crate::identifier::{AccountId, GrantId};
use crate::json::FromJson;
use crate::time::UnixTime;

/// What a user code that a signed-in person entered comes to.
#[derive(Debug, Clone, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum LookUp {
    /// A device waits for it.
    Pending(Box<DeviceAuthorizationRecord>),
    /// It was allowed.
    Approved {
        /// Whether by the person who asks.
        by_you: bool,
        /// The grant that it makes in the account of whoever allowed it.
        grant: GrantId,
    },
    /// It was refused.
    Denied {
        /// Whether by the person who asks.
        by_you: bool,
    },
    /// Its time is over.
    Expired,
    /// No device shows this code.
    Unknown,
}

impl LookUp {
    /// Whether entering the code counts as a guess: everything but a code that waits, or that this
    /// person decided on.
    #[must_use]
    pub const fn is_a_guess(&self) -> bool {
        match self {
            Self::Pending(_) => false,
            Self::Approved { by_you, .. } | Self::Denied { by_you } => !*by_you,
            Self::Expired | Self::Unknown => true,
        }
    }
}

/// Looks a code up for a signed-in person. Looking changes nothing, however often it is done.
#[must_use]
pub fn look_up(
    record: Option<DeviceAuthorizationRecord>,
    viewer: &AccountId,
    now: UnixTime,
) -> LookUp {
    let Some(record) = record else { return LookUp::Unknown };
    match &record.state {
        DeviceState::Approved { account, .. } => {
            LookUp::Approved { by_you: account == viewer, grant: record.grant.clone() }
        }
        DeviceState::Denied { account } => LookUp::Denied { by_you: account == viewer },
        DeviceState::Pending(_) if record.expires_at.has_passed(now) => LookUp::Expired,
        DeviceState::Pending(_) => LookUp::Pending(Box::new(record)),
    }
}

/// Why a decision isn't taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum DecideError {
    /// The request is over: its time, or it makes another grant than the one that was shown.
    Over,
    /// It was decided otherwise, or by somebody else.
    Decided,
}

/// Allows a request. `shown` is the grant of the request that the person was shown, because the same
/// user code may be another device's by now; `None` allows whichever request has the code, for a
/// caller that shows nobody anything. Allowing again is the same grant.
///
/// # Errors
///
/// [`DecideError`]: nothing changes.
#[must_use]
pub fn approve(
    record: Option<DeviceAuthorizationRecord>,
    shown: Option<&GrantId>,
    account: &AccountId,
    now: UnixTime,
) -> RecordDecision<Result<ApprovedRequest, DecideError>> {
    let refuse = |error| RecordDecision::unchanged(Err(error));
    let is_shown = |record: &DeviceAuthorizationRecord| shown.is_none_or(|id| record.grant == *id);
    let Some(record) = record.filter(is_shown) else {
        return refuse(DecideError::Over);
    };
    match &record.state {
        DeviceState::Approved { account: earlier, until } if earlier == account => {
            let (until, request) = (*until, record.for_account(*until));
            if until.has_passed(now) {
                return refuse(DecideError::Over);
            }
            RecordDecision::unchanged(Ok(request))
        }
        DeviceState::Approved { .. } | DeviceState::Denied { .. } => refuse(DecideError::Decided),
        DeviceState::Pending(_) if record.expires_at.has_passed(now) => refuse(DecideError::Over),
        DeviceState::Pending(_) => {
            let approved = record.approved(account, now);
            let request = approved.for_account(approved.ends_at());
            RecordDecision::changed(approved, Ok(request))
        }
    }
}

/// Refuses the request that makes `shown`, and says whose it was; the same again changes nothing.
///
/// # Errors
///
/// [`DecideError`]: nothing changes.
#[must_use]
pub fn deny(
    record: Option<DeviceAuthorizationRecord>,
    shown: &GrantId,
    account: &AccountId,
    now: UnixTime,
) -> RecordDecision<Result<ClientId, DecideError>> {
    let refuse = |error| RecordDecision::unchanged(Err(error));
    let Some(record) = record.filter(|record| record.grant == *shown) else {
        return refuse(DecideError::Over);
    };
    match &record.state {
        DeviceState::Denied { account: earlier } if earlier == account => {
            RecordDecision::unchanged(Ok(record.request.client_id))
        }
        DeviceState::Approved { .. } | DeviceState::Denied { .. } => refuse(DecideError::Decided),
        DeviceState::Pending(_) if record.expires_at.has_passed(now) => refuse(DecideError::Over),
        DeviceState::Pending(_) => {
            let client_id = record.request.client_id.clone();
            RecordDecision::changed(record.denied(account), Ok(client_id))
        }
    }
}
