//! What is stored about one device authorization request, and the transitions of its state.

use serde::Serialize;

use super::polling::INITIAL_INTERVAL;
use crate::configuration::Lifetimes;
use crate::device::Origin;
use crate::device_authorization::DeviceAuthorizationRequest;
use crate::entropy::Entropy;
use crate::identifier::{AccountId, GrantId};
use crate::json::FromJson;
use crate::secret::{Secret, SecretHash};
use crate::time::{Lifetime, UnixTime};
use crate::token::DeviceCode;
use crate::user_code::UserCode;

/// How long the tokens of an approved request can at least be fetched. A person who allows in the
/// last second has done their part, and the device may be waiting out its interval.
const FETCH_WITHIN: Lifetime = Lifetime::minutes(2);
/// How long the record stays after its end, so that a device that asks late is told that the time is
/// over rather than that its code is wrong.
const REMEMBER: Lifetime = Lifetime::minutes(10);

/// One device authorization request.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct DeviceAuthorizationRecord {
    /// The code that the device shows.
    pub user_code: UserCode,
    /// The hash of the device code's secret part.
    pub device_code_hash: SecretHash,
    /// What is asked for, and by which client.
    pub request: DeviceAuthorizationRequest,
    /// The grant that approving makes. Drawn here, so that approving twice is one grant.
    pub grant: GrantId,
    /// Where the device asked from.
    pub origin: Origin,
    /// When it asked.
    pub created_at: UnixTime,
    /// Until when a person can decide.
    pub expires_at: UnixTime,
    /// What has become of it.
    pub state: DeviceState,
}

/// The life of a device authorization request. Whatever was decided stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeviceState {
    /// Nobody has decided.
    Pending(Polling),
    /// A person allowed it.
    Approved {
        /// Who.
        account: AccountId,
        /// Until when the device can fetch its tokens.
        until: UnixTime,
    },
    /// A person didn't allow it.
    Denied {
        /// Who.
        account: AccountId,
    },
}

/// How the device polls while nobody has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
pub struct Polling {
    /// How long it has to wait between two requests. It only grows.
    pub interval: Lifetime,
    /// When it last asked without being too early; `None` before the first time.
    pub counted_at: Option<UnixTime>,
}

/// What the account needs to make the grant of an approved request.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct ApprovedRequest {
    /// The grant to make.
    pub grant: GrantId,
    /// What is allowed, and to which client.
    pub request: DeviceAuthorizationRequest,
    /// The hash of the device code's secret part.
    pub device_code_hash: SecretHash,
    /// Where the device asked from.
    pub origin: Origin,
    /// Until when the device can fetch its tokens.
    pub until: UnixTime,
}

impl DeviceAuthorizationRecord {
    /// Draws a user code and a device code for a request. Nobody knows yet whether the user code is
    /// free; if it isn't, draw again.
    #[must_use]
    pub fn begin(
        request: DeviceAuthorizationRequest,
        origin: Origin,
        lifetimes: &Lifetimes,
        now: UnixTime,
        entropy: &mut impl Entropy,
    ) -> (Self, DeviceCode) {
        let user_code = UserCode::generate(entropy);
        let secret = Secret::generate(entropy);
        let record = Self {
            user_code: user_code.clone(),
            device_code_hash: secret.hash(),
            request,
            grant: GrantId::generate(entropy),
            origin,
            created_at: now,
            expires_at: now.plus(lifetimes.device_code),
            state: DeviceState::Pending(Polling { interval: INITIAL_INTERVAL, counted_at: None }),
        };
        (record, DeviceCode { user_code, secret })
    }

    /// Until when the user code is this request's, so that no other may have it.
    #[must_use]
    pub fn ends_at(&self) -> UnixTime {
        match self.state {
            DeviceState::Approved { until, .. } => until,
            DeviceState::Pending(_) | DeviceState::Denied { .. } => self.expires_at,
        }
    }

    /// When nothing about it matters any more.
    #[must_use]
    pub fn forget_at(&self) -> UnixTime {
        self.ends_at().plus(REMEMBER)
    }

    /// The same request, allowed.
    pub(super) fn approved(self, account: &AccountId, now: UnixTime) -> Self {
        let until = self.expires_at.max(now.plus(FETCH_WITHIN));
        let state = DeviceState::Approved { account: account.clone(), until };
        Self { state, ..self }
    }

    /// The same request, refused.
    pub(super) fn denied(self, account: &AccountId) -> Self {
        Self { state: DeviceState::Denied { account: account.clone() }, ..self }
    }

    /// The same request, asked after by its device.
    pub(super) fn polled(self, polling: Polling) -> Self {
        Self { state: DeviceState::Pending(polling), ..self }
    }

    /// What the account needs to make the grant.
    pub(super) fn for_account(&self, until: UnixTime) -> ApprovedRequest {
        ApprovedRequest {
            grant: self.grant.clone(),
            request: self.request.clone(),
            device_code_hash: self.device_code_hash,
            origin: self.origin.clone(),
            until,
        }
    }
}
