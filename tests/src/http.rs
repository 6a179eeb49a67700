//! Requests that do what they are told, and answers to look at.

use reqwest::blocking::{Body, Client, Response};
use serde_json::Value;

use crate::cookies::Cookie;
use crate::server::Server;

/// A request in the making.
#[derive(Debug)]
#[must_use]
pub struct Call<'a> {
    server: &'a Server,
    http: &'a Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(server: &'a Server, http: &'a Client, method: &str, path: &str) -> Self {
        Self {
            server,
            http,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to a form, with its content type.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(mut self, fields: &[(N, V)]) -> Self {
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()))
            .collect();
        self.server.secrets().remember_form(&fields);
        self.body = encode(&fields).into_bytes();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sends a token the way of
    /// [RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
    pub fn bearer(self, token: &str) -> Self {
        self.server.secrets().remember(token);
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sends a personal access token in `X-API-Key`.
    pub fn api_key(self, token: &str) -> Self {
        self.server.secrets().remember(token);
        self.header("x-api-key", token)
    }

    /// Authenticates with HTTP Basic, both halves form-encoded first
    /// ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    pub fn basic(self, client_id: &str, client_secret: &str) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let half =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        self.server.secrets().remember(client_secret);
        let credentials = STANDARD.encode(format!("{}:{}", half(client_id), half(client_secret)));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// A sentence, when there is no answer.
    pub fn try_send(self) -> Result<Reply, String> {
        for _ in 0..PROXY_RETRIES {
            let reply = self.attempt()?;
            if !is_proxys_own(reply.status, &reply.body) {
                return Ok(reply);
            }
        }
        self.attempt()
    }

    fn attempt(&self) -> Result<Reply, String> {
        let body = (!self.body.is_empty() || self.method == "POST").then(|| self.body.clone());
        let (head, response) = self.begin(body.map(Body::from))?;
        let failed = |error: reqwest::Error| format!("{}: {error:?}", head.request);
        let body = response.bytes().map_err(failed)?.to_vec();
        let reply = Reply { body, ..head };
        self.server.secrets().remember_reply(&reply);
        Ok(reply)
    }

    /// Sends it with this body; the answer's head has come, and its body is still on its way.
    pub(crate) fn begin(&self, body: Option<Body>) -> Result<(Reply, Response), String> {
        let method: reqwest::Method = self.method.parse().map_err(|error| format!("{error}"))?;
        let url = format!("{}{}", self.server.address(), self.path);
        let mut request = self.http.request(method, url);
        for (name, value) in &self.headers {
            request = request.header(name, value.as_bytes());
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let request_line = format!("{} {}", self.method, self.path);
        let response = request.send().map_err(|error| format!("{request_line}: {error:?}"))?;
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let head = Reply {
            request: request_line,
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: Vec::new(),
        };
        Ok((head, response))
    }

    /// Sends it.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[must_use]
    pub fn send(self) -> Reply {
        let log = self.server.log().clone();
        self.try_send().unwrap_or_else(|error| panic!("{error}\n{}", log.tail(20)))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Method and path of the request, for messages.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The cookies it sets.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        set.filter_map(|(_, value)| Cookie::parse(value)).collect()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is something else, or isn't labelled `application/json`.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.describe());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON: {error}: {}", self.describe()))
    }

    /// Checks the status.
    ///
    /// # Panics
    ///
    /// When it is another; the message has the whole answer.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.describe());
        self
    }

    /// Checks that this is an OAuth error of this status and code, as
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) wants it, never
    /// cached and with a reference; returns the reference.
    ///
    /// # Panics
    ///
    /// When any of that isn't so.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.describe());
        let body = self.json();
        assert_eq!(body["error"], code, "{}", self.describe());
        let description = body["error_description"].as_str().unwrap_or_default();
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{}", self.describe());
        let store = self.header("cache-control").unwrap_or_default();
        assert!(store.contains("no-store"), "{}", self.describe());
        let reference = description
            .rsplit_once("(reference ")
            .and_then(|(_, rest)| rest.strip_suffix(')'))
            .unwrap_or_else(|| panic!("no reference: {}", self.describe()));
        assert!(reference.len() >= 6, "{}", self.describe());
        reference.to_owned()
    }

    /// The whole answer, shortened, for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        let headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("  {name}: {value}")).collect();
        let body: String = self.text().chars().take(1500).collect();
        let mut request: String = self.request.chars().take(300).collect();
        if request.len() < self.request.len() {
            request.push('…');
        }
        format!("{request} -> {}\n{}\n\n{body}", self.status, headers.join("\n"))
    }
}

/// How often a request is sent again that `wrangler dev` itself turned away.
pub(crate) const PROXY_RETRIES: usize = 3;

/// Whether this answer is by the proxy of `wrangler dev`, whose pooled connection to the worker had
/// been closed. The worker never saw the request; GET and HEAD are sent again by the proxy itself.
pub(crate) fn is_proxys_own(status: u16, body: &[u8]) -> bool {
    const WORDS: &[u8] = b"Your worker restarted mid-request";
    status == 503 && body.windows(WORDS.len()).any(|window| window == WORDS)
}

/// Writes a form or a query.
#[must_use]
pub fn encode<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
