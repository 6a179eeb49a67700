//! The account's pages in the states that matter.

use latchkey_protocol::time::{Lifetime, UnixTime};

use super::super::{
    AccountPage, AppItem, AppPlace, Choice, Destination, Done, Look, NewTokenPage, Resource,
    ScopeLine, SessionItem, TokenCreatedPage, TokenExample, TokenItem,
};
use super::fixtures::{CSRF, SCOPES, bare_look, hostile, hostile_look, implying, look};
use super::gallery::Rendered;

/// 3 Oct 2026, 14:05:09 UTC.
pub(super) const NOW: UnixTime = UnixTime::from_seconds(1_791_036_309);

const NOTES: Resource<'static> =
    Resource { name: Some("Acme Notes MCP"), uri: "https://notes.acme.example/mcp" };
const API: Resource<'static> =
    Resource { name: Some("Acme API"), uri: "https://api.acme.example/v1" };

fn ago(lifetime: Lifetime) -> UnixTime {
    NOW.minus(lifetime)
}

fn app<'a>(name: Option<&'a str>, destination: Destination<'a>, hours: u64) -> AppItem<'a> {
    AppItem {
        id: "WqJ1mX0c2v9sT4n7Ych3kA",
        name,
        place: AppPlace::Redirect(destination),
        scopes: SCOPES.to_vec(),
        resources: vec![NOTES],
        first_used_at: ago(Lifetime::days(90)),
        last_used_at: ago(Lifetime::hours(hours)),
        ends_at: NOW.plus(Lifetime::days(30)),
        is_kept_by_use: true,
    }
}

fn token(label: &str, last_used_at: Option<UnixTime>, expires_at: UnixTime) -> TokenItem<'_> {
    TokenItem {
        id: "b8Rz5QwK1tYp0Lx3Vn6JdA",
        label,
        scopes: SCOPES.iter().take(2).cloned().collect(),
        resources: vec![NOTES, API],
        created_at: ago(Lifetime::days(29)),
        last_used_at,
        expires_at,
    }
}

fn session(device: Option<&str>, hours: u64, is_this_one: bool) -> SessionItem<'_> {
    SessionItem {
        id: "s0Gk7Zu2HcWm9Dx4Tb1LqA",
        device,
        authenticated_at: ago(Lifetime::hours(hours + 60)),
        last_used_at: ago(Lifetime::hours(hours)),
        is_this_one,
    }
}

fn account<'a>(look: &'a Look, sessions: &'a [SessionItem<'a>]) -> AccountPage<'a> {
    AccountPage {
        look,
        csrf: CSRF,
        sign_out_csrf: CSRF,
        email: "mia.lindqvist@studio.example",
        done: None,
        apps: &[],
        more_apps: None,
        is_later: false,
        app_delay: Lifetime::seconds(0),
        tokens: &[],
        token_delay: Lifetime::seconds(0),
        tokens_allowed: true,
        sessions,
        now: NOW,
    }
}

pub(super) fn accounts() -> Vec<Rendered> {
    let mut pages = Vec::new();
    let mut add = |name, look: &Look, page: Result<String, askama::Error>| {
        pages.push((name, look.clone(), page.expect(name)));
    };
    let (look, bare, odd, bad) = (&look(), &bare_look(), &hostile_look(), hostile());
    let here = [session(Some("Firefox on Linux"), 0, true)];

    add("account-empty", look, account(look, &here).render());
    let apps = [
        app(Some("Claude"), Destination::Web { host: "claude.ai" }, 1),
        AppItem {
            is_kept_by_use: false,
            ..app(Some("Claude Code"), Destination::Loopback { authority: "localhost:33418" }, 80)
        },
        AppItem {
            scopes: Vec::new(),
            resources: vec![NOTES, API],
            ..app(None, Destination::PrivateUse { scheme: "cursor" }, 500)
        },
    ];
    let tokens = [
        token("Backup on the office server", None, NOW.plus(Lifetime::days(1))),
        token("CI", Some(ago(Lifetime::minutes(3))), NOW.plus(Lifetime::days(336))),
        token("Old laptop", Some(ago(Lifetime::days(20))), ago(Lifetime::days(2))),
    ];
    let sessions = [
        session(Some("Firefox on Linux"), 0, true),
        session(Some("Safari on iPhone"), 30, false),
        session(None, 200, false),
    ];
    add(
        "account",
        look,
        AccountPage { apps: &apps, tokens: &tokens, ..account(look, &sessions) }.render(),
    );
    add(
        "account-done",
        bare,
        AccountPage {
            done: Some(Done::App),
            apps: apps.get(1..2).unwrap(),
            app_delay: Lifetime::hours(1),
            token_delay: Lifetime::seconds(30),
            tokens_allowed: false,
            ..account(bare, &here)
        }
        .render(),
    );
    let on_a_device = [AppItem {
        place: AppPlace::Device { program: Some("A Node.js program on Linux") },
        ..app(Some("Acme CLI"), Destination::Web { host: "" }, 1)
    }];
    add(
        "account-device",
        look,
        AccountPage { apps: &on_a_device, ..account(look, &here) }.render(),
    );
    let implying_apps = [AppItem {
        scopes: implying(),
        ..app(Some("Claude"), Destination::Web { host: "claude.ai" }, 1)
    }];
    let implying_tokens =
        [TokenItem { scopes: implying(), ..token("CI", None, NOW.plus(Lifetime::days(7))) }];
    add(
        "account-implying",
        look,
        AccountPage { apps: &implying_apps, tokens: &implying_tokens, ..account(look, &sessions) }
            .render(),
    );
    let names: Vec<String> = (1..=60)
        .map(|number| match number % 4 {
            0 => format!("Claude Code {number}"),
            1 => "\u{202E}edualC \u{2066}\u{200B}".to_owned() + &"long ".repeat(40),
            2 => format!("研究ノート助手 {number}"),
            _ => "W".repeat(200),
        })
        .collect();
    let many: Vec<AppItem<'_>> = names
        .iter()
        .zip(0..)
        .map(|(name, number)| {
            let destination = match number % 3 {
                0 => {
                    Destination::Web { host: "a-rather-long-subdomain.callbacks.elsewhere.example" }
                }
                1 => Destination::Loopback { authority: "127.0.0.1:51234" },
                _ => Destination::PrivateUse { scheme: "com.example.assistant.desktop" },
            };
            app(Some(name), destination, number * 30)
        })
        .collect();
    let labels: Vec<String> = (1..=50).map(|number| format!("Token number {number}")).collect();
    let many_tokens: Vec<TokenItem<'_>> =
        labels.iter().map(|label| token(label, None, NOW.plus(Lifetime::days(7)))).collect();
    add(
        "account-sixty-apps",
        look,
        AccountPage {
            apps: &many,
            more_apps: Some("https://app.example/client?a=1&b=2"),
            is_later: true,
            tokens: &many_tokens,
            ..account(look, &sessions)
        }
        .render(),
    );
    let lines = [ScopeLine {
        token: &bad,
        title: &bad,
        detail: Some(&bad),
        includes: vec![&bad, &bad],
        earlier: None,
    }];
    let resources = [Resource { name: Some(&bad), uri: &bad }];
    add(
        "account-hostile",
        odd,
        AccountPage {
            csrf: &bad,
            sign_out_csrf: &bad,
            email: &bad,
            apps: &[AppItem {
                id: &bad,
                scopes: lines.to_vec(),
                resources: resources.to_vec(),
                ..app(Some(&bad), Destination::Web { host: &bad }, 1)
            }],
            tokens: &[TokenItem {
                id: &bad,
                scopes: lines.to_vec(),
                resources: resources.to_vec(),
                ..token(&bad, None, NOW.plus(Lifetime::days(7)))
            }],
            ..account(odd, &[session(Some(&bad), 0, true), session(Some(&bad), 1, false)])
        }
        .render(),
    );

    let lifetimes =
        [7, 30, 90, 365].map(|days| Choice { item: Lifetime::days(days), is_chosen: days == 30 });
    let scopes = SCOPES.map(|item| Choice { item, is_chosen: false });
    let form = |look, scopes, resources| NewTokenPage {
        look,
        csrf: CSRF,
        label: "",
        label_maximum: 60,
        scopes,
        resources,
        lifetimes: &lifetimes,
        now: NOW,
        error: None,
        label_error: None,
        scope_error: None,
        resource_error: None,
    };
    let both = [NOTES, API].map(|item| Choice { item, is_chosen: false });
    let one = [Choice { item: NOTES, is_chosen: true }];
    add("new-token", look, form(look, &scopes, &both).render());
    let wide: Vec<_> =
        implying().into_iter().map(|item| Choice { item, is_chosen: false }).collect();
    add("new-token-implying", look, form(look, &wide, &both).render());
    let alone = SCOPES.map(|item| Choice { item, is_chosen: true });
    add("new-token-one", bare, form(bare, alone.get(..1).unwrap(), &one).render());
    add(
        "new-token-error",
        look,
        NewTokenPage {
            error: Some("You have 50 tokens already. Revoke one to make room."),
            label_error: Some("Give it a name of 1 to 60 characters."),
            scope_error: Some("Choose at least one."),
            resource_error: Some("Choose at least one."),
            ..form(look, &scopes, &both)
        }
        .render(),
    );
    // Scope tokens and URIs have a grammar, and the form sends them back whole.
    let (long, far) = ("W".repeat(256), format!("https://a.example/{}", "W".repeat(300)));
    let wild = [Choice { item: ScopeLine { token: &long, ..lines[0].clone() }, is_chosen: true }];
    let wild_resources =
        [Resource { uri: &far, ..resources[0] }; 2].map(|item| Choice { item, is_chosen: true });
    add(
        "new-token-hostile",
        odd,
        NewTokenPage {
            csrf: &bad,
            label: &bad,
            error: Some(&bad),
            label_error: Some(&bad),
            scope_error: Some(&bad),
            resource_error: Some(&bad),
            ..form(odd, &wild, &wild_resources)
        }
        .render(),
    );
    let created = |look, label, example| TokenCreatedPage {
        look,
        label,
        token: "latchkey_pat_AAECAwQFBgcICQoLDA0ODw.EBESExQVFhcYGRobHB0eHw.ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8.0aZ9Kq",
        expires_at: NOW.plus(Lifetime::days(30)),
        example,
    };
    add(
        "token-created-mcp",
        look,
        created(look, "CI", Some(TokenExample { uri: NOTES.uri, is_mcp: true })).render(),
    );
    add(
        "token-created",
        look,
        created(look, "CI", Some(TokenExample { uri: API.uri, is_mcp: false })).render(),
    );
    add(
        "token-created-hostile",
        odd,
        created(odd, &bad, Some(TokenExample { uri: &bad, is_mcp: true })).render(),
    );
    pages
}
