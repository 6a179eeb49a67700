//! The requests of one case, and what it makes of them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::{Answer, Feed, Received};
use crate::random;

/// How long a request may take from the client through the gateway to here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the requests of one case arrive.
#[derive(Debug)]
pub struct Place(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    name: String,
    answer: Answer,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Requests whose head has arrived.
    begun: usize,
    /// How much of their bodies has arrived, in bytes.
    arrived: u64,
    received: Vec<Received>,
    feeds: Vec<Feed>,
    /// Exchanges that the other side ended early.
    abandoned: usize,
}

/// One request and its answer, until either side has ended it.
#[derive(Debug)]
pub(super) struct Exchange {
    place: Arc<Inner>,
    has_ended: bool,
}

impl Exchange {
    /// Notes the beginning of a request.
    pub(super) fn begin(place: &Arc<Inner>) -> Self {
        place.change(|state| state.begun += 1);
        Self { place: Arc::clone(place), has_ended: false }
    }

    /// Ends it from this side.
    pub(super) fn ended<T>(mut self, value: T) -> T {
        self.has_ended = true;
        value
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.has_ended {
            self.place.change(|state| state.abandoned += 1);
        }
    }
}

impl Inner {
    pub(super) fn new(answer: Answer) -> Self {
        Self { name: random::text(16), answer, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Whether a request with this target or agent is for this place.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        text.contains(&self.name)
    }

    pub(super) const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Notes a part of a body.
    pub(super) fn note_bytes(&self, count: u64) {
        self.change(|state| state.arrived += count);
    }

    /// Notes a whole request.
    pub(super) fn note(&self, received: Received) {
        self.change(|state| state.received.push(received));
    }

    /// Hands the test what feeds an answer.
    pub(super) fn hand_over(&self, feed: Feed) {
        self.change(|state| state.feeds.push(feed));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // Also called while a test that has failed lets go of everything.
        if let Ok(mut state) = self.state.lock() {
            change(&mut state);
        }
        self.changed.notify_all();
    }
}

impl Place {
    /// Its name, to be put in the path, the query or `User-Agent`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("state")
    }

    /// Waits until `found` finds something.
    #[track_caller]
    fn wait<T>(&self, what: &str, mut found: impl FnMut(&mut State) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if let Some(found) = found(&mut state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what}: {state:?}");
            state = self.0.changed.wait_timeout(state, left).expect("state").0;
        }
    }

    /// How many requests have begun to arrive, bodies or not.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.state().begun
    }

    /// The requests that have arrived whole.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// The one request that has arrived.
    ///
    /// # Panics
    ///
    /// When it is none, or more than one.
    #[track_caller]
    #[must_use]
    pub fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "one request at the upstream: {received:?}");
        received.remove(0)
    }

    /// Waits for a request to begin.
    ///
    /// # Panics
    ///
    /// When none does.
    #[track_caller]
    pub fn wait_for_request(&self) {
        self.wait_for_requests(1);
    }

    /// Waits for so many requests to begin.
    ///
    /// # Panics
    ///
    /// When they don't.
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize) {
        let what = "not as many requests reach the upstream";
        self.wait(what, |state| (state.begun >= count).then_some(()));
    }

    /// Waits until this much of a body has arrived.
    ///
    /// # Panics
    ///
    /// When it doesn't.
    #[track_caller]
    pub fn wait_for_bytes(&self, count: u64) {
        self.wait("the body doesn't arrive", |state| (state.arrived >= count).then_some(()));
    }

    /// Whether the other side has gone away in the middle of an exchange.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.state().abandoned > 0
    }

    /// Waits for a request that the test feeds the answer of.
    ///
    /// # Panics
    ///
    /// When none comes.
    #[track_caller]
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.wait("nobody waits to be fed", |state| state.feeds.pop())
    }

    /// Waits until the other side has gone away in the middle of an exchange.
    ///
    /// # Panics
    ///
    /// When it doesn't.
    #[track_caller]
    pub fn wait_until_abandoned(&self) {
        self.wait("nobody goes away", |state| (state.abandoned > 0).then_some(()));
    }
}
