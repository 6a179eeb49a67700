//! The pages that make a personal access token and show it once.

use askama::Template;
use latchkey_protocol::time::{Lifetime, UnixTime};

use super::consent::{Resource, ScopeLine};
use super::filters;
use super::look::Look;
use super::text;

/// Asks for a label, scopes, resources and an end; posts them to `{base}/account/tokens`.
#[derive(Template)]
#[template(path = "new_token.html")]
pub struct NewTokenPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf`.
    pub csrf: &'a str,
    /// What the label field holds; may be empty.
    pub label: &'a str,
    /// The longest label, in characters.
    pub label_maximum: usize,
    /// Every scope there is.
    pub scopes: &'a [Choice<ScopeLine<'a>>],
    /// The resources that take such tokens. One alone is not asked about.
    pub resources: &'a [Choice<Resource<'a>>],
    /// How long it may live.
    pub lifetimes: &'a [Choice<Lifetime>],
    /// The time at which the page is made.
    pub now: UnixTime,
    /// What went wrong that belongs to no field.
    pub error: Option<&'a str>,
    /// What is wrong with the label.
    pub label_error: Option<&'a str>,
    /// What is wrong with the scopes.
    pub scope_error: Option<&'a str>,
    /// What is wrong with the resources.
    pub resource_error: Option<&'a str>,
}

/// Something to choose.
#[derive(Debug, Clone, Copy)]
pub struct Choice<T> {
    /// What.
    pub item: T,
    /// Whether it is chosen when the page opens.
    pub is_chosen: bool,
}

impl NewTokenPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn failed(&self) -> bool {
        [self.error, self.label_error, self.scope_error, self.resource_error]
            .iter()
            .any(Option::is_some)
    }
}

/// Shows a new token, this once, and how to use it.
#[derive(Template)]
#[template(path = "token_created.html")]
pub struct TokenCreatedPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// What the person called it.
    pub label: &'a str,
    /// The token itself.
    pub token: &'a str,
    /// When it ends.
    pub expires_at: UnixTime,
    /// Something that it works for, to show how.
    pub example: Option<TokenExample<'a>>,
}

/// Where a new token can be tried.
#[derive(Debug, Clone, Copy)]
pub struct TokenExample<'a> {
    /// The resource's URI.
    pub uri: &'a str,
    /// Whether an MCP server is behind it, which answers to MCP's messages only.
    pub is_mcp: bool,
}

impl TokenCreatedPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
