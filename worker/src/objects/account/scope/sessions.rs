//! Signing in and out.

use latchkey_protocol::activity::Activity;
use latchkey_protocol::identifier::SessionId;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::session::SessionRecord;

use super::Scope;
use crate::failure::Failure;
use crate::objects::account::messages::{
    BeginSession, CheckSession, EndSession, Person, SessionKey,
};
use crate::platform::RuntimeEntropy;

impl Scope {
    pub fn credentials(&self) -> Result<Option<Secret>, Failure> {
        Ok(self.rows.profile()?.map(|profile| profile.password_hash))
    }

    pub fn begin_session(&self, message: BeginSession) -> Result<Option<SessionKey>, Failure> {
        if self.rows.profile()?.is_none() {
            return Ok(None);
        }
        if let Some(previous) = &message.replaces {
            self.remove_session(previous)?;
        }
        let mut entropy = RuntimeEntropy;
        let key = SessionKey {
            session: SessionId::generate(&mut entropy),
            secret: Secret::generate(&mut entropy),
        };
        let lifetimes = &self.configuration.lifetimes;
        let id = key.session.clone();
        let session = SessionRecord::begin(id, &key.secret, lifetimes, self.now, message.device);
        self.rows.put_session(&session, lifetimes)?;
        self.rows.log(&Activity::SignedIn, self.now)?;
        Ok(Some(key))
    }

    /// The session that the key opens.
    pub(super) fn session(&self, key: &SessionKey) -> Result<Option<SessionRecord>, Failure> {
        let session = self.rows.session(&key.session)?;
        Ok(session
            .filter(|found| found.is_open(&key.secret, &self.configuration.lifetimes, self.now)))
    }

    /// The session that the key opens, which is in use: it goes on.
    pub(super) fn session_in_use(
        &self,
        key: &SessionKey,
    ) -> Result<Option<SessionRecord>, Failure> {
        let session = self.session(key)?;
        if let Some(renewed) = session.as_ref().and_then(|session| session.renewed(self.now)) {
            self.rows.put_session(&renewed, &self.configuration.lifetimes)?;
            return Ok(Some(renewed));
        }
        Ok(session)
    }

    pub fn check_session(&self, message: &CheckSession) -> Result<Option<Person>, Failure> {
        self.person(&message.key)
    }

    /// Who is signed in by the key, whose session goes on.
    pub(super) fn person(&self, key: &SessionKey) -> Result<Option<Person>, Failure> {
        let Some(session) = self.session_in_use(key)? else { return Ok(None) };
        let profile = self.rows.profile()?;
        Ok(profile.map(|profile| Person {
            email: profile.email,
            authenticated_at: session.authenticated_at,
        }))
    }

    pub fn end_session(&self, message: &EndSession) -> Result<(), Failure> {
        if self.remove_session(&message.key)? {
            self.rows.log(&Activity::SignedOut, self.now)?;
        }
        Ok(())
    }

    fn remove_session(&self, key: &SessionKey) -> Result<bool, Failure> {
        let found = self.session(key)?.is_some();
        if found {
            self.rows.delete_session(&key.session)?;
        }
        Ok(found)
    }
}
