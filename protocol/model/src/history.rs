//! What is known of a grant outside of the server: what was given out, and what was asked for and done.

use latchkey_protocol::time::UnixTime;

use crate::deployment::{ABSOLUTE, ACCESS_TOKEN, CODE, IDLE};

/// A refresh token that was made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefreshToken {
    pub secret: String,
    /// Whether an answer with it arrived. One that was lost may be in a thief's hands all the same.
    pub arrived: bool,
}

/// An access token that was given out. One of each second is enough: the others are as good.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccessToken {
    pub issued_at: UnixTime,
    pub given_back: bool,
}

impl AccessToken {
    pub const fn expires_at(&self) -> UnixTime {
        self.issued_at.plus(ACCESS_TOKEN)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct History {
    /// When the person allowed it.
    pub approved_at: Option<UnixTime>,
    /// The grant whose installation it belongs to.
    pub installation: usize,
    pub redemptions: u8,
    pub wrong_verifiers: u8,
    /// In the order in which they were made.
    pub refresh_tokens: Vec<RefreshToken>,
    /// When the last of them was made.
    pub rotated_at: Option<UnixTime>,
    pub access_tokens: Vec<AccessToken>,
    /// A replay or a revocation ended it.
    pub ended: bool,
    /// Its row was deleted.
    pub forgotten: bool,
}

/// So many wrong verifiers kill a code.
pub const WRONG_VERIFIERS: u8 = 5;

impl History {
    /// Whether its code can be redeemed at `now`.
    pub fn code_waits(&self, now: UnixTime) -> bool {
        let Some(approved_at) = self.approved_at else { return false };
        self.redemptions == 0
            && self.wrong_verifiers < WRONG_VERIFIERS
            && !self.ended
            && !approved_at.plus(CODE).has_passed(now)
    }

    pub fn idle_end_has_passed(&self, now: UnixTime) -> bool {
        self.rotated_at.is_some_and(|at| at.plus(IDLE).has_passed(now))
    }

    pub fn absolute_end_has_passed(&self, now: UnixTime) -> bool {
        self.approved_at.is_some_and(|at| at.plus(ABSOLUTE).has_passed(now))
    }

    /// Whether its refresh tokens are good at `now`.
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.redemptions > 0
            && !self.ended
            && !self.idle_end_has_passed(now)
            && !self.absolute_end_has_passed(now)
    }

    /// Whether tokens can still come of it.
    pub fn gives(&self, now: UnixTime) -> bool {
        self.code_waits(now) || self.is_live(now)
    }

    /// A refresh token and an access token leave in an answer.
    pub fn give(&mut self, secret: &str, arrives: bool, at: UnixTime) {
        match self.refresh_tokens.iter_mut().find(|token| token.secret == secret) {
            Some(known) => known.arrived |= arrives,
            None => {
                let secret = secret.to_owned();
                self.refresh_tokens.push(RefreshToken { secret, arrived: arrives });
                self.rotated_at = Some(at);
            }
        }
        // Two that were given out in one second and not back are as good as one; and of each second two are
        // enough, since what was given back is over.
        let same: Vec<_> =
            self.access_tokens.iter().filter(|token| token.issued_at == at).collect();
        if same.len() < 2 && same.iter().all(|token| token.given_back) {
            self.access_tokens.push(AccessToken { issued_at: at, given_back: false });
        }
    }
}
