//! What the account page shows and changes.

use latchkey_protocol::activity::{Activity, Entry};
use latchkey_protocol::grant::{Decision, EndReason, Write, end_installation};
use latchkey_protocol::order::oldest_first;
use latchkey_protocol::personal_access_token::{self, CreateError, MAX_TOKENS_PER_ACCOUNT};
use latchkey_protocol::secret::Secret;

use super::Scope;
use crate::failure::Failure;
use crate::objects::account::messages::{
    CreateToken, EndOtherSessions, EndSessionOf, LoggedApp, LoggedApps, ReadActivity, RevokeApp,
    RevokeToken,
};
use crate::objects::account::rows::{StoredToken, Versions};
use crate::platform::RuntimeEntropy;

impl Scope {
    pub fn revoke_app(&self, message: &RevokeApp) -> Result<Option<bool>, Failure> {
        if self.session(&message.key)?.is_none() {
            return Ok(None);
        }
        let Some(chosen) = self.rows.grant(&message.grant)? else { return Ok(Some(false)) };
        let client_id = chosen.record.client_id.clone();
        let mut versions = Versions::default();
        let mut records: Vec<_> =
            self.rows.grants_of(&client_id)?.into_iter().map(|one| versions.keep(one)).collect();
        records.retain(|record| record.installation() == chosen.record.installation());
        let ended = end_installation(records, EndReason::RevokedByPerson, self.now);
        if ended.is_empty() {
            return Ok(Some(false));
        }
        let mut writes: Vec<_> =
            ended.into_iter().map(|record| Write::Grant(Box::new(record))).collect();
        writes.push(Write::Activity(Activity::GrantRevoked { client_id }));
        self.apply(&versions, Decision { writes, reply: Some(true) })
    }

    pub fn create_token(
        &self,
        message: &CreateToken,
    ) -> Result<Option<Result<Secret, CreateError>>, Failure> {
        if self.session(&message.key)?.is_none() {
            return Ok(None);
        }
        let stored = self.rows.personal_access_tokens()?;
        let (expired, living): (Vec<_>, Vec<_>) =
            stored.into_iter().partition(|token| token.record.expires_at.has_passed(self.now));
        if living.len() >= MAX_TOKENS_PER_ACCOUNT {
            return Ok(Some(Err(CreateError::TooMany)));
        }
        let created = personal_access_token::create(
            &message.new,
            &message.account,
            &self.configuration,
            self.now,
            &mut RuntimeEntropy,
        );
        let (record, token) = match created {
            Ok(created) => created,
            Err(error) => return Ok(Some(Err(error))),
        };
        self.make_room(expired)?;
        self.rows.add_personal_access_token(&record)?;
        let activity = Activity::PersonalAccessTokenCreated { id: record.id, label: record.label };
        self.rows.log(&activity, self.now)?;
        let prefix = &self.configuration.prefixes.personal_access_token;
        Ok(Some(Ok(token.to_wire(prefix))))
    }

    /// Forgets the tokens that expired first, so that short-lived ones don't pile up.
    fn make_room(&self, expired: Vec<StoredToken>) -> Result<(), Failure> {
        let expired = oldest_first(expired, |token| token.record.expires_at);
        let too_many = (expired.len() + 1).saturating_sub(MAX_TOKENS_PER_ACCOUNT);
        for token in expired.into_iter().take(too_many) {
            self.rows.delete_personal_access_token(&token.record.id)?;
        }
        Ok(())
    }

    pub fn revoke_token(&self, message: &RevokeToken) -> Result<Option<bool>, Failure> {
        if self.session(&message.key)?.is_none() {
            return Ok(None);
        }
        let Some(token) = self.rows.personal_access_token(&message.id)? else {
            return Ok(Some(false));
        };
        self.rows.delete_personal_access_token(&message.id)?;
        let (id, label) = (token.record.id, token.record.label);
        self.rows.log(&Activity::PersonalAccessTokenRevoked { id, label }, self.now)?;
        Ok(Some(true))
    }

    pub fn end_session_of(&self, message: &EndSessionOf) -> Result<Option<bool>, Failure> {
        if self.session(&message.key)?.is_none() {
            return Ok(None);
        }
        let lifetimes = &self.configuration.lifetimes;
        let found = self.rows.session(&message.session)?;
        if found.is_none_or(|session| session.is_over(lifetimes, self.now)) {
            return Ok(Some(false));
        }
        self.rows.delete_session(&message.session)?;
        self.rows.log(&Activity::SessionEnded, self.now)?;
        Ok(Some(true))
    }

    pub fn end_other_sessions(&self, message: &EndOtherSessions) -> Result<Option<u32>, Failure> {
        if self.session(&message.key)?.is_none() {
            return Ok(None);
        }
        let lifetimes = &self.configuration.lifetimes;
        let mut others = self.rows.sessions()?;
        others.retain(|one| one.id != message.key.session && !one.is_over(lifetimes, self.now));
        for session in &others {
            self.rows.delete_session(&session.id)?;
            self.rows.log(&Activity::SessionEnded, self.now)?;
        }
        Ok(Some(u32::try_from(others.len()).unwrap_or(u32::MAX)))
    }

    pub fn read_activity(&self, message: &ReadActivity) -> Result<Option<Vec<Entry>>, Failure> {
        if self.session_in_use(&message.key)?.is_none() {
            return Ok(None);
        }
        self.rows.activity(&message.filter).map(Some)
    }

    pub fn logged_apps(&self, message: &LoggedApps) -> Result<Option<Vec<LoggedApp>>, Failure> {
        if self.session_in_use(&message.key)?.is_none() {
            return Ok(None);
        }
        self.rows.logged_apps().map(Some)
    }
}
