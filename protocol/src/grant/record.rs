//! What is stored about a grant, and the transitions of its state.
//!
//! The transitions consume the state they start from, so that a redeemed code can't be redeemed.

use serde::Serialize;

use crate::client::ClientId;
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::Lifetimes;
use crate::device::Origin;
use crate::entropy::Entropy;
use crate::identifier::GrantId;
use crate::json::{FromJson, FromMembers, Members, ReadError, Value};
use crate::mac::MacKey;
use crate::pkce::CodeChallenge;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::secret::{Secret, SecretHash};
use crate::time::{Lifetime, UnixTime};

/// How many generations back a presented refresh token is recognised. Further back it is unknown,
/// which refuses it just the same and only leaves the family alone.
const RECOGNISED_GENERATIONS: u64 = 1_024;

/// The longest that `lifetimes.authorization_request` can be. Until then the request that made the
/// grant can come back from a browser, and has to find the grant rather than make it anew.
const LONGEST_REQUEST: Lifetime = Lifetime::hours(1);

/// One authorization of one client by one person.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct GrantRecord {
    /// Which grant.
    pub id: GrantId,
    /// The first grant of its installation, [`Self::installation`]; `None` when it is that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<GrantId>,
    /// Which client.
    pub client_id: ClientId,
    /// What the client's metadata document said when it was allowed, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_snapshot: Option<ClientSnapshot>,
    /// The client's name when it was allowed, for the person's list.
    pub client_name: Option<String>,
    /// How the person was asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// What the person allowed.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// When the person last entered their password.
    pub authenticated_at: UnixTime,
    /// When the person allowed it.
    pub created_at: UnixTime,
    /// When the client last got tokens by it.
    pub last_used_at: UnixTime,
    /// When it ends however often it is refreshed.
    pub ends_at: UnixTime,
    /// The authorization code, or the device code.
    pub code: CodeState,
    /// The refresh tokens.
    pub family: FamilyState,
}

/// How the person was asked, and so where the code came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Asked {
    /// In a browser that the client sent here, and that took the code back.
    ByRedirect {
        /// The redirect URI of the authorization request, exactly as used.
        redirect_uri: String,
        /// Whether the authorization request named it.
        redirect_uri_was_sent: bool,
    },
    /// By a code that a device showed
    /// ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)); there is no way back but the device's
    /// own polling.
    ByUserCode {
        /// Where the device asked from.
        asked_from: Origin,
    },
}

impl FromJson for Asked {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        Self::from_members(&mut Members::of(value, "how the person was asked")?)
    }
}

impl FromMembers for Asked {
    fn from_members(members: &mut Members) -> Result<Self, ReadError> {
        Ok(match members.optional("asked_from")? {
            Some(asked_from) => Self::ByUserCode { asked_from },
            None => Self::ByRedirect {
                redirect_uri: members.required("redirect_uri")?,
                redirect_uri_was_sent: members.required("redirect_uri_was_sent")?,
            },
        })
    }
}

impl Asked {
    /// The redirect URI, if there was one.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&str> {
        match self {
            Self::ByRedirect { redirect_uri, .. } => Some(redirect_uri),
            Self::ByUserCode { .. } => None,
        }
    }
}

/// What a code's redemption is checked against.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct ChallengeRecord {
    /// The hash of the code's secret part.
    pub code_hash: SecretHash,
    /// The PKCE challenge; `None` only for a confidential client under `legacy`, and for a device code,
    /// which travels through no browser.
    pub code_challenge: Option<CodeChallenge>,
}

/// The life of the authorization code, or of the device code once it is approved.
#[derive(Debug, Clone, Serialize, FromJson)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CodeState {
    /// Waiting for its one redemption.
    Issued {
        /// What the redemption is checked against.
        #[serde(flatten)]
        check: ChallengeRecord,
        /// When it dies unredeemed.
        expires_at: UnixTime,
        /// How many wrong verifiers were tried.
        failed_attempts: u8,
    },
    /// Redeemed. A second redemption of an authorization code that would have been right ends the
    /// family.
    Redeemed {
        /// What a second redemption is checked against.
        #[serde(flatten)]
        check: ChallengeRecord,
    },
    /// Dead without a redemption: too many wrong verifiers, or the grant ended first.
    Exhausted,
}

/// Why a family ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The code was presented twice.
    CodeReplayed,
    /// A used refresh token came back after its window.
    RefreshTokenReplayed,
    /// The client gave it back ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).
    Revoked,
    /// The person took it back.
    RevokedByPerson,
    /// The client was removed.
    ClientRemoved,
}

/// The life of the refresh tokens.
#[derive(Debug, Clone, Serialize, FromJson)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FamilyState {
    /// No code was redeemed yet.
    NotStarted,
    /// One refresh token is good, and for a short while the one before it.
    Live(Family),
    /// Nothing is good any more.
    Ended {
        /// Why.
        reason: EndReason,
        /// When.
        at: UnixTime,
    },
}

/// A living chain of refresh tokens.
///
/// Each secret is the HMAC-SHA256 of the one before it under the family's salt. So a retry of a lost
/// response gets the very same successor without any token being stored, and a token of an earlier
/// generation is recognised by walking it forward.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct Family {
    /// Without it nobody can step from one secret to the next.
    salt: MacKey,
    /// The hash of the secret that is good now.
    current: SecretHash,
    /// How many times it was rotated.
    generation: u64,
    /// When it was last rotated (or made).
    rotated_at: UnixTime,
    /// When it ends unless it is refreshed before.
    pub idle_until: UnixTime,
}

/// Where a presented refresh token stands in its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// The one that is good now.
    Current,
    /// The one before it, which was rotated this long ago or less.
    Previous,
    /// Used before, and its window is over.
    Spent,
    /// Never given by this family, or too long ago to tell.
    Unknown,
}

impl Family {
    /// Starts a family and returns its first secret.
    pub(super) fn begin(
        lifetimes: &Lifetimes,
        now: UnixTime,
        entropy: &mut impl Entropy,
    ) -> (Self, Secret) {
        let first = Secret::generate(entropy);
        let family = Self {
            salt: MacKey::generate(entropy),
            current: first.hash(),
            generation: 0,
            rotated_at: now,
            idle_until: now.plus(lifetimes.refresh_token_idle),
        };
        (family, first)
    }

    /// When the secret that is good now was given out.
    pub(super) const fn rotated_at(&self) -> UnixTime {
        self.rotated_at
    }

    /// The successor of `secret`.
    fn successor(&self, secret: &Secret) -> Secret {
        self.salt.derive(&[b"refresh\0", secret.expose().as_bytes()])
    }

    pub(super) fn position(
        &self,
        presented: &Secret,
        lifetimes: &Lifetimes,
        now: UnixTime,
    ) -> Position {
        if self.current.matches(presented) {
            return Position::Current;
        }
        let mut secret = presented.clone();
        for step in 1..=self.generation.min(RECOGNISED_GENERATIONS) {
            secret = self.successor(&secret);
            if self.current.matches(&secret) {
                let window_ends = self.rotated_at.plus(lifetimes.refresh_retry_window);
                return if step == 1 && !window_ends.has_passed(now) {
                    Position::Previous
                } else {
                    Position::Spent
                };
            }
        }
        Position::Unknown
    }

    /// Rotates away from `current`, which is known to be the good one.
    pub(super) fn rotate(
        self,
        current: &Secret,
        lifetimes: &Lifetimes,
        now: UnixTime,
    ) -> (Self, Secret) {
        let next = self.successor(current);
        let family = Self {
            current: next.hash(),
            generation: self.generation.saturating_add(1),
            rotated_at: now,
            idle_until: now.plus(lifetimes.refresh_token_idle),
            ..self
        };
        (family, next)
    }

    /// The same secret goes on for another idle time.
    pub(super) fn kept(self, lifetimes: &Lifetimes, now: UnixTime) -> Self {
        Self { idle_until: now.plus(lifetimes.refresh_token_idle), ..self }
    }

    /// The successor that `previous`, known to be the one before, was already given.
    pub(super) fn again(&self, previous: &Secret) -> Secret {
        self.successor(previous)
    }
}

impl GrantRecord {
    /// Whether the grant can still give tokens at `now`.
    #[must_use]
    pub fn is_live(&self, now: UnixTime) -> bool {
        match &self.family {
            FamilyState::Live(family) => {
                !self.ends_at.has_passed(now) && !family.idle_until.has_passed(now)
            }
            FamilyState::NotStarted | FamilyState::Ended { .. } => false,
        }
    }

    /// Whether the grant gives tokens at `now`, or still can: its code may be waiting.
    #[must_use]
    pub fn gives(&self, now: UnixTime) -> bool {
        let waits = match &self.code {
            CodeState::Issued { expires_at, .. } => !expires_at.has_passed(now),
            CodeState::Redeemed { .. } | CodeState::Exhausted => false,
        };
        waits || self.is_live(now)
    }

    /// The id of the installation that the grant belongs to.
    #[must_use]
    pub fn installation(&self) -> &GrantId {
        self.installation.as_ref().unwrap_or(&self.id)
    }

    /// When nothing about the grant matters any more and its row can go. A grant that ended keeps
    /// its row until it would have ended anyway, so that late replays still find it. No row goes
    /// while its authorization request could be approved again: that would bring the code back.
    #[must_use]
    pub fn forget_at(&self) -> UnixTime {
        let over_at = match &self.family {
            FamilyState::NotStarted => self.created_at,
            FamilyState::Live(family) => family.idle_until.min(self.ends_at),
            FamilyState::Ended { .. } => self.ends_at,
        };
        over_at.max(self.created_at.plus(LONGEST_REQUEST))
    }

    /// The same grant, ended. A code that nobody came for yet dies with it.
    #[must_use]
    pub fn ended(self, reason: EndReason, now: UnixTime) -> Self {
        let code = match self.code {
            CodeState::Issued { .. } => CodeState::Exhausted,
            code @ (CodeState::Redeemed { .. } | CodeState::Exhausted) => code,
        };
        Self { code, family: FamilyState::Ended { reason, at: now }, ..self }
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
