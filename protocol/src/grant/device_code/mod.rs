//! The device grant ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)).
//!
//! A pending request is one record, named by its user code, that the polling device and the person's
//! browser both reach: [`look_up`], [`approve`], [`deny`] and [`poll`] decide about it. Approving makes
//! an ordinary grant in the person's account, whose code is the device code: [`grant_access`] and
//! [`redeem`] decide there, so that it redeems once, is listed, refreshed and revoked as any other.
//!
//! The record says first who approved, and the account makes the grant after that. So two people who
//! approve one code at the same moment can't both be asked to pay for it, and a device that polls
//! in between is told to go on waiting.

mod decision;
mod polling;
mod record;
mod redemption;

pub use decision::{DecideError, LookUp, approve, deny, look_up};
pub use polling::{Approved, INITIAL_INTERVAL, MAXIMUM_INTERVAL, Poll, PollError, poll};
pub use record::{ApprovedRequest, DeviceAuthorizationRecord, DeviceState, Polling};
pub use redemption::{Redemption, RedemptionError, grant_access, redeem};

/// What to write, if anything, and what to reply. Whoever receives it writes first and replies then.
#[derive(Debug)]
pub struct RecordDecision<R> {
    /// Replaces the record.
    pub write: Option<Box<DeviceAuthorizationRecord>>,
    /// The reply.
    pub reply: R,
}

impl<R> RecordDecision<R> {
    /// A reply that changes nothing.
    const fn unchanged(reply: R) -> Self {
        Self { write: None, reply }
    }

    /// A reply and the record that goes with it.
    fn changed(record: DeviceAuthorizationRecord, reply: R) -> Self {
        Self { write: Some(Box::new(record)), reply }
    }
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod redemption_tests;
#[cfg(test)]
mod tests;
