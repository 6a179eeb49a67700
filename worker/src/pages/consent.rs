//! The page where a person decides what a client may do.

use askama::Template;
use latchkey_protocol::time::Lifetime;

use super::client::{Client, ClientIdentity, Destination};
use super::filters;
use super::look::Look;
use super::text;

/// Says who asks, for which account, for what, for how long and where the answer goes; posts
/// `decision` to `{base}/consent`.
///
/// Needs the hostname of the redirect URI in plain sight (MCP, "Localhost Redirect URI Risks") and
/// self-declared words marked as such
/// ([RFC 7591 section 5](https://www.rfc-editor.org/rfc/rfc7591#section-5)).
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf`, in both forms.
    pub csrf: &'a str,
    /// The hidden field `request`, in both forms: the sealed authorization request.
    pub request: &'a str,
    /// The e-mail address of the account that is signed in.
    pub email: &'a str,
    /// Who asks.
    pub client: Client<'a>,
    /// The person allowed it before, as it described itself then.
    pub client_has_changed: bool,
    /// Where the answer goes.
    pub destination: Destination<'a>,
    /// The redirect URI that was matched, whole.
    pub redirect_uri: &'a str,
    /// What the access is to: every resource that tokens can be had for.
    pub resources: &'a [Resource<'a>],
    /// What the client may do, one line for each scope.
    pub scopes: &'a [ScopeLine<'a>],
    /// How long.
    pub access: AccessPeriod,
    /// The path of the page where access is taken back, without the base path, such as
    /// `/account`.
    pub manage_path: &'a str,
}

/// The API that the access is to ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its name, if the configuration has one.
    pub name: Option<&'a str>,
    /// Its canonical URI.
    pub uri: &'a str,
}

/// One scope in words.
#[derive(Debug, Clone)]
pub struct ScopeLine<'a> {
    /// The scope token itself, shown small.
    pub token: &'a str,
    /// What it allows, in a few words.
    pub title: &'a str,
    /// A sentence more.
    pub detail: Option<&'a str>,
    /// The titles of the scopes that whoever holds this one has too; mostly none.
    pub includes: Vec<&'a str>,
    /// Whether the app has it already; [`None`] where nobody asks.
    pub earlier: Option<Earlier>,
}

impl ScopeLine<'_> {
    /// Whether there is more to say than its title.
    pub fn has_more(&self) -> bool {
        self.detail.is_some() || !self.includes.is_empty()
    }
}

/// What an app that asks again may do already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// This is new.
    New,
    /// This was allowed before.
    Allowed,
}

/// How long the access lasts: every client gets a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessPeriod {
    /// How long it lives without use.
    pub idle: Lifetime,
    /// How long it lives at most.
    pub absolute: Lifetime,
}

impl AccessPeriod {
    /// The period as a phrase and a sentence.
    pub(super) fn words(self) -> (String, String) {
        let Self { idle, absolute } = self;
        let sentence = if idle >= absolute {
            "After that the app has to ask you again.".to_owned()
        } else {
            format!("Ends sooner if the app isn’t used for {}.", text::duration(idle))
        };
        (format!("Up to {}", text::duration(absolute)), sentence)
    }
}

impl ConsentPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    /// Whether it may do something already and asks for more.
    fn asks_for_more(&self) -> bool {
        self.has_earlier() && self.scopes.iter().any(|scope| scope.earlier == Some(Earlier::New))
    }

    /// Whether it may do something already.
    fn has_earlier(&self) -> bool {
        self.scopes.iter().any(|scope| scope.earlier == Some(Earlier::Allowed))
    }

    /// The client's host, where the destination is a website that is not part of it.
    fn elsewhere(&self) -> Option<&str> {
        self.client.host().filter(|host| !self.destination.belongs_to(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_is_true_for_each_kind_of_access() {
        let cases = [
            (
                AccessPeriod { idle: Lifetime::days(30), absolute: Lifetime::days(365) },
                "Up to 1 year",
                "isn’t used for 30 days",
            ),
            (
                AccessPeriod { idle: Lifetime::days(30), absolute: Lifetime::days(30) },
                "Up to 30 days",
                "ask you again",
            ),
        ];
        for (period, phrase, sentence) in cases {
            let words = period.words();
            assert_eq!(words.0, phrase);
            assert!(words.1.contains(sentence), "{}", words.1);
        }
    }
}
