//! A request, as the endpoints see it.

use futures_util::future::select;
use latchkey_protocol::params::{Parameters, ParametersError};
use std::cell::OnceCell;
use std::time::Duration;

use super::body::{self, BodyError, BodyStream};
use super::headers;
use crate::wait::Wait;

/// A longer query was never a sensible request; the platform itself ends at 16 KB.
pub const MAX_QUERY_BYTES: usize = 15 * 1024;

/// How long an answer that is decided waits for a body that nobody will look at.
const DISCARD_PATIENCE: Duration = Duration::from_secs(1);

/// A request whose body was not read yet.
#[derive(Debug)]
pub struct Incoming {
    method: String,
    path: String,
    query: Option<String>,
    authority: String,
    request: web_sys::Request,
    /// Every header, once somebody has wanted all of them.
    headers: OnceCell<Vec<(String, String)>>,
}

impl Incoming {
    /// Takes the platform's request over; `None` when it has no readable URL.
    pub fn new(request: web_sys::Request) -> Option<Self> {
        // The URL is taken apart as it came. A URL parser would resolve `%2e%2e`, and then the path
        // that was checked wouldn't be the one that somebody behind this server sees.
        let url = request.url();
        let (_, rest) = url.split_once("://")?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, format!("/{path}")),
            None => (rest, "/".to_owned()),
        };
        Some(Self {
            method: request.method(),
            path,
            query,
            authority: authority.to_ascii_lowercase(),
            request,
            headers: OnceCell::new(),
        })
    }

    /// The method in upper case, as sent.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, undecoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it came, without its question mark; `None` when there is no question mark.
    pub fn raw_query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The host that the client asked for, without its port. Nothing but the hint that `ISSUER` was
    /// forgotten is derived from it.
    pub fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// The host that the client asked for, with its port if it named one, in lower case. It only
    /// chooses among the resources that the configuration has on other origins.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A header; several of one name are joined with `, `.
    pub fn header(&self, name: &str) -> Option<String> {
        match self.headers.get() {
            Some(headers) => {
                headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
            }
            None => self.request.headers().get(name).ok().flatten(),
        }
    }

    /// Every header with its value; several of one name are joined with `, `.
    pub fn headers(&self) -> &[(String, String)] {
        self.headers.get_or_init(|| headers::all(&self.request.headers()))
    }

    /// The city and the country that the network says the request came from, such as
    /// "Lisbon, PT"; `None` when it doesn't say.
    pub fn place(&self) -> Option<String> {
        let cf = worker::Request::from(Clone::clone(&self.request)).cf()?.clone();
        let parts: Vec<String> = [cf.city(), cf.country()].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Whether a browser asks for a page, as opposed to a program that asks for data.
    pub fn is_from_a_person(&self) -> bool {
        self.header("accept").is_some_and(|accept| accept.contains("text/html"))
    }

    /// The query's parameters.
    pub fn query(&self) -> Result<Parameters, ParametersError> {
        let query = self.query.as_deref().unwrap_or_default();
        if query.len() > MAX_QUERY_BYTES {
            return Err(ParametersError::TooManyParameters);
        }
        Parameters::parse(query.as_bytes())
    }

    /// The body of a form post.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when it is of another type, too large, or unreadable.
    pub async fn form(&mut self) -> Result<Parameters, BodyError> {
        let bytes = body::read(&self.request).await?;
        self.require_content_type("application/x-www-form-urlencoded")?;
        Parameters::parse(&bytes).map_err(|_| BodyError::MalformedForm)
    }

    /// The bytes of a JSON body.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when it is of another type, too large, or can't be read.
    pub async fn json(&mut self) -> Result<Vec<u8>, BodyError> {
        let bytes = body::read(&self.request).await?;
        self.require_content_type("application/json")?;
        Ok(bytes)
    }

    /// The bytes of a JSON merge patch, which may also call itself plain JSON
    /// ([RFC 7396 section 4](https://www.rfc-editor.org/rfc/rfc7396#section-4)).
    ///
    /// # Errors
    ///
    /// As [`Self::json`].
    pub async fn merge_patch(&mut self) -> Result<Vec<u8>, BodyError> {
        let bytes = body::read(&self.request).await?;
        self.require_content_type("application/json")
            .or_else(|_| self.require_content_type("application/merge-patch+json"))?;
        Ok(bytes)
    }

    /// The bytes of a JSON body, or nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::json`].
    pub async fn json_or_nothing(&mut self) -> Result<Vec<u8>, BodyError> {
        let bytes = body::read(&self.request).await?;
        if !bytes.is_empty() {
            self.require_content_type("application/json")?;
        }
        Ok(bytes)
    }

    /// The bytes of a body of any type.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when it has more than `limit` bytes, or can't be read.
    pub async fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        body::read_at_most(&self.request, limit).await
    }

    /// The body, unread; `None` when the request has none, or it was read already.
    pub fn stream(&self) -> Option<BodyStream> {
        if self.request.body_used() { None } else { self.request.body().map(BodyStream::new) }
    }

    /// Takes a body in that nobody will look at, as far as it comes in a moment. A connection whose request
    /// wasn't read to its end can't be used again, and the client behind it would be told that the server broke
    /// off; one that sends slowly or without end keeps nobody from an answer that is decided.
    pub async fn discard_body(&mut self) {
        let patience = Wait::of(DISCARD_PATIENCE);
        // Whatever is wrong with it, the answer is already decided.
        drop(select(Box::pin(body::read(&self.request)), patience).await);
    }

    fn require_content_type(&self, wanted: &'static str) -> Result<(), BodyError> {
        let found = self.header("content-type").unwrap_or_default();
        // RFC 9110 section 8.3.1: the type is case-insensitive and may have parameters.
        let essence = found.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case(wanted) {
            Ok(())
        } else {
            Err(BodyError::WrongContentType { wanted })
        }
    }
}
