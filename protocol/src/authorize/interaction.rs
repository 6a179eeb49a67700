//! Which page a checked request needs next.

use super::error::RedirectReason;
use super::request::AuthorizationRequest;
use crate::identifier::SessionId;
use crate::time::UnixTime;

/// A signed-in browser, as far as this decision needs it.
#[derive(Debug, Clone, Copy)]
pub struct SignedIn<'a> {
    /// Which session.
    pub session: &'a SessionId,
    /// When the person last entered their password in it.
    pub authenticated_at: UnixTime,
}

/// What happens next with a checked request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    /// Show the sign-in page.
    SignIn,
    /// Show the sign-up page.
    SignUp,
    /// Show the consent page. It is always shown: a session alone never is consent.
    Consent,
    /// Answer without a page if the person has allowed just this before.
    Silent,
    /// Tell the client why there can't be an answer without a page.
    Refuse(RedirectReason),
}

/// Decides what happens next, given who is signed in in this browser.
///
/// [OpenID Connect Core section 3.1.2.3](https://openid.net/specs/openid-connect-core-1_0.html#Authenticates).
#[must_use]
pub fn interaction(request: &AuthorizationRequest, signed_in: Option<SignedIn<'_>>) -> Interaction {
    let recent_enough = signed_in.is_some_and(|signed_in| {
        // Whoever entered the password for this very request meets any demand for a fresh sign-in.
        let for_this_request = request.signed_in_for == Some(signed_in.session.clone());
        let young = request.max_age.is_none_or(|max_age| {
            request.created_at.since(signed_in.authenticated_at) <= max_age
                && max_age.as_seconds() > 0
        });
        for_this_request || (young && !request.prompt.login)
    });
    match (recent_enough, request.prompt.none) {
        (true, true) => Interaction::Silent,
        (false, true) => Interaction::Refuse(RedirectReason::LoginRequired),
        (true, false) => Interaction::Consent,
        (false, false) if request.prompt.create && signed_in.is_none() => Interaction::SignUp,
        (false, false) => Interaction::SignIn,
    }
}
