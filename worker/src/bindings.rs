//! The bindings as one request uses them, with its counts: whatever is asked of the platform goes
//! through here, so that [`crate::trace`] sees it.

use crate::request_line::RequestLine;
use crate::trace::{Operation, Tally, UnderWay};

/// The bindings, as one request, or what goes on after its answer, uses them. There is no clone of it:
/// what goes on later gets its own from [`Context::afterwards`](crate::context::Context::afterwards),
/// and is counted apart.
pub struct Bindings {
    env: worker::Env,
    tally: Tally,
}

impl Bindings {
    /// For what the answer of a request waits for.
    pub fn of_request(env: worker::Env, line: &RequestLine) -> Self {
        let tally = line.traced().map(|traced| traced.waited.clone()).unwrap_or_default();
        Self { env, tally }
    }

    /// For an object that sends messages itself; `tally` is that of the message it was sent.
    pub const fn of_object(env: worker::Env, tally: Tally) -> Self {
        Self { env, tally }
    }

    /// For what goes on after the answer of the same request.
    pub fn afterwards(&self, line: &RequestLine) -> Self {
        let tally = line.traced().map(|traced| traced.afterwards.clone()).unwrap_or_default();
        Self { env: self.env.clone(), tally }
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
}
