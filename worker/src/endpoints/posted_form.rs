//! A form of one of our pages, as it comes back.

use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::params::Parameters;

use super::device_visit::DeviceVisit;
use super::sealed_request::{self, Goal, OpenedRequest, Presented, page_with_request};
use super::{device, forged_form, unreadable_form};
use crate::browser::{Browser, ForgedForm};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::KeySet;

/// What to answer to a form that isn't believed. Most often the person signed in in another tab
/// since: showing the waiting request afresh changes nothing and loses nothing.
pub fn refuse(
    context: &Context,
    keys: &KeySet,
    opened: Option<&OpenedRequest>,
    reason: ForgedForm,
) -> Result<Answer, Failure> {
    match opened {
        Some(opened) if reason == ForgedForm::WrongToken => {
            context.refused(&reason, Some(&opened.client.client_id));
            let sealed = sealed_request::seal(context, keys, &opened.request)?;
            Ok(Answer::redirect(303, page_with_request(context, Endpoint::Consent, &sealed)))
        }
        _ => forged_form(context, reason),
    }
}

/// A form that this browser was served, and the authorization request it carries on.
pub struct PostedForm {
    fields: Parameters,
    /// The request that waits behind the form, if there is one.
    pub opened: Option<Box<OpenedRequest>>,
    /// The device whose code waits behind the form, if there is one.
    visit: Option<DeviceVisit>,
}

impl PostedForm {
    /// Reads a form and checks where it comes from. `purpose` says what its CSRF token has to be
    /// for, given the request that it carries.
    ///
    /// # Errors
    ///
    /// The inner error is the page to answer with.
    pub async fn read(
        context: &Context,
        incoming: &mut Incoming,
        keys: &KeySet,
        browser: &Browser,
        purpose: impl FnOnce(Option<&OpenedRequest>) -> String,
    ) -> Result<Result<Self, Answer>, Failure> {
        let fields = match incoming.form().await {
            Ok(fields) => fields,
            Err(error) => return unreadable_form(context, error).map(Err),
        };
        let (opened, visit) = match sealed_request::open(context, keys, &fields).await? {
            Presented::Refused(answer) => return Ok(Err(answer)),
            Presented::Absent => (None, None),
            Presented::Request(opened) => (Some(opened), None),
            Presented::Device(visit) => (None, Some(visit)),
        };
        let purpose = purpose(opened.as_deref());
        if let Err(reason) = browser.check_form(incoming, &fields, keys, &purpose) {
            if let (Some(visit), ForgedForm::WrongToken) = (&visit, reason) {
                context.refused(&reason, None);
                return Ok(Err(device::start_over(context, &visit.user_code)));
            }
            return refuse(context, keys, opened.as_deref(), reason).map(Err);
        }
        Ok(Ok(Self { fields, opened, visit }))
    }

    /// What waits behind the form.
    pub fn goal(&self) -> Option<Goal<'_>> {
        let app = self.opened.as_deref().map(|opened| Goal::App(opened.waiting()));
        app.or_else(|| self.visit.as_ref().map(Goal::Device))
    }

    /// What was typed into a field; nothing if it is missing or there twice.
    pub fn field(&self, name: &'static str) -> &str {
        self.fields.get(name).ok().flatten().unwrap_or_default()
    }
}
