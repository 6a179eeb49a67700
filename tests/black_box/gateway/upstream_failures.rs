//! An upstream that can't be reached, is late, breaks off, or refuses the gateway.

use latchkey_tests::upstream::{Answer, Whole};
use latchkey_tests::{Front, Reply};
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: an upstream that can't be reached is 502, with a reference in the log",
            |servers| {
                let front = servers.gateway();
                for method in ["GET", "POST", "DELETE"] {
                    let call = front.call(method, "/dead/x").bearer(&front.token("/dead", "mcp"));
                    failed(front, &call.body("a body").send(), 502, "upstream_unavailable");
                }
            },
        ),
        Case::new("issue 3: an upstream that closes the connection is 502", |servers| {
            let front = servers.gateway();
            let place = front.upstream.place(Answer::Hangup);
            let token = front.token("/api", "api");
            let reply = front.get(&format!("/api/{}", place.name()), Some(&token));
            failed(front, &reply, 502, "upstream_unavailable");
        }),
        Case::new(
            "issue 3: an upstream that doesn't answer in its time is 504, and is told to stop",
            |servers| {
                late(servers.gateway());
            },
        ),
        Case::new("issue 3: an answer that breaks off breaks off for the client too", |servers| {
            let front = servers.gateway();
            // Of an answer without a length workerd makes a whole one, whatever is in front of it.
            let head = Whole::status(200).header("content-length", "100");
            let place = front.upstream.place(Answer::Fed(head));
            let call = front.call("GET", &format!("/api/{}", place.name()));
            let call = call.bearer(&front.token("/api", "api"));
            let (feed, mut stream) = super::streaming::opened(call, &place, "the beginning");
            let _ = stream.wait_for("the beginning");
            feed.break_off();
            let _ = stream.rest().expect_err("an answer that seems to be whole");
        }),
        Case::new(
            "issue 3: an upstream that asks for a credential of its own is 502: a new token would not help the client",
            |servers| {
                upstream_refuses(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: a service binding that isn't there is 503, and the log says what to do",
            |servers| {
                let front = servers.gateway();
                let reply = front.get("/unbound/x", Some(&front.token("/unbound", "mcp")));
                let reference = reply.expect_error(503, "temporarily_unavailable");
                assert!(reply.header("retry-after").is_some(), "{}", reply.describe());
                let event = front.server.log().event(&reference);
                assert!(
                    event["do"].as_str().unwrap_or_default().contains("[[services]]"),
                    "{event}"
                );
                assert!(event.to_string().contains("NOWHERE"), "{event}");
                assert!(!reply.text().contains("NOWHERE"), "{}", reply.describe());
            },
        ),
        Case::new(
            "issue 3: the upstream's own errors are its own: they come back as they are",
            |servers| {
                let front = servers.gateway();
                for status in [500, 502, 503, 504] {
                    let whole =
                        Whole::status(status).header("content-type", "text/plain").body("mine");
                    let place = front.upstream.place(Answer::Whole(whole));
                    let target = format!("/api/{}", place.name());
                    let reply =
                        front.get(&target, Some(&front.token("/api", "api"))).expect(status);
                    assert_eq!(reply.text(), "mine");
                }
            },
        ),
    ]
}

/// Checks an error of the gateway's own: JSON, a reference that is in the log, and nothing that would
/// make a client sign in again or that names what is behind.
#[track_caller]
fn failed(front: &Front, reply: &Reply, status: u16, code: &str) {
    let reference = reply.expect_error(status, code);
    assert_eq!(reply.header("www-authenticate"), None, "{}", reply.describe());
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{}", reply.describe());
    let upstream = format!("127.0.0.1:{}", front.upstream.port());
    assert!(!reply.text().contains(&upstream), "{}", reply.describe());
    let event = front.server.log().event(&reference);
    assert_eq!(event["endpoint"], "gateway", "{event}");
    assert_eq!(event["level"], "error", "{event}");
    for name in ["resource", "cause", "do"] {
        assert!(event[name].is_string(), "{name}: {event}");
    }
}

fn late(front: &Front) {
    let place = front.upstream.place(Answer::Never);
    let token = front.token("/brief", "mcp");
    let started = Instant::now();
    let call = front.call("POST", &format!("/brief/{}", place.name()));
    let reply = call.bearer(&token).body("a body").send();
    let took = started.elapsed();
    failed(front, &reply, 504, "upstream_timeout");
    assert!(took >= Duration::from_millis(1_900), "{took:?}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    place.wait_until_abandoned();
}

fn upstream_refuses(front: &Front) {
    for (path, token) in
        [("/api", front.token("/api", "api")), ("/slow-bound", front.token("/slow-bound", "api"))]
    {
        for status in [401, 407] {
            let whole = Whole::status(status)
                .header("www-authenticate", "Bearer resource_metadata=\"https://evil.example\"")
                .header("proxy-authenticate", "Basic")
                .body("<html>sign in</html>");
            let place = front.upstream.place(Answer::Whole(whole));
            let reply = front.get(&format!("{path}/{}", place.name()), Some(&token));
            failed(front, &reply, 502, "upstream_unavailable");
            assert!(!reply.text().contains("html"), "{}", reply.describe());
            assert_eq!(reply.header("proxy-authenticate"), None);
        }
    }
    // 403 is about what the caller may do, which is the upstream's to say.
    let place = front.upstream.place(Answer::Whole(Whole::status(403).body("not yours")));
    let reply = front.get(&format!("/api/{}", place.name()), Some(&front.token("/api", "api")));
    assert_eq!(reply.expect(403).text(), "not yours");
}
