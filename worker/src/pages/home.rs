//! The page at `/`, for the person or the developer who lands there.

use askama::Template;

use super::consent::Resource;
use super::filters;
use super::look::Look;
use super::text;

/// Whose server this is, who is signed in, and what a developer needs to connect.
#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The account that is signed in, if any.
    pub account: Option<SignedIn<'a>>,
    /// Whether to offer to create an account.
    pub sign_up_allowed: bool,
    /// The issuer ([RFC 8414 section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
    pub issuer: &'a str,
    /// The URL of the metadata document.
    pub metadata_url: &'a str,
    /// The MCP servers behind the gateway: what a client connects to.
    pub resources: &'a [Resource<'a>],
    /// The path of the playground, where there is one.
    pub playground: Option<&'a str>,
    /// The endpoints that are configured.
    pub endpoints: &'a [EndpointLine<'a>],
    /// What the operator should know, such as a setting that is meant for development.
    pub notices: Vec<String>,
}

/// Who is signed in on this browser.
#[derive(Debug, Clone, Copy)]
pub struct SignedIn<'a> {
    /// The account's e-mail address.
    pub email: &'a str,
    /// The hidden field `csrf` of the sign-out form.
    pub csrf: &'a str,
}

/// One endpoint, as the table shows it.
#[derive(Debug, Clone, Copy)]
pub struct EndpointLine<'a> {
    /// What it is for, in a word or two: "Token".
    pub name: &'a str,
    /// Its URL.
    pub url: &'a str,
}

impl HomePage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
