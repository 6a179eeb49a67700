//! The pages on the way back to the client, where a bare redirect would leave the person lost.

use askama::Template;

use super::client::{Client, Destination};
use super::filters;
use super::look::Look;
use super::text;

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Access was allowed.
    Allowed,
    /// Access was refused.
    Denied,
}

/// After the decision: says what was decided and leads back to the app.
///
/// To a place on the person's own device it goes by itself, with a link for when the browser
/// doesn't; to a website only by the link
/// ([RFC 9700 section 4.11.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2)).
#[derive(Template)]
#[template(path = "return_to_app.html")]
pub struct ReturnToApp<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// What was decided.
    pub outcome: Outcome,
    /// The app.
    pub client: Client<'a>,
    /// Where it leads.
    pub destination: Destination<'a>,
    /// The redirect URI with the response's parameters. Not shown, only followed; left out if it
    /// has a scheme that browsers run themselves.
    pub url: &'a str,
}

impl ReturnToApp<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn link(&self) -> Option<&str> {
        text::app_link(self.url)
    }

    fn automatic_link(&self) -> Option<&str> {
        self.link().filter(|_| self.destination.is_on_device())
    }
}

/// When the app's own request was wrong: says so, and leaves it to the person to go back
/// ([RFC 9700 section 4.11.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2)).
#[derive(Template)]
#[template(path = "return_with_error.html")]
pub struct ReturnWithError<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The app.
    pub client: Client<'a>,
    /// Where the link leads.
    pub destination: Destination<'a>,
    /// The redirect URI with the error's parameters; left out if it has a scheme that browsers run
    /// themselves.
    pub url: &'a str,
    /// The error code ([RFC 6749 section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    pub code: &'a str,
    /// The fixed words for it.
    pub description: Option<&'a str>,
    /// The reference id.
    pub reference: &'a str,
}

impl ReturnWithError<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn link(&self) -> Option<&str> {
        text::app_link(self.url)
    }
}
