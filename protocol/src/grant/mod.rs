//! Grants: what a person allowed a client, and the decisions about it.
//!
//! One file per grant type. Each decision about a person's grant takes the stored record, a request
//! and `now`, and returns a [`Decision`]: what to write and what to reply. An error can carry a write,
//! because a replayed code or refresh token ends what it once gave.

pub mod authorization_code;
pub mod client_credentials;
#[cfg(test)]
mod client_snapshot_tests;
pub mod device_code;
mod installation;
#[cfg(test)]
mod model_tests;
mod record;
pub mod refresh_token;
pub mod revoke;

pub use installation::{allowed, earlier, end_installation, has_changed, is_same_installation};
pub use record::{Asked, ChallengeRecord, CodeState, EndReason, Family, FamilyState, GrantRecord};

use serde::Serialize;

use crate::activity::Activity;
use crate::configuration::Lifetimes;
use crate::entropy::Entropy;
use crate::identifier::GrantId;
use crate::json::FromJson;
use crate::resource::{ResourceIndicator, Resources};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time::UnixTime;

/// How many grants of one client a person keeps, about, so that what a request reads doesn't grow with the years.
/// One installation makes a grant each time that it asks again, and may forget the one before.
pub const MOST_OF_CLIENT: u32 = 128;
/// How many go when there are more: first what has no tokens, then what was used least recently.
pub const GO_TOGETHER: u32 = 32;

/// Whether the others of the client are counted when this grant is added: with one in sixteen, by its random
/// id, since counting reads them all.
#[must_use]
pub fn counts_others(id: &GrantId) -> bool {
    matches!(id.as_str().as_bytes().first(), Some(b'A'..=b'D'))
}

/// What to write and what to reply. Whoever receives it writes first and replies then.
#[derive(Debug)]
pub struct Decision<R> {
    /// Written together, before the reply leaves.
    pub writes: Vec<Write>,
    /// The reply.
    pub reply: R,
}

impl<R> Decision<R> {
    /// A reply that changes nothing.
    #[must_use]
    pub const fn unchanged(reply: R) -> Self {
        Self { writes: Vec::new(), reply }
    }
}

/// One thing to store in the account's object.
#[derive(Debug)]
pub enum Write {
    /// Replaces the record of the grant with this id, or adds it. A decision may have several.
    Grant(Box<GrantRecord>),
    /// Adds to the person's activity log.
    Activity(Activity),
    /// Remembers a revoked access token until it would have expired.
    RevokedAccessToken {
        /// The token's `jti`.
        token_id: String,
        /// When it can be forgotten.
        expires_at: UnixTime,
    },
}

/// What a successful token request granted; the access token is signed from it.
#[derive(Debug, Serialize, FromJson)]
pub struct Granted {
    /// Which grant.
    pub grant: GrantId,
    /// The refresh token's secret part.
    pub refresh_secret: Secret,
    /// What the access token may do.
    pub scope: Scope,
    /// Which resource it is for.
    pub resource: ResourceIndicator,
    /// When the person last entered their password.
    pub authenticated_at: UnixTime,
}

/// Begins the family of a grant whose code, of whatever kind, is redeemed for the first time.
fn redeemed(
    mut record: GrantRecord,
    check: ChallengeRecord,
    resource: ResourceIndicator,
    lifetimes: &Lifetimes,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> (Vec<Write>, Granted) {
    let (family, refresh_secret) = Family::begin(lifetimes, now, entropy);
    let granted = Granted {
        grant: record.id.clone(),
        refresh_secret,
        scope: record.scope.clone(),
        resource,
        authenticated_at: record.authenticated_at,
    };
    let activity = Activity::CodeRedeemed { client_id: record.client_id.clone() };
    record.code = CodeState::Redeemed { check };
    record.family = FamilyState::Live(family);
    record.last_used_at = now;
    (vec![Write::Grant(Box::new(record)), Write::Activity(activity)], granted)
}

/// Picks the one resource that an access token is for
/// ([RFC 8707 section 2.2](https://www.rfc-editor.org/rfc/rfc8707#section-2.2)): the requested one
/// if the grant has it, the grant's first when none is requested.
///
/// # Errors
///
/// [`NotGranted`] (`invalid_target`) when the request names a resource that is unknown or wasn't
/// granted, or several.
pub fn audience(
    record: &GrantRecord,
    requested: &[String],
    resources: &Resources,
) -> Result<ResourceIndicator, NotGranted> {
    // A resource that the deployment has removed since gets no more tokens.
    let first = || {
        let mut granted = record.resources.iter();
        granted.find(|granted| resources.iter().any(|known| known == *granted)).cloned()
    };
    if requested.is_empty() {
        return first().ok_or(NotGranted);
    }
    let resolved =
        resources.resolve(requested.iter().map(String::as_str)).map_err(|_| NotGranted)?;
    match resolved.as_slice() {
        [one] if record.resources.contains(one) => Ok(one.clone()),
        [] => first().ok_or(NotGranted),
        _ => Err(NotGranted),
    }
}

/// A token request named a resource that its grant doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotGranted;
