//! A man in the middle: a proxy in front of a server that notes what passes, and that can keep it,
//! answer itself, or lose the answer, as a network does.
//!
//! The server's issuer is the proxy's address, so its clients need not be told of it. Several cases use
//! one proxy at once: what it does to a request depends on the request's `client_id`.

use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::document_host::Answer;
use crate::http::{PROXY_RETRIES, is_proxys_own};
use crate::loopback::{Loopback, Reaction, Request};

/// How long something that a case waits for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running proxy. It ends with the process.
#[derive(Debug)]
pub struct Middle {
    loopback: Loopback,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::blocking::Client,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Where it leads.
    server: String,
    /// What the next requests of a client to a path meet, and then all others.
    plans: HashMap<(String, String), Plan>,
    passed: Vec<Passed>,
}

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Turn>,
    always: Option<Turn>,
    /// How many requests have come.
    begun: usize,
}

/// What the proxy does with a request.
#[derive(Clone)]
pub enum Turn {
    /// Nothing.
    Pass,
    /// It answers itself, and the server never hears of it.
    Answer(Answer),
    /// It passes the request on and drops the answer.
    LoseAnswer,
    /// It closes the connection, and the server never hears of it.
    Unreachable,
    /// It changes the JSON of the answer.
    Rewrite(fn(&mut Value)),
    /// It waits for [`Hold::release`] first, and then does this.
    Hold(Hold, Box<Turn>),
    /// It does this, and keeps the answer until [`Hold::release`].
    HoldAnswer(Hold, Box<Turn>),
}

impl fmt::Debug for Turn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pass => "Pass",
            Self::Answer(_) => "Answer",
            Self::LoseAnswer => "LoseAnswer",
            Self::Unreachable => "Unreachable",
            Self::Rewrite(_) => "Rewrite",
            Self::Hold(..) => "Hold",
            Self::HoldAnswer(..) => "HoldAnswer",
        })
    }
}

/// Keeps requests until it is released.
#[derive(Debug, Clone, Default)]
pub struct Hold(Arc<(Mutex<bool>, Condvar)>);

impl Hold {
    /// Lets every request go that waits, and those to come.
    pub fn release(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// The turn of waiting for this, and then `then`.
    #[must_use]
    pub fn before(&self, then: Turn) -> Turn {
        Turn::Hold(self.clone(), Box::new(then))
    }

    /// The turn of doing this, and waiting before it is answered.
    #[must_use]
    pub fn after(&self, first: Turn) -> Turn {
        Turn::HoldAnswer(self.clone(), Box::new(first))
    }

    fn wait(&self) {
        let released = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A case that fails meanwhile releases nothing.
        drop(self.0.1.wait_timeout_while(released, PATIENCE, |released| !*released));
    }
}

/// A request that was answered, by the server or the proxy.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The request.
    pub request: Request,
    /// The status of the answer.
    pub status: u16,
    /// The JSON of the answer, or null.
    pub json: Value,
}

impl Passed {
    /// A member of the answer.
    ///
    /// # Panics
    ///
    /// When it has none of this name that is text.
    #[track_caller]
    #[must_use]
    pub fn member(&self, name: &str) -> String {
        let text = self.json[name].as_str();
        text.unwrap_or_else(|| panic!("no {name}: {} {}", self.status, self.json)).to_owned()
    }
}

impl Middle {
    /// Starts it; it leads nowhere yet.
    ///
    /// # Panics
    ///
    /// When there is no port for it.
    #[must_use]
    pub fn start() -> Self {
        let http = reqwest::blocking::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build()
            .expect("HTTP client");
        let shared = Arc::new(Shared { http, state: Mutex::default(), changed: Condvar::new() });
        let own = Arc::clone(&shared);
        Self { loopback: Loopback::start(move |request| own.react(request)), shared }
    }

    /// Leads it to a server at this address.
    pub fn lead_to(&self, address: &str) {
        address.clone_into(&mut self.shared.state().server);
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.loopback.port()
    }

    /// Its address, which is the issuer of the server behind it.
    #[must_use]
    pub fn origin(&self) -> String {
        self.loopback.origin()
    }

    /// What the next requests of a client to a path meet, one turn each.
    pub fn next(&self, client_id: &str, path: &str, turns: impl IntoIterator<Item = Turn>) {
        self.shared.plan(client_id, path, |plan| plan.next.extend(turns));
    }

    /// What all requests of a client to a path meet from now on, unless they have a turn of their own.
    pub fn always(&self, client_id: &str, path: &str, turn: Turn) {
        self.shared.plan(client_id, path, |plan| plan.always = Some(turn));
    }

    /// The requests of a client to a path that were answered, in the order of their answers.
    #[must_use]
    pub fn passed(&self, client_id: &str, path: &str) -> Vec<Passed> {
        let all = self.everything();
        let own = all.into_iter().filter(|passed| {
            passed.request.path() == path
                && passed.request.field("client_id").as_deref() == Some(client_id)
        });
        own.collect()
    }

    /// The requests to a path that name no client and were answered.
    #[must_use]
    pub fn passed_by_nobody(&self, path: &str) -> Vec<Passed> {
        let all = self.everything().into_iter();
        all.filter(|passed| {
            passed.request.path() == path && passed.request.field("client_id").is_none()
        })
        .collect()
    }

    /// Everything that was answered.
    #[must_use]
    pub fn everything(&self) -> Vec<Passed> {
        self.shared.state().passed.clone()
    }

    /// How many requests of a client to a path have come, answered or not.
    #[must_use]
    pub fn begun(&self, client_id: &str, path: &str) -> usize {
        self.shared.plan(client_id, path, |plan| plan.begun)
    }

    /// Waits until so many requests of a client to a path have come, answered or not.
    ///
    /// # Panics
    ///
    /// When they don't.
    #[track_caller]
    pub fn wait_until_begun(&self, client_id: &str, path: &str, count: usize) {
        let key = (client_id.to_owned(), path.to_owned());
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state();
        loop {
            let begun = state.plans.get(&key).map_or(0, |plan| plan.begun);
            if begun >= count {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{count} requests to {path}, but {begun} came");
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan<T>(&self, client_id: &str, path: &str, change: impl FnOnce(&mut Plan) -> T) -> T {
        let key = (client_id.to_owned(), path.to_owned());
        let changed = change(self.state().plans.entry(key).or_default());
        self.changed.notify_all();
        changed
    }

    fn react(&self, request: &Request) -> Reaction {
        let client_id = request.field("client_id").unwrap_or_default();
        let turn = self.plan(&client_id, request.path(), |plan| {
            plan.begun += 1;
            plan.next.pop_front().or_else(|| plan.always.clone()).unwrap_or(Turn::Pass)
        });
        self.take(turn, request)
    }

    fn take(&self, turn: Turn, request: &Request) -> Reaction {
        match turn {
            Turn::Hold(hold, then) => {
                hold.wait();
                self.take(*then, request)
            }
            Turn::HoldAnswer(hold, first) => {
                let reaction = self.take(*first, request);
                hold.wait();
                reaction
            }
            Turn::Unreachable => Reaction::Hangup,
            Turn::Answer(answer) => self.noted(request, answer).into(),
            Turn::Pass => self
                .forward(request)
                .map_or(Reaction::Hangup, |answer| self.noted(request, answer).into()),
            Turn::LoseAnswer => {
                if let Some(answer) = self.forward(request) {
                    self.noted(request, answer);
                }
                Reaction::Hangup
            }
            Turn::Rewrite(change) => match self.forward(request) {
                Some(mut answer) => {
                    let mut json = serde_json::from_slice(&answer.body).unwrap_or_default();
                    change(&mut json);
                    answer.body = json.to_string().into_bytes();
                    self.noted(request, answer).into()
                }
                None => Reaction::Hangup,
            },
        }
    }

    fn noted(&self, request: &Request, answer: Answer) -> Answer {
        let passed = Passed {
            request: request.clone(),
            status: answer.status,
            json: serde_json::from_slice(&answer.body).unwrap_or_default(),
        };
        self.state().passed.push(passed);
        self.changed.notify_all();
        answer
    }

    fn forward(&self, request: &Request) -> Option<Answer> {
        for _ in 0..PROXY_RETRIES {
            let answer = self.ask(request)?;
            if !is_proxys_own(answer.status, &answer.body) {
                return Some(answer);
            }
        }
        self.ask(request)
    }

    fn ask(&self, request: &Request) -> Option<Answer> {
        let url = format!("{}{}", self.state().server, request.target);
        let method = request.method.parse::<reqwest::Method>().ok()?;
        let mut call = self.http.request(method, url);
        for (name, value) in &request.headers {
            // What is of one connection, and what follows from the body.
            if !["host", "connection", "content-length", "accept-encoding"].contains(&name.as_str())
            {
                call = call.header(name, value);
            }
        }
        if !request.body.is_empty() || request.method == "POST" {
            call = call.body(request.body.clone());
        }
        let reply = call.send().ok()?;
        let headers = reply.headers().iter().filter(|(name, _)| {
            !["connection", "content-length", "transfer-encoding"].contains(&name.as_str())
        });
        let headers = headers.map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let (status, headers) = (reply.status().as_u16(), headers.collect());
        Some(Answer { status, headers, body: reply.bytes().ok()?.to_vec() })
    }
}
