//! Which page a checked authorization request needs next, for whoever is signed in.

use latchkey_protocol::authorize::{self, Interaction, RedirectReason, SignedIn as Authenticated};
use latchkey_protocol::grant::authorization_code::Approval;

use super::authorization_response::{code_location, redirect_error, refusal};
use super::sealed_request::{Goal, Waiting};
use super::{consent_page, sign_in, sign_up};
use crate::browser::{Browser, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::objects::account::messages::{Approve, Approved, ApprovedBy};
use crate::objects::{self, ObjectKind};

/// Shows the next page, or answers without one.
pub async fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: Option<&SignedIn>,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let authenticated = signed_in.map(|signed_in| Authenticated {
        session: &signed_in.key.session,
        authenticated_at: signed_in.person.authenticated_at,
    });
    match (authorize::interaction(request, authenticated), signed_in) {
        (Interaction::Consent, Some(signed_in)) => {
            consent_page::show(context, keys, browser, signed_in, waiting).await
        }
        (Interaction::Silent, Some(signed_in)) => silent(context, signed_in, waiting).await,
        (Interaction::Refuse(reason), _) => {
            redirect_error(context, client, &refusal(request, reason))
        }
        (Interaction::SignUp, _) if context.configuration.sign_up => {
            let filled = sign_up::Filled::default();
            sign_up::show(context, keys, browser, Some(Goal::App(waiting)), &filled)
        }
        (
            Interaction::SignIn | Interaction::SignUp | Interaction::Consent | Interaction::Silent,
            _,
        ) => {
            let known = signed_in.map(|signed_in| signed_in.person.email.as_str());
            let email = request.login_hint.as_deref().or(known).unwrap_or_default();
            sign_in::show(context, keys, browser, Some(Goal::App(waiting)), email, None)
        }
    }
}

/// `prompt=none`: an answer without a page, if the person has allowed just this before.
async fn silent(
    context: &Context,
    signed_in: &SignedIn,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let message = Approve {
        account: signed_in.account.clone(),
        by: ApprovedBy::Session(signed_in.key.clone()),
        request: request.clone(),
        client_name: client.metadata.client_name.clone(),
        only_if_allowed_before: true,
    };
    let account = signed_in.account.as_str();
    let approved = objects::send(&context.env, ObjectKind::Account, account, &message).await?;
    let reason = match approved {
        Approved::Done(Approval::CodeIssued) => {
            let location = code_location(context, &signed_in.account, request);
            return Ok(Answer::redirect(302, location));
        }
        Approved::NotSignedIn => RedirectReason::LoginRequired,
        Approved::NotAllowedBefore | Approved::Done(Approval::AlreadyUsed) => {
            RedirectReason::ConsentRequired
        }
    };
    redirect_error(context, client, &refusal(request, reason))
}
