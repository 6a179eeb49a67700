//! One object per person: profile, sessions, grants. Whatever changes about a person changes here,
//! one message at a time.

pub mod messages;
mod recent_refusals;
mod rows;
mod schema;
mod scope;

use latchkey_protocol::time::UnixTime;

use super::{
    Answered, Health, Known, Message, Object, Received, Storage, alarm_failed, class, reply,
    unknown,
};
use crate::configuration;
use crate::failure::Failure;
use crate::log::{Event, Level};
use crate::platform;
use messages::{
    Approve, BeginSession, BringRequest, CheckAccess, CheckPersonalAccessToken, CheckSession,
    Create, CreateToken, Credentials, EndGrantsOf, EndOtherSessions, EndSession, EndSessionOf,
    GiveBackUserCode, GrantDevice, InspectRefreshToken, Log, LoggedApps, Overview, ReadActivity,
    Redeem, RedeemDevice, Refresh, Revoke, RevokeApp, RevokeToken, StillGood, TryUserCode,
};
use recent_refusals::RecentRefusals;
use rows::Rows;
use scope::{Scope, create};

/// The object.
pub struct Account {
    state: worker::State,
    known: Known,
    env: worker::Env,
    recent_refusals: RecentRefusals,
}

class!(Account);

impl Object for Account {
    fn new(state: worker::State, env: worker::Env) -> Self {
        Self { state, known: Known::default(), env, recent_refusals: RecentRefusals::default() }
    }

    async fn receive(&self, received: &Received) -> Answered {
        let storage = Storage::of(&self.state, &self.known, received);
        if received.name == Health::NAME {
            return reply::<Health>(storage.health(schema::MIGRATIONS));
        }
        let scope = self.open(&storage)?;
        // From here to the reply there is no await: what a message reads and writes is one step.
        let (now, message) = (scope.now, received);
        let answered = match received.name.as_str() {
            Create::NAME => answer(message, |m: Create| create(&storage, &m, now)),
            Credentials::NAME => answer(message, |_: Credentials| scope.credentials()),
            BeginSession::NAME => {
                answer(message, |m: BeginSession| scope.rows.together(|| scope.begin_session(m)))
            }
            CheckSession::NAME => answer(message, |m: CheckSession| scope.check_session(&m)),
            EndSession::NAME => {
                answer(message, |m: EndSession| scope.rows.together(|| scope.end_session(&m)))
            }
            BringRequest::NAME => answer(message, |m: BringRequest| scope.bring_request(m)),
            Approve::NAME => answer(message, |m: Approve| scope.approve(&m)),
            Redeem::NAME => answer(message, |m: Redeem| scope.redeem(&m)),
            Refresh::NAME => answer(message, |m: Refresh| scope.refresh(&m)),
            EndGrantsOf::NAME => answer(message, |m: EndGrantsOf| scope.end_grants_of(&m)),
            Revoke::NAME => answer(message, |m: Revoke| scope.revoke(m)),
            TryUserCode::NAME => answer(message, |m: TryUserCode| scope.try_user_code(&m)),
            GiveBackUserCode::NAME => {
                answer(message, |m: GiveBackUserCode| scope.give_back_user_code(&m))
            }
            GrantDevice::NAME => answer(message, |m: GrantDevice| scope.grant_device(&m)),
            RedeemDevice::NAME => answer(message, |m: RedeemDevice| scope.redeem_device(&m)),
            CheckAccess::NAME => answer(message, |m: CheckAccess| scope.check_access(&m)),
            CheckPersonalAccessToken::NAME => {
                answer(message, |m: CheckPersonalAccessToken| scope.check_personal_access_token(&m))
            }
            InspectRefreshToken::NAME => {
                answer(message, |m: InspectRefreshToken| scope.inspect_refresh_token(&m))
            }
            StillGood::NAME => answer(message, |m: StillGood| scope.still_good(&m)),
            Log::NAME => answer(message, |m: Log| scope.log(m, &self.recent_refusals)),
            Overview::NAME => answer(message, |m: Overview| scope.overview(&m)),
            RevokeApp::NAME => answer(message, |m: RevokeApp| scope.revoke_app(&m)),
            CreateToken::NAME => {
                answer(message, |m: CreateToken| scope.rows.together(|| scope.create_token(&m)))
            }
            RevokeToken::NAME => {
                answer(message, |m: RevokeToken| scope.rows.together(|| scope.revoke_token(&m)))
            }
            EndSessionOf::NAME => {
                answer(message, |m: EndSessionOf| scope.rows.together(|| scope.end_session_of(&m)))
            }
            EndOtherSessions::NAME => answer(message, |m: EndOtherSessions| {
                scope.rows.together(|| scope.end_other_sessions(&m))
            }),
            LoggedApps::NAME => answer(message, |m: LoggedApps| scope.logged_apps(&m)),
            ReadActivity::NAME => answer(message, |m: ReadActivity| scope.read_activity(&m)),
            name => return unknown(name),
        };
        if scope.rows.has_expiring_rows()
            && let Err(cause) = ensure_sweep(&storage).await
        {
            // What the message changed is written and has to be answered; the next message sets the
            // alarm.
            Event::new(Level::Error, "alarm not set").with("cause", cause.to_string()).write();
        }
        answered
    }

    async fn alarm(&self) -> Result<(), Failure> {
        let storage = Storage::of_alarm(&self.state, &self.known);
        let scope = self.open(&storage)?;
        if let Some(next) = scope.rows.sweep(scope.now)? {
            sweep_at(&storage, next).await.map_err(alarm_failed)?;
        }
        Ok(())
    }
}

impl Account {
    fn open(&self, storage: &Storage<'_>) -> Result<Scope, Failure> {
        let configuration = configuration::load(&self.env)
            .map_err(|error| Failure::unavailable("reading the configuration", error))?;
        let rows = Rows::open(storage)?;
        Ok(Scope { rows, configuration, now: platform::now() })
    }
}

/// Expired rows are swept together, an hour or more apart.
async fn ensure_sweep(storage: &Storage<'_>) -> worker::Result<()> {
    if !storage.has_alarm().await? {
        sweep_at(storage, platform::now()).await?;
    }
    Ok(())
}

async fn sweep_at(storage: &Storage<'_>, at: UnixTime) -> worker::Result<()> {
    storage.set_alarm(at.since(platform::now()).max(rows::SWEEP_EVERY)).await
}

/// Reads the message, decides and writes the reply.
fn answer<M: Message>(
    received: &Received,
    decide: impl FnOnce(M) -> Result<M::Reply, Failure>,
) -> Answered {
    reply::<M>(received.message().and_then(decide))
}
