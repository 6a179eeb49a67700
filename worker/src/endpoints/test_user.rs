//! A development server's test user, who allows each request without a page
//! (`development.consent_as`).

use latchkey_protocol::activity::Activity;
use latchkey_protocol::authorize::{
    Arrival, RedirectReason, TestUserDecision, error_location, test_user_decision,
};
use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::grant::authorization_code::Approval;
use latchkey_protocol::grant::device_code::LookUp;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::params::Parameters;
use latchkey_protocol::user_code::UserCode;
use std::rc::Rc;

use super::account::log_later;
use super::authorization_response::{code_location, redirect_error, refusal};
use super::device_decision::{self, NoClient, Outcome};
use super::sealed_request::Waiting;
use super::sign_up;
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::log::Level;
use crate::objects::account::messages::{Approve, Approved, ApprovedBy};
use crate::objects::device_authorization::DenyCode;
use crate::objects::{self, ObjectKind};
use crate::password;

/// Answers a checked request for the test user; `None` when a person is to be asked, as everywhere
/// but on a development server that has one.
pub async fn decide(
    context: &Context,
    incoming: &Incoming,
    parameters: &Parameters,
    waiting: Waiting<'_>,
) -> Result<Option<Answer>, Failure> {
    let site = incoming.header("sec-fetch-site");
    match test_user_decision(parameters, &context.configuration, arrival(incoming, site.as_deref()))
    {
        TestUserDecision::LeaveToPerson => Ok(None),
        TestUserDecision::Allow(email) => allow(context, email, waiting).await.map(Some),
        TestUserDecision::Deny(email) => deny(context, email, waiting).await.map(Some),
        TestUserDecision::Refuse(reason) => {
            redirect_error(context, waiting.client, &refusal(waiting.request, reason)).map(Some)
        }
    }
}

/// What the test user decided about a device that shows a code.
pub enum DeviceOutcome {
    /// Nothing: a person decides, on pages.
    LeaveToPerson,
    /// The device can fetch its tokens.
    Allowed(Rc<ClientRecord>),
    /// The device is told so.
    Denied,
    /// There is no such code to decide about, or not any more.
    Nothing,
    /// There is no client to decide about.
    NoClient(NoClient),
}

/// Decides for the test user about the device that shows `user_code`, when its address is opened.
pub async fn decide_about_device(
    context: &Context,
    incoming: &Incoming,
    parameters: &Parameters,
    user_code: &UserCode,
) -> Result<DeviceOutcome, Failure> {
    let site = incoming.header("sec-fetch-site");
    let arrival = arrival(incoming, site.as_deref());
    let decision = test_user_decision(parameters, &context.configuration, arrival);
    let (email, allowed) = match decision {
        TestUserDecision::Allow(email) => (email, true),
        TestUserDecision::Deny(email) => (email, false),
        TestUserDecision::LeaveToPerson => return Ok(DeviceOutcome::LeaveToPerson),
        TestUserDecision::Refuse(_) => return Ok(DeviceOutcome::Nothing),
    };
    let account = account(context, email).await?;
    if allowed {
        let by = ApprovedBy::TestUser;
        return Ok(
            match device_decision::approve(context, &account, by, user_code, None).await? {
                Outcome::Allowed(client) => {
                    say_of_device(context, "consented for the test user", &client.client_id);
                    DeviceOutcome::Allowed(client)
                }
                Outcome::NoClient(why) => DeviceOutcome::NoClient(why),
                Outcome::NotSignedIn | Outcome::Refused(_) => DeviceOutcome::Nothing,
            },
        );
    }
    let found = device_decision::look_up(context, &account, user_code).await?;
    let LookUp::Pending(record) = found else { return Ok(DeviceOutcome::Nothing) };
    let message = DenyCode { account: account.clone(), shown: record.grant.clone() };
    let kind = ObjectKind::DeviceAuthorization;
    match objects::send(&context.env, kind, user_code.as_str(), &message).await? {
        Ok(client_id) => {
            say_of_device(context, "denied for the test user", &client_id);
            log_later(context, account, Activity::DeviceDenied { client_id });
            Ok(DeviceOutcome::Denied)
        }
        Err(_) => Ok(DeviceOutcome::Nothing),
    }
}

/// Where a request comes from.
fn arrival<'a>(incoming: &'a Incoming, sec_fetch_site: Option<&'a str>) -> Arrival<'a> {
    let is_forwarded =
        ["forwarded", "x-forwarded-for"].iter().any(|name| incoming.header(name).is_some());
    Arrival { host: incoming.host(), sec_fetch_site, is_forwarded }
}

async fn allow(
    context: &Context,
    email: &EmailAddress,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let account = account(context, email).await?;
    if !clients::note_consent(context, client, &account).await? {
        return Err(Failure::unavailable("consenting for the test user", "the client is gone"));
    }
    let message = Approve {
        account: account.clone(),
        by: ApprovedBy::TestUser,
        request: request.clone(),
        client_name: client.metadata.client_name.clone(),
        only_if_allowed_before: false,
    };
    let name = account.as_str();
    match objects::send(&context.env, ObjectKind::Account, name, &message).await? {
        Approved::Done(Approval::CodeIssued) => {
            say(context, "consented for the test user", waiting);
            Ok(Answer::redirect(302, code_location(context, &account, request)))
        }
        // The grant's id was drawn a moment ago, and the account is the one that the object knows.
        Approved::Done(Approval::AlreadyUsed)
        | Approved::NotSignedIn
        | Approved::NotAllowedBefore => {
            Err(Failure::unavailable("consenting for the test user", "the account refused"))
        }
    }
}

async fn deny(
    context: &Context,
    email: &EmailAddress,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let account = account(context, email).await?;
    log_later(context, account, Activity::Denied { client_id: client.client_id.clone() });
    say(context, "denied for the test user", waiting);
    let error = refusal(request, RedirectReason::Denied);
    Ok(Answer::redirect(302, error_location(&error, &context.configuration)))
}

/// The test user's account, made when it is first needed. Nobody knows a password for it.
async fn account(context: &Context, email: &EmailAddress) -> Result<AccountId, Failure> {
    let (account, is_new) = sign_up::claim(context, email, password::hash_of_nobody()).await?;
    if is_new {
        context
            .event(Level::Warn, "made the test user")
            .with_pseudonym("account", account.as_str())
            .write();
    }
    Ok(account)
}

fn say_of_device(context: &Context, event: &str, client_id: &ClientId) {
    context.outcome(Level::Warn, event).with_text("client_id", client_id).write();
}

fn say(context: &Context, event: &str, waiting: Waiting<'_>) {
    context
        .outcome(Level::Warn, event)
        .with_text("client_id", &waiting.client.client_id)
        .with_pseudonym("grant", waiting.request.grant.as_str())
        .write();
}
