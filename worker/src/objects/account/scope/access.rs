//! Whether a token is good, and what was done with it.

use latchkey_protocol::access::Credential;
use latchkey_protocol::activity::Activity;
use latchkey_protocol::grant::refresh_token::{self, RefreshTokenState};
use latchkey_protocol::personal_access_token::{TokenGrant, UseError};

use super::Scope;
use crate::failure::Failure;
use crate::objects::account::messages::{
    AccessState, CheckAccess, CheckPersonalAccessToken, InspectRefreshToken, Log, LogEntry,
    PersonalAccessTokenProblem, StillGood,
};
use crate::objects::account::recent_refusals::RecentRefusals;

impl Scope {
    pub fn check_access(&self, message: &CheckAccess) -> Result<AccessState, Failure> {
        let grant = self.rows.grant_of_access_token(&message.grant, &message.token_id)?;
        let goes_on = grant.is_some_and(|stored| stored.record.is_live(self.now));
        Ok(if goes_on { AccessState::Live } else { AccessState::Revoked })
    }

    pub fn check_personal_access_token(
        &self,
        message: &CheckPersonalAccessToken,
    ) -> Result<Result<TokenGrant, PersonalAccessTokenProblem>, Failure> {
        let Some(stored) = self.rows.personal_access_token(&message.id)? else {
            return Ok(Err(PersonalAccessTokenProblem::Unknown));
        };
        let token = stored.record;
        Ok(match token.check(&message.secret, self.now) {
            Ok(()) => Ok(token.grant()),
            Err(UseError::WrongSecret) => Err(PersonalAccessTokenProblem::Unknown),
            Err(UseError::Expired) => Err(PersonalAccessTokenProblem::Expired),
        })
    }

    pub fn inspect_refresh_token(
        &self,
        message: &InspectRefreshToken,
    ) -> Result<Option<RefreshTokenState>, Failure> {
        let lifetimes = &self.configuration.lifetimes;
        Ok(self.rows.grant(&message.grant)?.and_then(|stored| {
            refresh_token::inspect(&stored.record, &message.secret, lifetimes, self.now)
        }))
    }

    pub fn still_good(&self, message: &StillGood) -> Result<AccessState, Failure> {
        match &message.credential {
            Credential::AccessToken { grant, token_id, .. } => {
                let (grant, token_id) = (grant.clone(), token_id.clone());
                self.check_access(&CheckAccess { grant, token_id })
            }
            // No account knows it.
            Credential::OwnAccessToken { .. } => Ok(AccessState::Revoked),
            Credential::PersonalAccessToken { id } => {
                let stored = self.rows.personal_access_token(id)?;
                let goes_on =
                    stored.is_some_and(|token| !token.record.expires_at.has_passed(self.now));
                Ok(if goes_on { AccessState::Live } else { AccessState::Revoked })
            }
        }
    }

    pub fn log(&self, message: Log, recent: &RecentRefusals) -> Result<(), Failure> {
        // No transaction: each reported call would pay for it, and a part of the entries is better than none.
        message.entries.into_iter().try_for_each(|entry| self.log_one(entry, recent))
    }

    fn log_one(&self, entry: LogEntry, recent: &RecentRefusals) -> Result<(), Failure> {
        // Another machine's clock may be ahead; nothing in the log is later than now.
        let at = entry.at.min(self.now);
        let mut activity = entry.activity;
        let is_about_something = match &mut activity {
            Activity::Called(call) => match &call.credential {
                Credential::AccessToken { grant, .. } => self.rows.note_call_of_grant(grant, at)?,
                Credential::OwnAccessToken { .. } => false,
                Credential::PersonalAccessToken { id } => {
                    // A token that was taken back meanwhile is told of all the same: the gateway knew it.
                    let label = self.rows.note_call_of_token(id, at)?.map(Into::into);
                    call.label = label.or_else(|| call.label.take());
                    call.label.is_some()
                }
            },
            Activity::Refused(call) => {
                let is_known = match &call.credential {
                    Credential::AccessToken { grant, .. } => self.rows.grant(grant)?.is_some(),
                    Credential::OwnAccessToken { .. } => false,
                    Credential::PersonalAccessToken { id } => {
                        let token = self.rows.personal_access_token(id)?;
                        let label = token.map(|token| token.record.label.into());
                        call.label = label.or_else(|| call.label.take());
                        call.label.is_some()
                    }
                };
                is_known && recent.is_news(call, self.now)
            }
            // The others are of a grant or a token, and so of an account that exists.
            _ => self.rows.profile()?.is_some(),
        };
        if is_about_something { self.rows.log(&activity, at) } else { Ok(()) }
    }
}
