//! At which server, and as which client.

use std::rc::Rc;

use latchkey_protocol::client_side::{Members, Server};
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::{Inner, options};
use crate::fault::Fault;
use crate::platform::object::{self, Fields};
use crate::platform::{address, store};
use crate::steps;
use crate::steps::discovery::{find_resource, find_server};

/// Where a person is sent, and for what.
pub struct Target {
    pub server: Server,
    pub resource: Option<String>,
    /// What to ask for by default.
    pub scope: Option<String>,
}

impl Inner {
    /// The server: the issuer of the options, else the one that the resource names.
    pub(super) async fn target(&self, signal: Option<&AbortSignal>) -> Result<Rc<Target>, Fault> {
        if let Some(target) = &*self.target.borrow() {
            return Ok(Rc::clone(target));
        }
        let options = &self.options;
        let target = match (&options.issuer, &options.resource) {
            (Some(issuer), resource) => Target {
                server: find_server(&self.http, issuer, signal).await?.0,
                resource: resource.clone(),
                scope: options.scope.clone(),
            },
            (None, Some(resource)) => {
                let found = find_resource(&self.http, resource, signal).await?;
                let issuer = found.resource.issuer.ok_or_else(|| {
                    Fault::new(
                        "not_discoverable",
                        "The resource's metadata names no authorization server.",
                    )
                })?;
                Target {
                    server: find_server(&self.http, &issuer, signal).await?.0,
                    // RFC 8707: as the resource calls itself.
                    resource: Some(found.resource.identifier),
                    scope: options.scope.clone().or(found.scope),
                }
            }
            (None, None) => return Err(Fault::option("issuer", "the server's issuer")),
        };
        let target = Rc::new(target);
        *self.target.borrow_mut() = Some(Rc::clone(&target));
        Ok(target)
    }

    /// The client id, in the order of MCL-07: given, a metadata document, registered.
    pub(super) async fn client_id(
        &self,
        server: &Server,
        signal: Option<&AbortSignal>,
    ) -> Result<String, Fault> {
        if let Some(id) = &self.options.client_id {
            let is_document = id.starts_with("https://") || id.starts_with("http://");
            if !is_document
                || server.takes_metadata_documents
                || self.options.registration.is_none()
            {
                return Ok(id.clone());
            }
        }
        self.registered(server, signal).await
    }

    /// The id that this client registered for itself at this issuer (MCL-05). It is no secret, and a client that
    /// registers anew for every page is a burden to the server.
    async fn registered(
        &self,
        server: &Server,
        signal: Option<&AbortSignal>,
    ) -> Result<String, Fault> {
        let redirect_uri = self.options.redirect_uri()?;
        let name = registered_name(&server.issuer, &redirect_uri);
        let storage = store::web_storage("localStorage").ok();
        if let Some(id) =
            storage.as_ref().and_then(|storage| storage.get_item(&name).ok().flatten())
        {
            return Ok(id);
        }
        let metadata = Fields::new()
            .with("redirect_uris", js_sys::Array::of1(&redirect_uri.into()))
            .with_some("client_name", options::name_of_page());
        let metadata = match &self.options.registration {
            Some(given) => object::merged(metadata.done(), given),
            None => metadata.done(),
        };
        let client = steps::register(&self.http, server, &metadata, None, signal).await?;
        let id = client.text("client_id").unwrap_or_default();
        if let Some(storage) = storage {
            // Where it can't be kept it is registered again.
            let _ = storage.set_item(&name, &id);
        }
        Ok(id)
    }

    /// Forgets a registration that the server no longer knows, so that the next sign-in makes another.
    pub(super) fn forget_registration(&self, issuer: &str, fault: &Fault) {
        if !matches!(fault.code(), "invalid_client" | "unauthorized_client") {
            return;
        }
        if let (Ok(uri), Ok(storage)) =
            (self.options.redirect_uri(), store::web_storage("localStorage"))
        {
            let _ = storage.remove_item(&registered_name(issuer, &uri));
        }
    }
}

fn registered_name(issuer: &str, redirect_uri: &str) -> String {
    ["latchkey:client:", issuer, " ", redirect_uri].concat()
}

/// What the callback needs of the server.
pub fn grant_of(target: &Target, client_id: &str, redirect_uri: &str) -> Fields {
    debug_assert!(address::parse(&target.server.token_endpoint).is_some());
    Fields::new()
        .with("issuer", &*target.server.issuer)
        .with("issuerIsSent", target.server.issuer_is_sent)
        .with("tokenEndpoint", &*target.server.token_endpoint)
        .with_some("revocationEndpoint", target.server.revocation_endpoint.as_deref())
        .with_some("resource", target.resource.as_deref())
        .with("clientId", client_id)
        .with("redirectUri", JsValue::from(redirect_uri))
}
