//! Devices that show a code: the codes that a person enters, and what they allow.

use latchkey_protocol::grant::Granted;
use latchkey_protocol::grant::device_code::{ApprovedRequest, Redemption, RedemptionError};
use latchkey_protocol::identifier::{AccountId, GrantId};
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;

use super::{Approved, ApprovedBy, SessionKey};
use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// The person entered a user code that is about to be looked up: counts it.
#[derive(Debug, Serialize, FromJson)]
pub struct TryUserCode {
    /// The cookie.
    pub key: SessionKey,
}

impl Message for TryUserCode {
    const NAME: &'static str = "try-user-code";
    /// When the try was counted, by which it can be given back; or how long to wait.
    type Reply = Option<Result<UnixTime, Lifetime>>;
}

/// The user code was right: it doesn't count.
#[derive(Debug, Serialize, FromJson)]
pub struct GiveBackUserCode {
    /// When it was counted.
    pub at: UnixTime,
}

impl Message for GiveBackUserCode {
    const NAME: &'static str = "give-back-user-code";
    type Reply = ();
}

/// The person allowed a device, and its request says so: makes the grant.
#[derive(Debug, Serialize, FromJson)]
pub struct GrantDevice {
    /// Whose account this is.
    pub account: AccountId,
    /// Who allowed it.
    pub by: ApprovedBy,
    /// What they allowed.
    pub approved: ApprovedRequest,
    /// The client's name, to be shown to them later.
    pub client_name: Option<String>,
}

impl Message for GrantDevice {
    const NAME: &'static str = "grant-device";
    type Reply = Approved;
}

/// A token request with a device code that was approved.
#[derive(Debug, Serialize, FromJson)]
pub struct RedeemDevice {
    /// Which grant.
    pub grant: GrantId,
    /// The request.
    pub request: Redemption,
}

impl Message for RedeemDevice {
    const NAME: &'static str = "redeem-device";
    type Reply = Result<Granted, RedemptionError>;
}
