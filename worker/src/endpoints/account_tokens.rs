//! `GET` and `POST /account/tokens`: a new personal access token.

use latchkey_protocol::configuration::{Configuration, ResourceKind};
use latchkey_protocol::params::Parameters;
use latchkey_protocol::personal_access_token::{CreateError, MAX_LABEL_LENGTH, NewToken};
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::scope::{Scope, ScopeToken};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::Lifetime;

use super::account::{ask, go_there, posted, purpose, resource_lines, scope_lines, takes_tokens};
use super::{Trouble, error_page, look, page, sign_in};
use crate::browser::{Browser, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::log::Level;
use crate::objects::account::messages::CreateToken;
use crate::pages::{Choice, NewTokenPage, TokenCreatedPage, TokenExample};

/// How long a token may live, in days, as far as the deployment allows it.
const LIFETIMES: [u64; 4] = [7, 30, 90, 365];
/// What is chosen when the page opens, in days.
const USUAL_LIFETIME: u64 = 30;

/// Shows the form, or makes a token and shows it once.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let browser = Browser::read(context, incoming);
    let accepting = accepting(&context.configuration);
    if accepting.is_empty() {
        incoming.discard_body().await;
        return nothing_takes_them(context);
    }
    if incoming.method() == "POST" {
        return create(context, incoming, &browser, &accepting).await;
    }
    let keys = keys::key_set(context).await?;
    let Some(signed_in) = browser.signed_in(context).await? else {
        return sign_in::show(context, &keys, &browser, None, "", None);
    };
    let form = Form { browser: &browser, signed_in: &signed_in, accepting: &accepting };
    form.show(context, &keys, &Filled::untouched(&context.configuration), None)
}

/// The resources that take personal access tokens.
fn accepting(configuration: &Configuration) -> Vec<ResourceIndicator> {
    let all = configuration.resources.iter();
    all.filter(|resource| takes_tokens(configuration, resource)).cloned().collect()
}

/// The lifetimes to choose from.
fn lifetimes(most: Lifetime) -> Vec<Lifetime> {
    let fitting: Vec<Lifetime> =
        LIFETIMES.into_iter().map(Lifetime::days).filter(|lifetime| *lifetime <= most).collect();
    if fitting.is_empty() { vec![most] } else { fitting }
}

/// What the form's fields hold.
struct Filled {
    label: String,
    scope: Scope,
    resources: Vec<ResourceIndicator>,
    lifetime: Lifetime,
}

impl Filled {
    /// A form that nobody has filled in: only what leaves no choice is chosen.
    fn untouched(configuration: &Configuration) -> Self {
        let offered = lifetimes(configuration.lifetimes.personal_access_token);
        let usual = Lifetime::days(USUAL_LIFETIME);
        let longest = offered.iter().rev().find(|lifetime| **lifetime <= usual).copied();
        let known = configuration.known_scope();
        Self {
            label: String::new(),
            scope: if configuration.scopes.len() == 1 { known } else { Scope::default() },
            resources: Vec::new(),
            lifetime: longest.or(offered.first().copied()).unwrap_or(usual),
        }
    }

    /// What was posted.
    fn read(form: &Parameters, accepting: &[ResourceIndicator]) -> Result<Self, CreateError> {
        let field = |name| form.get(name).ok().flatten().unwrap_or_default();
        let scope: Option<Vec<ScopeToken>> =
            form.all("scope").map(|token| ScopeToken::parse(token).ok()).collect();
        let chosen: Option<Vec<ResourceIndicator>> =
            form.all("resource").map(|uri| ResourceIndicator::parse(uri).ok()).collect();
        let resources = match accepting {
            // One alone isn't asked about.
            [only] => vec![only.clone()],
            _ => chosen.ok_or(CreateError::ResourceUnknown)?,
        };
        let seconds = field("lifetime").parse().map_err(|_| CreateError::LifetimeMissing)?;
        Ok(Self {
            label: field("label").to_owned(),
            scope: Scope::from_tokens(scope.ok_or(CreateError::ScopeUnknown)?),
            resources,
            lifetime: Lifetime::seconds(seconds),
        })
    }
}

/// The form, for whom.
struct Form<'a> {
    browser: &'a Browser,
    signed_in: &'a SignedIn,
    accepting: &'a [ResourceIndicator],
}

impl Form<'_> {
    fn show(
        &self,
        context: &Context,
        keys: &KeySet,
        filled: &Filled,
        error: Option<CreateError>,
    ) -> Result<Answer, Failure> {
        let configuration = &context.configuration;
        let look = look(configuration);
        let csrf = self.browser.csrf_token(keys, &purpose(&self.signed_in.key.session))?;
        let known = configuration.known_scope();
        let scopes: Vec<_> = scope_lines(configuration, &known)
            .into_iter()
            .map(|item| Choice { is_chosen: filled.scope.contains(item.token), item })
            .collect();
        let is_chosen = |uri| filled.resources.iter().any(|chosen| chosen.as_str() == uri);
        let resources: Vec<_> = resource_lines(configuration, self.accepting)
            .into_iter()
            .map(|item| Choice { item, is_chosen: is_chosen(item.uri) })
            .collect();
        let lifetimes: Vec<_> = lifetimes(configuration.lifetimes.personal_access_token)
            .into_iter()
            .map(|item| Choice { item, is_chosen: item == filled.lifetime })
            .collect();
        let words = error.map(|error| error.to_string());
        let at = |field| {
            let belongs = error.is_some_and(|error| Field::of(error) == field);
            words.as_deref().filter(|_| belongs)
        };
        let form = NewTokenPage {
            look: &look,
            csrf: csrf.expose(),
            label: &filled.label,
            label_maximum: MAX_LABEL_LENGTH,
            scopes: &scopes,
            resources: &resources,
            lifetimes: &lifetimes,
            now: context.now,
            error: at(Field::None),
            label_error: at(Field::Label),
            scope_error: at(Field::Scope),
            resource_error: at(Field::Resource),
        };
        let status = if error.is_some() { 422 } else { 200 };
        Ok(self.browser.remember(context, page(context, status, form.render())?))
    }
}

/// Which field of the form is wrong.
#[derive(PartialEq, Eq)]
enum Field {
    None,
    Label,
    Scope,
    Resource,
}

impl Field {
    const fn of(error: CreateError) -> Self {
        match error {
            CreateError::LabelMissing | CreateError::LabelTooLong => Self::Label,
            CreateError::ScopeMissing | CreateError::ScopeUnknown => Self::Scope,
            CreateError::ResourceMissing
            | CreateError::ResourceUnknown
            | CreateError::ResourceRefusesThem => Self::Resource,
            CreateError::LifetimeMissing | CreateError::LifetimeTooLong | CreateError::TooMany => {
                Self::None
            }
        }
    }
}

async fn create(
    context: &Context,
    incoming: &mut Incoming,
    browser: &Browser,
    accepting: &[ResourceIndicator],
) -> Result<Answer, Failure> {
    let (fields, signed_in) = match posted(context, incoming, browser).await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    let form = Form { browser, signed_in: &signed_in, accepting };
    let refused = |keys: &KeySet, filled: &Filled, error: CreateError| {
        context.refused(&error, None);
        form.show(context, keys, filled, Some(error))
    };
    let keys = keys::key_set(context).await?;
    let filled = match Filled::read(&fields, accepting) {
        Ok(filled) => filled,
        Err(error) => return refused(&keys, &Filled::untouched(&context.configuration), error),
    };
    let message = CreateToken {
        key: signed_in.key.clone(),
        account: signed_in.account.clone(),
        new: NewToken {
            label: filled.label.clone(),
            scope: filled.scope.clone(),
            resources: filled.resources.clone(),
            lifetime: filled.lifetime,
        },
    };
    match ask(context, &signed_in, &message).await? {
        None => Ok(go_there(context)),
        Some(Err(error)) => refused(&keys, &filled, error),
        Some(Ok(token)) => {
            context
                .outcome(Level::Info, "token created")
                .with_pseudonym("account", signed_in.account.as_str())
                .write();
            created(context, &filled, &token)
        }
    }
}

fn created(context: &Context, filled: &Filled, token: &Secret) -> Result<Answer, Failure> {
    let configuration = &context.configuration;
    let look = look(configuration);
    let example = filled.resources.first().map(|resource| {
        let gateway =
            configuration.protected_resource(resource).and_then(|found| found.gateway.as_ref());
        TokenExample {
            uri: resource.as_str(),
            is_mcp: gateway.is_some_and(|gateway| gateway.kind == ResourceKind::Mcp),
        }
    });
    let shown = TokenCreatedPage {
        look: &look,
        label: &filled.label,
        token: token.expose(),
        expires_at: context.now.plus(filled.lifetime),
        example,
    };
    page(context, 200, shown.render())
}

fn nothing_takes_them(context: &Context) -> Result<Answer, Failure> {
    context.refused(&"nothing takes personal access tokens", None);
    let trouble = Trouble {
        status: 404,
        title: "There are no tokens here",
        what_happened: "Nothing that this service protects takes personal access tokens.",
        what_to_do: "Connect an app instead: it asks you for access by itself.",
    };
    error_page(context, &trouble)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lifetime_is_offered_that_the_deployment_refuses() {
        let days = |days: &[u64]| days.iter().copied().map(Lifetime::days).collect::<Vec<_>>();
        assert_eq!(lifetimes(Lifetime::days(366)), days(&[7, 30, 90, 365]));
        assert_eq!(lifetimes(Lifetime::days(60)), days(&[7, 30]));
        assert_eq!(lifetimes(Lifetime::days(7)), days(&[7]));
        assert_eq!(lifetimes(Lifetime::hours(8)), [Lifetime::hours(8)]);
    }

    fn configuration(most: u64) -> Configuration {
        let settings = serde_json::json!({
            "scopes": [{ "name": "a", "title": "A" }, { "name": "b", "title": "B" }],
            "lifetimes": { "personal_access_token": most },
        });
        Configuration::parse("https://id.example", &settings).expect("configuration")
    }

    #[test]
    fn the_usual_lifetime_is_thirty_days_or_the_longest_below_it() {
        for (most, chosen) in [(366, 30), (60, 30), (10, 7)] {
            let filled = Filled::untouched(&configuration(most * 86_400));
            assert_eq!(filled.lifetime, Lifetime::days(chosen), "{most}");
        }
        assert_eq!(Filled::untouched(&configuration(60)).lifetime, Lifetime::seconds(60));
    }

    #[test]
    fn nothing_is_chosen_for_the_person_and_what_is_posted_is_kept() {
        let configuration = configuration(366 * 86_400);
        assert!(Filled::untouched(&configuration).scope.is_empty());
        let accepting = accepting(&configuration);
        let form = Parameters::parse(b"label=CI&scope=a&scope=b&lifetime=604800").expect("form");
        let filled = Filled::read(&form, &accepting).expect("filled");
        assert_eq!(filled.label, "CI");
        assert_eq!(filled.scope.to_string(), "a b");
        assert_eq!(filled.resources, accepting);
        assert_eq!(filled.lifetime, Lifetime::days(7));
        let cases = [
            ("lifetime=", CreateError::LifetimeMissing),
            ("lifetime=-1", CreateError::LifetimeMissing),
            ("lifetime=60&scope=%22", CreateError::ScopeUnknown),
        ];
        for (body, expected) in cases {
            let form = Parameters::parse(body.as_bytes()).expect("form");
            assert_eq!(Filled::read(&form, &accepting).err(), Some(expected), "{body}");
        }
    }
}
