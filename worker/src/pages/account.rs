//! The page where a person sees what has access to their account, and takes it back.

use askama::Template;
use latchkey_protocol::time::{Lifetime, UnixTime};

use super::client::Destination;
use super::consent::{Resource, ScopeLine};
use super::filters;
use super::look::Look;
use super::text;

/// How many apps, or tokens, are shown with everything about them unfolded.
const UNFOLDED: usize = 3;

/// Connected apps, personal access tokens and signed-in browsers; every form posts `action` and `id`
/// to `{base}/account`, and signing out posts to `{base}/sign-out`.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// The product's look.
    pub look: &'a Look,
    /// The hidden field `csrf` of every form but the sign-out form.
    pub csrf: &'a str,
    /// The hidden field `csrf` of the sign-out form.
    pub sign_out_csrf: &'a str,
    /// The e-mail address of the account that is signed in.
    pub email: &'a str,
    /// What was just done.
    pub done: Option<Done>,
    /// The apps that have access.
    pub apps: &'a [AppItem<'a>],
    /// After which client the next part of the apps begins, if there are so many.
    pub more_apps: Option<&'a str>,
    /// Whether there are parts before this one.
    pub is_later: bool,
    /// How long an app may at most go on with a token it already has once it is revoked.
    pub app_delay: Lifetime,
    /// The personal access tokens, expired ones too.
    pub tokens: &'a [TokenItem<'a>],
    /// The same as `app_delay`, for a personal access token.
    pub token_delay: Lifetime,
    /// Whether anything here takes personal access tokens.
    pub tokens_allowed: bool,
    /// Where the person is signed in.
    pub sessions: &'a [SessionItem<'a>],
    /// The time at which the page is made.
    pub now: UnixTime,
}

/// What a form of this page did; the query `done` of the page after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// An app lost its access.
    App,
    /// A personal access token was revoked.
    Token,
    /// A browser was signed out.
    Session,
    /// All other browsers were signed out.
    Sessions,
}

impl Done {
    /// Reads the query's word; [`None`] for any other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::App, Self::Token, Self::Session, Self::Sessions]
            .into_iter()
            .find(|done| done.as_str() == text)
    }

    /// The query's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Token => "token",
            Self::Session => "session",
            Self::Sessions => "sessions",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::App => "The app’s access is revoked.",
            Self::Token => "The token is revoked.",
            Self::Session => "That browser is signed out.",
            Self::Sessions => "All other browsers are signed out.",
        }
    }
}

/// One installation of an app that has access.
#[derive(Debug, Clone)]
pub struct AppItem<'a> {
    /// The value of `id` that revokes it.
    pub id: &'a str,
    /// The name it gave itself.
    pub name: Option<&'a str>,
    /// Where it is.
    pub place: AppPlace<'a>,
    /// What it may do.
    pub scopes: Vec<ScopeLine<'a>>,
    /// With what.
    pub resources: Vec<Resource<'a>>,
    /// When the person first allowed it.
    pub first_used_at: UnixTime,
    /// When it last got tokens or called something.
    pub last_used_at: UnixTime,
    /// When it ends, unless it is used, if that keeps it.
    pub ends_at: UnixTime,
    /// Whether using it puts the end off.
    pub is_kept_by_use: bool,
}

/// Where an app is, as far as the person could know it when they allowed it.
#[derive(Debug, Clone, Copy)]
pub enum AppPlace<'a> {
    /// Where its answers are sent.
    Redirect(Destination<'a>),
    /// On a device that showed a code.
    Device {
        /// Which program it said it is.
        program: Option<&'a str>,
    },
}

impl AppItem<'_> {
    fn shown_name(&self) -> String {
        let name = text::clean(self.name.unwrap_or_default());
        if name.is_empty() { "An app without a name".to_owned() } else { name }
    }

    fn initial(&self) -> String {
        text::initial(self.name.unwrap_or_default())
    }

    /// Where it is, which tells two apps of one name apart. Whoever reads this may hold another
    /// device in their hands than the one that the app is on.
    fn place(&self) -> String {
        match self.place {
            AppPlace::Redirect(Destination::Web { host }) => text::clean_to(host, 320),
            AppPlace::Redirect(Destination::Loopback { .. }) => "An app on your device".to_owned(),
            AppPlace::Redirect(Destination::PrivateUse { scheme }) => {
                format!("The app that opens {}:// links", text::clean(scheme))
            }
            AppPlace::Device { program: None } => {
                "A device that you approved with a code".to_owned()
            }
            AppPlace::Device { program: Some(program) } => {
                format!("A device that you approved with a code ({})", text::clean(program))
            }
        }
    }
}

/// One personal access token.
#[derive(Debug, Clone)]
pub struct TokenItem<'a> {
    /// The value of `id` that revokes it.
    pub id: &'a str,
    /// What the person called it.
    pub label: &'a str,
    /// What it may do.
    pub scopes: Vec<ScopeLine<'a>>,
    /// Where it works.
    pub resources: Vec<Resource<'a>>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was last used, if it was.
    pub last_used_at: Option<UnixTime>,
    /// When it ends, or ended.
    pub expires_at: UnixTime,
}

/// One browser in which the person is signed in.
#[derive(Debug, Clone, Copy)]
pub struct SessionItem<'a> {
    /// The value of `id` that signs it out.
    pub id: &'a str,
    /// What it is, as far as it said.
    pub device: Option<&'a str>,
    /// When the password was entered in it.
    pub authenticated_at: UnixTime,
    /// When it was last used.
    pub last_used_at: UnixTime,
    /// Whether it is the one that looks at this page.
    pub is_this_one: bool,
}

impl SessionItem<'_> {
    fn shown_device(&self) -> String {
        let device = text::clean(self.device.unwrap_or_default());
        if device.is_empty() { "A browser".to_owned() } else { device }
    }
}

impl AccountPage<'_> {
    /// The HTML document.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    /// When revoking takes effect, in words that are true for this deployment.
    fn acts(delay: Lifetime) -> String {
        if delay == Lifetime::seconds(0) {
            "at once".to_owned()
        } else {
            format!("within {}", text::duration(delay))
        }
    }

    fn has_other_sessions(&self) -> bool {
        self.sessions.iter().any(|session| !session.is_this_one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_survives_the_redirect_and_nothing_else_does() {
        for done in [Done::App, Done::Token, Done::Session, Done::Sessions] {
            assert_eq!(Done::parse(done.as_str()), Some(done));
        }
        for other in ["", "App", "apps", "<b>"] {
            assert_eq!(Done::parse(other), None);
        }
    }

    #[test]
    fn dev_07_a_device_is_shown_as_one() {
        let item = |program| AppItem {
            id: "id",
            name: None,
            place: AppPlace::Device { program },
            scopes: Vec::new(),
            resources: Vec::new(),
            first_used_at: UnixTime::from_seconds(0),
            last_used_at: UnixTime::from_seconds(0),
            ends_at: UnixTime::from_seconds(0),
            is_kept_by_use: false,
        };
        assert_eq!(item(None).place(), "A device that you approved with a code");
        assert_eq!(item(Some("curl")).place(), "A device that you approved with a code (curl)");
    }

    #[test]
    fn needs_25_it_says_when_revoking_acts() {
        assert_eq!(AccountPage::acts(Lifetime::seconds(0)), "at once");
        assert_eq!(AccountPage::acts(Lifetime::hours(1)), "within 1 hour");
    }
}
