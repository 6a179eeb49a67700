//! Which grants are one app to the person: widening what it may do, and ending it.
//!
//! An installation is a client at one redirect URI with one set of resources, or one device that was
//! allowed by its code: nothing tells one such device from the next, so each is an app of its own. Each time it asks, a
//! grant of its own comes of it, with its own code and refresh tokens; all grants of an installation
//! may do the same, and they end together when the person or the client ends it.

#[cfg(test)]
#[path = "installation_tests.rs"]
mod tests;

use super::{EndReason, GrantRecord};
use crate::authorize::AuthorizationRequest;
use crate::identifier::GrantId;
use crate::order::oldest_first;
use crate::scope::Scope;
use crate::time::UnixTime;

/// Whether `request` comes from the installation that `record` was made for: the same client, the
/// same redirect URI but for a loopback port, the same resources in any order, and as its metadata
/// document describes it now.
#[must_use]
pub fn is_same_installation(record: &GrantRecord, request: &AuthorizationRequest) -> bool {
    record.client_id == request.client_id
        // A client whose redirect URIs or keys changed isn't the one that was allowed.
        && record.client_snapshot == request.client_snapshot
        && record.asked.redirect_uri().is_some_and(|uri| request.redirect_uri.leads_where(uri))
        && record.resources.iter().all(|resource| request.resources.contains(resource))
        && request.resources.iter().all(|resource| record.resources.contains(resource))
}

/// Of one person's grants those that `request` widens, the oldest first: of the same installation,
/// and still giving tokens at `now` or waiting for their code. The grant of the request itself is
/// none of them.
#[must_use]
pub fn earlier(
    records: Vec<GrantRecord>,
    request: &AuthorizationRequest,
    now: UnixTime,
) -> Vec<GrantRecord> {
    let earlier = records
        .into_iter()
        .filter(|record| record.id != request.grant)
        .filter(|record| record.gives(now) && is_same_installation(record, request))
        .collect();
    oldest_first(earlier, |record| record.created_at)
}

/// What the grants that [`earlier`] found may do together; `None` when there are none.
#[must_use]
pub fn allowed(earlier: &[GrantRecord]) -> Option<Scope> {
    earlier.iter().map(|record| record.scope.clone()).reduce(|all, scope| all.union(&scope))
}

/// Whether the person allowed this client when its metadata document had other redirect URIs or keys, so
/// that they wonder why they are asked anew.
#[must_use]
pub fn has_changed(records: &[GrantRecord], request: &AuthorizationRequest, now: UnixTime) -> bool {
    records.iter().any(|record| {
        record.client_id == request.client_id
            && record.gives(now)
            && record.client_snapshot != request.client_snapshot
    })
}

/// The grants of `earlier` that `scope` or `installation` is new to, with both.
pub(super) fn widened(
    earlier: Vec<GrantRecord>,
    installation: &GrantId,
    scope: &Scope,
) -> Vec<GrantRecord> {
    earlier
        .into_iter()
        .filter(|record| record.scope != *scope || record.installation() != installation)
        .map(|record| {
            let installation = (record.id != *installation).then(|| installation.clone());
            GrantRecord { scope: scope.clone(), installation, ..record }
        })
        .collect()
}

/// Ends the grants of one installation, or all those of one client; only those are returned that
/// something ends for.
#[must_use]
pub fn end_installation(
    records: Vec<GrantRecord>,
    reason: EndReason,
    now: UnixTime,
) -> Vec<GrantRecord> {
    records
        .into_iter()
        .filter(|record| record.gives(now))
        .map(|record| record.ended(reason, now))
        .collect()
}
