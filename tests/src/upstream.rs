//! A server behind the gateway: it notes what reaches it and answers as the test says.
//!
//! Several cases use one upstream at once, so each has a [`Place`]: a name in the path, the query or
//! `User-Agent`, by which its requests are told from the others'.

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::random;
use crate::upstream_body::{Broken, Sending};

pub use crate::upstream_body::Feed;

/// How long a request may take from the client through the gateway to here.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is kept of a body for the test to read.
const KEPT: usize = 64 * 1024;

/// A running upstream on 127.0.0.1. It ends when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    places: Arc<Mutex<Vec<Arc<Inner>>>>,
    _runtime: Runtime,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's first 64 KB.
    pub body: Vec<u8>,
    /// How long the body was, in bytes.
    pub length: u64,
    /// The hash of the whole body.
    pub sha256: [u8; 32],
}

impl Received {
    /// The only header of this name.
    ///
    /// # Panics
    ///
    /// When it came twice.
    #[track_caller]
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice: {:?}", self.headers);
        value
    }
}

/// How a place answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With this.
    Whole(Whole),
    /// With what a function makes of the request.
    By(fn(&Received) -> Whole),
    /// With a body of this content type that the test feeds, [`Place::feed`].
    Fed(&'static str),
    /// Never.
    Never,
    /// By closing the connection before an answer.
    Hangup,
    /// With the beginning of a body, and then the end of the connection.
    BreakOff,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Whole {
    /// An answer of this status without a body.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Text with 200.
    #[must_use]
    pub fn text(body: &str) -> Self {
        Self::status(200).header("content-type", "text/plain").body(body)
    }

    /// JSON with 200.
    #[must_use]
    pub fn json(body: &serde_json::Value) -> Self {
        Self::status(200).header("content-type", "application/json").body(body.to_string())
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// Where the requests of one case arrive.
#[derive(Debug)]
pub struct Place(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    name: String,
    answer: Answer,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Requests whose head has arrived.
    begun: usize,
    received: Vec<Received>,
    feeds: Vec<Feed>,
    /// Exchanges that the other side ended early.
    abandoned: usize,
}

impl Upstream {
    /// Starts it on a free port.
    ///
    /// # Panics
    ///
    /// When there is no port.
    #[must_use]
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("port");
        let address = listener.local_addr().expect("address");
        let places: Arc<Mutex<Vec<Arc<Inner>>>> = Arc::default();
        let known = Arc::clone(&places);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let known = Arc::clone(&known);
                tokio::spawn(async move {
                    let answer = service_fn(move |request| answer(Arc::clone(&known), request));
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A connection that breaks off is what some cases are about.
                    let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Self { address, places, _runtime: runtime }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// A place of one's own.
    #[must_use]
    pub fn place(&self, answer: Answer) -> Place {
        let inner = Arc::new(Inner {
            name: random::text(16),
            answer,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        self.places.lock().expect("places").push(Arc::clone(&inner));
        Place(inner)
    }

    /// A place that answers 200 with a short text.
    #[must_use]
    pub fn plain(&self) -> Place {
        self.place(Answer::Whole(Whole::text("from the upstream")))
    }
}

async fn answer(
    places: Arc<Mutex<Vec<Arc<Inner>>>>,
    request: Request<Incoming>,
) -> Result<Response<Sending>, Broken> {
    let target = request.uri().to_string();
    let agent = request.headers().get("user-agent").and_then(|agent| agent.to_str().ok());
    let named = format!("{target} {}", agent.unwrap_or_default());
    let place = places.lock().expect("places").iter().find(|place| named.contains(&place.name)).cloned();
    let Some(place) = place else { return Ok(respond(&Whole::status(404))) };
    place.change(|state| state.begun += 1);
    // Dropped when the other side goes away before there is an answer.
    let exchange = Exchange::begin(&place);
    let received = receive(target, request).await?;
    place.change(|state| state.received.push(received.clone()));
    match &place.answer {
        Answer::Whole(whole) => Ok(exchange.ended(respond(whole))),
        Answer::By(make) => Ok(exchange.ended(respond(&make(&received)))),
        Answer::Fed(kind) => {
            let (feed, body) = Sending::fed(exchange);
            place.change(|state| state.feeds.push(feed));
            let response = Response::builder().header("content-type", *kind);
            Ok(response.body(body).expect("answer"))
        }
        Answer::Never => std::future::pending().await,
        Answer::Hangup => Err(exchange.ended(Broken)),
        Answer::BreakOff => {
            let response = Response::builder().header("content-type", "text/plain");
            Ok(response.body(exchange.ended(Sending::broken())).expect("answer"))
        }
    }
}

fn respond(whole: &Whole) -> Response<Sending> {
    let response = Response::builder().status(whole.status);
    let response = whole
        .headers
        .iter()
        .fold(response, |response, (name, value)| response.header(*name, value.as_str()));
    response.body(Sending::whole(whole.body.clone())).expect("answer")
}

async fn receive(target: String, request: Request<Incoming>) -> Result<Received, Broken> {
    use http_body_util::BodyExt as _;
    let (head, mut stream) = request.into_parts();
    let (mut body, mut length, mut hash) = (Vec::new(), 0, Sha256::new());
    while let Some(frame) = stream.frame().await {
        let Ok(bytes) = frame.map_err(|_| Broken)?.into_data() else { continue };
        length += bytes.len() as u64;
        hash.update(&bytes);
        let room = KEPT.saturating_sub(body.len()).min(bytes.len());
        body.extend_from_slice(&bytes[..room]);
    }
    Ok(Received {
        method: head.method.to_string(),
        target,
        headers: headers(&head.headers),
        body,
        length,
        sha256: hash.finalize().into(),
    })
}

fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// One request and its answer, until either side has ended it.
#[derive(Debug)]
pub(crate) struct Exchange {
    place: Arc<Inner>,
    has_ended: bool,
}

impl Exchange {
    fn begin(place: &Arc<Inner>) -> Self {
        Self { place: Arc::clone(place), has_ended: false }
    }

    /// Ends it from this side.
    pub(crate) fn ended<T>(mut self, value: T) -> T {
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
        self.wait("no request reaches the upstream", |state| (state.begun > 0).then_some(()));
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
