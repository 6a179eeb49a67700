//! What has access to the account, as the account page lists it.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::Lifetimes;
use latchkey_protocol::grant::FamilyState;
use latchkey_protocol::identifier::{GrantId, SessionId};
use latchkey_protocol::order::{newest_first, oldest_first};
use latchkey_protocol::session::SessionRecord;
use latchkey_protocol::time::UnixTime;
use std::collections::BTreeMap;

use super::Scope;
use crate::failure::Failure;
use crate::objects::account::messages::{
    AccountOverview, ConnectedApp, Overview, SessionLine, TokenLine,
};
use crate::objects::account::rows::{StoredGrant, StoredToken};

/// The most grants that one page reads, so that it takes no longer the more there are. More than one client has, so
/// that each page has all of one at least.
const READ_AT_MOST: usize = 512;

impl Scope {
    pub fn overview(&self, message: &Overview) -> Result<Option<AccountOverview>, Failure> {
        let Some(session) = self.session_in_use(&message.key)? else { return Ok(None) };
        let Some(profile) = self.rows.profile()? else { return Ok(None) };
        let lifetimes = &self.configuration.lifetimes;
        let tokens = self.rows.personal_access_tokens()?;
        let read = self.rows.grants_after(message.after.as_ref(), READ_AT_MOST)?;
        let (grants, more) = of_whole_clients(read, READ_AT_MOST);
        Ok(Some(AccountOverview {
            email: profile.email,
            created_at: profile.created_at,
            apps: apps(grants, self.now),
            more,
            tokens: token_lines(tokens),
            sessions: session_lines(self.rows.sessions()?, &session.id, lifetimes, self.now),
        }))
    }
}

/// Those of the grants, which are in the order of their clients, whose client has no others; and the last client of them, if
/// others may follow.
fn of_whole_clients(
    mut grants: Vec<StoredGrant>,
    most: usize,
) -> (Vec<StoredGrant>, Option<ClientId>) {
    if grants.len() < most {
        return (grants, None);
    }
    let client_of = |stored: &StoredGrant| stored.record.client_id.clone();
    let cut = grants.last().map(client_of);
    if grants.first().map(client_of) != cut {
        grants.retain(|stored| Some(&stored.record.client_id) != cut.as_ref());
    }
    let last = grants.last().map(client_of);
    (grants, last)
}

/// One line per installation that has a living grant, last used first.
fn apps(grants: Vec<StoredGrant>, now: UnixTime) -> Vec<ConnectedApp> {
    let mut installations: BTreeMap<GrantId, Vec<StoredGrant>> = BTreeMap::new();
    for stored in grants.into_iter().filter(|stored| stored.record.is_live(now)) {
        installations.entry(stored.record.installation().clone()).or_default().push(stored);
    }
    newest_first(installations.into_values().filter_map(app).collect(), |app| app.last_used_at)
}

/// The line of one installation, of which these are the living grants.
fn app(grants: Vec<StoredGrant>) -> Option<ConnectedApp> {
    let mut grants = oldest_first(grants, |stored| stored.record.created_at);
    let first_used_at = grants.first()?.record.created_at;
    let last_used_at = grants.iter().map(last_use).max()?;
    let idle_until = grants.iter().map(idle_until).max()?;
    let ends_at = grants.iter().map(ends_at).max()?;
    let newest = grants.pop()?.record;
    let scope = grants.iter().fold(newest.scope, |all, one| all.union(&one.record.scope));
    Some(ConnectedApp {
        grant: newest.id,
        client_id: newest.client_id,
        client_name: newest.client_name,
        asked: newest.asked,
        scope,
        resources: newest.resources,
        first_used_at,
        last_used_at,
        ends_at,
        idle_until,
    })
}

fn last_use(stored: &StoredGrant) -> UnixTime {
    let called = stored.last_called_at.unwrap_or(stored.record.last_used_at);
    stored.record.last_used_at.max(called)
}

fn idle_until(stored: &StoredGrant) -> UnixTime {
    match &stored.record.family {
        FamilyState::Live(family) => family.idle_until,
        FamilyState::NotStarted | FamilyState::Ended { .. } => stored.record.ends_at,
    }
}

/// The idle or the absolute end, whichever comes first.
fn ends_at(stored: &StoredGrant) -> UnixTime {
    idle_until(stored).min(stored.record.ends_at)
}

/// Newest first.
fn token_lines(tokens: Vec<StoredToken>) -> Vec<TokenLine> {
    newest_first(tokens, |token| token.record.created_at)
        .into_iter()
        .map(|StoredToken { record, last_used_at }| TokenLine {
            id: record.id,
            label: record.label,
            scope: record.scope,
            resources: record.resources,
            created_at: record.created_at,
            expires_at: record.expires_at,
            last_used_at,
        })
        .collect()
}

/// This one first, then last used first.
fn session_lines(
    mut sessions: Vec<SessionRecord>,
    this: &SessionId,
    lifetimes: &Lifetimes,
    now: UnixTime,
) -> Vec<SessionLine> {
    sessions.retain(|session| !session.is_over(lifetimes, now));
    let (this_one, others): (Vec<_>, _) =
        sessions.into_iter().partition(|session| session.id == *this);
    this_one
        .into_iter()
        .chain(newest_first(others, |session| session.last_used_at))
        .map(|session| SessionLine {
            is_this_one: session.id == *this,
            id: session.id,
            device: session.device,
            authenticated_at: session.authenticated_at,
            last_used_at: session.last_used_at,
            ends_at: session.ends_at.min(session.last_used_at.plus(lifetimes.session_idle)),
        })
        .collect()
}

#[cfg(test)]
#[path = "overview_tests.rs"]
mod tests;
