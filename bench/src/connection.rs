//! One keep-alive HTTP/1.1 connection to a contender, and what is said on it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Of an answer that is not what was expected, this much is shown.
const SHOWN: usize = 600;

/// What may be the matter when the other end closes a connection.
const CLOSED: &str = " (a runtime that doesn't get to a connection for 5 seconds closes it: is the \
    machine busy with something else, or is this too many connections for it?)";

/// A request that can be sent again and again.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Call {
    /// `GET` of a path.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// `POST` of a form to a path.
    pub fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let body = encode(fields);
        Self::post(path.into(), "application/x-www-form-urlencoded", body)
    }

    /// `POST` of JSON to a path.
    pub fn json(path: impl Into<String>, value: &Value) -> Self {
        Self::post(path.into(), "application/json", value.to_string())
    }

    fn post(path: String, content_type: &'static str, body: String) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Self { method: Method::POST, path, headers, body: body.into() }
    }

    /// The same with a bearer token.
    pub fn bearer(self, token: &str) -> Result<Self> {
        self.header(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// The same with a browser's cookies.
    pub fn cookies(self, cookies: &str) -> Result<Self> {
        self.header(COOKIE, cookies)
    }

    /// The same with one header more.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self> {
        self.headers.push((name, value.parse().context("a header's value")?));
        Ok(self)
    }

    fn request(&self, host: &HeaderValue) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse().with_context(|| format!("path {}", self.path))?;
        request.headers_mut().insert(HOST, host.clone());
        request.headers_mut().extend(self.headers.iter().cloned());
        Ok(request)
    }
}

/// Fields as a form or a query has them.
pub fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The answer to a call.
#[derive(Debug)]
pub struct Reply {
    asked: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// Whether it has this status.
    pub fn is(&self, status: u16) -> bool {
        self.status.as_u16() == status
    }

    /// The same, if it has this status.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status.as_u16() != status {
            bail!("{status} was expected: {}", self.describe());
        }
        Ok(self)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("JSON was expected: {}", self.describe()))
    }

    /// The texts of these members of the body.
    pub fn members<const N: usize>(&self, names: [&str; N]) -> Result<[String; N]> {
        let value = self.json()?;
        let mut found = [const { String::new() }; N];
        for (text, name) in found.iter_mut().zip(names) {
            let member = value.get(name).and_then(Value::as_str);
            *text = member.with_context(|| format!("no {name} in {}", self.describe()))?.to_owned();
        }
        Ok(found)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The code in the query of the address that the browser is sent to.
    pub fn code(&self) -> Result<String> {
        let location = self.header("location").unwrap_or_default();
        let query = location.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let code = pairs.find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        code.with_context(|| format!("no code in {location:?}, the answer to {}", self.asked))
    }

    /// The names and values of the cookies that it sets.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.headers.get_all("set-cookie").iter();
        all.filter_map(|value| value.to_str().ok()?.split(';').next()?.split_once('='))
    }

    /// What was asked and what was answered, for a message.
    pub fn describe(&self) -> String {
        let text: String = self.text().chars().take(SHOWN).collect();
        format!("{} answered {} {:?} {text}", self.asked, self.status, self.header("location"))
    }
}

/// The runtime closes what is idle for 5 seconds: whoever was away for longer than this connects anew.
const AWAY: Duration = Duration::from_secs(2);

/// A connection that stays open as long as it is used.
pub struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    used_at: Instant,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let sender = Self::connect(address).await?;
        let (host, used_at) = (address.to_string().parse()?, Instant::now());
        Ok(Self { address, sender, host, used_at })
    }

    async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await?;
        // When it fails, so does the call that is under way, and says it.
        tokio::spawn(driver);
        Ok(sender)
    }

    /// Sends a call and reads the whole answer.
    pub async fn send(&mut self, call: &Call) -> Result<Reply> {
        let asked = || format!("{} {}", call.method, call.path);
        let request = call.request(&self.host)?;
        if self.used_at.elapsed() > AWAY {
            self.sender = Self::connect(self.address).await?;
        }
        let answer = match self.sender.ready().await {
            Ok(()) => self.sender.send_request(request).await,
            Err(error) => Err(error),
        };
        let answer = answer.with_context(|| format!("{} had no answer{CLOSED}", asked()))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.with_context(asked)?.to_bytes();
        self.used_at = Instant::now();
        Ok(Reply { asked: asked(), status: head.status, headers: head.headers, body })
    }
}
