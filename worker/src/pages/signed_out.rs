//! The page after signing out.

use askama::Template;

use super::filters;
use super::look::Look;

/// Confirms that the browser is signed out, and what that does not change.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    /// The product's look.
    pub look: &'a Look,
}

impl SignedOutPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
