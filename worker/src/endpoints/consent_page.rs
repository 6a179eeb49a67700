//! The page that asks whether a client may have access.

use latchkey_protocol::authorize::AuthorizationRequest;
use latchkey_protocol::identifier::SessionId;

use super::sealed_request::{Waiting, client_view, destination, seal};
use super::{look, page};
use crate::browser::{Browser, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::pages::{AccessPeriod, ConsentPage, Resource, ScopeLine};

/// The consent page.
pub fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let configuration = &context.configuration;
    let sealed = seal(context, keys, request)?;
    let look = look(configuration);
    let csrf = browser.csrf_token(keys, &purpose(request, &signed_in.key.session))?;
    let host = request.redirect_uri.display_host();
    let scopes: Vec<ScopeLine<'_>> = request
        .scope
        .iter()
        .filter_map(|token| configuration.scope(token))
        .map(|scope| ScopeLine {
            token: scope.name.as_str(),
            title: &scope.title,
            detail: scope.detail.as_deref(),
        })
        .collect();
    let resources: Vec<Resource<'_>> = request
        .resources
        .iter()
        .map(|resource| Resource {
            name: Some(configuration.resource_name(resource)),
            uri: resource.as_str(),
        })
        .collect();
    let consent = ConsentPage {
        look: &look,
        csrf: csrf.expose(),
        request: &sealed,
        email: signed_in.person.email.as_str(),
        client: client_view(client),
        destination: destination(request.redirect_uri.kind(), &host),
        redirect_uri: request.redirect_uri.as_str(),
        resources: &resources,
        scopes: &scopes,
        access: AccessPeriod::Renewed {
            idle: configuration.lifetimes.refresh_token_idle,
            absolute: configuration.lifetimes.refresh_token_absolute,
        },
        manage_path: None,
    };
    Ok(browser.remember(context, page(context, 200, consent.render())?))
}

/// What the CSRF token of both forms of this page is for: they are good for one request and one
/// session only.
pub fn purpose(request: &AuthorizationRequest, session: &SessionId) -> String {
    format!("consent:{}:{session}", request.grant)
}
