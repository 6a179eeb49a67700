//! When a revocation acts: at once, or within the bound that the resource has.

use latchkey_tests::upstream::Answer;
use latchkey_tests::{Front, Tokens, Walk};

use super::{nothing_reached, refused};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "MRS-12, needs 25: with a bound of 0 a revoked access token is refused by the next call",
            |servers| {
                access_token(servers.gateway());
            },
        ),
        Case::new(
            "RFC 7009 section 2.1: revoking a refresh token ends the access tokens of its grant too",
            |servers| {
                refresh_token(servers.gateway());
            },
        ),
        Case::new(
            "needs 30: within its bound a resource may remember a token, and one it has not seen is asked about",
            |servers| {
                remembered(servers.gateway());
            },
        ),
        Case::new(
            "needs 25: an event stream that is open when its access is taken back ends soon after",
            |servers| {
                open_stream(servers.gateway());
            },
        ),
        Case::new("needs 18: another grant of the same client goes on", |servers| {
            let front = servers.gateway();
            let mut walk = Walk::begin(&front.server);
            let (first, place) = (front.tokens(&mut walk, "/api", "api"), front.upstream.plain());
            let mut other = Walk::with(&front.server, walk.client.clone());
            let second = front.tokens(&mut other, "/api", "api");
            let _ = walk.client.revoke(&front.server, &first.refresh).expect(200);
            let target = format!("/api/{}", place.name());
            refused(&front.get(&target, Some(&first.access)), 401, "invalid_token");
            let _ = front.get(&target, Some(&second.access)).expect(200);
        }),
    ]
}

fn access_token(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let (tokens, place) = (front.tokens(&mut walk, "/api", "api"), front.upstream.plain());
    let target = format!("/api/{}", place.name());
    for _ in 0..3 {
        let _ = front.get(&target, Some(&tokens.access)).expect(200);
    }
    let _ = walk.client.revoke(&front.server, &tokens.access).expect(200);
    let before = place.begun();
    let challenge = refused(&front.get(&target, Some(&tokens.access)), 401, "invalid_token");
    let words = challenge.get("error_description").unwrap();
    assert!(words.contains("revoked"), "{words}");
    assert_eq!(place.begun(), before);
    // The client recovers by itself.
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
    let _ = front.get(&target, Some(&next.access)).expect(200);
}

fn refresh_token(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let (first, place) = (front.tokens(&mut walk, "/api", "api"), front.upstream.plain());
    let second = Tokens::from_reply(&walk.client.refresh(&front.server, &first.refresh));
    let target = format!("/api/{}", place.name());
    for tokens in [&first, &second] {
        let _ = front.get(&target, Some(&tokens.access)).expect(200);
    }
    let before = place.begun();
    let _ = walk.client.revoke(&front.server, &second.refresh).expect(200);
    for tokens in [&first, &second] {
        refused(&front.get(&target, Some(&tokens.access)), 401, "invalid_token");
    }
    assert_eq!(place.begun(), before);
}

fn remembered(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let (seen, place) = (front.tokens(&mut walk, "/slow-bound", "api"), front.upstream.plain());
    let unseen = Tokens::from_reply(&walk.client.refresh(&front.server, &seen.refresh));
    let target = format!("/slow-bound/{}", place.name());
    let _ = front.get(&target, Some(&seen.access)).expect(200);
    let _ = walk.client.revoke(&front.server, &unseen.refresh).expect(200);
    let before = place.begun();
    refused(&front.get(&target, Some(&unseen.access)), 401, "invalid_token");
    assert_eq!(place.begun(), before);
    // Well within five minutes: this is what a bound is for, and the configuration says it.
    let _ = front.get(&target, Some(&seen.access)).expect(200);
    // It stays that resource's: elsewhere the token is as wrong as ever.
    let place = front.upstream.plain();
    let reply = front.get(&format!("/api/{}", place.name()), Some(&seen.access));
    refused(&reply, 401, "invalid_token");
    nothing_reached(&place);
}

fn open_stream(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let pat = walk.browser.new_token("Listens", &["api"], &[&front.resource("/api")]);
    let opened = |token: &str| {
        let place = front.upstream.place(Answer::events());
        let call = front.call("GET", &format!("/api?at={}", place.name())).bearer(token);
        let (feed, mut stream) = super::streaming::opened(call, &place, "data: 0\n\n");
        let _ = stream.wait_for("data: 0\n\n");
        (place, feed, stream)
    };
    let (by_app, by_pat) = (opened(&tokens.access), opened(&pat));
    let bystander = opened(&front.token("/api", "api"));
    let _ = walk.browser.take_back("revoke-app", None);
    let _ = walk.browser.take_back("revoke-token", None);
    for (place, feed, stream) in [by_app, by_pat] {
        place.wait_until_abandoned();
        assert!(!feed.try_send("data: secret\n\n"));
        // Whether it ends or breaks off: nothing more comes.
        let rest = stream.rest().unwrap_or_else(|partial| partial);
        assert_eq!(rest, "");
    }
    let (place, feed, mut stream) = bystander;
    feed.send("data: 1\n\n");
    let _ = stream.wait_for("data: 1\n\n");
    assert!(!place.is_abandoned());
}
