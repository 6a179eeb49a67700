//! The device's part: asking whether the person has decided
//! ([RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)).

use serde::Serialize;

use super::RecordDecision;
use super::record::{DeviceAuthorizationRecord, DeviceState, Polling};
use crate::client::ClientId;
use crate::error::{ErrorCode, ErrorReply};
use crate::identifier::{AccountId, GrantId};
use crate::json::FromJson;
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

/// How long a device has to wait between two requests at first: RFC 8628's default.
pub const INITIAL_INTERVAL: Lifetime = Lifetime::seconds(5);
/// How much longer after each request that came too early.
const STEP: Lifetime = Lifetime::seconds(5);
/// The interval grows no further. Two processes of one client that poll with the same code meet in
/// each other's intervals and are both slowed down; so there is an end to it, and it leaves them
/// several requests in the life of a code.
pub const MAXIMUM_INTERVAL: Lifetime = Lifetime::minutes(1);
/// What two requests may be nearer than the interval says. Times are whole seconds here, and the
/// second request may have travelled faster than the first.
const TOLERANCE: Lifetime = Lifetime::seconds(1);

/// A token request with a device code, taken apart.
#[derive(Debug, Serialize, FromJson)]
pub struct Poll {
    /// The device code's secret part.
    pub secret: Secret,
    /// The authenticated client.
    pub client_id: ClientId,
}

/// Who approved: their account has the grant, and gives the tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct Approved {
    /// Whose object decides.
    pub account: AccountId,
    /// Which grant.
    pub grant: GrantId,
}

/// Why there are no tokens for a device code, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum PollError {
    /// No such device code.
    Unknown,
    /// Issued to another client.
    AnotherClient,
    /// Nobody has decided.
    Pending,
    /// Nobody has decided, and the device asked too early. It has to wait this long between two
    /// requests from now on.
    SlowDown(Lifetime),
    /// The person didn't allow it.
    Denied,
    /// Its time is over.
    Expired,
}

impl PollError {
    /// Whether the device code may be made up.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::Unknown | Self::AnotherClient => true,
            Self::Pending | Self::SlowDown(_) | Self::Denied | Self::Expired => false,
        }
    }

    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        let (code, description) = match self {
            Self::Unknown | Self::AnotherClient => (
                ErrorCode::InvalidGrant,
                "The device code is unknown, already used or another client's. Ask the device \
                 authorization endpoint for a new one.",
            ),
            Self::Pending => (
                ErrorCode::AuthorizationPending,
                "The person has not decided yet. Wait for the interval and ask again.",
            ),
            Self::SlowDown(_) => (
                ErrorCode::SlowDown,
                "The request came too early. Wait 5 seconds longer between two requests from now \
                 on, and ask again.",
            ),
            Self::Denied => (ErrorCode::AccessDenied, "The person did not allow it."),
            Self::Expired => (
                ErrorCode::ExpiredToken,
                "The time of the device code is over. Ask the device authorization endpoint for a \
                 new one.",
            ),
        };
        ErrorReply::new(code, description)
    }

    /// How long the client has to wait between two requests, if it didn't.
    #[must_use]
    pub const fn interval(self) -> Option<Lifetime> {
        match self {
            Self::SlowDown(interval) => Some(interval),
            _ => None,
        }
    }
}

/// Answers a poll.
///
/// Each request that comes before the interval is over is answered by `slow_down` and makes the
/// interval of this device code 5 seconds longer for good
/// ([RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)), up to
/// [`MAXIMUM_INTERVAL`]. Three things keep that from never ending:
///
/// - `slow_down` is a kind of `authorization_pending`. A decision is told to whoever asks, however
///   early.
/// - A request that is too early doesn't put off the moment from which the next one is in time. A
///   client that obeys is in time with its next request.
/// - The interval has an upper bound.
///
/// # Errors
///
/// - `invalid_grant`: the device code is unknown or another client's. Nothing changes, so that nobody
///   can slow another client's device down.
/// - `authorization_pending`, `slow_down`, `access_denied`, `expired_token`.
#[must_use]
pub fn poll(
    record: Option<DeviceAuthorizationRecord>,
    poll: &Poll,
    now: UnixTime,
) -> RecordDecision<Result<Approved, PollError>> {
    let refuse = |error| RecordDecision::unchanged(Err(error));
    let Some(record) = record.filter(|record| record.device_code_hash.matches(&poll.secret)) else {
        return refuse(PollError::Unknown);
    };
    // RFC 6749 section 5.2: a grant that was issued to another client is `invalid_grant`.
    if record.request.client_id != poll.client_id {
        return refuse(PollError::AnotherClient);
    }
    match &record.state {
        DeviceState::Denied { .. } => refuse(PollError::Denied),
        DeviceState::Approved { until, .. } if until.has_passed(now) => refuse(PollError::Expired),
        DeviceState::Approved { account, .. } => RecordDecision::unchanged(Ok(Approved {
            account: account.clone(),
            grant: record.grant.clone(),
        })),
        DeviceState::Pending(_) if record.expires_at.has_passed(now) => refuse(PollError::Expired),
        DeviceState::Pending(polling) => {
            let (polling, error) = polling.asked(now);
            RecordDecision::changed(record.polled(polling), Err(error))
        }
    }
}

impl Polling {
    /// What one more request at `now` makes of it.
    fn asked(self, now: UnixTime) -> (Self, PollError) {
        let is_early = self
            .counted_at
            .is_some_and(|counted_at| counted_at.plus(self.interval).minus(TOLERANCE) > now);
        if !is_early {
            return (Self { counted_at: Some(now), ..self }, PollError::Pending);
        }
        let grown = Lifetime::seconds(self.interval.as_seconds() + STEP.as_seconds());
        let interval = grown.min(MAXIMUM_INTERVAL);
        (Self { interval, ..self }, PollError::SlowDown(interval))
    }
}
