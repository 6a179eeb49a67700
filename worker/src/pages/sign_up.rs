//! The page to create an account.

use askama::Template;

use super::client::Purpose;
use super::filters;
use super::look::Look;

/// Asks for an e-mail address and a new password, and posts them to `{base}/sign-up`.
#[derive(Template)]
#[template(path = "sign_up.html")]
pub struct SignUpPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf`.
    pub csrf: &'a str,
    /// The hidden field `request`: the sealed authorization request; [`None`] when someone came
    /// by themselves.
    pub request: Option<&'a str>,
    /// What the person came for, if they didn't come by themselves.
    pub purpose: Option<Purpose<'a>>,
    /// What the e-mail field holds; may be empty.
    pub email: &'a str,
    /// How many characters a password has at least.
    pub password_minimum: u32,
    /// What went wrong that belongs to no field.
    pub error: Option<&'a str>,
    /// What is wrong with the e-mail address.
    pub email_error: Option<&'a str>,
    /// What is wrong with the password.
    pub password_error: Option<&'a str>,
}

impl SignUpPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    /// Whether the last try failed for any reason.
    fn failed(&self) -> bool {
        self.error.is_some() || self.email_error.is_some() || self.password_error.is_some()
    }

    /// Whether to start in the password field: the address is there, and nothing is wrong with it.
    fn starts_in_password(&self) -> bool {
        !self.email.is_empty() && self.email_error.is_none()
    }
}
