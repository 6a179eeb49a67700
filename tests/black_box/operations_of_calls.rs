//! What a call through the gateway does at the platform, and which calls share what goes on after their answers.

use latchkey_tests::{Front, Walk, ray};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::Case;
use crate::operations::expect;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 6: a protected call is one message to the account, and none where the credential is remembered",
            |all| {
                protected_calls(all.counted());
            },
        ),
        Case::new(
            "issue 6: where a revocation may be known late the entries of a busy client's calls share messages",
            |all| {
                busy_client(all.counted());
            },
        ),
        Case::new("issue 6: requests at the same moment are counted apart", |all| {
            at_once(all.counted());
        }),
    ]
}

fn protected_calls(front: &Front) {
    // The entry in the log. That the app was used is noted with the first call of a minute.
    const LOGGED: &str = "account_calls 1, in_turn 1, rows_read 2, rows_written 1";
    let (server, place) = (&front.server, front.upstream.plain());
    let mut walk = Walk::begin(server);
    let resources = [front.resource("/api"), front.resource("/remembered")];
    let resources: Vec<_> = resources.iter().map(String::as_str).collect();
    let personal = walk.browser.new_token("Counted", &["mcp"], &resources);
    let api = front.tokens(&mut walk, "/api", "mcp").access;
    let remembered = front.tokens(&mut walk, "/remembered", "mcp").access;

    let get = |path: &str, token: &str| {
        let counted =
            server.count(server.call("GET", &format!("{path}/{}", place.name())).bearer(token));
        assert_eq!(counted.reply.status, 200, "{}", counted.reply.describe());
        counted
    };
    // The upstream is a fetch, and what it gets is signed.
    let asked = "account_calls 1, fetches 1, in_turn 2, rows_read 1, signatures 1";
    // A signature is checked once, and whether the token was taken back each time.
    let first = get("/api", &api);
    assert_eq!(first.waited.of("signature_checks"), 1, "{}", first.line);
    for token in [&api, &personal] {
        expect(asked, LOGGED, || get("/api", token));
    }
    for token in [&remembered, &personal] {
        let first = get("/remembered", token);
        assert_eq!(first.waited.of("account_calls"), 1, "{}", first.line);
        assert!(first.afterwards.of("rows_written") <= 2, "{}", first.line);
        expect("fetches 1, in_turn 1, signatures 1", LOGGED, || get("/remembered", token));
    }
    // Without a good credential nothing is asked, and nothing reaches the upstream.
    expect("", "", || server.count(server.call("GET", "/api").bearer("nobody's token")));
    expect("", "", || server.count(server.call("GET", "/api")));
}

fn busy_client(front: &Front) {
    const CALLS: usize = 24;
    let (server, place) = (&front.server, front.upstream.plain());
    // A person of this case alone: what another client of theirs does at `/api` takes along what waits.
    let mut walk = Walk::begin(server);
    let token = front.tokens(&mut walk, "/remembered", "mcp").access;
    let target = format!("/remembered/{}", place.name());
    let began = Instant::now();
    let rays: Vec<String> = (0..CALLS)
        .map(|_| {
            let ray = ray();
            let call = server.call("GET", &target).bearer(&token).header("cf-ray", &ray);
            let _ = call.send().expect(200);
            ray
        })
        .collect();
    let lines = rays.iter().map(|ray| server.log().trace(ray));
    let after: Vec<_> = lines.map(|line| line["afterwards"].clone()).collect();
    let sum = |name: &str| after.iter().filter_map(|counts| counts[name].as_u64()).sum::<u64>();
    // The first goes at once, then four a second, however fast the machine is.
    let most = began.elapsed().as_millis() / 250 + 2;
    assert!(u128::from(sum("account_calls")) <= most, "at most {most}: {after:?}");
    let (calls, rows) = (CALLS as u64, sum("rows_written"));
    assert!((calls..=calls + 2).contains(&rows), "an entry for each call: {after:?}");
}

fn at_once(front: &Front) {
    const CALLS: u64 = 24;
    let (server, place) = (&front.server, front.upstream.plain());
    let token = Arc::new(front.token("/api", "mcp"));
    // Calls of one moment are logged by one message, which is in the line of whichever sends it.
    let logged = Mutex::new((0, 0));
    let target = format!("/api/{}", place.name());
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (token, target, logged) = (Arc::clone(&token), target.as_str(), &logged);
            scope.spawn(move || {
                for _ in 0..3 {
                    let counted = if number % 2 == 0 {
                        server.count(server.call("GET", target).bearer(&token))
                    } else {
                        server.count(server.call("GET", "/.well-known/oauth-authorization-server"))
                    };
                    assert_eq!(counted.reply.status, 200, "{}", counted.reply.describe());
                    let expected = if number % 2 == 0 { [1, 1, 1] } else { [0, 0, 0] };
                    let found = ["account_calls", "fetches", "signatures"]
                        .map(|operation| counted.waited.of(operation));
                    assert_eq!(found, expected, "{}", counted.line);
                    let mut logged = logged.lock().expect("sums");
                    logged.0 += counted.afterwards.of("account_calls");
                    logged.1 += counted.afterwards.of("rows_written");
                }
            });
        }
    });
    let (messages, rows) = *logged.lock().expect("sums");
    assert!((1..=CALLS).contains(&messages), "{messages} messages");
    // An entry for each call, and that the app was used.
    assert!((CALLS..=2 * CALLS).contains(&rows), "{rows} rows");
}
