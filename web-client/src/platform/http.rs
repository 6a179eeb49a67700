//! Requests to servers, and their trace.

use js_sys::{Function, Promise, Uint8Array};
use latchkey_protocol::client_side::{is_secret, mask};
use latchkey_protocol::params::{self, Parameters};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, Response};

use super::object::{self, Fields, JsMembers};
use super::{abort, clock};
use crate::fault::Fault;

/// The longest answer that is read, in bytes. Metadata and tokens have a hundredth of it.
const LONGEST_ANSWER: usize = 512 * 1024;
/// How long a request without a signal of its own may take, in milliseconds.
const PATIENCE: u32 = 30_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn platform_fetch(url: &JsValue, init: &JsValue) -> Result<Promise, JsValue>;
}

/// What is sent.
pub struct Call<'a> {
    /// What for, as `Exchange.purpose` names it.
    pub purpose: &'static str,
    /// Where to.
    pub url: &'a str,
    /// The body of a POST; `None` is a GET.
    pub body: Option<Body>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
}

/// A body and how it is written.
pub enum Body {
    /// `application/x-www-form-urlencoded`.
    Form(String),
    /// `application/json`.
    Json(String),
}

impl Body {
    /// A form; a parameter without a value is left out.
    pub fn form(pairs: &[(&str, Option<&str>)]) -> Self {
        let pairs: Vec<(&str, &str)> =
            pairs.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
        Self::Form(params::encode(&pairs))
    }

    fn text(&self) -> &str {
        match self {
            Self::Form(text) | Self::Json(text) => text,
        }
    }
}

/// An answer.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `WWW-Authenticate`, if this page may read it.
    pub challenge: Option<String>,
    /// The body, if it is a JSON object.
    pub body: Option<JsMembers>,
}

impl Reply {
    /// Whether it is 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }
}

/// Sends requests: through the platform's `fetch` or another, with a trace if somebody wants it.
#[derive(Clone, Default)]
pub struct Http {
    fetch: Option<Function>,
    on_exchange: Option<Function>,
}

impl Http {
    /// By the options `fetch` and `onExchange`.
    pub fn of(options: &JsValue) -> Self {
        if !options.is_object() {
            return Self::default();
        }
        Self {
            fetch: object::function(options, "fetch"),
            on_exchange: object::function(options, "onExchange"),
        }
    }

    /// `fetch` as it is.
    pub fn fetch(&self, request: &JsValue, init: &JsValue) -> Result<Promise, JsValue> {
        match &self.fetch {
            Some(fetch) => {
                Ok(Promise::resolve(&fetch.call2(&JsValue::UNDEFINED, request, init)?))
            }
            None => platform_fetch(request, init),
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// `network_error`, `aborted`, or `malformed_response` for an answer without end.
    pub async fn send(
        &self,
        call: &Call<'_>,
        signal: Option<&AbortSignal>,
    ) -> Result<Reply, Fault> {
        abort::check(signal)?;
        let began = clock::now();
        let result = self.exchange(call, signal).await;
        if let Some(on_exchange) = &self.on_exchange {
            let exchange = trace(call, &result, clock::now().saturating_sub(began));
            // What a listener throws is its own affair.
            let _ = on_exchange.call1(&JsValue::UNDEFINED, &exchange);
        }
        let (response, text) = result.map_err(|thrown| match thrown {
            _ if signal.is_some_and(AbortSignal::aborted) => Fault::aborted(),
            Fault::Foreign(_) => Fault::later("network_error", None, None),
            ours @ Fault::Ours(_) => ours,
        })?;
        let header = |name| response.headers().get(name).ok().flatten();
        Ok(Reply {
            status: response.status(),
            retry_after: header("retry-after"),
            challenge: header("www-authenticate"),
            body: JsMembers::parse(&text),
        })
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        signal: Option<&AbortSignal>,
    ) -> Result<(Response, String), Fault> {
        let url = JsValue::from(call.url);
        let response: Response =
            JsFuture::from(self.fetch(&url, &init(call, signal))?).await?.unchecked_into();
        let text = text_of(&response).await?;
        Ok((response, text))
    }
}

fn init(call: &Call<'_>, signal: Option<&AbortSignal>) -> JsValue {
    let headers = headers_of(call).done();
    let timeout;
    let signal = match signal {
        Some(signal) => signal,
        None => {
            timeout = AbortSignal::timeout_with_u32(PATIENCE);
            &timeout
        }
    };
    let is_post = call.body.is_some();
    Fields::new()
        .with("method", if is_post { "POST" } else { "GET" })
        .with("headers", headers)
        .with_some("body", call.body.as_ref().map(Body::text))
        .with("credentials", "omit")
        .with("referrerPolicy", "no-referrer")
        // Secrets go where the metadata says and nowhere else.
        .with("redirect", if is_post { "error" } else { "follow" })
        .with("cache", if is_post { "no-store" } else { "default" })
        .with("signal", signal.clone())
        .done()
}

fn headers_of(call: &Call<'_>) -> Fields {
    let content_type = call.body.as_ref().map(|body| match body {
        Body::Form(_) => "application/x-www-form-urlencoded",
        Body::Json(_) => "application/json",
    });
    Fields::new()
        .with("accept", "application/json")
        .with_some("content-type", content_type)
        .with_some("authorization", call.authorization)
}

/// The whole text of an answer, unless it is too long.
async fn text_of(response: &Response) -> Result<String, Fault> {
    let Some(body) = response.body() else { return Ok(String::new()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let piece = JsFuture::from(reader.read()).await?;
        let Ok(value) = object::get(&piece, "value").dyn_into::<Uint8Array>() else { break };
        bytes.append(&mut value.to_vec());
        if bytes.len() > LONGEST_ANSWER {
            let _ = reader.cancel();
            return Err(Fault::malformed("end", response.status()));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The `Exchange` of `index.d.ts`.
fn trace(
    call: &Call<'_>,
    result: &Result<(Response, String), Fault>,
    milliseconds: u64,
) -> JsValue {
    let headers = headers_of(call).done();
    if let Some(authorization) = call.authorization {
        let (scheme, secret) = authorization.split_once(' ').unwrap_or(("", authorization));
        object::set(&headers, "authorization", &[scheme, " ", &mask(secret)].concat().into());
    }
    let body = call.body.as_ref().map(|body| match body {
        Body::Form(text) => mask_form(text),
        Body::Json(text) => mask_json(text),
    });
    let request = Fields::new()
        .with("method", if call.body.is_some() { "POST" } else { "GET" })
        .with("url", call.url)
        .with("headers", headers)
        .with_some("body", body);
    let exchange = Fields::new()
        .with("purpose", call.purpose)
        .with("request", request.done())
        .with("milliseconds", u32::try_from(milliseconds).unwrap_or(u32::MAX));
    match result {
        Ok((response, text)) => {
            let headers = js_sys::Object::from_entries(&response.headers()).unwrap_or_default();
            let response = Fields::new()
                .with("status", response.status())
                .with("headers", headers)
                .with("body", mask_json(text));
            exchange.with("response", response.done()).done()
        }
        Err(Fault::Foreign(thrown)) => {
            exchange.with("error", object::get(thrown, "message")).done()
        }
        Err(Fault::Ours(_)) => exchange.with("error", "The answer has no end.").done(),
    }
}

fn mask_form(text: &str) -> String {
    let Ok(parameters) = Parameters::parse(text.as_bytes()) else { return mask(text) };
    parameters.masked(is_secret, mask).to_query()
}

/// OAuth's answers are flat, so the members of the object itself are looked at. Other texts are shown as they
/// are: they hold no token, or the server would not be understood.
fn mask_json(text: &str) -> String {
    let Some(JsMembers(object)) = JsMembers::parse(text) else { return text.to_owned() };
    for key in js_sys::Object::keys(object.unchecked_ref::<js_sys::Object>())
        .iter()
        .filter_map(|key| key.as_string())
    {
        if let Some(value) = object::get(&object, &key).as_string().filter(|_| is_secret(&key)) {
            object::set(&object, &key, &mask(&value).into());
        }
    }
    js_sys::JSON::stringify(&object).map(String::from).unwrap_or_default()
}
