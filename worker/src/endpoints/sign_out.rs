//! `POST /sign-out`: ends this browser's session. What apps were allowed stays allowed.

use latchkey_protocol::configuration::Endpoint;

use super::posted_form::PostedForm;
use super::sealed_request::{OpenedRequest, page_with_request};
use super::{consent_page, look, page};
use crate::browser::{self, Browser};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::log::Level;
use crate::pages::SignedOutPage;

/// What the form's CSRF token is for.
pub const PURPOSE: &str = "sign-out";

/// Signs out, and goes on to the sign-in page if an app or a device is waiting ("not you?").
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let keys = keys::key_set(context).await?;
    let browser = Browser::read(context, incoming);
    // The form is on the start page or, for "not you?", on the consent page.
    let purpose = |opened: Option<&OpenedRequest>| match (opened, browser.claim()) {
        (Some(opened), Some(claim)) => {
            consent_page::purpose(&opened.request, &claim.account, &claim.key.session)
        }
        _ => PURPOSE.to_owned(),
    };
    let form = match PostedForm::read(context, incoming, &keys, &browser, purpose).await? {
        Ok(form) => form,
        Err(answer) => return Ok(answer),
    };
    browser.end_session(context).await?;
    context.outcome(Level::Info, "signed out").write();
    let answer = match form.goal() {
        Some(goal) => {
            let sealed = goal.seal(context, &keys)?;
            Answer::redirect(303, page_with_request(context, Endpoint::SignIn, &sealed))
        }
        None => {
            let look = look(&context.configuration);
            page(context, 200, SignedOutPage { look: &look }.render())?
        }
    };
    Ok(browser::end_session(context, answer))
}
