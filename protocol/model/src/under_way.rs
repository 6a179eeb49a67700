//! A request between its decision and its writes.

use latchkey_protocol::grant::{EndReason, FamilyState, GrantRecord};
use latchkey_protocol::time::UnixTime;

use crate::decide::Decided;
use crate::expected::Expected;
use crate::request::Request;
use crate::storage::Stored;

/// A request that was decided, and that didn't write yet.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct UnderWay {
    pub request: Request,
    pub begun_at: UnixTime,
    /// The version of each grant's row as it was read.
    pub versions: Vec<Option<u64>>,
    pub writes: Vec<(usize, Stored)>,
    pub given_back: Option<String>,
    pub expected: Expected,
    pub secret: Option<String>,
    /// The installation that a new grant becomes part of.
    pub installation: usize,
}

impl UnderWay {
    /// Whether it has nothing to write and nothing to give.
    pub const fn is_over(&self) -> bool {
        self.writes.is_empty() && self.given_back.is_none() && self.secret.is_none()
    }
}

/// What was decided, in the words of what should have been.
pub fn found(decided: &Decided, writes: &[(usize, Stored)]) -> Expected {
    let ended = |record: &GrantRecord| match &record.family {
        FamilyState::Ended { reason, .. } => Some(*reason),
        FamilyState::NotStarted | FamilyState::Live(_) => None,
    };
    let mut written: Vec<_> = writes.iter().map(|(number, _)| *number).collect();
    written.sort_unstable();
    let mut ends: Vec<_> = writes
        .iter()
        .filter(|(_, stored)| {
            let reason = ended(stored.record());
            reason.is_some_and(|reason| reason != EndReason::ClientRemoved)
        })
        .map(|(number, _)| *number)
        .collect();
    ends.sort_unstable();
    Expected { answer: decided.answer, writes: written, ends }
}
