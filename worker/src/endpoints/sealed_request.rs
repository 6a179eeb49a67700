//! The authorization request between two pages: sealed, in a hidden field or the query.

use latchkey_protocol::authorize::{AuthorizationRequest, LocalError};
use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::client_id_metadata::ClientSnapshot;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::params::{Parameters, encode};
use latchkey_protocol::redirect_uri::RedirectUriKind;
use latchkey_protocol::sealed::{self, OpenError};
use std::rc::Rc;

use super::device_visit::DeviceVisit;
use super::{Trouble, client_document, error_page};
use crate::clients::{self, NotFound};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::pages::{Client, ClientIdentity, Destination, Purpose};
use crate::platform::RuntimeEntropy;

const PURPOSE: &str = "authorization request";

/// A request that came back, and the client that made it.
pub struct OpenedRequest {
    /// The request.
    pub request: AuthorizationRequest,
    /// The client, as registered now.
    pub client: Rc<ClientRecord>,
}

/// An authorization request that waits behind a page, and the client that made it.
#[derive(Clone, Copy)]
pub struct Waiting<'a> {
    /// The request.
    pub request: &'a AuthorizationRequest,
    /// Who asks.
    pub client: &'a ClientRecord,
}

impl OpenedRequest {
    /// The request as the next page needs it.
    pub fn waiting(&self) -> Waiting<'_> {
        Waiting { request: &self.request, client: &self.client }
    }
}

/// What a page leads on to, once somebody is signed in.
#[derive(Clone, Copy)]
pub enum Goal<'a> {
    /// An app's request.
    App(Waiting<'a>),
    /// The code of a device.
    Device(&'a DeviceVisit),
}

impl<'a> Goal<'a> {
    /// The goal for the next page.
    pub fn seal(self, context: &Context, keys: &KeySet) -> Result<String, Failure> {
        match self {
            Self::App(waiting) => seal(context, keys, waiting.request),
            Self::Device(visit) => visit.seal(context, keys),
        }
    }

    /// What a page says it leads to.
    pub fn view(self) -> Purpose<'a> {
        match self {
            Self::App(waiting) => Purpose::App(client_view(waiting.client)),
            Self::Device(_) => Purpose::Device,
        }
    }
}

/// What the `request` field held.
pub enum Presented {
    /// Nothing: the person came by themselves.
    Absent,
    /// A request of ours.
    Request(Box<OpenedRequest>),
    /// The code of a device.
    Device(DeviceVisit),
    /// Something else; the answer says what to do.
    Refused(Answer),
}

/// Seals a request for the next page.
pub fn seal(
    context: &Context,
    keys: &KeySet,
    request: &AuthorizationRequest,
) -> Result<String, Failure> {
    // However often it is passed on, a request lives from the moment it arrived.
    let expires_at = request.created_at.plus(context.configuration.lifetimes.authorization_request);
    keys.sealing_key()?
        .seal(PURPOSE, request, expires_at, &mut RuntimeEntropy)
        .map_err(|_| Failure::unavailable("sealing a request", "it can't be written"))
}

/// Opens the `request` parameter, if there is one.
pub async fn open(
    context: &Context,
    keys: &KeySet,
    parameters: &Parameters,
) -> Result<Presented, Failure> {
    let Ok(Some(text)) = parameters.get("request") else { return Ok(Presented::Absent) };
    let opened: Result<AuthorizationRequest, OpenError> =
        sealed::open(keys.sealing(), PURPOSE, text, context.now);
    let request = match opened {
        Ok(request) => request,
        Err(OpenError::Invalid) => match DeviceVisit::open(context, keys, text) {
            Ok(visit) => return Ok(Presented::Device(visit)),
            Err(error) => return Ok(Presented::Refused(refuse(context, error)?)),
        },
        Err(error) => return Ok(Presented::Refused(refuse(context, error)?)),
    };
    let client = match clients::find(context, &request.client_id).await? {
        Ok(client) => client,
        Err(NotFound::Unknown) => {
            return Ok(Presented::Refused(client_gone(context, &request.client_id)?));
        }
        Err(NotFound::Document(problem)) => {
            let page = client_document::page(context, &request.client_id, &problem)?;
            return Ok(Presented::Refused(page));
        }
    };
    // Client ID Metadata Document section 6.8: what the person decides about is the client as it was
    // described when it asked.
    if ClientSnapshot::of(&client) != request.client_snapshot {
        context.refused(&"the client's document changed", Some(&request.client_id));
        let trouble = Trouble {
            status: 400,
            title: "This app has just changed",
            what_happened: "The app's description changed while this page was open.",
            what_to_do: "Go back to the app and connect again.",
        };
        return Ok(Presented::Refused(error_page(context, &trouble)?));
    }
    if client.policy.disabled {
        let error = LocalError::ClientDisabled;
        context.refused(&error, Some(&request.client_id));
        let trouble = Trouble {
            status: 400,
            title: "This app is switched off",
            what_happened: error.what_happened(),
            what_to_do: error.what_to_do(),
        };
        return Ok(Presented::Refused(error_page(context, &trouble)?));
    }
    Ok(Presented::Request(Box::new(OpenedRequest { request, client })))
}

/// The page for whoever decides about a client that was removed or disabled meanwhile.
pub fn client_gone(context: &Context, client_id: &ClientId) -> Result<Answer, Failure> {
    context.refused(&"the client is gone", Some(client_id));
    let trouble = Trouble {
        status: 400,
        title: "This app is no longer registered",
        what_happened: "The app was removed while this page was open.",
        what_to_do: "Go back to the app, remove the connection there and connect again.",
    };
    error_page(context, &trouble)
}

fn refuse(context: &Context, error: OpenError) -> Result<Answer, Failure> {
    context.refused(&error, None);
    let trouble = match error {
        OpenError::Expired => Trouble {
            status: 400,
            title: "This took too long",
            what_happened: "For your safety a request to connect an app or a device is only good \
                            for a few minutes.",
            what_to_do: "Go back to the app or the device and start again.",
        },
        OpenError::Invalid => Trouble {
            status: 400,
            title: "This link is damaged",
            what_happened: "The request to connect an app could not be read: the link is not whole, or it \
                            is from before the server changed its keys.",
            what_to_do: "Go back to the app and start again.",
        },
    };
    error_page(context, &trouble)
}

/// The URL of a page that carries the request on.
pub fn page_with_request(context: &Context, endpoint: Endpoint, sealed: &str) -> String {
    let path = context.configuration.endpoints.path(endpoint);
    format!("{path}?{}", encode(&[("request", sealed)]))
}

/// What a page says about a client.
pub fn client_view(client: &ClientRecord) -> Client<'_> {
    let website = client.metadata.client_uri.as_deref().and_then(crate::pages::text::host);
    let identity = match client.client_id.document_host() {
        _ if client.policy.approved => ClientIdentity::Verified { website },
        Some(host) => ClientIdentity::Published { host },
        None => ClientIdentity::SelfRegistered { website },
    };
    Client {
        name: client.metadata.client_name.as_deref(),
        identity,
        policy_uri: client.metadata.policy_uri.as_deref(),
        tos_uri: client.metadata.tos_uri.as_deref(),
    }
}

/// What a page says about where the person is sent. `host` is the redirect URI's display host.
pub fn destination(kind: RedirectUriKind, host: &str) -> Destination<'_> {
    match kind {
        RedirectUriKind::Https => Destination::Web { host },
        RedirectUriKind::Loopback => Destination::Loopback { authority: host },
        RedirectUriKind::PrivateUse => Destination::PrivateUse {
            scheme: host.split_once(':').map_or(host, |(scheme, _)| scheme),
        },
    }
}
