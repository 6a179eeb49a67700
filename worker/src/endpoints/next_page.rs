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
use crate::objects::account::messages::{Approved, Next};

/// Shows the next page, or answers without one. `brought` is what the account of whoever is signed in
/// said.
pub fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    brought: Option<(SignedIn, Next)>,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let signed_in = match brought {
        Some((signed_in, Next::Ask(earlier))) => {
            return consent_page::show(context, keys, browser, &signed_in, earlier, waiting);
        }
        Some((signed_in, Next::Silent(approved))) => {
            return silent(context, &signed_in, approved, waiting);
        }
        Some((signed_in, Next::Other)) => Some(signed_in),
        None => None,
    };
    let authenticated = signed_in.as_ref().map(|signed_in| Authenticated {
        session: &signed_in.key.session,
        authenticated_at: signed_in.person.authenticated_at,
    });
    match authorize::interaction(request, authenticated) {
        Interaction::Refuse(reason) => redirect_error(context, client, &refusal(request, reason)),
        Interaction::SignUp if context.configuration.sign_up => {
            let filled = sign_up::Filled::default();
            sign_up::show(context, keys, browser, Some(Goal::App(waiting)), &filled)
        }
        // The account decides the last two by the same rule, so they don't come here.
        Interaction::SignIn | Interaction::SignUp | Interaction::Consent | Interaction::Silent => {
            let known = signed_in.as_ref().map(|signed_in| signed_in.person.email.as_str());
            let email = request.login_hint.as_deref().or(known).unwrap_or_default();
            sign_in::show(context, keys, browser, Some(Goal::App(waiting)), email, None)
        }
    }
}

/// `prompt=none`: an answer without a page, if the person has allowed just this before.
fn silent(
    context: &Context,
    signed_in: &SignedIn,
    approved: Approved,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
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
