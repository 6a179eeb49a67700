//! One object per shard of registered clients. The shard's number is in the `client_id`, so that
//! whoever has the id knows whom to ask, from any place and right after the registration. Initial access
//! tokens are spread the same way.

mod clients;
pub mod messages;
mod own_tokens;
mod refusals;
mod removal;
mod schema;
mod tokens;

pub use own_tokens::{CheckClientToken, RevokeClientToken};

use latchkey_protocol::time::Lifetime;

use super::sql::Database;
use super::{Answered, Health, Known, Message, Object, Received, Storage, class, reply, unknown};
use crate::failure::Failure;
use crate::log::{Event, Level};
use crate::platform;
use messages::{
    AddToken, Change, CheckToken, ClaimAssertion, EndGrants, Find, FindRefusals, KeepRefusals,
    List, ListTokens, Read, Register, RegisterWithToken, Remove, RemoveToken, Touch,
};
use schema::MIGRATIONS;

/// Expired clients are swept together, at most this often, rather than one alarm each.
const SWEEP_EVERY: Lifetime = Lifetime::hours(1);

/// The time between two runs of the alarm while something is left to do.
const GO_ON: Lifetime = Lifetime::seconds(10);

/// The object.
pub struct ClientRegistry {
    state: worker::State,
    known: Known,
    env: worker::Env,
}

class!(ClientRegistry);

impl Object for ClientRegistry {
    fn new(state: worker::State, env: worker::Env) -> Self {
        Self { state, known: Known::default(), env }
    }

    async fn receive(&self, received: &Received) -> Answered {
        let shard = self.shard(Storage::of(&self.state, &self.known, received));
        let message = received;
        // What a message reads and writes is one step: there is no await in it, but where accounts
        // are told that a client is gone.
        match received.name.as_str() {
            Find::NAME => shard.answer(message, |shard, m: Find| shard.find(&m.client_id)),
            Read::NAME => shard.answer(message, |shard, m: Read| shard.read(&m.client_id)),
            Touch::NAME => shard.answer(message, |shard, m: Touch| shard.touch(&m)),
            Change::NAME => shard.answer(message, |shard, m: Change| shard.change(&m)),
            List::NAME => shard.answer(message, |shard, m: List| shard.list(&m)),
            CheckToken::NAME => shard.answer(message, |shard, m: CheckToken| shard.check_token(&m)),
            ListTokens::NAME => shard.answer(message, |shard, m: ListTokens| shard.list_tokens(&m)),
            RemoveToken::NAME => {
                shard.answer(message, |shard, m: RemoveToken| shard.remove_token(&m))
            }
            CheckClientToken::NAME => {
                shard.answer(message, |shard, m: CheckClientToken| shard.check_client_token(&m))
            }
            FindRefusals::NAME => {
                shard.answer(message, |shard, m: FindRefusals| shard.find_refusals(&m))
            }
            KeepRefusals::NAME => {
                let answered =
                    shard.answer(message, |shard, m: KeepRefusals| shard.keep_refusals(m));
                shard.ensure_alarm(SWEEP_EVERY).await;
                answered
            }
            Health::NAME => reply::<Health>(shard.storage.health(MIGRATIONS)),
            RevokeClientToken::NAME => {
                let answered = shard
                    .answer(message, |shard, m: RevokeClientToken| shard.revoke_client_token(&m));
                shard.ensure_alarm(SWEEP_EVERY).await;
                answered
            }
            ClaimAssertion::NAME => {
                let answered =
                    shard.answer(message, |shard, m: ClaimAssertion| shard.claim_assertion(&m));
                shard.ensure_alarm(SWEEP_EVERY).await;
                answered
            }
            Register::NAME => {
                let answered =
                    shard.answer(message, |shard, m: Register| shard.register(&m.record));
                shard.ensure_alarm(SWEEP_EVERY).await;
                answered
            }
            RegisterWithToken::NAME => {
                let answered = shard
                    .answer(message, |shard, m: RegisterWithToken| shard.register_with_token(m));
                shard.ensure_alarm(SWEEP_EVERY).await;
                answered
            }
            AddToken::NAME => {
                let answered = shard.answer(message, |shard, m: AddToken| shard.add_token(&m));
                shard.ensure_alarm(SWEEP_EVERY).await;
                answered
            }
            Remove::NAME => {
                let answered = shard.answer(message, |shard, m: Remove| shard.remove(&m));
                // Sooner than a sweep: whoever asked may not get as far as `EndGrants`.
                shard.set_alarm(GO_ON).await;
                answered
            }
            EndGrants::NAME => match received.message::<EndGrants>() {
                Ok(message) => {
                    let left = shard.end_grants_of(&message).await;
                    reply::<EndGrants>(left)
                }
                Err(failure) => reply::<EndGrants>(Err(failure)),
            },
            name => unknown(name),
        }
    }

    async fn alarm(&self) -> Result<(), Failure> {
        let now = platform::now();
        let shard = self.shard(Storage::of_alarm(&self.state, &self.known));
        let (next, removal) = (shard.sweep(now)?, shard.end_grants_of_removed().await?);
        if let Some(next) = [next, removal].into_iter().flatten().min() {
            shard.set_alarm(next).await;
        }
        Ok(())
    }
}

impl ClientRegistry {
    const fn shard<'a>(&'a self, storage: Storage<'a>) -> Shard<'a> {
        Shard { storage, env: &self.env }
    }
}

/// One message's view of the shard.
struct Shard<'a> {
    storage: Storage<'a>,
    env: &'a worker::Env,
}

impl Shard<'_> {
    fn answer<M: Message>(
        &self,
        received: &Received,
        decide: impl FnOnce(&Self, M) -> Result<M::Reply, Failure>,
    ) -> Answered {
        reply::<M>(received.message().and_then(|message| decide(self, message)))
    }

    /// The shard's rows; `None` when it never had any.
    fn existing(&self) -> Result<Option<Database>, Failure> {
        self.storage.existing(MIGRATIONS)
    }

    /// The shard's rows, about to be written.
    fn created(&self) -> Result<Database, Failure> {
        self.storage.created(MIGRATIONS)
    }

    async fn ensure_alarm(&self, after: Lifetime) {
        match self.storage.has_alarm().await {
            Ok(true) => {}
            Ok(false) => self.set_alarm(after).await,
            Err(cause) => alarm_not_set(&cause),
        }
    }

    /// What the message changed is written and has to be answered, whatever becomes of the alarm.
    async fn set_alarm(&self, after: Lifetime) {
        if let Err(cause) = self.storage.set_alarm(after).await {
            alarm_not_set(&cause);
        }
    }
}

fn alarm_not_set(cause: &worker::Error) {
    Event::new(Level::Error, "alarm not set").with("cause", cause.to_string()).write();
}
