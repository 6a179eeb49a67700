//! The page that asks whether a client may have access.

use latchkey_protocol::authorize::AuthorizationRequest;
use latchkey_protocol::identifier::{AccountId, SessionId};
use latchkey_protocol::scope::Scope;

use super::account::{resource_lines, scope_lines};
use super::sealed_request::{Waiting, client_view, destination, seal};
use super::{look, page};
use crate::browser::{Browser, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::objects::account::messages::EarlierAccess;
use crate::pages::{AccessPeriod, ConsentPage, Earlier, ScopeLine};

/// Where access is taken back: the account page, without the base path.
const MANAGE_PATH: &str = "/account";

/// The consent page. `known` is what the account said about the installation that asks.
pub fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: &SignedIn,
    known: EarlierAccess,
    waiting: Waiting<'_>,
) -> Result<Answer, Failure> {
    let Waiting { request, client } = waiting;
    let configuration = &context.configuration;
    let sealed = seal(context, keys, request)?;
    let look = look(configuration);
    let csrf =
        browser.csrf_token(keys, &purpose(request, &signed_in.account, &signed_in.key.session))?;
    let host = request.redirect_uri.display_host();
    let earlier = known.scope.unwrap_or_default();
    let asked = all_of_it(&earlier, &request.scope);
    let scopes = marked(scope_lines(configuration, &asked), &earlier);
    let resources = resource_lines(configuration, &request.resources);
    let consent = ConsentPage {
        look: &look,
        csrf: csrf.expose(),
        request: &sealed,
        email: signed_in.person.email.as_str(),
        client: client_view(client),
        client_has_changed: known.client_has_changed,
        destination: destination(request.redirect_uri.kind(), &host),
        redirect_uri: request.redirect_uri.as_str(),
        resources: &resources,
        scopes: &scopes,
        access: AccessPeriod {
            idle: configuration.lifetimes.refresh_token_idle,
            absolute: configuration.lifetimes.refresh_token_absolute,
        },
        manage_path: MANAGE_PATH,
    };
    Ok(browser.remember(context, page(context, 200, consent.render())?))
}

/// What the app can do once it is allowed: what it asks for and what it has. What is new comes first,
/// so that nobody has to look for it.
fn all_of_it(earlier: &Scope, asked: &Scope) -> Scope {
    asked.difference(earlier).union(asked).union(earlier)
}

/// Says of each scope whether the app has it already; of none, if it has nothing yet.
fn marked<'a>(lines: Vec<ScopeLine<'a>>, earlier: &Scope) -> Vec<ScopeLine<'a>> {
    let mark = |line: ScopeLine<'a>| ScopeLine {
        earlier: (!earlier.is_empty())
            .then(|| if earlier.contains(line.token) { Earlier::Allowed } else { Earlier::New }),
        ..line
    };
    lines.into_iter().map(mark).collect()
}

/// What the CSRF token of both forms of this page is for: they are good for one request and one
/// session only. So whoever has such a token was signed in to this account by this session when the page
/// was shown.
pub fn purpose(request: &AuthorizationRequest, account: &AccountId, session: &SessionId) -> String {
    format!("consent:{}:{account}:{session}", request.grant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).expect("scope")
    }

    #[test]
    fn needs_27_what_is_new_comes_first_and_everything_is_listed() {
        assert_eq!(all_of_it(&scope("a b"), &scope("b c")).to_string(), "c b a");
        assert_eq!(all_of_it(&scope(""), &scope("b c")).to_string(), "b c");
        assert_eq!(all_of_it(&scope("a b"), &scope("b")).to_string(), "b a");
    }

    #[test]
    fn needs_27_nothing_is_marked_unless_the_app_has_something() {
        let line = |token| ScopeLine {
            token,
            title: "",
            detail: None,
            includes: Vec::new(),
            earlier: None,
        };
        let marks = |earlier: &str| {
            marked(vec![line("a"), line("b")], &scope(earlier))
                .iter()
                .map(|line| line.earlier)
                .collect::<Vec<_>>()
        };
        assert_eq!(marks(""), [None, None]);
        assert_eq!(marks("b"), [Some(Earlier::New), Some(Earlier::Allowed)]);
    }
}
