//! Codes and tokens: exchanged, refreshed, and given back by their client.

use serde_json::Value;

use super::attempt::{Attempt, Found, Kind};
use crate::browser::Browser;
use crate::client::{Client, Tokens};
use crate::cookies::Jar;
use crate::server::Server;
use crate::walk::Walk;

/// Gives the walk a client of its own, which can ask about its tokens, so that what is found is this
/// attempt's and nobody else's.
pub fn fresh_client(walk: &mut Walk<'_>) -> Client {
    walk.client = Client::with_method(walk.server, "client_secret_basic");
    walk.client.clone()
}

/// Whether a token of this client is good.
pub fn is_active(server: &Server, client: &Client, token: &str) -> bool {
    let reply = client.call(server, "/introspect", &[("token", token)]).send().expect(200);
    reply.json()["active"] == Value::Bool(true)
}

/// The refresh token gives another, both times the same, and that one works. Returns what is alive then.
pub fn one_successor(server: &Server, client: &Client, refresh: &str) -> Tokens {
    let successor = Tokens::from_reply(&client.refresh(server, refresh));
    let again = Tokens::from_reply(&client.refresh(server, refresh));
    assert_eq!(successor.refresh, again.refresh, "two successors of one refresh token");
    let next = Tokens::from_reply(&client.refresh(server, &successor.refresh));
    assert!(is_active(server, client, &next.access), "an access token that was just issued");
    next
}

/// How many entries of this kind the person's activity log has about the client.
pub fn entries(server: &Server, jar: &Jar, client: &Client, kind: &str) -> usize {
    let mut browser = Browser::new(server);
    browser.jar = jar.clone();
    let entries = browser.activity(&[]);
    let is_it = |entry: &&Value| entry["client_id"] == client.id.as_str() && entry["kind"] == kind;
    entries.iter().filter(is_it).count()
}

/// What is alive stays so.
pub fn stays_alive(was_done: bool, client: Client, tokens: Tokens) -> Found {
    Found::and(was_done, move |server| {
        for token in [&tokens.refresh, &tokens.access] {
            assert!(is_active(server, &client, token), "a token of {} is lost", client.id);
        }
    })
}

/// What has ended stays so.
pub fn stays_ended(was_done: bool, client: Client, tokens: Tokens) -> Found {
    Found::and(was_done, move |server| {
        for token in [&tokens.refresh, &tokens.access] {
            assert!(!is_active(server, &client, token), "a token of {} is back", client.id);
        }
        client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    })
}

/// A client redeems a code.
pub fn code_exchange(walk: &mut Walk<'_>) -> Attempt {
    let client = fresh_client(walk);
    let code = walk.code();
    let (sent, sent_code) = (client.clone(), code.clone());
    Attempt::new(
        Kind::CodeExchange,
        move |server| sent.call(server, "/token", &sent_code.fields()).try_send(),
        move |server, answer, _| match answer {
            Some(reply) => {
                let tokens = Tokens::from_reply(&reply);
                assert!(is_active(server, &client, &tokens.access), "the access token is lost");
                let last = one_successor(server, &client, &tokens.refresh);
                // RFC 6749 section 4.1.2: a second use is refused, and ends what the first one gave.
                client.redeem(server, &code).expect_error(400, "invalid_grant");
                stays_ended(true, client, last)
            }
            None => {
                let retried = client.redeem(server, &code);
                let was_done = retried.status == 400;
                if was_done {
                    retried.expect_error(400, "invalid_grant");
                } else {
                    let tokens = Tokens::from_reply(&retried);
                    let _ = one_successor(server, &client, &tokens.refresh);
                }
                client.redeem(server, &code).expect_error(400, "invalid_grant");
                Found::done(was_done)
            }
        },
    )
}

/// A client refreshes, not for the first time.
pub fn refresh(walk: &mut Walk<'_>) -> Attempt {
    let client = fresh_client(walk);
    let first = walk.tokens().refresh;
    let current = Tokens::from_reply(&client.refresh(walk.server, &first)).refresh;
    let (sent, sent_token) = (client.clone(), current.clone());
    let jar = walk.browser.jar.clone();
    Attempt::new(
        Kind::Refresh,
        move |server| {
            let fields = [("grant_type", "refresh_token"), ("refresh_token", sent_token.as_str())];
            sent.call(server, "/token", &fields).try_send()
        },
        move |server, answer, _| {
            // The log says whether it was done, in the same step; asking for the tokens would do it.
            let rotations = entries(server, &jar, &client, "refreshed");
            let was_done = rotations == 2;
            assert!(was_done || rotations == 1, "{rotations} rotations");
            let successor = answer.map(|reply| Tokens::from_reply(&reply));
            assert!(was_done || successor.is_none(), "a rotation is lost");
            let retried = Tokens::from_reply(&client.refresh(server, &current)).refresh;
            if let Some(successor) = successor {
                assert_eq!(successor.refresh, retried, "two successors of one refresh token");
            }
            let last = one_successor(server, &client, &retried);
            stays_alive(was_done, client, last)
        },
    )
}

/// A client gives its grant back.
pub fn revocation(walk: &mut Walk<'_>) -> Attempt {
    let client = fresh_client(walk);
    let tokens = walk.tokens();
    let (sent, token) = (client.clone(), tokens.refresh.clone());
    Attempt::new(
        Kind::RevokeByClient,
        move |server| sent.call(server, "/revoke", &[("token", &token)]).try_send(),
        move |server, answer, _| {
            let was_done = !is_active(server, &client, &tokens.refresh);
            assert!(was_done || answer.is_none(), "a revocation is lost");
            let _ = client.revoke(server, &tokens.refresh).expect(200);
            stays_ended(was_done, client, tokens)
        },
    )
}
