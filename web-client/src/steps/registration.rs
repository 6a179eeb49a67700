//! A client that registers itself ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)).

use js_sys::{Array, Object};
use latchkey_protocol::client_side::{Members, Server};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

use super::server_of;
use crate::fault::Fault;
use crate::platform::http::{Body, Call, Http};
use crate::platform::object::{self, Fields, JsMembers};
use crate::platform::{abort, address};

/// Registers a public client; `metadata` goes before what it says by default.
pub async fn register(
    http: &Http,
    server: &Server,
    metadata: &JsValue,
    authorization: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Result<JsMembers, Fault> {
    let Some(url) = &server.registration_endpoint else {
        return Err(Fault::new(
            "registration_not_supported",
            "The server lets no client register itself. Give a clientId that its operator made.",
        ));
    };
    let body = Body::Json(String::from(js_sys::JSON::stringify(&with_defaults(metadata))?));
    let call = Call { purpose: "registration", url, body: Some(body), authorization };
    let reply = http.send(&call, signal).await?;
    if matches!(reply.status, 429 | 500..) {
        let seconds = reply.retry_after.and_then(|text| text.trim().parse().ok());
        return Err(Fault::later("temporarily_unavailable", seconds, Some(reply.status)));
    }
    let Some(body) = reply.body else { return Err(Fault::malformed("body", reply.status)) };
    if let Some(error) = body.text("error") {
        return Err(Fault::server(error, body.text("error_description"), Some(reply.status)));
    }
    if body.text("client_id").is_none() {
        return Err(Fault::malformed("client_id", reply.status));
    }
    // BRW-02: a browser holds no secret, so a server that insists on one is of no use.
    if body.text("token_endpoint_auth_method").is_some_and(|method| method != "none") {
        return Err(Fault::new(
            "registration_not_supported",
            "The server insists on a client secret, which a browser can't keep.",
        ));
    }
    Ok(body)
}

/// MCL-07: what a browser's client is, unless the caller says otherwise.
fn with_defaults(metadata: &JsValue) -> Object {
    let list =
        |values: &[&str]| values.iter().map(|value| JsValue::from(*value)).collect::<Array>();
    let redirect =
        Array::from(&JsMembers(metadata.clone()).value("redirect_uris")).get(0).as_string();
    let is_local =
        redirect.and_then(|uri| address::parse(&uri)).is_some_and(|uri| uri.protocol == "http:");
    let defaults = Fields::new()
        .with("grant_types", list(&["authorization_code", "refresh_token"]))
        .with("response_types", list(&["code"]))
        .with("token_endpoint_auth_method", "none")
        // OpenID Connect Registration section 2: http redirect URIs are for native applications.
        .with("application_type", if is_local { "native" } else { "web" })
        .done();
    Object::assign(defaults.unchecked_ref::<Object>(), metadata.unchecked_ref::<Object>())
}

/// `registerClient` of `index.d.ts`.
///
/// # Errors
///
/// `registration_not_supported`, the server's own error, and those of every request.
#[wasm_bindgen(js_name = registerClient)]
pub async fn register_client(
    server: JsValue,
    metadata: JsValue,
    options: JsValue,
) -> Result<JsValue, JsValue> {
    if !metadata.is_object() || !object::get(&metadata, "redirect_uris").is_instance_of::<Array>() {
        return Err(Fault::option("redirect_uris", "a list of addresses").into());
    }
    let token = JsMembers(options.clone()).optional("initialAccessToken")?;
    let authorization = token.map(|token| ["Bearer ", &token].concat());
    let signal = abort::signal_of(&options);
    let http = Http::of(&options);
    let server = server_of(&server)?;
    Ok(register(&http, &server, &metadata, authorization.as_deref(), signal.as_ref()).await?.0)
}
