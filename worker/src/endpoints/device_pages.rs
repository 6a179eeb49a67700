//! The pages for a device's code, filled in.

use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::grant::device_code::DeviceAuthorizationRecord;
use latchkey_protocol::identifier::{GrantId, SessionId};
use latchkey_protocol::params::encode;
use latchkey_protocol::time::Lifetime;
use latchkey_protocol::user_code::UserCode;

use super::account::{resource_lines, scope_lines};
use super::device::minutes;
use super::device_decision::NoClient;
use super::device_visit::DeviceVisit;
use super::sealed_request::client_view;
use super::{Trouble, client_document, error_page, look, page, sign_out};
use crate::browser::{Browser, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::pages::{
    AccessPeriod, AskedFrom, DeviceCodePage, DeviceConfirmPage, DeviceEnd, DeviceEndPage,
};

/// What the CSRF token of the form for a code is for.
pub const CODE_PURPOSE: &str = "device code";

/// What the CSRF token of the decision is for: one request of one code in one session.
pub fn decision_purpose(user_code: &UserCode, grant: &GrantId, session: &SessionId) -> String {
    format!("device:{}:{grant}:{session}", user_code.as_str())
}

/// What is wrong with a code.
#[derive(Debug, Clone, Copy)]
pub enum Wrong {
    /// Nothing was typed.
    Empty,
    /// It can't be a code.
    NotACode,
    /// No device shows it.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was decided about.
    Used,
    /// The person has sent too many wrong ones, and has to wait this long.
    TooMany(Lifetime),
    /// Too many codes, right or wrong, came from the person's network; they have to wait this long.
    TooManyFromNetwork(Lifetime),
}

impl Wrong {
    const fn wait(self) -> Option<Lifetime> {
        match self {
            Self::TooMany(wait) | Self::TooManyFromNetwork(wait) => Some(wait),
            Self::Empty | Self::NotACode | Self::Unknown | Self::Expired | Self::Used => None,
        }
    }
}

impl Wrong {
    fn words(self) -> String {
        let words = match self {
            Self::Empty => "Enter the code that your device shows.",
            Self::NotACode => {
                "That is not a code of this site. It has four letters and four digits, such as \
                 BCDF-1234."
            }
            Self::Unknown => {
                "No device is waiting with this code. Check each letter and digit, and try again."
            }
            Self::Expired => {
                "The time of this code is over. Start again on your device: it will show a new one."
            }
            Self::Used => {
                "This code was used already. Start again on your device: it will show a new one."
            }
            Self::TooMany(wait) => {
                return format!("Too many wrong codes. {}", wait_and_try(wait));
            }
            Self::TooManyFromNetwork(wait) => {
                return format!("Too many codes came from your network. {}", wait_and_try(wait));
            }
        };
        words.to_owned()
    }
}

fn wait_and_try(wait: Lifetime) -> String {
    let minutes = minutes(wait);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!("Wait {minutes} {unit}, then enter the code again.")
}

/// The page that asks for a code; `typed` is in the field.
pub fn enter(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    typed: &str,
    wrong: Option<Wrong>,
) -> Result<Answer, Failure> {
    let configuration = &context.configuration;
    let look = look(configuration);
    let csrf = browser.csrf_token(keys, CODE_PURPOSE)?;
    let error = wrong.map(Wrong::words);
    let qr = configuration.endpoints.path(Endpoint::DeviceQr);
    let (qr, offers_qr) = match UserCode::parse(typed) {
        Ok(code) => (format!("{qr}?{}", encode(&[("user_code", &code.to_string())])), true),
        Err(_) => (qr, typed.is_empty()),
    };
    let form = DeviceCodePage {
        look: &look,
        csrf: csrf.expose(),
        typed,
        error: error.as_deref(),
        qr: (wrong.is_none() && offers_qr).then_some(qr.as_str()),
    };
    let wait = wrong.and_then(Wrong::wait);
    let status = match (wrong, wait) {
        (None, _) => 200,
        (Some(_), Some(_)) => 429,
        (Some(_), None) => 422,
    };
    let answer = browser.remember(context, page(context, status, form.render())?);
    Ok(match wait {
        Some(wait) => answer.with_header("retry-after", wait.as_seconds().to_string()),
        None => answer,
    })
}

/// The page that asks whether the device may have access.
pub fn confirm(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    record: &DeviceAuthorizationRecord,
    client: &ClientRecord,
) -> Result<Answer, Failure> {
    let configuration = &context.configuration;
    let look = look(configuration);
    let session = &signed_in.key.session;
    let csrf =
        browser.csrf_token(keys, &decision_purpose(&record.user_code, &record.grant, session))?;
    let sign_out_csrf = browser.csrf_token(keys, sign_out::PURPOSE)?;
    let visit = DeviceVisit::new(context, &record.user_code).seal(context, keys)?;
    let scopes = scope_lines(configuration, &record.request.scope);
    let resources = resource_lines(configuration, &record.request.resources);
    let user_code = record.user_code.to_string();
    let confirm = DeviceConfirmPage {
        look: &look,
        csrf: csrf.expose(),
        sign_out_csrf: sign_out_csrf.expose(),
        request: &visit,
        user_code: &user_code,
        code_field: record.user_code.as_str(),
        grant: record.grant.as_str(),
        email: signed_in.person.email.as_str(),
        client: client_view(client),
        asked_from: AskedFrom {
            program: record.origin.program.as_deref(),
            place: record.origin.place.as_deref(),
            ago: context.now.since(record.created_at),
        },
        resources: &resources,
        scopes: &scopes,
        access: AccessPeriod {
            idle: configuration.lifetimes.refresh_token_idle,
            absolute: configuration.lifetimes.refresh_token_absolute,
        },
    };
    Ok(browser.remember(context, page(context, 200, confirm.render())?))
}

/// The page after a decision.
pub fn end(
    context: &Context,
    end: DeviceEnd,
    client: Option<&ClientRecord>,
) -> Result<Answer, Failure> {
    let look = look(&context.configuration);
    let done = DeviceEndPage { look: &look, end, client: client.map(client_view) };
    page(context, 200, done.render())
}

/// The page for a device whose app was removed while it waited.
pub fn no_client(context: &Context, why: &NoClient) -> Result<Answer, Failure> {
    let client_id = match why {
        NoClient::Gone(client_id) => client_id,
        NoClient::Document(client_id, problem) => {
            return client_document::page(context, client_id, problem);
        }
    };
    context.refused(&"the client is gone", Some(client_id));
    let trouble = Trouble {
        status: 400,
        title: "This app is no longer registered",
        what_happened: "The app on your device was removed from this site while it waited.",
        what_to_do: "Start again on your device.",
    };
    error_page(context, &trouble)
}
