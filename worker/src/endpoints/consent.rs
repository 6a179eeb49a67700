//! `GET` and `POST /consent`: the person decides.

use latchkey_protocol::activity::Activity;
use latchkey_protocol::authorize::{RedirectReason, error_location};
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::grant::authorization_code::Approval;

use super::account::log_later;
use super::authorization_response::{code_location, refusal, send_back};
use super::sealed_request::{self, OpenedRequest, Presented, client_view, page_with_request};
use super::{
    Trouble, consent_page, error_page, look, next_page, page, posted_form, unreadable_form,
};
use crate::browser::{Browser, Claim, SignedIn};
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::log::Level;
use crate::objects::account::messages::{Approve, Approved, ApprovedBy};
use crate::objects::{self, ObjectKind};
use crate::pages::{AlreadyApprovedPage, Outcome};

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
        Presented::Absent | Presented::Device(_) => return nothing_to_decide(context),
    };
    let browser = Browser::read(context, incoming);
    let brought = browser.bring(context, opened.waiting()).await?;
    next_page::show(context, &keys, &browser, brought, opened.waiting())
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
        Presented::Absent | Presented::Device(_) => return nothing_to_decide(context),
    };
    let browser = Browser::read(context, incoming);
    let Some(claim) = browser.claim() else { return sign_in_again(context, &keys, &opened) };
    let purpose = consent_page::purpose(&opened.request, &claim.account, &claim.key.session);
    if let Err(reason) = browser.check_form(incoming, &form, &keys, &purpose) {
        return posted_form::refuse(context, &keys, Some(&opened), reason);
    }
    match form.get("decision") {
        // The account itself looks whether the session is still open.
        Ok(Some("allow")) => allow(context, &keys, claim, &opened).await,
        Ok(Some("deny")) => match browser.signed_in(context).await? {
            Some(signed_in) => deny(context, &signed_in, &opened),
            None => sign_in_again(context, &keys, &opened),
        },
        _ => nothing_to_decide(context),
    }
}

/// Signed out in another tab: sign in again and decide then.
fn sign_in_again(
    context: &Context,
    keys: &KeySet,
    opened: &OpenedRequest,
) -> Result<Answer, Failure> {
    let sealed = sealed_request::seal(context, keys, &opened.request)?;
    let location = page_with_request(context, Endpoint::SignIn, &sealed);
    Ok(Answer::redirect(303, location))
}

async fn allow(
    context: &Context,
    keys: &KeySet,
    Claim { account, key }: Claim,
    opened: &OpenedRequest,
) -> Result<Answer, Failure> {
    // Used clients live on. This comes first: a grant of a client that is about to be forgotten
    // would be of no use.
    if !clients::note_consent(context, &opened.client, &account).await? {
        return sealed_request::client_gone(context, &opened.client.client_id);
    }
    let message = Approve {
        account: account.clone(),
        by: ApprovedBy::Session(key),
        request: opened.request.clone(),
        client_name: opened.client.metadata.client_name.clone(),
        only_if_allowed_before: false,
    };
    let name = account.as_str();
    let approved = objects::send(&context.env, ObjectKind::Account, name, &message).await?;
    match approved {
        Approved::Done(Approval::CodeIssued) => {
            context
                .outcome(Level::Info, "allowed")
                .with_text("client_id", &opened.client.client_id)
                .with_pseudonym("account", account.as_str())
                .with_pseudonym("grant", opened.request.grant.as_str())
                .write();
            let location = code_location(context, &account, &opened.request);
            send_back(context, opened.waiting(), Outcome::Allowed, &location)
        }
        Approved::Done(Approval::AlreadyUsed) => {
            let look = look(&context.configuration);
            let done =
                AlreadyApprovedPage { look: &look, client: Some(client_view(&opened.client)) };
            page(context, 200, done.render())
        }
        Approved::NotSignedIn | Approved::NotAllowedBefore => sign_in_again(context, keys, opened),
    }
}

/// RFC 6749 section 4.1.2.1: the client is told `access_denied`. The person has just seen on the
/// page where that leads, so no further question is asked.
fn deny(
    context: &Context,
    signed_in: &SignedIn,
    opened: &OpenedRequest,
) -> Result<Answer, Failure> {
    let client_id = opened.client.client_id.clone();
    log_later(context, signed_in.account.clone(), Activity::Denied { client_id });
    context
        .outcome(Level::Info, "denied")
        .with_pseudonym("account", signed_in.account.as_str())
        .with_text("client_id", &opened.client.client_id)
        .write();
    let error = refusal(&opened.request, RedirectReason::Denied);
    let location = error_location(&error, &context.configuration);
    send_back(context, opened.waiting(), Outcome::Denied, &location)
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
