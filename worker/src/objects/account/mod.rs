//! One object per person: profile, sessions, grants. Whatever changes about a person changes here,
//! one message at a time.

pub mod messages;
mod rows;
mod schema;

use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::grant::authorization_code::{self, Approval, Approver};
use latchkey_protocol::grant::revoke::{self, RevokeRequest};
use latchkey_protocol::grant::{Activity, Decision, Write, refresh_token};
use latchkey_protocol::identifier::SessionId;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::session::SessionRecord;
use latchkey_protocol::time::UnixTime;
use std::rc::Rc;

use super::{Message, Received, reply, unknown};
use crate::configuration;
use crate::failure::Failure;
use crate::log::{Event, Level};
use crate::platform::{self, RuntimeEntropy};
use messages::{
    Approve, Approved, BeginSession, CheckSession, Create, Credentials, EndSession, Person, Redeem,
    Refresh, Revoke, SessionKey,
};
use rows::Rows;

/// The object.
#[worker::durable_object]
pub struct Account {
    state: worker::State,
    env: worker::Env,
}

impl worker::DurableObject for Account {
    fn new(state: worker::State, env: worker::Env) -> Self {
        Self { state, env }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
        let received = Received::read(request).await?;
        let scope = match self.open() {
            Ok(scope) => scope,
            Err(failure) => return worker::Response::error(failure.to_string(), 500),
        };
        // From here to the reply there is no await: what a message reads and writes is one step.
        let response = match received.name.as_str() {
            Create::NAME => {
                reply::<Create>(received.message().and_then(|m| create(&self.state, &m, scope.now)))
            }
            Credentials::NAME => reply::<Credentials>(scope.credentials()),
            BeginSession::NAME => {
                reply::<BeginSession>(received.message().and_then(|m| scope.begin_session(&m)))
            }
            CheckSession::NAME => {
                reply::<CheckSession>(received.message().and_then(|m| scope.check_session(&m)))
            }
            EndSession::NAME => {
                reply::<EndSession>(received.message().and_then(|m| scope.end_session(&m)))
            }
            Approve::NAME => reply::<Approve>(received.message().and_then(|m| scope.approve(&m))),
            Redeem::NAME => reply::<Redeem>(received.message().and_then(|m| scope.redeem(&m))),
            Refresh::NAME => reply::<Refresh>(received.message().and_then(|m| scope.refresh(&m))),
            Revoke::NAME => reply::<Revoke>(received.message().and_then(|m| scope.revoke(m))),
            name => return unknown(name),
        };
        if scope.rows.has_expiring_rows()
            && let Err(cause) = self.ensure_sweep().await
        {
            // What the message changed is written and has to be answered; the next message sets the
            // alarm.
            Event::new(Level::Error, "alarm not set").with("cause", cause.to_string()).write();
        }
        response
    }

    async fn alarm(&self) -> worker::Result<worker::Response> {
        let swept = self.open().and_then(|scope| scope.rows.sweep(scope.now));
        match swept {
            Ok(Some(next)) => {
                self.sweep_at(next).await?;
                worker::Response::empty()
            }
            Ok(None) => worker::Response::empty(),
            // An error, and no answer, makes the runtime try again.
            Err(failure) => Err(worker::Error::RustError(failure.to_string())),
        }
    }
}

impl Account {
    fn open(&self) -> Result<Scope, Failure> {
        let configuration = configuration::load(&self.env)
            .map_err(|error| Failure::unavailable("reading the configuration", error))?;
        let rows = Rows::open(&self.state)?;
        Ok(Scope { rows, configuration, now: platform::now() })
    }

    /// Expired rows are swept together, an hour or more apart.
    async fn ensure_sweep(&self) -> worker::Result<()> {
        if self.state.storage().get_alarm().await?.is_none() {
            self.sweep_at(platform::now()).await?;
        }
        Ok(())
    }

    async fn sweep_at(&self, at: UnixTime) -> worker::Result<()> {
        let seconds = at.since(platform::now()).as_seconds().max(rows::SWEEP_EVERY.as_seconds());
        self.state.storage().set_alarm(std::time::Duration::from_secs(seconds)).await
    }
}

/// Creates the account, unless it exists.
fn create(state: &worker::State, message: &Create, now: UnixTime) -> Result<bool, Failure> {
    let (rows, created) = Rows::create(state, message, now)?;
    if created {
        rows.log(&Activity::SignedUp, now)?;
    }
    Ok(created)
}

/// One message's view of the account.
struct Scope {
    rows: Rows,
    configuration: Rc<Configuration>,
    now: UnixTime,
}

impl Scope {
    fn credentials(&self) -> Result<Option<Secret>, Failure> {
        Ok(self.rows.profile()?.map(|profile| profile.password_hash))
    }

    fn begin_session(&self, message: &BeginSession) -> Result<Option<SessionKey>, Failure> {
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
        let session = SessionRecord::begin(key.session.clone(), &key.secret, lifetimes, self.now);
        self.rows.put_session(&session, lifetimes)?;
        self.rows.log(&Activity::SignedIn, self.now)?;
        Ok(Some(key))
    }

    fn session(&self, key: &SessionKey) -> Result<Option<SessionRecord>, Failure> {
        let session = self.rows.session(&key.session)?;
        Ok(session
            .filter(|found| found.is_open(&key.secret, &self.configuration.lifetimes, self.now)))
    }

    fn check_session(&self, message: &CheckSession) -> Result<Option<Person>, Failure> {
        let Some(session) = self.session(&message.key)? else { return Ok(None) };
        if let Some(renewed) = session.renewed(self.now) {
            self.rows.put_session(&renewed, &self.configuration.lifetimes)?;
        }
        let profile = self.rows.profile()?;
        Ok(profile.map(|profile| Person {
            email: profile.email,
            authenticated_at: session.authenticated_at,
        }))
    }

    fn end_session(&self, message: &EndSession) -> Result<(), Failure> {
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

    fn approve(&self, message: &Approve) -> Result<Approved, Failure> {
        let Some(session) = self.session(&message.key)? else { return Ok(Approved::NotSignedIn) };
        let request = &message.request;
        if message.only_if_allowed_before && !self.allowed_before(message)? {
            return Ok(Approved::NotAllowedBefore);
        }
        let stored = self.rows.grant(&request.grant)?;
        let version = stored.as_ref().map(|stored| stored.version);
        let mut decision = authorization_code::approve(
            stored.map(|stored| stored.record),
            request,
            message.client_name.as_deref(),
            Approver { account: &message.account, authenticated_at: session.authenticated_at },
            &self.configuration.lifetimes,
            self.now,
        );
        if message.only_if_allowed_before {
            // Nobody consented anew, so the person's log doesn't say that they did.
            decision.writes.retain(|write| !matches!(write, Write::Activity(_)));
        }
        self.apply(version, decision).map(|approval: Approval| Approved::Done(approval))
    }

    /// Whether a living grant of the same client to the same https address covers the request.
    /// Clients on a person's machine can't prove who they are, so for them it never does
    /// (RFC 8252 section 8.6).
    fn allowed_before(&self, message: &Approve) -> Result<bool, Failure> {
        let request = &message.request;
        if !request.redirect_uri.as_str().starts_with("https://") {
            return Ok(false);
        }
        let grants = self.rows.grants_of(&request.client_id)?;
        Ok(grants.iter().any(|grant| {
            grant.is_live(self.now)
                && grant.redirect_uri == request.redirect_uri.as_str()
                && request.scope.is_subset_of(&grant.scope)
                && request.resources.iter().all(|resource| grant.resources.contains(resource))
        }))
    }

    fn redeem(&self, message: &Redeem) -> Result<<Redeem as Message>::Reply, Failure> {
        let stored = self.rows.grant(&message.grant)?;
        let version = stored.as_ref().map(|stored| stored.version);
        let decision = authorization_code::redeem(
            stored.map(|stored| stored.record),
            &message.request,
            &self.configuration,
            self.now,
            &mut RuntimeEntropy,
        );
        self.apply(version, decision)
    }

    fn refresh(&self, message: &Refresh) -> Result<<Refresh as Message>::Reply, Failure> {
        let stored = self.rows.grant(&message.grant)?;
        let version = stored.as_ref().map(|stored| stored.version);
        let decision = refresh_token::refresh(
            stored.map(|stored| stored.record),
            &message.request,
            &self.configuration,
            self.now,
        );
        self.apply(version, decision)
    }

    fn revoke(&self, message: Revoke) -> Result<<Revoke as Message>::Reply, Failure> {
        // Giving the same access token back again is a success that adds nothing to the log.
        if let RevokeRequest::AccessToken { token_id, .. } = &message.request
            && self.rows.is_access_token_revoked(token_id)?
        {
            return Ok(Ok(()));
        }
        let stored = self.rows.grant(&message.grant)?;
        let version = stored.as_ref().map(|stored| stored.version);
        let decision = revoke::revoke(
            stored.map(|stored| stored.record),
            message.request,
            &self.configuration.lifetimes,
            self.now,
        );
        self.apply(version, decision)
    }

    fn apply<R>(&self, version: Option<u64>, decision: Decision<R>) -> Result<R, Failure> {
        for write in &decision.writes {
            self.rows.apply(write, version, self.now)?;
        }
        Ok(decision.reply)
    }
}
