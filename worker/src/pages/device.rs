//! The pages on which a person connects a device that shows a code.

use askama::Template;
use latchkey_protocol::time::Lifetime;

use super::client::{Client, ClientIdentity};
use super::consent::{AccessPeriod, Earlier, Resource, ScopeLine};
use super::filters;
use super::look::Look;
use super::text;

/// Asks for the code and posts `user_code` to `{base}/device`.
#[derive(Template)]
#[template(path = "device_code.html")]
pub struct DeviceCodePage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf`.
    pub csrf: &'a str,
    /// What the field holds: what was typed, or the code of the link that led here.
    pub typed: &'a str,
    /// What went wrong with the last try, as a sentence.
    pub error: Option<&'a str>,
    /// The path of the QR code of this page, to go on with on a phone.
    pub qr: Option<&'a str>,
}

/// Says which device asks, from where, and for what; posts `decision` to `{base}/device`.
///
/// The code is shown again, whichever way it came, so that the person compares it with the device's
/// ([RFC 8628 section 3.3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.3.1)), and the page says
/// what somebody who sent the code would rather not have read
/// ([RFC 10027](https://www.rfc-editor.org/rfc/rfc10027)).
#[derive(Template)]
#[template(path = "device_confirm.html")]
pub struct DeviceConfirmPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf` of the decision.
    pub csrf: &'a str,
    /// The hidden field `csrf` of the sign-out form.
    pub sign_out_csrf: &'a str,
    /// The hidden field `request` of the sign-out form: the sealed visit.
    pub request: &'a str,
    /// The code as the device shows it.
    pub user_code: &'a str,
    /// The hidden field `user_code`.
    pub code_field: &'a str,
    /// The hidden field `grant`.
    pub grant: &'a str,
    /// The e-mail address of the account that is signed in.
    pub email: &'a str,
    /// Who asks.
    pub client: Client<'a>,
    /// Where the device is, as far as it shows.
    pub asked_from: AskedFrom<'a>,
    /// What the access is to: every resource that tokens can be had for.
    pub resources: &'a [Resource<'a>],
    /// What the client may do, one line for each scope.
    pub scopes: &'a [ScopeLine<'a>],
    /// How long.
    pub access: AccessPeriod,
}

/// Where a request to connect a device came from.
#[derive(Debug, Clone, Copy)]
pub struct AskedFrom<'a> {
    /// Which program it says it is.
    pub program: Option<&'a str>,
    /// The city and country that the network says.
    pub place: Option<&'a str>,
    /// How long ago it asked.
    pub ago: Lifetime,
}

impl AskedFrom<'_> {
    fn shown_program(&self) -> String {
        let program = text::clean(self.program.unwrap_or_default());
        if program.is_empty() { "A program that we don’t know".to_owned() } else { program }
    }

    fn when(&self) -> String {
        if self.ago < Lifetime::minutes(1) {
            "Less than a minute ago".to_owned()
        } else {
            format!("{} ago", text::duration(self.ago))
        }
    }
}

/// Says what came of a decision.
#[derive(Template)]
#[template(path = "device_end.html")]
pub struct DeviceEndPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// What came of it.
    pub end: DeviceEnd,
    /// The app, if it is at hand.
    pub client: Option<Client<'a>>,
}

/// What came of a decision about a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceEnd {
    /// It was allowed.
    Allowed,
    /// It wasn't.
    Denied,
}

impl DeviceCodePage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}

impl DeviceConfirmPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}

impl DeviceEndPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_07_it_says_what_is_known_of_where_the_request_came_from() {
        let from =
            |program, seconds| AskedFrom { program, place: None, ago: Lifetime::seconds(seconds) };
        assert_eq!(from(Some("curl"), 59).shown_program(), "curl");
        assert_eq!(from(None, 0).shown_program(), "A program that we don’t know");
        assert_eq!(from(None, 59).when(), "Less than a minute ago");
        assert_eq!(from(None, 60).when(), "1 minute ago");
        assert_eq!(from(None, 300).when(), "5 minutes ago");
    }
}
