//! Finding the server of a resource, and what it can do.

use latchkey_protocol::client_side::{
    Address, BearerChallenge, Resource, Server, resource_metadata_urls, server_metadata_urls,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortSignal;

use crate::fault::Fault;
use crate::platform::http::{Call, Http, Reply};
use crate::platform::object::{Fields, JsMembers};
use crate::platform::{abort, address};

/// A resource whose metadata was found.
pub struct FoundResource {
    /// What it says.
    pub resource: Resource,
    /// The scopes to ask for (MCL-06): the challenge's, else all there are.
    pub scope: Option<String>,
    document: JsMembers,
    url: String,
    challenge: Option<String>,
}

/// Finds a resource's metadata: where its refusal says, else at the well-known addresses (MCL-01).
pub async fn find_resource(
    http: &Http,
    resource: &str,
    signal: Option<&AbortSignal>,
) -> Result<FoundResource, Fault> {
    let asked = checked("resource", resource)?;
    let probe =
        Call { purpose: "protected_resource", url: resource, body: None, authorization: None };
    // What can't be asked (an API that no script may read) may still have metadata.
    let challenge = match http.send(&probe, signal).await {
        Ok(reply) => reply.challenge,
        Err(fault) => {
            abort::check(signal)?;
            drop(fault);
            None
        }
    };
    let read = challenge.as_deref().and_then(BearerChallenge::read).unwrap_or_default();
    let urls = match read.resource_metadata {
        Some(url) if address::parse(&url).is_some_and(|at| at.is_safe_endpoint_of(&asked)) => {
            vec![url]
        }
        Some(_) => {
            let fault =
                latchkey_protocol::client_side::MetadataFault::UnsafeEndpoint("resource_metadata");
            return Err(fault.into());
        }
        None => resource_metadata_urls(&asked),
    };
    let (url, document) = first_document(http, "protected_resource_metadata", urls, signal).await?;
    let resource = Resource::read(&document, &asked, address::parse)?;
    let scope = read.scope.or_else(|| resource.scope.clone());
    Ok(FoundResource { resource, scope, document, url, challenge })
}

/// Finds an issuer's metadata and checks it.
pub async fn find_server(
    http: &Http,
    issuer: &str,
    signal: Option<&AbortSignal>,
) -> Result<(Server, JsMembers, String), Fault> {
    let asked = checked("issuer", issuer)?;
    let urls = server_metadata_urls(&asked);
    let (url, document) =
        first_document(http, "authorization_server_metadata", urls, signal).await?;
    let server = Server::read(&document, Some(issuer), address::parse)?;
    Ok((server, document, url))
}

fn checked(name: &'static str, text: &str) -> Result<Address, Fault> {
    address::parse(text).filter(Address::is_safe).ok_or_else(|| {
        Fault::option(name, "an https address (http on this machine alone), without fragment")
    })
}

/// The first of these addresses that answers with a document.
async fn first_document(
    http: &Http,
    purpose: &'static str,
    urls: Vec<String>,
    signal: Option<&AbortSignal>,
) -> Result<(String, JsMembers), Fault> {
    let mut trouble = None;
    for url in urls {
        let call = Call { purpose, url: &url, body: None, authorization: None };
        match http.send(&call, signal).await {
            Ok(reply) if reply.is_success() => {
                if let Some(document) = reply.body {
                    return Ok((url, document));
                }
            }
            // A server that is ill is not one without metadata.
            Ok(Reply { status: status @ (429 | 500..), .. }) => {
                trouble = Some(Fault::later("temporarily_unavailable", None, Some(status)));
            }
            Ok(_) => {}
            Err(fault) => {
                abort::check(signal)?;
                trouble = Some(fault);
            }
        }
    }
    Err(trouble.unwrap_or_else(|| {
        Fault::new(
            "not_discoverable",
            "There is no OAuth metadata at this address, nor where it should point to it.",
        )
    }))
}

/// `discoverResource` of `index.d.ts`.
///
/// # Errors
///
/// `not_discoverable`, `wrong_resource`, `unsafe_endpoint`, and those of every request.
#[wasm_bindgen(js_name = discoverResource)]
pub async fn discover_resource(resource: String, options: JsValue) -> Result<JsValue, JsValue> {
    let signal = abort::signal_of(&options);
    let found = find_resource(&Http::of(&options), &resource, signal.as_ref()).await?;
    Ok(Fields::new()
        .with("metadata", found.document.0)
        .with("metadataUrl", found.url)
        .with_some("scope", found.scope)
        .with_some("challenge", found.challenge)
        .done())
}

/// `discoverServer` of `index.d.ts`.
///
/// # Errors
///
/// `not_discoverable`, `wrong_issuer`, `unsafe_endpoint`, `pkce_not_supported`, and those of every request.
#[wasm_bindgen(js_name = discoverServer)]
pub async fn discover_server(issuer: String, options: JsValue) -> Result<JsValue, JsValue> {
    let signal = abort::signal_of(&options);
    let (_, document, url) = find_server(&Http::of(&options), &issuer, signal.as_ref()).await?;
    Ok(Fields::new().with("metadata", document.0).with("metadataUrl", url).done())
}
