//! Clients that hang up: what was begun for them is let go.

use latchkey_tests::upstream::{Answer, Whole};
use latchkey_tests::{Deployment, Server, Upstream, Walk};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

use crate::Case;

/// How many clients hang up.
const CLIENTS: usize = 40;
/// How many of them name themselves by a document: a host isn't asked for many at once.
const DOCUMENTS: usize = 5;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![Case::new(
        "issue 7: what was begun for clients that hung up is let go after a while, and nothing that still goes on",
        |_| let_go(),
    )]
}

fn let_go() {
    let upstream = Upstream::start();
    let server =
        Server::start(Deployment::keyed(&upstream)).unwrap_or_else(|error| panic!("{error}"));
    let mut walk = Walk::begin(&server);
    let token =
        walk.tokens_for(&walk.request().and("resource", &format!("{}/api", server.issuer())));
    assert!(waiting(&server) < CLIENTS);

    // For as long as nobody answers, they wait: for an object of ours, or for the server behind the gateway.
    let of_an_object = |number: usize| {
        json!({
            "path": server.at("/token"),
            "method": "POST",
            "headers": { "content-type": "application/x-www-form-urlencoded" },
            "body": format!("grant_type=refresh_token&client_id=latchkey_client_00{number:021}A&refresh_token=x"),
        })
    };
    let requests: Vec<Value> = (0..CLIENTS).map(of_an_object).collect();
    server.fail_objects("ClientRegistry", "hold");
    server.hang_up(&requests, || server.wait_until_held(CLIENTS as u64));
    server.mend();
    let silent = upstream.place(Answer::Never);
    let of_an_upstream = json!({
        "path": format!("/api?at={}", silent.name()),
        "method": "GET",
        "headers": { "authorization": format!("Bearer {}", token.access) },
    });
    server.hang_up(&vec![of_an_upstream; CLIENTS], || silent.wait_for_requests(CLIENTS));
    // Or for the rest of a client's document.
    let half =
        upstream.place(Answer::Fed(Whole::status(200).header("content-type", "application/json")));
    let of_a_document = |number: usize| {
        let client_id =
            format!("http://127.0.0.1:{}/{}/{number}.json", upstream.port(), half.name());
        json!({
            "path": format!("{}?response_type=code&client_id={client_id}", server.at("/authorize")),
            "method": "GET",
        })
    };
    let requests: Vec<Value> = (0..DOCUMENTS).map(of_a_document).collect();
    let mut feeds = Vec::new();
    server.hang_up(&requests, || {
        for _ in 0..DOCUMENTS {
            let feed = half.feed();
            assert!(feed.try_send("{ \"client_id\":"));
            feeds.push(feed);
        }
    });
    let waited = waiting(&server);
    assert!(waited >= 2 * CLIENTS + DOCUMENTS, "{waited} wait");

    // The gateway waits for a minute, its entry in the activity log not much longer; then they have two minutes more.
    minutes(&server, 1..=3, &json!({}));
    // A client that is still there: it isn't as old.
    let refresh = || walk.client.refresh(&server, "nobody");
    let held = json!({ "class": "ClientRegistry", "how": "hold" });
    let reply = std::thread::scope(|scope| {
        server.fail(&json!({ "clock": 180, "objects": held }));
        let reply = scope.spawn(refresh);
        server.wait_until_held(1);
        minutes(&server, 4..=5, &held);
        server.fail(&json!({ "clock": 300 }));
        reply.join().expect("an answer")
    });
    reply.expect_error(400, "invalid_grant");
    let left = waiting(&server);
    assert!(left < DOCUMENTS, "{left} still wait");
}

/// Lets so many minutes pass, and something begin in each.
fn minutes(server: &Server, minutes: RangeInclusive<u64>, objects: &Value) {
    for minute in minutes {
        server.fail(&json!({ "clock": minute * 60, "objects": objects }));
        let _ = server.get("/jwks").expect(200);
    }
}

/// How many requests and messages wait in the isolate.
fn waiting(server: &Server) -> usize {
    let health = server.admin("GET", "/admin/health").send().expect(200).json();
    let waiting = health["isolate"]["waiting"].as_u64().expect("a number");
    usize::try_from(waiting).expect("a number")
}
