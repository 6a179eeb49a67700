//! `GET /account/activity` and its exports: what happened in an account.

use futures_util::future::{join, join_all, join3};
use latchkey_protocol::activity::{self, Activity, Entry, Group};
use latchkey_protocol::client::ClientId;
use latchkey_protocol::configuration::{Configuration, Endpoint};
use latchkey_protocol::identifier::PersonalAccessTokenId;
use latchkey_protocol::resource::ResourceIndicator;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{look, page as answer_page, sign_in};
use crate::browser::{Browser, Claim};
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming, PageSecurity};
use crate::keys;
use crate::objects::account::messages::{
    AccountOverview, ActivityFilter, ConnectedApp, LoggedApp, LoggedApps, Overview, ReadActivity,
};
use crate::pages::{ActivityPage, EntryLine, Happening, Names, Narrowing, dates, text};

/// How many entries a page has.
const PAGE: usize = 50;
/// How many entries of an export are read at once: the most that one message reads.
const EXPORT: u32 = 1_000;
/// How many times an export reads, so that it ends: 10,000 entries are kept, and up to 1,000 more until the
/// oldest are deleted.
const EXPORT_READS: usize = 11;
/// How many names of apps that have no access any more are looked up for one page.
const MAX_LOOKUPS: usize = 10;
/// How many characters a name has that is followed by a date.
const SHORT_NAME: usize = 40;

/// One page of the list.
pub async fn page(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let browser = Browser::read(context, incoming);
    let claim = browser.claim();
    let limit = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
    let filter = filter(incoming, limit);
    let Some((overview, logged, mut entries)) =
        gathered(context, claim.as_ref(), filter.clone()).await?
    else {
        let keys = keys::key_set(context).await?;
        return sign_in::show(context, &keys, &browser, None, "", None);
    };
    let has_more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let older = entries.last().filter(|_| has_more).map(|entry| entry.id);

    let known =
        Known::gather(context, &overview, &logged, &entries, filter.client_id.as_ref()).await;
    let lines: Vec<EntryLine> = entries
        .iter()
        .map(|entry| EntryLine { at: entry.at, happening: Happening::of(&entry.activity, &known) })
        .collect();
    let groups: Vec<Narrowing<'_>> = Group::ALL
        .into_iter()
        .map(|group| Narrowing {
            value: group.as_str(),
            words: group_words(group),
            is_chosen: filter.group == Some(group),
        })
        .collect();
    let apps: Vec<Narrowing<'_>> = known
        .listed
        .iter()
        .map(|(client_id, name)| Narrowing {
            value: client_id.as_str(),
            words: name,
            is_chosen: filter.client_id.as_ref() == Some(client_id),
        })
        .collect();
    let look = look(&context.configuration);
    let list = ActivityPage {
        look: &look,
        groups: &groups,
        apps: &apps,
        entries: &lines,
        older,
        is_older: filter.before.is_some(),
    };
    answer_page(context, 200, list.render())
}

/// All entries of the filter as CSV.
pub async fn csv(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let kind = ("text/csv; charset=utf-8; header=present", "activity.csv");
    export(context, incoming, kind, activity::csv).await
}

/// All entries of the filter as JSON.
pub async fn json(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let kind = ("application/json", "activity.json");
    export(context, incoming, kind, activity::json).await
}

async fn export(
    context: &Context,
    incoming: &Incoming,
    (content_type, file_name): (&str, &str),
    write: impl FnOnce(&[Entry], &BTreeMap<ClientId, String>) -> String,
) -> Result<Answer, Failure> {
    let browser = Browser::read(context, incoming);
    let Some(claim) = browser.claim() else { return Ok(go_sign_in(context)) };
    let overview = Overview { key: claim.key.clone(), after: None };
    let filter = ActivityFilter { before: None, ..filter(incoming, EXPORT) };
    let (overview, entries) =
        join(claim.ask(context, &overview), read_all(context, &claim, filter)).await;
    let (Some(overview), Some(entries)) = (overview?, entries?) else {
        return Ok(go_sign_in(context));
    };
    let wanted = entries.iter().filter_map(|entry| entry.activity.client_id());
    let names = client_names(context, &overview, wanted).await;
    Ok(Answer::empty(200)
        .with_header("content-type", content_type)
        .with_header("content-disposition", format!("attachment; filename=\"{file_name}\""))
        .with_headers(PageSecurity { image_source: None }.headers())
        .with_body(write(&entries, &names)))
}

/// A page that is shown in place would be saved as the file that was asked for.
fn go_sign_in(context: &Context) -> Answer {
    Answer::redirect(303, context.configuration.endpoints.path(Endpoint::SignIn))
}

/// What the page needs, asked for at once; `None` when nobody is signed in.
async fn gathered(
    context: &Context,
    claim: Option<&Claim>,
    filter: ActivityFilter,
) -> Result<Option<(AccountOverview, Vec<LoggedApp>, Vec<Entry>)>, Failure> {
    let Some(claim) = claim else { return Ok(None) };
    let overview = Overview { key: claim.key.clone(), after: None };
    let logged = LoggedApps { key: claim.key.clone() };
    let (overview, logged, entries) = join3(
        claim.ask(context, &overview),
        claim.ask(context, &logged),
        read(context, claim, filter),
    )
    .await;
    Ok(match (overview?, logged?, entries?) {
        (Some(overview), Some(logged), Some(entries)) => Some((overview, logged, entries)),
        _ => None,
    })
}

async fn read(
    context: &Context,
    claim: &Claim,
    filter: ActivityFilter,
) -> Result<Option<Vec<Entry>>, Failure> {
    claim.ask(context, &ReadActivity { key: claim.key.clone(), filter }).await
}

/// Everything of the filter, newest first. It ends at a read that finds nothing, not at a short one: entries
/// that this release can't read are left out of a read.
async fn read_all(
    context: &Context,
    claim: &Claim,
    mut filter: ActivityFilter,
) -> Result<Option<Vec<Entry>>, Failure> {
    let mut all = Vec::new();
    for _ in 0..EXPORT_READS {
        let Some(entries) = read(context, claim, filter.clone()).await? else {
            return Ok(None);
        };
        let Some(oldest) = entries.last() else { break };
        filter.before = Some(oldest.id);
        all.extend(entries);
    }
    Ok(Some(all))
}

/// What the query asks for; what can't be read is left out, as if nobody had chosen it.
fn filter(incoming: &Incoming, limit: u32) -> ActivityFilter {
    let query = incoming.query().ok();
    let value = |name| query.as_ref().and_then(|query| query.get(name).ok().flatten());
    ActivityFilter {
        group: value("group").and_then(Group::parse),
        client_id: value("app").and_then(ClientId::parse),
        before: value("before").and_then(|number| number.parse().ok()),
        limit,
    }
}

const fn group_words(group: Group) -> &'static str {
    match group {
        Group::SignIns => "Sign-ins",
        Group::Consents => "What you decided",
        Group::Tokens => "Tokens",
        Group::Refusals => "Refusals",
        Group::Calls => "Calls",
    }
}

/// The names that the list needs.
struct Known {
    configuration: Rc<Configuration>,
    clients: BTreeMap<ClientId, String>,
    tokens: HashMap<PersonalAccessTokenId, String>,
    /// The apps to choose from.
    listed: Vec<(ClientId, String)>,
}

impl Known {
    async fn gather(
        context: &Context,
        overview: &AccountOverview,
        logged: &[LoggedApp],
        entries: &[Entry],
        chosen: Option<&ClientId>,
    ) -> Self {
        // Those that are read first come first, in case there are too many.
        let wanted = chosen
            .into_iter()
            .chain(entries.iter().filter_map(|entry| entry.activity.client_id()))
            .chain(logged.iter().map(|app| &app.client_id));
        let clients = client_names(context, overview, wanted).await;
        let mut listed = to_choose_from(&overview.apps);
        listed.extend(not_connected(&overview.apps, logged, &clients));
        if let Some(chosen) = chosen
            && !listed.iter().any(|(client_id, _)| client_id == chosen)
        {
            let name = clients.get(chosen).cloned().unwrap_or_else(|| chosen.to_string());
            listed.push((chosen.clone(), name));
        }
        let mut tokens = HashMap::new();
        for entry in entries {
            if let Activity::PersonalAccessTokenCreated { id, label }
            | Activity::PersonalAccessTokenRevoked { id, label } = &entry.activity
            {
                tokens.insert(id.clone(), label.clone());
            }
        }
        let living = overview.tokens.iter().map(|token| (token.id.clone(), token.label.clone()));
        tokens.extend(living);
        Self { configuration: Rc::clone(&context.configuration), clients, tokens, listed }
    }
}

/// The names of the apps that have access, and of those of `wanted` that are found.
async fn client_names<'a>(
    context: &Context,
    overview: &AccountOverview,
    wanted: impl Iterator<Item = &'a ClientId>,
) -> BTreeMap<ClientId, String> {
    let named = |app: &ConnectedApp| Some((app.client_id.clone(), app.client_name.clone()?));
    let mut names: BTreeMap<ClientId, String> = overview.apps.iter().filter_map(named).collect();
    let mut missing: Vec<&ClientId> = Vec::new();
    for client_id in wanted {
        if missing.len() >= MAX_LOOKUPS {
            break;
        }
        let has_access = overview.apps.iter().any(|app| app.client_id == *client_id);
        if !has_access && !missing.contains(&client_id) {
            missing.push(client_id);
        }
    }
    let looked_up = missing.iter().map(|client_id| clients::name(context, client_id));
    for (client_id, name) in missing.iter().zip(join_all(looked_up).await) {
        match name {
            Ok(Some(name)) => {
                names.insert((*client_id).clone(), name);
            }
            Ok(None) => {}
            // A name that isn't found is not worth the page.
            Err(failure) => context.log_failure(&failure),
        }
    }
    names
}

/// The apps that are in the log but have no access, each with the time of its last entry, which tells those
/// of one name apart.
fn not_connected(
    apps: &[ConnectedApp],
    logged: &[LoggedApp],
    names: &BTreeMap<ClientId, String>,
) -> Vec<(ClientId, String)> {
    let has_access = |one: &&LoggedApp| apps.iter().any(|app| app.client_id == one.client_id);
    let words = |one: &LoggedApp| {
        let name = names.get(&one.client_id).map_or(one.client_id.as_str(), String::as_str);
        let name = text::clean_to(name, SHORT_NAME);
        (one.client_id.clone(), format!("{name}, last seen {}", dates::moment(one.last_at)))
    };
    logged.iter().filter(|one| !has_access(one)).map(words).collect()
}

/// The apps that have access, each once. Clients register themselves, often under one name; when they
/// were first allowed tells those apart.
fn to_choose_from(apps: &[ConnectedApp]) -> Vec<(ClientId, String)> {
    let mut listed: Vec<(ClientId, String)> = Vec::new();
    for app in apps {
        if listed.iter().any(|(client_id, _)| *client_id == app.client_id) {
            continue;
        }
        let alike = |other: &ConnectedApp| {
            other.client_name == app.client_name && other.client_id != app.client_id
        };
        let name = app.client_name.as_deref().unwrap_or(app.client_id.as_str());
        let name = if apps.iter().any(alike) {
            let since = dates::moment(app.first_used_at);
            format!("{}, since {since}", text::clean_to(name, SHORT_NAME))
        } else {
            name.to_owned()
        };
        listed.push((app.client_id.clone(), name));
    }
    listed
}

impl Names for Known {
    fn client(&self, id: &ClientId) -> Option<&str> {
        self.clients.get(id).map(String::as_str)
    }

    fn token(&self, id: &PersonalAccessTokenId) -> Option<&str> {
        self.tokens.get(id).map(String::as_str)
    }

    fn resource(&self, resource: &ResourceIndicator) -> &str {
        self.configuration.resource_name(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_protocol::time::UnixTime;

    fn app(client_id: &str, name: &str, seconds: u64) -> ConnectedApp {
        latchkey_protocol::json::from_value(serde_json::json!({
            "grant": "AAAAAAAAAAAAAAAAAAAAAA", "client_id": client_id, "client_name": name,
            "asked": { "redirect_uri": "http://127.0.0.1/cb", "redirect_uri_was_sent": true },
            "scope": "", "resources": [],
            "first_used_at": seconds, "last_used_at": 5, "ends_at": 9, "idle_until": 9,
        }))
        .expect("an app")
    }

    #[test]
    fn an_app_without_access_that_is_in_the_log_is_listed_with_when_it_was_last_seen() {
        let id = |id: &str| ClientId::parse(id).expect("an id");
        let logged = ["a", "b", "c"].map(|name| LoggedApp {
            client_id: id(name),
            last_at: UnixTime::from_seconds(1_791_018_307),
        });
        let names = BTreeMap::from([(id("b"), "Claude Code".to_owned())]);
        assert_eq!(
            not_connected(&[app("a", "Claude", 1)], &logged, &names),
            [
                (id("b"), "Claude Code, last seen 3 Oct 2026, 09:05 UTC".to_owned()),
                (id("c"), "c, last seen 3 Oct 2026, 09:05 UTC".to_owned()),
            ]
        );
    }

    #[test]
    fn apps_of_one_name_are_told_apart_and_each_client_is_listed_once() {
        let apps = [
            app("a", "Claude", 1),
            app("b", "Claude Code", 1_791_018_307),
            app("b", "Claude Code", 2),
            app("c", "Claude Code", 3),
        ];
        let listed: Vec<String> = to_choose_from(&apps).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            listed,
            [
                "Claude",
                "Claude Code, since 3 Oct 2026, 09:05 UTC",
                "Claude Code, since 1 Jan 1970, 00:00 UTC",
            ]
        );
    }
}
