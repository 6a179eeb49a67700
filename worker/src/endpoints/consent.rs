//! `GET` and `POST /consent`: the person decides.

use latchkey_protocol::authorize::{AuthorizationRequest, RedirectReason, error_location};
use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::grant::authorization_code::Approval;
use latchkey_protocol::identifier::SessionId;
use latchkey_protocol::redirect_uri::RedirectUriKind;

use super::authorize::{self, code_location, refusal};
use super::sealed_request::{
    self, OpenedRequest, Presented, client_view, destination, page_with_request,
};
use super::{Trouble, error_page, look, page, posted_form, unreadable_form};
use crate::browser::{Browser, SignedIn};
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::log::Level;
use crate::objects::account::messages::{Approve, Approved};
use crate::objects::{self, ObjectKind};
use crate::pages::{
    AccessPeriod, AlreadyApprovedPage, ConsentPage, Outcome, Resource, ReturnToApp, ScopeLine,
};

/// Shows the page, or takes the decision.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    if incoming.method() == "POST" {
        return decide(context, incoming).await;
    }
    let Ok(query) = incoming.query() else { return nothing_to_decide(context) };
    let keys = keys::key_set(context).await?;
    let opened = match sealed_request::open(context, &keys, &query).await? {
        Presented::Request(opened) => opened,
        Presented::Refused(answer) => return Ok(answer),
        Presented::Absent => return nothing_to_decide(context),
    };
    let browser = Browser::read(context, incoming);
    let signed_in = browser.signed_in(context).await?;
    authorize::show(context, &keys, &browser, signed_in.as_ref(), &opened.request, &opened.client)
        .await
}

/// The consent page.
pub fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    request: &AuthorizationRequest,
    client: &ClientRecord,
    sealed: &str,
) -> Result<Answer, Failure> {
    let configuration = &context.configuration;
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
    let resource = request.resources.first();
    let consent = ConsentPage {
        look: &look,
        csrf: csrf.expose(),
        request: sealed,
        email: signed_in.person.email.as_str(),
        client: client_view(client),
        destination: destination(request.redirect_uri.kind(), &host),
        redirect_uri: request.redirect_uri.as_str(),
        resource: resource.map(|resource| Resource {
            name: Some(configuration.resource_name(resource)),
            uri: resource.as_str(),
        }),
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

async fn decide(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let form = match incoming.form().await {
        Ok(form) => form,
        Err(error) => return unreadable_form(context, error),
    };
    let keys = keys::key_set(context).await?;
    let opened = match sealed_request::open(context, &keys, &form).await? {
        Presented::Request(opened) => opened,
        Presented::Refused(answer) => return Ok(answer),
        Presented::Absent => return nothing_to_decide(context),
    };
    let browser = Browser::read(context, incoming);
    let Some(signed_in) = browser.signed_in(context).await? else {
        // Signed out in another tab: sign in again and decide then.
        let sealed = sealed_request::seal(context, &keys, &opened.request)?;
        let location = page_with_request(context, Endpoint::SignIn, &sealed);
        return Ok(Answer::redirect(303, location));
    };
    let purpose = purpose(&opened.request, &signed_in.key.session);
    if let Err(reason) = browser.check_form(incoming, &form, &keys, &purpose) {
        return posted_form::refuse(context, &keys, Some(&opened), reason);
    }
    match form.get("decision") {
        Ok(Some("allow")) => allow(context, &signed_in, &opened).await,
        Ok(Some("deny")) => deny(context, &opened),
        _ => nothing_to_decide(context),
    }
}

async fn allow(
    context: &Context,
    signed_in: &SignedIn,
    opened: &OpenedRequest,
) -> Result<Answer, Failure> {
    // Used clients live on. This comes first: a grant of a client that is about to be forgotten
    // would be of no use.
    clients::touch(context, &opened.client).await?;
    let message = Approve {
        key: signed_in.key.clone(),
        request: opened.request.clone(),
        client_name: opened.client.metadata.client_name.clone(),
        only_if_allowed_before: false,
    };
    let account = signed_in.account.as_str();
    let approved = objects::send(&context.env, ObjectKind::Account, account, &message).await?;
    match approved {
        Approved::Done(Approval::CodeIssued) => {
            context
                .event(Level::Info, "allowed")
                .with("client_id", opened.client.client_id.to_string())
                .with("grant", opened.request.grant.to_string())
                .write();
            let location = code_location(context, &signed_in.account, &opened.request);
            send_back(context, opened, Outcome::Allowed, &location)
        }
        Approved::Done(Approval::AlreadyUsed) => {
            let look = look(&context.configuration);
            let done =
                AlreadyApprovedPage { look: &look, client: Some(client_view(&opened.client)) };
            page(context, 200, done.render())
        }
        Approved::NotSignedIn | Approved::NotAllowedBefore => {
            let keys = keys::key_set(context).await?;
            let sealed = sealed_request::seal(context, &keys, &opened.request)?;
            let location = page_with_request(context, Endpoint::SignIn, &sealed);
            Ok(Answer::redirect(303, location))
        }
    }
}

/// RFC 6749 section 4.1.2.1: the client is told `access_denied`. The person has just seen on the
/// page where that leads, so no further question is asked.
fn deny(context: &Context, opened: &OpenedRequest) -> Result<Answer, Failure> {
    context
        .event(Level::Info, "denied")
        .with("client_id", opened.client.client_id.to_string())
        .write();
    let error = refusal(&opened.request, RedirectReason::Denied);
    let location = error_location(&error, &context.configuration);
    send_back(context, opened, Outcome::Denied, &location)
}

/// A website or a program on this machine takes over by itself; an app that opens links may not, so
/// the page that opens it stays and says what happened.
fn send_back(
    context: &Context,
    opened: &OpenedRequest,
    outcome: Outcome,
    location: &str,
) -> Result<Answer, Failure> {
    let redirect_uri = &opened.request.redirect_uri;
    if redirect_uri.kind() != RedirectUriKind::PrivateUse {
        // RFC 9700 section 4.12: 303, so that the form isn't posted on.
        return Ok(Answer::redirect(303, location));
    }
    let look = look(&context.configuration);
    let host = redirect_uri.display_host();
    let back = ReturnToApp {
        look: &look,
        outcome,
        client: client_view(&opened.client),
        destination: destination(redirect_uri.kind(), &host),
        url: location,
    };
    page(context, 200, back.render())
}

fn nothing_to_decide(context: &Context) -> Result<Answer, Failure> {
    context.refused(&"no request to decide about", None);
    let trouble = Trouble {
        status: 400,
        title: "There is nothing to decide here",
        what_happened: "This page is part of connecting an app, and no app has asked.",
        what_to_do: "Go to the app you want to connect and start there.",
    };
    error_page(context, &trouble)
}
