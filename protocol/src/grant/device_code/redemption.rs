//! The account's part: the grant of an approved request, and its tokens.

use serde::Serialize;

use super::record::ApprovedRequest;
use crate::activity::Activity;
use crate::client::ClientId;
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::{Configuration, Lifetimes};
use crate::entropy::Entropy;
use crate::error::{ErrorCode, ErrorReply};
use crate::grant::authorization_code::{Approval, Approver};
use crate::grant::{
    Asked, ChallengeRecord, CodeState, Decision, FamilyState, GrantRecord, Granted, Write,
    audience, redeemed,
};
use crate::secret::Secret;
use crate::time::UnixTime;

use super::PollError;
use crate::json::FromJson;

/// Makes the grant of a request that this person's approval decided, once, however often they approve.
/// Nothing tells one device of a client from the next, so each is an installation of its own and
/// widens no other.
#[must_use]
pub fn grant_access(
    existing: Option<GrantRecord>,
    approved: &ApprovedRequest,
    client_name: Option<&str>,
    approver: Approver<'_>,
    lifetimes: &Lifetimes,
    now: UnixTime,
) -> Decision<Approval> {
    if let Some(record) = existing {
        return Decision::unchanged(Approval::again(&record, now));
    }
    let request = &approved.request;
    let record = GrantRecord {
        id: approved.grant.clone(),
        installation: None,
        client_id: request.client_id.clone(),
        client_snapshot: request.client_snapshot.clone(),
        client_name: client_name.map(str::to_owned),
        asked: Asked::ByUserCode { asked_from: approved.origin.clone() },
        scope: request.scope.clone(),
        resources: request.resources.clone(),
        authenticated_at: approver.authenticated_at,
        created_at: now,
        last_used_at: now,
        ends_at: now.plus(lifetimes.refresh_token_absolute),
        code: CodeState::Issued {
            check: ChallengeRecord { code_hash: approved.device_code_hash, code_challenge: None },
            expires_at: approved.until,
            failed_attempts: 0,
        },
        family: FamilyState::NotStarted,
    };
    let activity = Activity::DeviceApproved {
        client_id: request.client_id.clone(),
        scope: request.scope.clone(),
    };
    Decision {
        writes: vec![Write::Grant(Box::new(record)), Write::Activity(activity)],
        reply: Approval::CodeIssued,
    }
}

/// A token request with a device code that was approved, taken apart.
#[derive(Debug, Serialize, FromJson)]
pub struct Redemption {
    /// The device code's secret part.
    pub secret: Secret,
    /// The authenticated client.
    pub client_id: ClientId,
    /// What its metadata document says now, if it has one.
    #[serde(default)]
    pub client_snapshot: Option<ClientSnapshot>,
    /// Every `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: Vec<String>,
}

/// Why an approved device code isn't redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum RedemptionError {
    /// The approval is on its way here.
    NotYet,
    /// The grant isn't of this device code.
    Unknown,
    /// Issued to another client.
    AnotherClient,
    /// The client's metadata document has changed since the device asked.
    ClientChanged,
    /// Redeemed before.
    AlreadyUsed,
    /// The grant ended before the device came.
    Ended,
    /// Its time is over.
    Expired,
    /// `resource` is unknown or wasn't granted.
    InvalidTarget,
}

impl RedemptionError {
    /// Whether the device code may be made up.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::Unknown | Self::AnotherClient => true,
            Self::NotYet
            | Self::ClientChanged
            | Self::AlreadyUsed
            | Self::Ended
            | Self::Expired
            | Self::InvalidTarget => false,
        }
    }

    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        match self {
            Self::NotYet => PollError::Pending.reply(),
            Self::Unknown
            | Self::AnotherClient
            | Self::ClientChanged
            | Self::AlreadyUsed
            | Self::Ended => PollError::Unknown.reply(),
            Self::Expired => PollError::Expired.reply(),
            Self::InvalidTarget => ErrorReply::new(
                ErrorCode::InvalidTarget,
                "resource names a resource that was not granted, or more than one. Send one \
                 resource of the device authorization request, or none. The device code is still \
                 good.",
            ),
        }
    }
}

/// Redeems a device code for tokens
/// ([RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)), once.
///
/// A device code that comes a second time is refused and changes nothing else. An authorization code
/// that comes back ends what it gave, because it went through a browser and an address that others
/// may have read. A device code goes between the client and this server only: what comes back is the
/// client's own retry, after an answer that was lost or from a second process, and ending its access
/// would only punish it.
///
/// # Errors
///
/// - `invalid_grant`: the device code is already used, its grant has ended, or it is another client's.
/// - `authorization_pending`: the person has allowed it, and the grant is about to be made.
/// - `expired_token`: its time is over.
/// - `invalid_target`: a resource that wasn't granted; the device code stays good.
#[must_use]
pub fn redeem(
    record: Option<GrantRecord>,
    request: &Redemption,
    configuration: &Configuration,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Decision<Result<Granted, RedemptionError>> {
    let refuse = |error| Decision::unchanged(Err(error));
    let Some(record) = record else { return refuse(RedemptionError::NotYet) };
    if record.asked.redirect_uri().is_some() {
        return refuse(RedemptionError::Unknown);
    }
    let (check, expires_at) = match &record.code {
        CodeState::Issued { check, expires_at, .. } => (check.clone(), *expires_at),
        CodeState::Redeemed { .. } => return refuse(RedemptionError::AlreadyUsed),
        CodeState::Exhausted => return refuse(RedemptionError::Ended),
    };
    if !check.code_hash.matches(&request.secret) {
        return refuse(RedemptionError::Unknown);
    }
    if record.client_id != request.client_id {
        return refuse(RedemptionError::AnotherClient);
    }
    // Client ID Metadata Document section 6.8: the person allowed the client as it was described.
    if record.client_snapshot != request.client_snapshot {
        return refuse(RedemptionError::ClientChanged);
    }
    if expires_at.has_passed(now) {
        return refuse(RedemptionError::Expired);
    }
    let Ok(resource) = audience(&record, &request.resource, &configuration.resources) else {
        return refuse(RedemptionError::InvalidTarget);
    };

    let (writes, granted) =
        redeemed(record, check, resource, &configuration.lifetimes, now, entropy);
    Decision { writes, reply: Ok(granted) }
}
