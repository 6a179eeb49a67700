//! The page for everything that ends here, with the reference that the log line has too.

use askama::Template;

use super::filters;
use super::look::Look;

/// Says what happened, what to do, and what to quote when asking for help.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The HTTP status, shown small.
    pub status: u16,
    /// The heading: a few words.
    pub title: &'a str,
    /// What happened, as a sentence or two.
    pub what_happened: &'a str,
    /// What the person can do, as a sentence or two.
    pub what_to_do: &'a str,
    /// The reference id.
    pub reference: &'a str,
    /// A way on from here.
    pub action: Option<Action<'a>>,
}

/// A link that looks like a button.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// Its words.
    pub label: &'a str,
    /// A path on this origin, base path included.
    pub href: &'a str,
}

impl ErrorPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
