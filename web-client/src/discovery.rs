//! Which metadata may be followed.

use js_sys::Array;
use latchkey_protocol::client_side::{
    self, Address, BearerChallenge, MetadataFault, Resource, Server,
    resource_metadata_urls as of_resource, server_metadata_urls as of_server,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::address::parse;
use crate::fault::metadata_fault;
use crate::members::{JsMembers, object};

/// Checks authorization server metadata; `asked` is the issuer that it was looked up for, if it was.
///
/// # Errors
///
/// `wrong_issuer`, `unsafe_endpoint`, `pkce_not_supported`, `malformed_response`, with the `member`.
#[wasm_bindgen(js_name = checkServer)]
pub fn check_server(metadata: &JsValue, asked: Option<String>) -> Result<(), JsValue> {
    let server = Server::read(&JsMembers(metadata), asked.as_deref(), parse);
    server.map(drop).map_err(metadata_fault)
}

/// Checks protected resource metadata that was looked up for `asked`.
///
/// # Errors
///
/// `wrong_resource`, `malformed_response`, with the `member`.
#[wasm_bindgen(js_name = checkResource)]
pub fn check_resource(metadata: &JsValue, asked: &str) -> Result<(), JsValue> {
    let resource = parse(asked)
        .ok_or(MetadataFault::WrongResource)
        .and_then(|asked| Resource::read(&JsMembers(metadata), &asked, parse));
    resource.map(drop).map_err(metadata_fault)
}

/// Whether secrets may be sent to this address, which somebody at `from` named.
#[wasm_bindgen(js_name = isSafe)]
#[must_use]
pub fn is_safe(url: &str, from: Option<String>) -> bool {
    let from = from.as_deref().map(parse);
    parse(url).is_some_and(|url| match from {
        None => url.is_safe(),
        Some(from) => from.is_some_and(|from| url.is_safe_endpoint_of(&from)),
    })
}

/// Where the metadata of an issuer is looked for, in order; nothing for what is no address.
#[wasm_bindgen(js_name = serverMetadataUrls)]
#[must_use]
pub fn server_metadata_urls(issuer: &str) -> Array {
    listed(issuer, of_server)
}

/// Where the metadata of a resource is looked for, in order; nothing for what is no address.
#[wasm_bindgen(js_name = resourceMetadataUrls)]
#[must_use]
pub fn resource_metadata_urls(resource: &str) -> Array {
    listed(resource, of_resource)
}

fn listed(address: &str, urls: fn(&Address) -> Vec<String>) -> Array {
    let urls = parse(address).map(|address| urls(&address)).unwrap_or_default();
    urls.into_iter().map(JsValue::from).collect()
}

/// What a `WWW-Authenticate` header asks for: `error`, `scope`, `resourceMetadata`; nothing without a Bearer challenge.
#[wasm_bindgen(js_name = readChallenge)]
#[must_use]
pub fn read_challenge(header: &str) -> JsValue {
    BearerChallenge::read(header).map_or(JsValue::UNDEFINED, |challenge| {
        object([
            ("error", challenge.error.map(JsValue::from)),
            ("scope", challenge.scope.map(JsValue::from)),
            ("resourceMetadata", challenge.resource_metadata.map(JsValue::from)),
        ])
    })
}

/// What to ask for when `needed` is missing beside what is `held` (MCL-06).
#[wasm_bindgen(js_name = unionOfScopes)]
#[must_use]
pub fn union_of_scopes(held: &str, needed: &str) -> String {
    client_side::union_of_scopes(held, needed)
}
