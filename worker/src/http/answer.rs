//! An answer in the making.

use js_sys::Uint8Array;
use latchkey_protocol::error::ErrorReply;
use latchkey_protocol::json;
use serde::Serialize;
use std::borrow::Cow;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::ResponseInit;

use super::body::BodyStream;
use crate::log::{Event, Level};

/// Status, headers and body of an answer.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Bytes(Vec<u8>),
    /// What an upstream sends: handed on as it comes, never read here.
    Stream(BodyStream),
    /// The platform has it already, with its status and headers.
    Kept(Rc<Kept>),
}

/// An answer that is the same each time, as the platform takes it: nothing of it is copied again.
#[derive(Debug)]
pub struct Kept {
    status: u16,
    init: ResponseInit,
    body: Uint8Array,
}

impl Answer {
    /// An answer that was kept.
    pub fn kept(kept: &Rc<Kept>) -> Self {
        Self { status: kept.status, headers: Vec::new(), body: Body::Kept(Rc::clone(kept)) }
    }

    /// Hands status, headers and body to the platform for good; `None` for a body that goes by once.
    pub fn keep(self) -> Option<Kept> {
        let init = self.init().ok()?;
        let Body::Bytes(bytes) = self.body else { return None };
        Some(Kept { status: self.status, init, body: Uint8Array::from(bytes.as_slice()) })
    }

    /// An answer without a body.
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    /// A page.
    pub fn html(status: u16, page: String) -> Self {
        Self::empty(status).with_header("content-type", "text/html; charset=utf-8").with_body(page)
    }

    /// A JSON document.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        // Every type serialized here is a plain struct or map with string keys, which can't fail.
        let body = json::write(value).unwrap_or_default();
        Self::empty(status).with_header("content-type", "application/json").with_body(body)
    }

    /// An OAuth error
    /// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) with the
    /// reference that its log line has too.
    pub fn oauth_error(reply: &ErrorReply, reference: &str) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            error_description: String,
        }
        let body = Body {
            error: reply.code.as_str(),
            error_description: format!("{} (reference {reference})", reply.description),
        };
        Self::json(reply.code.status(), &body).not_stored()
    }

    /// Sends the browser elsewhere.
    ///
    /// [RFC 9700 section 4.12](https://www.rfc-editor.org/rfc/rfc9700#section-4.12): 303 after a
    /// form, never 307, which would post the password on.
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Self::empty(status)
            .with_header("location", location)
            .with_header("referrer-policy", "no-referrer")
            .not_stored()
    }

    /// Replaces the status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<(&'static str, String)>) -> Self {
        self.headers.extend(headers.into_iter().map(|(name, value)| (name.into(), value)));
        self
    }

    /// Sets a header that may be there once only.
    #[must_use]
    pub fn with_only_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.with_header(name, value)
    }

    /// The status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Keeps secrets out of caches
    /// ([RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
    #[must_use]
    pub fn not_stored(self) -> Self {
        self.with_header("cache-control", "no-store").with_header("pragma", "no-cache")
    }

    /// Replaces the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// Replaces the body by one that is handed on as it comes.
    #[must_use]
    pub fn with_stream(mut self, stream: BodyStream) -> Self {
        self.body = Body::Stream(stream);
        self
    }

    /// The same answer as HEAD gets it.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        if let Body::Bytes(bytes) = &self.body
            && !bytes.is_empty()
        {
            let length = bytes.len().to_string();
            self = self.with_only_header("content-length", length);
        }
        self.body = Body::Bytes(Vec::new());
        self
    }

    /// The answer as the platform takes it.
    pub fn into_js(self) -> JsValue {
        self.into_response().map(JsValue::from).unwrap_or_else(|cause| {
            // The platform answers 500 where it gets no response.
            Event::new(Level::Error, "failed").with("cause", format!("{cause:?}")).write();
            JsValue::UNDEFINED
        })
    }

    fn into_response(self) -> Result<web_sys::Response, JsValue> {
        let init = match &self.body {
            Body::Kept(kept) => kept.init.clone(),
            Body::Bytes(_) | Body::Stream(_) => self.init()?,
        };
        match self.body {
            // The platform throws when an answer with one of these has a body.
            _ if matches!(self.status, 204 | 205 | 304) => empty(&init),
            Body::Bytes(bytes) if bytes.is_empty() => empty(&init),
            Body::Bytes(bytes) => with_bytes(&Uint8Array::from(bytes.as_slice()), &init),
            Body::Kept(kept) => with_bytes(&kept.body, &init),
            Body::Stream(stream) => {
                let stream = stream.into_inner();
                web_sys::Response::new_with_opt_readable_stream_and_init(Some(&stream), &init)
            }
        }
    }

    fn init(&self) -> Result<ResponseInit, JsValue> {
        let headers = web_sys::Headers::new()?;
        for (name, value) in &self.headers {
            headers.append(name, value)?;
        }
        headers.set("x-content-type-options", "nosniff")?;
        let init = ResponseInit::new();
        init.set_status(self.status);
        init.set_headers(&headers);
        Ok(init)
    }
}

fn with_bytes(bytes: &Uint8Array, init: &ResponseInit) -> Result<web_sys::Response, JsValue> {
    web_sys::Response::new_with_opt_js_u8_array_and_init(Some(bytes), init)
}

fn empty(init: &ResponseInit) -> Result<web_sys::Response, JsValue> {
    web_sys::Response::new_with_opt_str_and_init(None, init)
}
