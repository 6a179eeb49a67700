//! A panic on purpose, and the requests beside it.

use latchkey_tests::{Client, Deployment, Server, Tokens, Upstream, Walk};
use serde_json::json;

use crate::Case;

/// How many requests are in flight when the panic comes.
const IN_FLIGHT: usize = 100;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![Case::new(
        "issue 7: a panic while 100 requests are in flight leaves all of them unharmed",
        |_| beside(),
    )]
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
        // Whoever panicked is told to come back.
        let reply = server.post_json(
            "/register",
            r#"{"redirect_uris":["https://client.example/callback"],"token_endpoint_auth_method":"none"}"#,
        );
        println!("{}", reply.describe());
        server.mend();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    println!("{}", server.log().tail(60));
    for reply in &replies {
        println!("{}", reply.describe());
        let _ = Tokens::from_reply(reply);
    }
    let _ = Client::public(&server);
}
