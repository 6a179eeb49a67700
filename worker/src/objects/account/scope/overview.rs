//! What has access to the account, as the account page lists it.

use latchkey_protocol::configuration::Lifetimes;
use latchkey_protocol::grant::FamilyState;
use latchkey_protocol::identifier::{GrantId, SessionId};
use latchkey_protocol::session::SessionRecord;
use latchkey_protocol::time::UnixTime;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Scope;
use crate::failure::Failure;
use crate::objects::account::messages::{
    AccountOverview, ConnectedApp, Overview, SessionLine, TokenLine,
};
use crate::objects::account::rows::{StoredGrant, StoredToken};

impl Scope {
    pub fn overview(&self, message: &Overview) -> Result<Option<AccountOverview>, Failure> {
        let Some(session) = self.session_in_use(&message.key)? else { return Ok(None) };
        let Some(profile) = self.rows.profile()? else { return Ok(None) };
        let lifetimes = &self.configuration.lifetimes;
        let tokens = self.rows.personal_access_tokens()?;
        Ok(Some(AccountOverview {
            email: profile.email,
            created_at: profile.created_at,
            apps: apps(self.rows.grants()?, self.now),
            tokens: token_lines(tokens),
            sessions: session_lines(self.rows.sessions()?, &session.id, lifetimes, self.now),
        }))
    }
}

/// One line per installation that has a living grant, last used first.
fn apps(grants: Vec<StoredGrant>, now: UnixTime) -> Vec<ConnectedApp> {
    let mut installations: BTreeMap<GrantId, Vec<StoredGrant>> = BTreeMap::new();
    for stored in grants.into_iter().filter(|stored| stored.record.is_live(now)) {
        installations.entry(stored.record.installation().clone()).or_default().push(stored);
    }
    let mut apps: Vec<_> = installations.into_values().filter_map(app).collect();
    apps.sort_by_key(|app| Reverse(app.last_used_at));
    apps
}

/// The line of one installation, of which these are the living grants.
fn app(mut grants: Vec<StoredGrant>) -> Option<ConnectedApp> {
    grants.sort_by_key(|stored| stored.record.created_at);
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
fn token_lines(mut tokens: Vec<StoredToken>) -> Vec<TokenLine> {
    tokens.sort_by_key(|token| Reverse(token.record.created_at));
    tokens
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
    sessions.sort_by_key(|session| (session.id != *this, Reverse(session.last_used_at)));
    sessions
        .into_iter()
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
