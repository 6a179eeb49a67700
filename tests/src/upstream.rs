//! A server behind the gateway: it notes what reaches it and answers as the test says.
//!
//! Several cases use one upstream at once, so each has a [`Place`]: a name in the path, the query or
//! `User-Agent`, by which its requests are told from the others'.

mod body;
mod place;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use body::{Broken, Sending};
use place::{Exchange, Inner};

pub use body::Feed;
pub use place::Place;

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
    /// With this head and a body that the test feeds, [`Place::feed`].
    Fed(Whole),
    /// Never.
    Never,
    /// By closing the connection before an answer.
    Hangup,
}

impl Answer {
    /// With server-sent events that the test feeds.
    #[must_use]
    pub fn events() -> Self {
        Self::Fed(Whole::status(200).header("content-type", "text/event-stream"))
    }
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

    fn respond(&self) -> Response<Sending> {
        self.with(Sending::whole(self.body.clone()))
    }

    fn with(&self, body: Sending) -> Response<Sending> {
        let response = Response::builder().status(self.status);
        let response = self
            .headers
            .iter()
            .fold(response, |response, (name, value)| response.header(*name, value.as_str()));
        response.body(body).expect("answer")
    }
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
        let inner = Arc::new(Inner::new(answer));
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
    let find =
        |places: &[Arc<Inner>]| places.iter().find(|place| place.is_named_in(&named)).cloned();
    let place = find(&places.lock().expect("places"));
    let Some(place) = place else { return Ok(Whole::status(404).respond()) };
    // Dropped when the other side goes away before there is an answer.
    let exchange = Exchange::begin(&place);
    let received = receive(target, request, |count| place.note_bytes(count)).await?;
    place.note(received.clone());
    match place.answer() {
        Answer::Whole(whole) => Ok(exchange.ended(whole.respond())),
        Answer::By(make) => Ok(exchange.ended(make(&received).respond())),
        Answer::Fed(head) => {
            let (feed, body) = Sending::fed(exchange);
            place.hand_over(feed);
            Ok(head.with(body))
        }
        Answer::Never => std::future::pending().await,
        Answer::Hangup => Err(exchange.ended(Broken)),
    }
}

async fn receive(
    target: String,
    request: Request<Incoming>,
    noted: impl Fn(u64),
) -> Result<Received, Broken> {
    use http_body_util::BodyExt as _;
    let (head, mut stream) = request.into_parts();
    let (mut body, mut length, mut hash) = (Vec::new(), 0, Sha256::new());
    while let Some(frame) = stream.frame().await {
        let Ok(bytes) = frame.map_err(|_| Broken)?.into_data() else { continue };
        length += bytes.len() as u64;
        noted(bytes.len() as u64);
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
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
