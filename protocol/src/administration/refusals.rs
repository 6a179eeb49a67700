//! The last refusals of a client, which its shard keeps for the operator.

use serde::Serialize;

use crate::client::ClientId;
use crate::json::FromJson;
use crate::order::oldest_first;
use crate::time::{Lifetime, UnixTime};

/// How many are kept of one client, and of all clients of one shard that nobody knows.
pub const KEPT_REFUSALS: usize = 50;

/// For how long they are kept after the last one.
pub const KEEP_REFUSALS: Lifetime = Lifetime::days(30);

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)] // Cloned into the message that stores it.
pub struct RefusedRequest {
    /// When.
    pub at: UnixTime,
    /// At which endpoint, as the log calls it.
    pub endpoint: String,
    /// Why, as the log says it.
    pub reason: String,
    /// The reference in the answer and in the log.
    pub reference: String,
    /// The answer's status.
    pub status: u16,
    /// The host that was asked for.
    pub host: String,
    /// Which client, where it is one that nobody has stored and that is named by its document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// What is kept when `newer` come to `kept`; both are in the order of time.
#[must_use]
pub fn keep_refusals(
    mut kept: Vec<RefusedRequest>,
    newer: Vec<RefusedRequest>,
) -> Vec<RefusedRequest> {
    kept.extend(newer);
    // Isolates send theirs whenever they like.
    let mut kept = oldest_first(kept, |refused| refused.at);
    kept.drain(..kept.len().saturating_sub(KEPT_REFUSALS));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(at: u64) -> RefusedRequest {
        RefusedRequest {
            at: UnixTime::from_seconds(at),
            endpoint: "token".into(),
            reason: "Expired".into(),
            reference: format!("r{at}"),
            status: 400,
            host: "id.example".into(),
            client_id: None,
        }
    }

    #[test]
    fn issue_7_of_any_number_of_refusals_the_newest_50_are_kept_in_their_order() {
        let kept = keep_refusals(Vec::new(), vec![refused(3), refused(1)]);
        assert_eq!(kept, [refused(1), refused(3)]);
        let kept = keep_refusals(kept, (4..200).map(refused).collect());
        assert_eq!(kept.len(), KEPT_REFUSALS);
        assert_eq!((kept[0].at.seconds(), kept[49].at.seconds()), (150, 199));
        // One that comes late has its place, and goes if it is older than all.
        assert_eq!(keep_refusals(kept.clone(), vec![refused(2)]), kept);
    }
}
