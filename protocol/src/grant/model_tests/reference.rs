//! What should happen, in a few integers.

use crate::grant::authorization_code::{Approval, RedeemError};
use crate::grant::refresh_token::RefreshError;
use crate::grant::revoke::RevokeError;
use crate::time::{Lifetime, UnixTime};

pub(super) const CODE_SECONDS: u64 = 60;
pub(super) const WINDOW_SECONDS: u64 = 60;
pub(super) const IDLE_SECONDS: u64 = 300;
pub(super) const ABSOLUTE_SECONDS: u64 = 400;
/// How long a sealed authorization request can come back from a browser.
pub(super) const REQUEST_SECONDS: u64 = 600;

/// What a token request sends as `code_verifier`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verifier {
    Right,
    Wrong,
    Missing,
}

/// The reference model. Refresh tokens are numbers: the first is 0, its successor 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Nothing,
    Issued { expires_at: UnixTime, failures: u8 },
    Exhausted,
    Live { head: usize, rotated_at: UnixTime, idle_until: UnixTime, ends_at: UnixTime },
    Ended,
}

pub(super) const fn plus(time: UnixTime, seconds: u64) -> UnixTime {
    time.plus(Lifetime::seconds(seconds))
}

/// What should happen: the reply, and the state that is written if any is.
pub(super) type Expected<R> = (R, Option<Model>);

impl Model {
    pub(super) fn approve(self, now: UnixTime) -> Expected<Approval> {
        match self {
            Self::Nothing => {
                let expires_at = plus(now, CODE_SECONDS);
                (Approval::CodeIssued, Some(Self::Issued { expires_at, failures: 0 }))
            }
            Self::Issued { expires_at, .. } if now < expires_at => (Approval::CodeIssued, None),
            _ => (Approval::AlreadyUsed, None),
        }
    }

    pub(super) fn redeem(
        self,
        now: UnixTime,
        approved_at: UnixTime,
        (right_code, right_client, good_resource): (bool, bool, bool),
        verifier: Verifier,
    ) -> Expected<Result<(), RedeemError>> {
        match self {
            Self::Nothing => (Err(RedeemError::UnknownCode), None),
            Self::Exhausted => (Err(RedeemError::Exhausted), None),
            _ if !right_code => (Err(RedeemError::UnknownCode), None),
            _ if !right_client => (Err(RedeemError::AnotherClient), None),
            Self::Live { .. } | Self::Ended if verifier != Verifier::Right => {
                (Err(RedeemError::ReplayedWithoutProof), None)
            }
            Self::Live { .. } => (Err(RedeemError::Replayed), Some(Self::Ended)),
            Self::Ended => (Err(RedeemError::Replayed), None),
            Self::Issued { expires_at, .. } if now >= expires_at => {
                (Err(RedeemError::Expired), None)
            }
            Self::Issued { expires_at, failures } => match verifier {
                Verifier::Missing => (Err(RedeemError::VerifierMissing), None),
                Verifier::Wrong if failures == 4 => {
                    (Err(RedeemError::VerifierMismatch), Some(Self::Exhausted))
                }
                Verifier::Wrong => {
                    let counted = Self::Issued { expires_at, failures: failures + 1 };
                    (Err(RedeemError::VerifierMismatch), Some(counted))
                }
                Verifier::Right if !good_resource => (Err(RedeemError::InvalidTarget), None),
                Verifier::Right => {
                    let ends_at = plus(approved_at, ABSOLUTE_SECONDS);
                    (Ok(()), Some(Self::live(0, now, ends_at)))
                }
            },
        }
    }

    const fn live(head: usize, now: UnixTime, ends_at: UnixTime) -> Self {
        Self::Live { head, rotated_at: now, idle_until: plus(now, IDLE_SECONDS), ends_at }
    }

    /// The number of the refresh token that comes back, or why none does.
    pub(super) fn refresh(
        self,
        now: UnixTime,
        token: Option<usize>,
        right_client: bool,
        good_scope: bool,
    ) -> Expected<Result<usize, RefreshError>> {
        let (head, rotated_at, ends_at) = match self {
            Self::Nothing => return (Err(RefreshError::UnknownToken), None),
            _ if !right_client => return (Err(RefreshError::AnotherClient), None),
            Self::Issued { .. } | Self::Exhausted => {
                return (Err(RefreshError::UnknownToken), None);
            }
            Self::Ended => return (Err(RefreshError::Ended), None),
            Self::Live { idle_until, ends_at, .. } if now >= idle_until || now >= ends_at => {
                return (Err(RefreshError::Expired), None);
            }
            Self::Live { head, rotated_at, ends_at, .. } => (head, rotated_at, ends_at),
        };
        match token {
            None => (Err(RefreshError::UnknownToken), None),
            Some(token) if token == head && good_scope => {
                (Ok(head + 1), Some(Self::live(head + 1, now, ends_at)))
            }
            Some(token) if token == head => (Err(RefreshError::WiderScope), None),
            Some(token) if token + 1 == head && now < plus(rotated_at, WINDOW_SECONDS) => {
                (if good_scope { Ok(head) } else { Err(RefreshError::WiderScope) }, None)
            }
            Some(_) => (Err(RefreshError::Replayed), Some(Self::Ended)),
        }
    }

    pub(super) fn revoke(
        self,
        now: UnixTime,
        token: Option<usize>,
        right_client: bool,
    ) -> Expected<Result<(), RevokeError>> {
        match self {
            Self::Live { idle_until, ends_at, .. }
                if token.is_some() && now < idle_until && now < ends_at =>
            {
                if right_client {
                    (Ok(()), Some(Self::Ended))
                } else {
                    (Err(RevokeError::AnotherClient), None)
                }
            }
            _ => (Ok(()), None),
        }
    }

    /// Whether anything can still come of the grant.
    pub(super) fn gives(self, now: UnixTime) -> bool {
        match self {
            Self::Issued { expires_at, .. } => now < expires_at,
            Self::Live { idle_until, ends_at, .. } => now < idle_until && now < ends_at,
            Self::Nothing | Self::Exhausted | Self::Ended => false,
        }
    }
}
