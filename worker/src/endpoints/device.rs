//! `GET` and `POST /device`: a person enters the code that a device shows, and decides
//! ([RFC 8628 section 3.3](https://www.rfc-editor.org/rfc/rfc8628#section-3.3)).
//!
//! A code is looked up only when a signed-in person has sent it by our own form, and each wrong one
//! counts. A link with a code in it (section 3.3.1) fills the form in and does nothing else.

use latchkey_protocol::activity::Activity;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::grant::device_code::{DecideError, LookUp};
use latchkey_protocol::identifier::GrantId;
use latchkey_protocol::params::{Parameters, encode};
use latchkey_protocol::time::Lifetime;
use latchkey_protocol::user_code::{UserCode, UserCodeError};

use super::account::{ask, log_later};
use super::device_decision::{self, Outcome};
use super::device_pages::{self, Wrong};
use super::device_visit::DeviceVisit;
use super::sealed_request::{self, Presented, page_with_request};
use super::test_user::{self, DeviceOutcome};
use super::{forged_form, unreadable_form};
use crate::browser::{Browser, ForgedForm, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::limits::{self, LimitedEndpoint};
use crate::log::Level;
use crate::objects::account::messages::{ApprovedBy, GiveBackUserCode, TryUserCode};
use crate::objects::device_authorization::DenyCode;
use crate::objects::{self, ObjectKind};
use crate::pages::DeviceEnd;

/// Shows the page, takes a code in, or takes the decision.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let keys = keys::key_set(context).await?;
    let browser = Browser::read(context, incoming);
    if incoming.method() == "POST" {
        let form = match incoming.form().await {
            Ok(form) => form,
            Err(error) => return unreadable_form(context, error),
        };
        return match form.get("decision") {
            Ok(None) => code_sent(context, incoming, &form, &keys, &browser).await,
            Ok(Some(_)) | Err(_) => decide(context, incoming, &form, &keys, &browser).await,
        };
    }
    let Ok(query) = incoming.query() else {
        return device_pages::enter(context, &keys, &browser, "", None);
    };
    match sealed_request::open(context, &keys, &query).await? {
        Presented::Refused(answer) => Ok(answer),
        Presented::Device(visit) => go_on(context, &keys, &browser, &visit).await,
        Presented::Absent | Presented::Request(_) => {
            let typed = query.get("user_code").ok().flatten().unwrap_or_default();
            if let Ok(user_code) = UserCode::parse(typed)
                && let Some(answer) =
                    test_user_decides(context, incoming, &query, &user_code, &keys, &browser)
                        .await?
            {
                return Ok(answer);
            }
            // Whatever isn't a code is not ours to show.
            let code = UserCode::parse(typed).map(|code| code.to_string()).unwrap_or_default();
            device_pages::enter(context, &keys, &browser, &code, None)
        }
    }
}

/// On a development server with a test user, opening the address with a code in it is the test user's
/// decision; `None` everywhere else.
async fn test_user_decides(
    context: &Context,
    incoming: &Incoming,
    query: &Parameters,
    user_code: &UserCode,
    keys: &KeySet,
    browser: &Browser,
) -> Result<Option<Answer>, Failure> {
    let end = match test_user::decide_about_device(context, incoming, query, user_code).await? {
        DeviceOutcome::LeaveToPerson => return Ok(None),
        DeviceOutcome::Allowed(client) => {
            return device_pages::end(context, DeviceEnd::Allowed, Some(&client)).map(Some);
        }
        DeviceOutcome::Denied => device_pages::end(context, DeviceEnd::Denied, None),
        DeviceOutcome::Nothing => {
            context.refused(&"no such user code for the test user", None);
            let shown = user_code.to_string();
            device_pages::enter(context, keys, browser, &shown, Some(Wrong::Unknown))
        }
        DeviceOutcome::NoClient(why) => device_pages::no_client(context, &why),
    };
    end.map(Some)
}

/// Sends the browser to the form, filled in with a code.
pub fn start_over(context: &Context, user_code: &UserCode) -> Answer {
    let path = context.configuration.endpoints.path(Endpoint::Device);
    let query = encode(&[("user_code", &user_code.to_string())]);
    Answer::redirect(303, format!("{path}?{query}"))
}

/// Back from signing in: whoever sent the code doesn't have to send it twice.
async fn go_on(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    visit: &DeviceVisit,
) -> Result<Answer, Failure> {
    match browser.signed_in(context).await? {
        Some(signed_in) if visit.signed_in_for.as_ref() == Some(&signed_in.key.session) => {
            look_up(context, keys, browser, &signed_in, &visit.user_code).await
        }
        Some(_) | None => Ok(start_over(context, &visit.user_code)),
    }
}

fn sign_in_first(
    context: &Context,
    keys: &KeySet,
    user_code: &UserCode,
) -> Result<Answer, Failure> {
    let sealed = DeviceVisit::new(context, user_code).seal(context, keys)?;
    Ok(Answer::redirect(303, page_with_request(context, Endpoint::SignIn, &sealed)))
}

/// The first form: a code.
async fn code_sent(
    context: &Context,
    incoming: &Incoming,
    form: &Parameters,
    keys: &KeySet,
    browser: &Browser,
) -> Result<Answer, Failure> {
    let typed = form.get("user_code").ok().flatten().unwrap_or_default();
    let parsed = UserCode::parse(typed);
    if let Err(reason) = browser.check_form(incoming, form, keys, device_pages::CODE_PURPOSE) {
        return match (parsed, reason) {
            // Most often the person signed in or out in another tab since.
            (Ok(user_code), ForgedForm::WrongToken) => {
                context.refused(&reason, None);
                Ok(start_over(context, &user_code))
            }
            _ => forged_form(context, reason),
        };
    }
    let user_code = match parsed {
        Ok(user_code) => user_code,
        Err(error) => {
            context.refused(&error, None);
            let wrong = match error {
                UserCodeError::Empty => Wrong::Empty,
                UserCodeError::NotACode => Wrong::NotACode,
            };
            return device_pages::enter(context, keys, browser, typed, Some(wrong));
        }
    };
    // RFC 8628 section 5.1: whoever has many accounts still has few networks.
    if limits::exceeded(context, LimitedEndpoint::UserCode).await {
        let wrong = Some(Wrong::TooManyFromNetwork(limits::PERIOD));
        return device_pages::enter(context, keys, browser, typed, wrong);
    }
    match browser.signed_in(context).await? {
        Some(signed_in) => look_up(context, keys, browser, &signed_in, &user_code).await,
        None => sign_in_first(context, keys, &user_code),
    }
}

/// Looks a code up for a person who sent it, if they have not sent too many wrong ones, and shows what
/// it comes to.
async fn look_up(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    user_code: &UserCode,
) -> Result<Answer, Failure> {
    let shown = user_code.to_string();
    let enter = |wrong| device_pages::enter(context, keys, browser, &shown, Some(wrong));
    // RFC 8628 section 5.1. Counted first, so that many at the same moment are many.
    let at = match ask(context, signed_in, &TryUserCode { key: signed_in.key.clone() }).await? {
        None => return sign_in_first(context, keys, user_code),
        Some(Err(wait)) => {
            context.refused(&"too many user codes", None);
            return enter(Wrong::TooMany(wait));
        }
        Some(Ok(at)) => at,
    };
    let found = device_decision::look_up(context, &signed_in.account, user_code).await?;
    if !found.is_a_guess() {
        ask(context, signed_in, &GiveBackUserCode { at }).await?;
    }
    let refused = |reason: &'static str, wrong| {
        context.refused(&reason, None);
        enter(wrong)
    };
    match found {
        LookUp::Pending(record) => {
            match device_decision::client_of(context, &record.request).await? {
                Ok(client) => {
                    device_pages::confirm(context, keys, browser, signed_in, &record, &client)
                }
                Err(why) => device_pages::no_client(context, &why),
            }
        }
        // Once more, in case the first time broke off before the account had the grant.
        LookUp::Approved { by_you: true, grant } => {
            allow(context, keys, browser, signed_in, user_code, &grant).await
        }
        LookUp::Denied { by_you: true } => device_pages::end(context, DeviceEnd::Denied, None),
        LookUp::Approved { by_you: false, .. } | LookUp::Denied { by_you: false } => {
            refused("used user code", Wrong::Used)
        }
        LookUp::Expired => refused("expired user code", Wrong::Expired),
        LookUp::Unknown => refused("unknown user code", Wrong::Unknown),
    }
}

/// The second form: Allow or Don't allow.
async fn decide(
    context: &Context,
    incoming: &Incoming,
    form: &Parameters,
    keys: &KeySet,
    browser: &Browser,
) -> Result<Answer, Failure> {
    let field = |name| form.get(name).ok().flatten().unwrap_or_default();
    let code = UserCode::from_canonical(field("user_code"));
    let (Some(user_code), Some(grant)) = (code, GrantId::parse(field("grant"))) else {
        return forged_form(context, ForgedForm::WrongToken);
    };
    let Some(signed_in) = browser.signed_in(context).await? else {
        // Signed out in another tab: sign in again and decide then.
        return sign_in_first(context, keys, &user_code);
    };
    // SEC-05: the form is good for this code's very request and for this session only, so that who
    // wasn't shown a request can't decide about it.
    let purpose = device_pages::decision_purpose(&user_code, &grant, &signed_in.key.session);
    if let Err(reason) = browser.check_form(incoming, form, keys, &purpose) {
        if reason == ForgedForm::WrongToken {
            context.refused(&reason, None);
            return Ok(start_over(context, &user_code));
        }
        return forged_form(context, reason);
    }
    match field("decision") {
        "allow" => allow(context, keys, browser, &signed_in, &user_code, &grant).await,
        "deny" => deny(context, keys, browser, &signed_in, &user_code, grant).await,
        _ => Ok(start_over(context, &user_code)),
    }
}

async fn allow(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    user_code: &UserCode,
    grant: &GrantId,
) -> Result<Answer, Failure> {
    let (account, by) = (&signed_in.account, ApprovedBy::Session(signed_in.key.clone()));
    let outcome = device_decision::approve(context, account, by, user_code, Some(grant)).await?;
    match outcome {
        Outcome::Allowed(client) => device_pages::end(context, DeviceEnd::Allowed, Some(&client)),
        Outcome::NotSignedIn => sign_in_first(context, keys, user_code),
        Outcome::Refused(error) => over(context, keys, browser, user_code, error),
        Outcome::NoClient(why) => device_pages::no_client(context, &why),
    }
}

async fn deny(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    user_code: &UserCode,
    shown: GrantId,
) -> Result<Answer, Failure> {
    let message = DenyCode { account: signed_in.account.clone(), shown };
    let kind = ObjectKind::DeviceAuthorization;
    match objects::send(&context.env, kind, user_code.as_str(), &message).await? {
        Ok(client_id) => {
            let event = context.outcome(Level::Info, "device denied");
            event
                .with_text("client_id", &client_id)
                .with_pseudonym("account", signed_in.account.as_str())
                .write();
            let account = signed_in.account.clone();
            log_later(context, account, Activity::DeviceDenied { client_id });
            device_pages::end(context, DeviceEnd::Denied, None)
        }
        Err(error) => over(context, keys, browser, user_code, error),
    }
}

/// What was shown can't be decided any more.
fn over(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    user_code: &UserCode,
    error: DecideError,
) -> Result<Answer, Failure> {
    context.refused(&error, None);
    let wrong = match error {
        DecideError::Over => Wrong::Expired,
        DecideError::Decided => Wrong::Used,
    };
    device_pages::enter(context, keys, browser, &user_code.to_string(), Some(wrong))
}

/// The seconds of a wait, rounded up to minutes as a person is told.
pub fn minutes(wait: Lifetime) -> u64 {
    wait.as_seconds().div_ceil(60).max(1)
}
