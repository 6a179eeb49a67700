//! Asking for more: 403 insufficient_scope, and consenting again to the same installation.

use latchkey_tests::{Browser, Client, Front, Tokens, Walk, jwt};
use serde_json::json;

use super::{refused, tool};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "needs 27, MRS-07: after 403 a client asks for what the challenge says, the person sees what is new, and the same grant is wider",
            |servers| {
                widened(servers.gateway());
            },
        ),
        Case::new(
            "needs 27: a refresh token from before gives tokens with the wider scope",
            |servers| {
                earlier_tokens(servers.gateway());
            },
        ),
        Case::new("needs 27: asking for less than before takes nothing away", |servers| {
            asking_for_less(servers.gateway());
        }),
        Case::new("needs 27: a person who doesn't allow more keeps what was", |servers| {
            denied(servers.gateway());
        }),
        Case::new("needs 18: another installation, person or resource is not widened", |servers| {
            others_stay(servers.gateway());
        }),
    ]
}

/// The scopes of a consent page that are marked so.
fn marked(page: &latchkey_tests::Page, mark: &str) -> Vec<String> {
    let lines = page.texts(".scopes li");
    let tokens = page.texts(".scopes li .token");
    let pairs = lines.iter().zip(tokens);
    pairs.filter(|(line, _)| line.contains(mark)).map(|(_, token)| token).collect()
}

fn scopes(text: &str) -> Vec<&str> {
    let mut scopes: Vec<&str> = text.split(' ').collect();
    scopes.sort_unstable();
    scopes
}

fn widened(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let first = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    let reply = front.message(&place, &first.access, &tool("delete_note")).send();
    let challenge = refused(&reply, 403, "insufficient_scope");

    // The client does what the challenge says, with the words that are in it.
    let scope = challenge.get("scope").unwrap();
    let request = walk.request().and("scope", scope).and("resource", &front.resource("/mcp"));
    let page = walk.consent_page(&request);
    assert!(page.heading().contains("more access"), "{}", page.heading());
    assert_eq!(marked(&page, "New"), ["mcp:write"]);
    assert_eq!(marked(&page, "Already allowed"), ["mcp"]);
    let callback = walk.browser.decide(&page, "allow").away();
    let second = Tokens::from_reply(&walk.client.redeem(&front.server, &request.code(&callback)));
    assert_eq!(scopes(&second.scope), ["mcp", "mcp:write"]);
    let _ = front.message(&place, &second.access, &tool("delete_note")).send().expect(200);

    // It is one app to the person, who ends all of it with one button.
    let account = walk.browser.account();
    let form = account.account_form("revoke-app", None);
    assert!(account.text().contains("Change your tools"), "{}", account.text());
    let _ = walk.browser.submit(&account, &form, &[]).page().expect(200);
    for tokens in [&first, &second] {
        let reply = front.message(&place, &tokens.access, &tool("list_notes")).send();
        refused(&reply, 401, "invalid_token");
        let reply = walk.client.refresh(&front.server, &tokens.refresh);
        reply.expect_error(400, "invalid_grant");
    }
}

fn earlier_tokens(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let first = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    let _ = front.tokens(&mut walk, "/mcp", "mcp mcp:write");
    // The access token says what it said when it was signed; the refresh token stands for the grant.
    let reply = front.message(&place, &first.access, &tool("delete_note")).send();
    refused(&reply, 403, "insufficient_scope");
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &first.refresh));
    assert_eq!(scopes(&next.scope), ["mcp", "mcp:write"]);
    let claims = jwt::read(&next.access).claims;
    assert_eq!(scopes(claims["scope"].as_str().unwrap()), ["mcp", "mcp:write"]);
    let _ = front.message(&place, &next.access, &tool("delete_note")).send().expect(200);
}

fn asking_for_less(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let first = front.tokens(&mut walk, "/mcp", "mcp mcp:write");
    let resource = front.resource("/mcp");
    let request = walk.request().and("scope", "mcp").and("resource", &resource);
    let page = walk.consent_page(&request);
    assert!(!page.heading().contains("more access"), "{}", page.heading());
    assert_eq!(marked(&page, "New"), [""; 0]);
    // What it will be able to do is all of it, so all of it is shown.
    assert_eq!(page.texts(".scopes li .token").len(), 2, "{}", page.text());
    let callback = walk.browser.decide(&page, "allow").away();
    let second = Tokens::from_reply(&walk.client.redeem(&front.server, &request.code(&callback)));
    assert_eq!(scopes(&second.scope), ["mcp", "mcp:write"]);
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &first.refresh));
    assert_eq!(scopes(&next.scope), ["mcp", "mcp:write"]);
}

fn denied(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let first = front.tokens(&mut walk, "/mcp", "mcp");
    let resource = front.resource("/mcp");
    let request = walk.request().and("scope", "mcp mcp:write").and("resource", &resource);
    let page = walk.consent_page(&request);
    let callback = walk.browser.decide(&page, "deny").away();
    assert_eq!(callback.get("error").as_deref(), Some("access_denied"));
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &first.refresh));
    assert_eq!(next.scope, "mcp");
    let place = front.upstream.plain();
    let _ = front.message(&place, &next.access, &tool("list_notes")).send().expect(200);
}

fn others_stay(front: &Front) {
    // Two installations of one program: the same registration, another place to come back to.
    let client = Client::register(
        &front.server,
        &json!({
            "client_name": "Two of them",
            "redirect_uris": ["https://one.example/callback", "https://two.example/callback"],
            "token_endpoint_auth_method": "none",
        }),
    );
    let mut walk = Walk::with(&front.server, client);
    let resource = front.resource("/mcp");
    let get = |walk: &mut Walk<'_>, uri: &str, resource: &str, scope: &str| {
        let request = walk.request().with("redirect_uri", uri);
        walk.tokens_for(&request.and("resource", resource).and("scope", scope))
    };
    let one = get(&mut walk, "https://one.example/callback", &resource, "mcp");
    let api = get(&mut walk, "https://one.example/callback", &front.resource("/api"), "api");
    let mut other = Walk { browser: Browser::new(&front.server), ..walk.clone() };
    other.person = latchkey_tests::Person::new();
    other.browser.join(&other.person.clone());
    let theirs = get(&mut other, "https://two.example/callback", &resource, "mcp");
    let two = get(&mut walk, "https://two.example/callback", &resource, "mcp mcp:write");
    assert_eq!(two.scope, "mcp mcp:write");
    for (tokens, scope) in [(&one, "mcp"), (&api, "api"), (&theirs, "mcp")] {
        let next = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
        assert_eq!(next.scope, scope);
    }
    // Each is listed, with where it leads.
    let text = walk.browser.account().text();
    assert!(text.contains("one.example") && text.contains("two.example"), "{text}");
}
