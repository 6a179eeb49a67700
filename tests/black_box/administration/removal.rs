//! What ends with a client that the operator removes.

use latchkey_tests::{Client, Front, Server, Walk};
use serde_json::Value;
use std::time::{Duration, Instant};

use super::{at, is_let_in, metadata};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 4: removing a client ends what everybody allowed it, at once and everywhere",
            |servers| {
                removed(servers.administered());
            },
        ),
        Case::new(
            "issue 4: a client that very many people allowed is removed at once, and the last of them are told soon after",
            |servers| {
                removed_from_many(&servers.administered().server);
            },
        ),
    ]
}

fn removed(front: &Front) {
    let server = &front.server;
    let client = server.administered_client(&metadata("On its way out"));
    let mut people: Vec<_> = (0..3).map(|_| Walk::with(server, client.clone())).collect();
    let tokens: Vec<_> = people.iter_mut().map(|walk| front.tokens(walk, "/api", "api")).collect();
    let waiting = people[0].code();
    assert!(tokens.iter().all(|tokens| is_let_in(front, &tokens.access)));
    let other = Client::public(server);
    let mut bystander = Walk { client: other, ..people[0].clone() };
    let kept = front.tokens(&mut bystander, "/api", "api");

    let _ = server.admin("DELETE", &at(&client)).send().expect(204);
    // The very next requests, of everybody.
    for (walk, tokens) in people.iter_mut().zip(&tokens) {
        client.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");
        assert!(!is_let_in(front, &tokens.access));
        let kinds: Vec<Value> =
            walk.browser.activity(&[]).into_iter().map(|entry| entry["kind"].clone()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "client_removed").count(), 1, "{kinds:?}");
        assert!(!walk.browser.account().text().contains("On its way out"));
    }
    client.redeem(server, &waiting).expect_error(401, "invalid_client");
    assert!(people[1].browser.account().text().contains("No app has access"));
    // Whatever else the same people allowed goes on.
    assert!(is_let_in(front, &kept.access));
    let request = people[0].request();
    let _ = people[0].browser.page(&request.path(server)).expect(400);
}

/// More accounts than one message tells, so that the alarm has to go on.
fn removed_from_many(server: &Server) {
    const PEOPLE: usize = 104;
    let client = server.administered_client(&metadata("Allowed by many"));
    let mut people: Vec<Walk<'_>> = std::thread::scope(|scope| {
        let crowd = || {
            let allow = || {
                let mut walk = Walk::with(server, client.clone());
                let _ = walk.code();
                walk
            };
            (0..PEOPLE / 4).map(|_| allow()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(crowd)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("people")).collect()
    });
    assert_eq!(people.len(), PEOPLE);
    let _ = server.admin("DELETE", &at(&client)).send().expect(204);
    let was_told = |walk: &mut Walk<'_>| {
        walk.browser.activity(&[]).iter().any(|entry| entry["kind"] == "client_removed")
    };
    people.retain_mut(|walk| !was_told(walk));
    assert!(people.len() <= PEOPLE - 100, "{} are left", people.len());
    let deadline = Instant::now() + Duration::from_secs(60);
    while !people.is_empty() {
        assert!(Instant::now() < deadline, "{} are never told", people.len());
        people.retain_mut(|walk| !was_told(walk));
    }
}
