//! A request, as the endpoints see it.

use latchkey_protocol::params::{Parameters, ParametersError};

use super::body::{self, BodyError};

/// A longer query was never a sensible request; the platform itself ends at 16 KB.
pub const MAX_QUERY_BYTES: usize = 15 * 1024;

/// A request whose body was not read yet.
#[derive(Debug)]
pub struct Incoming {
    method: String,
    path: String,
    query: String,
    host: String,
    request: worker::Request,
}

impl Incoming {
    /// Takes the platform's request over; `None` when it has no readable URL.
    pub fn new(request: worker::Request) -> Option<Self> {
        // The path is taken from the URL as it came: `Request::path` would decode nothing either,
        // and routing compares byte for byte.
        let url = request.url().ok()?;
        Some(Self {
            method: request.inner().method(),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            request,
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

    /// The host that the client asked for. Only for the hint that `ISSUER` was forgotten; nothing
    /// is ever derived from it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A header; several of one name are joined with `, `.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// Whether a browser asks for a page, as opposed to a program that asks for data.
    pub fn is_from_a_person(&self) -> bool {
        self.header("accept").is_some_and(|accept| accept.contains("text/html"))
    }

    /// The query's parameters.
    pub fn query(&self) -> Result<Parameters, ParametersError> {
        if self.query.len() > MAX_QUERY_BYTES {
            return Err(ParametersError::TooManyParameters);
        }
        Parameters::parse(self.query.as_bytes())
    }

    /// The body of a form post.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when it is of another type, too large, or unreadable.
    pub async fn form(&mut self) -> Result<Parameters, BodyError> {
        let bytes = body::read(&mut self.request).await?;
        self.require_content_type("application/x-www-form-urlencoded")?;
        Parameters::parse(&bytes).map_err(|_| BodyError::MalformedForm)
    }

    /// The bytes of a JSON body.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when it is of another type, too large, or can't be read.
    pub async fn json(&mut self) -> Result<Vec<u8>, BodyError> {
        let bytes = body::read(&mut self.request).await?;
        self.require_content_type("application/json")?;
        Ok(bytes)
    }

    /// Takes a body in that nobody will look at. A connection whose request wasn't read to its end
    /// can't be used again, and the client behind it would be told that the server broke off.
    pub async fn discard_body(&mut self) {
        // Whatever is wrong with it, the answer is already decided.
        drop(body::read(&mut self.request).await);
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
