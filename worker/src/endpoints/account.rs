//! `GET` and `POST /account`: what has access to the account, and taking it back.

use latchkey_protocol::activity::Activity;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::{Configuration, Endpoint};
use latchkey_protocol::grant::Asked;
use latchkey_protocol::identifier::{AccountId, GrantId, PersonalAccessTokenId, SessionId};
use latchkey_protocol::params::{Parameters, encode};
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::scope::{Scope, ScopeToken};
use latchkey_protocol::time::Lifetime;

use super::{look, page, sign_in, sign_out, unreadable_form};
use crate::browser::{self, Browser, ForgedForm, SignedIn};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, BodyError, Incoming};
use crate::keys::{self, KeySet};
use crate::log::Level;
use crate::objects::account::messages::{
    AccountOverview, ConnectedApp, EndOtherSessions, EndSessionOf, Log, LogEntry, Overview,
    RevokeApp, RevokeToken,
};
use crate::objects::{self, Message, ObjectKind};
use crate::pages::{
    AccountPage, Action as Link, AppItem, AppPlace, Destination, Done, ErrorPage, Resource,
    ScopeLine, SessionItem, TokenItem,
};

/// Shows the page, or takes something back.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let browser = Browser::read(context, incoming);
    if incoming.method() == "POST" {
        return take_back(context, incoming, &browser).await;
    }
    let keys = keys::key_set(context).await?;
    let Some(claim) = browser.claim() else {
        return sign_in::show(context, &keys, &browser, None, "", None);
    };
    let query = incoming.query().ok();
    let value = |name| query.as_ref().and_then(|query| query.get(name).ok().flatten());
    let after = value("after").and_then(ClientId::parse);
    let message = Overview { key: claim.key, after };
    let account = claim.account.as_str();
    let overview = objects::send(&context.env, ObjectKind::Account, account, &message).await?;
    let Some(overview) = overview else {
        return sign_in::show(context, &keys, &browser, None, "", None);
    };
    let done = value("done").and_then(Done::parse);
    show(context, &keys, &browser, &message, &overview, done)
}

/// What the CSRF token of the account's forms is for: they are good for one session only.
pub fn purpose(session: &SessionId) -> String {
    format!("account:{session}")
}

/// Asks the account of whoever is signed in.
pub async fn ask<M: Message>(
    context: &Context,
    signed_in: &SignedIn,
    message: &M,
) -> Result<M::Reply, Failure> {
    objects::send(&context.env, ObjectKind::Account, signed_in.account.as_str(), message).await
}

/// Sends the browser to the account page, which asks to sign in if that is what is missing.
pub fn go_there(context: &Context) -> Answer {
    Answer::redirect(303, context.configuration.endpoints.path(Endpoint::Account))
}

/// Adds to a person's activity log once the answer has left, so that it costs the answer nothing.
pub fn log_later(context: &Context, account: AccountId, activity: Activity) {
    let message = Log { entries: vec![LogEntry { activity, at: context.now }] };
    context.afterwards(|context| async move {
        let (kind, name) = (ObjectKind::Account, account.as_str());
        if let Err(failure) = objects::send(&context.env, kind, name, &message).await {
            context.log_failure(&failure);
        }
    });
}

/// The words for a scope, one line for each token. A token that implies others says so: whoever allows
/// it allows those too (MRS-09).
pub fn scope_lines<'a>(configuration: &'a Configuration, scope: &'a Scope) -> Vec<ScopeLine<'a>> {
    let includes = |token: &ScopeToken| {
        let alone = Scope::from_tokens([token.clone()]);
        let implied = configuration.implied(&alone).difference(&alone);
        let title = |token| configuration.scope(token).map(|found| found.title.as_str());
        implied.iter().filter_map(title).collect()
    };
    let line = |token: &'a ScopeToken| {
        let definition = configuration.scope(token);
        ScopeLine {
            token: token.as_str(),
            // What was granted is shown even if the configuration has dropped it since.
            title: definition.map_or("No longer offered here", |found| found.title.as_str()),
            detail: definition.and_then(|found| found.detail.as_deref()),
            includes: includes(token),
            earlier: None,
        }
    };
    scope.iter().map(line).collect()
}

/// The names of resources.
pub fn resource_lines<'a>(
    configuration: &'a Configuration,
    resources: &'a [ResourceIndicator],
) -> Vec<Resource<'a>> {
    let line = |resource: &'a ResourceIndicator| Resource {
        name: Some(configuration.resource_name(resource)),
        uri: resource.as_str(),
    };
    resources.iter().map(line).collect()
}

/// Whether anything here takes personal access tokens.
pub fn takes_tokens(configuration: &Configuration, resource: &ResourceIndicator) -> bool {
    configuration.protected_resource(resource).is_some_and(|resource| {
        // A resource without a gateway asks about its tokens, so it takes every kind.
        resource.gateway.as_ref().is_none_or(|gateway| gateway.credentials.personal_access_token)
    })
}

fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    message: &Overview,
    overview: &AccountOverview,
    done: Option<Done>,
) -> Result<Answer, Failure> {
    let configuration = &context.configuration;
    let csrf = browser.csrf_token(keys, &purpose(&message.key.session))?;
    let sign_out_csrf = browser.csrf_token(keys, sign_out::PURPOSE)?;
    let look = look(configuration);
    let apps: Vec<AppItem<'_>> =
        overview.apps.iter().map(|app| app_item(configuration, app)).collect();
    let tokens: Vec<TokenItem<'_>> = overview
        .tokens
        .iter()
        .map(|token| TokenItem {
            id: token.id.as_str(),
            label: &token.label,
            scopes: scope_lines(configuration, &token.scope),
            resources: resource_lines(configuration, &token.resources),
            created_at: token.created_at,
            last_used_at: token.last_used_at,
            expires_at: token.expires_at,
        })
        .collect();
    let sessions: Vec<SessionItem<'_>> = overview
        .sessions
        .iter()
        .map(|session| SessionItem {
            id: session.id.as_str(),
            device: session.device.as_deref(),
            authenticated_at: session.authenticated_at,
            last_used_at: session.last_used_at,
            is_this_one: session.is_this_one,
        })
        .collect();
    // A resource without a gateway may check access tokens by itself, and learns of nothing until
    // they expire; personal access tokens it can only ask about.
    let offline = configuration.lifetimes.access_token;
    let of_apps = overview.apps.iter().flat_map(|app| &app.resources);
    let of_tokens = overview.tokens.iter().flat_map(|token| &token.resources);
    let account = AccountPage {
        look: &look,
        csrf: csrf.expose(),
        sign_out_csrf: sign_out_csrf.expose(),
        email: overview.email.as_str(),
        done,
        apps: &apps,
        more_apps: overview.more.as_ref().map(ClientId::as_str),
        is_later: message.after.is_some(),
        app_delay: delay(configuration, of_apps, offline),
        tokens: &tokens,
        token_delay: delay(configuration, of_tokens, Lifetime::seconds(0)),
        tokens_allowed: configuration
            .resources
            .iter()
            .any(|resource| takes_tokens(configuration, resource)),
        sessions: &sessions,
        now: context.now,
    };
    Ok(browser.remember(context, page(context, 200, account.render())?))
}

fn app_item<'a>(configuration: &'a Configuration, app: &'a ConnectedApp) -> AppItem<'a> {
    AppItem {
        id: app.grant.as_str(),
        name: app.client_name.as_deref(),
        place: match &app.asked {
            Asked::ByRedirect { redirect_uri, .. } => AppPlace::Redirect(
                Destination::of(redirect_uri)
                    .unwrap_or(Destination::PrivateUse { scheme: redirect_uri }),
            ),
            Asked::ByUserCode { asked_from } => {
                AppPlace::Device { program: asked_from.program.as_deref() }
            }
        },
        scopes: scope_lines(configuration, &app.scope),
        resources: resource_lines(configuration, &app.resources),
        first_used_at: app.first_used_at,
        last_used_at: app.last_used_at,
        ends_at: app.ends_at,
        is_kept_by_use: app.ends_at == app.idle_until,
    }
}

/// How long something revoked may at most go on at one of `resources`; `offline` at one without a
/// gateway.
fn delay<'a>(
    configuration: &Configuration,
    resources: impl Iterator<Item = &'a ResourceIndicator>,
    offline: Lifetime,
) -> Lifetime {
    let bound = |resource| {
        let gateway =
            configuration.protected_resource(resource).and_then(|found| found.gateway.as_ref());
        gateway.map_or(offline, |gateway| gateway.revocation_bound)
    };
    resources.map(bound).max().unwrap_or_default()
}

/// What a form of the page asks for.
enum Action {
    RevokeApp(GrantId),
    RevokeToken(PersonalAccessTokenId),
    EndSession(SessionId),
    EndOtherSessions,
}

impl Action {
    fn read(form: &Parameters) -> Option<Self> {
        let id = || form.get("id").ok().flatten();
        match form.get("action").ok().flatten()? {
            "revoke-app" => GrantId::parse(id()?).map(Self::RevokeApp),
            "revoke-token" => PersonalAccessTokenId::parse(id()?).map(Self::RevokeToken),
            "end-session" => SessionId::parse(id()?).map(Self::EndSession),
            "end-other-sessions" => Some(Self::EndOtherSessions),
            _ => None,
        }
    }
}

async fn take_back(
    context: &Context,
    incoming: &mut Incoming,
    browser: &Browser,
) -> Result<Answer, Failure> {
    let (form, signed_in) = match posted(context, incoming, browser).await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    let Some(action) = Action::read(&form) else {
        return unreadable_form(context, BodyError::MalformedForm);
    };
    let key = signed_in.key.clone();
    let (done, event) = match action {
        Action::RevokeApp(grant) => {
            let message = RevokeApp { key, grant };
            (ask(context, &signed_in, &message).await?.map(|_| Done::App), "app revoked")
        }
        Action::RevokeToken(id) => {
            let message = RevokeToken { key, id };
            (ask(context, &signed_in, &message).await?.map(|_| Done::Token), "token revoked")
        }
        Action::EndSession(session) => {
            let is_this_one = session == key.session;
            let message = EndSessionOf { key, session };
            let ended = ask(context, &signed_in, &message).await?;
            if is_this_one {
                return Ok(browser::end_session(context, go_there(context)));
            }
            (ended.map(|_| Done::Session), "session ended")
        }
        Action::EndOtherSessions => {
            let message = EndOtherSessions { key };
            (ask(context, &signed_in, &message).await?.map(|_| Done::Sessions), "sessions ended")
        }
    };
    // Whatever was gone already is gone all the same.
    let Some(done) = done else { return Ok(go_there(context)) };
    context
        .outcome(Level::Info, event)
        .with_pseudonym("account", signed_in.account.as_str())
        .write();
    let path = context.configuration.endpoints.path(Endpoint::Account);
    let query = encode(&[("done", done.as_str())]);
    // RFC 9700 section 4.12: 303, so that a reload shows the page and posts nothing.
    Ok(Answer::redirect(303, format!("{path}?{query}")))
}

/// Reads a form of the account's pages and checks where it comes from.
///
/// # Errors
///
/// The inner error is the answer to give instead.
pub async fn posted(
    context: &Context,
    incoming: &mut Incoming,
    browser: &Browser,
) -> Result<Result<(Parameters, SignedIn), Answer>, Failure> {
    let form = match incoming.form().await {
        Ok(form) => form,
        Err(error) => return unreadable_form(context, error).map(Err),
    };
    let Some(signed_in) = browser.signed_in(context).await? else {
        return Ok(Err(go_there(context)));
    };
    let keys = keys::key_set(context).await?;
    let purpose = purpose(&signed_in.key.session);
    match browser.check_form(incoming, &form, &keys, &purpose) {
        Ok(()) => Ok(Ok((form, signed_in))),
        Err(reason) => forged(context, reason).map(Err),
    }
}

fn forged(context: &Context, reason: ForgedForm) -> Result<Answer, Failure> {
    context.refused(&reason, None);
    let look = look(&context.configuration);
    let account = context.configuration.endpoints.path(Endpoint::Account);
    let error = ErrorPage {
        look: &look,
        status: 403,
        title: "That form is no longer valid",
        what_happened: "You signed in again since, or the form came from somewhere else. Nothing \
                        was changed.",
        what_to_do: "Go to your account and try again there.",
        reference: &context.reference,
        action: Some(Link { label: "Go to your account", href: &account }),
    };
    page(context, 403, error.render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mrs_09_a_scope_that_gives_more_than_it_says_names_what_else_it_gives() {
        let settings = json!({ "scopes": [
            { "name": "read", "title": "Read your notes" },
            { "name": "write", "title": "Write notes", "implies": ["read"] },
            { "name": "admin", "title": "Do everything", "detail": "All of it.", "implies": ["write"] },
        ]});
        let configuration =
            Configuration::parse("https://id.example", &settings).expect("configuration");
        let scope = Scope::parse("admin gone read write").expect("scope");
        let lines = scope_lines(&configuration, &scope);
        let includes: Vec<_> =
            lines.iter().map(|line| (line.token, line.includes.clone())).collect();
        assert_eq!(
            includes,
            [
                ("admin", vec!["Write notes", "Read your notes"]),
                ("gone", vec![]),
                ("read", vec![]),
                ("write", vec!["Read your notes"]),
            ]
        );
        assert_eq!(lines.first().and_then(|line| line.detail), Some("All of it."));
    }
}
