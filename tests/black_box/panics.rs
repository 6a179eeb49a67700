//! A panic on purpose, and the requests beside it.

use latchkey_tests::{Client, Deployment, Server, Tokens, Upstream, Walk};
use serde_json::json;

use crate::Case;
use crate::failures::unavailable;

/// How many requests are in flight when the panic comes.
const IN_FLIGHT: usize = 100;

/// A registration that anybody may send.
const CLIENT: &str =
    r#"{"redirect_uris":["https://client.example/callback"],"token_endpoint_auth_method":"none"}"#;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a panic while 100 requests are in flight leaves all of them unharmed, and its own request gets 503",
            |_| beside(),
        ),
        Case::new(
            "issue 7: a panic in a person's object costs one message, the others of the same object are done once",
            |_| in_an_object(),
        ),
        Case::new(
            "issue 7: without randomness a request is aborted, and those beside it are unharmed",
            |_| without_randomness(),
        ),
        Case::new(
            "issue 7: panic after panic, what was acknowledged is there and everything works",
            |_| {
                again_and_again();
            },
        ),
    ]
}

fn start() -> (Upstream, Server) {
    let upstream = Upstream::start();
    let server = Server::start(Deployment::faulty(&upstream));
    (upstream, server.unwrap_or_else(|error| panic!("{error}")))
}

fn beside() {
    let (_upstream, server) = start();
    let mut walk = Walk::begin(&server);
    let chains: Vec<String> = (0..IN_FLIGHT).map(|_| walk.tokens().refresh).collect();
    let refresh = |chain: &String| walk.client.refresh(&server, chain);
    server.fail_objects("Account", "hold");
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = chains.iter().map(|chain| scope.spawn(|| refresh(chain))).collect();
        server.wait_until_held(IN_FLIGHT as u64);
        server.fail(&json!({ "panic": true, "objects": { "class": "Account", "how": "hold" } }));
        // The one that panics is told to come back, and the log says where it was.
        let panicked = server.post_json("/register", CLIENT);
        unavailable(&panicked);
        let said = server.log().wait_for("\"event\":\"panic\"");
        assert!(said.iter().all(|line| line.contains("futures/mod.rs")), "{said:?}");
        server.mend();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    for reply in &replies {
        let _ = Tokens::from_reply(reply);
    }
    let _ = Client::public(&server);
}

fn in_an_object() {
    let (_upstream, server) = start();
    let mut walk = Walk::begin(&server);
    let chains: Vec<String> = (0..20).map(|_| walk.tokens().refresh).collect();
    let refresh = |chain: &String| walk.client.refresh(&server, chain);
    server.fail_objects("Account", "hold");
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = chains.iter().map(|chain| scope.spawn(|| refresh(chain))).collect();
        server.wait_until_held(chains.len() as u64);
        // They go on, and the first that needs the storage panics.
        server.fail_objects("Account", "panic");
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    let (failed, done): (Vec<_>, Vec<_>) =
        chains.iter().zip(&replies).partition(|(_, reply)| reply.status == 503);
    assert_eq!(failed.len(), 1, "{replies:?}");
    for (chain, reply) in failed {
        unavailable(reply);
        let _ = Tokens::from_reply(&refresh(chain));
    }
    for (chain, reply) in done {
        let tokens = Tokens::from_reply(reply);
        assert_eq!(Tokens::from_reply(&refresh(chain)).refresh, tokens.refresh);
    }
}

fn again_and_again() {
    let (_upstream, server) = start();
    let mut walk = Walk::begin(&server);
    let mut refresh = walk.tokens().refresh;
    for _ in 0..10 {
        server.fail(&json!({ "panic": true }));
        unavailable(&server.post_json("/register", CLIENT));
        let client = Client::public(&server);
        client.refresh(&server, "nobody").expect_error(400, "invalid_grant");
        refresh = Tokens::from_reply(&walk.client.refresh(&server, &refresh)).refresh;
        assert!(walk.browser.account().text().contains(&walk.person.email));
    }
    let _ = server.log().wait_for("\"event\":\"fresh instance\"");
}

fn without_randomness() {
    let (_upstream, server) = start();
    let mut walk = Walk::begin(&server);
    let chains: Vec<String> = (0..10).map(|_| walk.tokens().refresh).collect();
    let refresh = |chain: &String| walk.client.refresh(&server, chain);
    server.fail_objects("Account", "hold");
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = chains.iter().map(|chain| scope.spawn(|| refresh(chain))).collect();
        server.wait_until_held(chains.len() as u64);
        let hold = json!({ "class": "Account", "how": "hold" });
        server.fail(&json!({ "randomness": false, "objects": hold }));
        // No secret is better than a secret of zeros.
        let aborted = server.post_json("/register", CLIENT);
        assert_eq!(aborted.status, 500, "{}", aborted.describe());
        let _ = server.log().wait_for("the runtime has no randomness");
        server.mend();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    for reply in &replies {
        let _ = Tokens::from_reply(reply);
    }
    let _ = Client::public(&server);
}
