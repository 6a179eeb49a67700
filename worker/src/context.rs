//! What every endpoint needs to serve one request.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::error::ErrorReply;
use latchkey_protocol::time::UnixTime;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use worker::worker_sys;

use crate::bindings::Bindings;
use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::http::{Answer, Incoming};
use crate::log::{Event, Level};
use crate::metrics::Metrics;
use crate::platform::{self, RuntimeEntropy};
use crate::request_line::{Refusal, RequestLine, Traced};
use crate::steps;

/// One request's surroundings.
pub struct Context {
    /// The deployment's settings.
    pub configuration: Rc<Configuration>,
    /// The bindings, for what the answer waits for.
    pub env: Bindings,
    later: Rc<worker_sys::Context>,
    /// The time at which the request arrived.
    pub now: UnixTime,
    /// The same in milliseconds.
    pub started_at: u64,
    /// What this request is called in the log, in error answers and on error pages.
    pub reference: String,
    /// Which endpoint, for the log.
    pub endpoint: &'static str,
    /// The address that the request came from, by which its network is limited. The platform sets it,
    /// and overwrites what a client sends.
    pub client_address: Option<String>,
    line: Rc<RequestLine>,
}

/// Crockford's base 32, in lower case: no letter that is mistaken for another when it is read out.
const REFERENCE_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh reference: 40 random bits, eight characters.
pub fn new_reference() -> String {
    RuntimeEntropy
        .bytes::<8>()
        .into_iter()
        .filter_map(|byte| REFERENCE_ALPHABET.get(usize::from(byte % 32)))
        .map(|character| char::from(*character))
        .collect()
}

impl Context {
    /// The surroundings of a request that has just arrived.
    pub fn new(
        configuration: Rc<Configuration>,
        env: worker::Env,
        later: worker_sys::Context,
        endpoint: &'static str,
        incoming: &Incoming,
        metrics: Option<Metrics>,
    ) -> Self {
        let (reference, started_at) = (new_reference(), platform::milliseconds());
        let traced = configuration
            .log
            .trace
            .then(|| Traced::begin(incoming.method().to_owned(), incoming.header("cf-ray")));
        let line =
            Rc::new(RequestLine::begin(endpoint, reference.clone(), started_at, traced, metrics));
        Self {
            configuration,
            env: Bindings::of_request(env, &line),
            later: Rc::new(later),
            now: UnixTime::from_seconds(started_at / 1000),
            started_at,
            reference,
            endpoint,
            client_address: incoming.header("cf-connecting-ip"),
            line,
        }
    }

    /// Goes on with something after the answer has left, in surroundings whose bindings count it apart:
    /// nobody waits for it. The platform gives it 30 seconds.
    pub fn afterwards<F: Future<Output = ()> + 'static>(&self, go_on: impl FnOnce(Self) -> F) {
        let surroundings = Self {
            configuration: Rc::clone(&self.configuration),
            env: self.env.afterwards(&self.line),
            later: Rc::clone(&self.later),
            now: self.now,
            started_at: self.started_at,
            reference: self.reference.clone(),
            endpoint: self.endpoint,
            client_address: self.client_address.clone(),
            line: Rc::clone(&self.line),
        };
        // It goes on without that too, but for less long.
        let _ = self.later.wait_until(&steps::begin_later(go_on(surroundings)));
    }

    /// A line of its own about this request, beside what it comes to.
    pub fn event(&self, level: Level, event: &str) -> Event {
        Event::new(level, event)
            .with_text("endpoint", &self.endpoint)
            .with_text("reference", &self.reference)
    }

    /// What this request comes to: part of its line.
    pub fn outcome(&self, level: Level, event: &str) -> Event {
        if !self.line.is_open() {
            return self.event(level, event);
        }
        Event::of_request(Rc::clone(&self.line), level, event)
    }

    /// Notes that the request was answered. Says why it was refused, if it was.
    pub fn answered(&self, status: u16) -> Option<Refusal> {
        self.line.answered(status)
    }

    /// Notes why the request was refused. `reason` is one of our own enums, which hold no input.
    pub fn refused(&self, reason: &dyn fmt::Debug, client: Option<&ClientId>) {
        self.outcome(Level::Warn, "refused")
            // `Debug` of a plain text adds quotes that the JSON around it has already.
            .with("reason", format!("{reason:?}").trim_matches('"').to_owned())
            .with_text("client_id", client)
            .write();
    }

    /// Refuses with an OAuth error and notes why.
    pub fn refuse(
        &self,
        reply: &ErrorReply,
        reason: &dyn fmt::Debug,
        client: Option<&ClientId>,
    ) -> Answer {
        self.refused(reason, client);
        Answer::oauth_error(reply, &self.reference)
    }

    /// Notes a failure of ours and answers an API's client: 503 and when to come back.
    pub fn failed(&self, failure: &Failure) -> Answer {
        self.failed_by(failure);
        Answer::oauth_error(&Failure::reply(), &self.reference)
            .with_header("retry-after", RETRY_AFTER_SECONDS)
    }

    /// Notes a failure of ours as what the request comes to.
    pub fn failed_by(&self, failure: &Failure) {
        self.outcome(Level::Error, "failed").with_text("cause", failure).write();
    }

    /// Logs a failure of ours that the request goes on without.
    pub fn log_failure(&self, failure: &Failure) {
        self.event(Level::Error, "failed").with_text("cause", failure).write();
    }
}
