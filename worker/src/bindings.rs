//! The bindings as one request uses them, with its counts: whatever is asked of the platform goes
//! through here, so that [`crate::trace`] sees it.

use std::rc::Rc;

use crate::trace::{Operation, Tally, Trace, UnderWay};

/// The bindings, as one request, or what goes on after its answer, uses them. There is no clone of it:
/// what goes on later gets its own from [`Context::afterwards`](crate::context::Context::afterwards),
/// and is counted apart.
pub struct Bindings {
    env: worker::Env,
    tally: Tally,
    /// Kept for its line, which is written with the last of these.
    trace: Option<Rc<Trace>>,
}

impl Bindings {
    /// For what the answer of a request waits for. `trace` is there where the configuration wants it.
    pub fn of_request(env: worker::Env, trace: Option<Trace>) -> Self {
        let trace = trace.map(Rc::new);
        let tally = trace.as_ref().map(|trace| trace.waited.clone()).unwrap_or_default();
        Self { env, tally, trace }
    }

    /// For an object that sends messages itself; `tally` is that of the message it was sent.
    pub fn of_object(env: worker::Env, tally: Tally) -> Self {
        Self { env, tally, trace: None }
    }

    /// For what goes on after the answer of the same request.
    pub fn afterwards(&self) -> Self {
        let tally = self.trace.as_ref().map(|trace| trace.afterwards.clone()).unwrap_or_default();
        Self { env: self.env.clone(), tally, trace: self.trace.clone() }
    }

    /// The platform's own. Whoever asks something of it counts that.
    pub const fn platform(&self) -> &worker::Env {
        &self.env
    }

    /// The counts.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Counts a hop, which is under way until what is returned is dropped.
    pub fn hop(&self, operation: Operation) -> UnderWay {
        self.tally.hop(operation)
    }

    /// Notes that the request was answered.
    pub fn answered(&self, status: u16) {
        if let Some(trace) = &self.trace {
            trace.answered(status);
        }
    }
}
