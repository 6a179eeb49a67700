//! The page for a second press of Allow after the first one went through.

use askama::Template;

use super::client::Client;
use super::filters;
use super::look::Look;

/// The request was allowed and its code already used: nothing is left to do.
#[derive(Template)]
#[template(path = "already_approved.html")]
pub struct AlreadyApprovedPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The app, if it is still known.
    pub client: Option<Client<'a>>,
}

impl AlreadyApprovedPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
