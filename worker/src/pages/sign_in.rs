//! The page to sign in with an e-mail address and a password.

use askama::Template;

use super::client::Purpose;
use super::filters;
use super::look::Look;

/// Asks for an e-mail address and a password, and posts them to `{base}/sign-in`.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf`.
    pub csrf: &'a str,
    /// The hidden field `request`: the sealed request or visit, kept through sign-in and
    /// sign-up; [`None`] when someone came by themselves.
    pub request: Option<&'a str>,
    /// What the person came for, if they didn't come by themselves.
    pub purpose: Option<Purpose<'a>>,
    /// What the e-mail field holds: `login_hint` or what was typed before; may be empty.
    pub email: &'a str,
    /// What went wrong with the last try, as a sentence.
    pub error: Option<&'a str>,
    /// Whether to offer to create an account.
    pub sign_up_allowed: bool,
}

impl SignInPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
