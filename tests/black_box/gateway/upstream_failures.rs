//! An upstream that can't be reached, is late, breaks off, or refuses the gateway.

use latchkey_tests::upstream::{Answer, Place, Whole};
use latchkey_tests::{Front, Reply};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
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
        Case::new(
            "issue 3: an upstream's time begins when it has the whole request, and ends with the head of its answer",
            |servers| {
                slow_upload(servers.gateway());
                slow_answer(servers.gateway());
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

/// Longer than the upstream at `/brief` may take.
const LONGER: Duration = Duration::from_millis(3_500);
/// Between two pieces of something slow: its pace, which waits for nothing.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends a body in small chunks for longer than the timeout. Returns the status line, how long it
/// took to come once the body was over, and the length of the body.
fn in_small_chunks(front: &Front, place: &Place) -> (String, Duration, u64) {
    let head = format!(
        "POST /brief/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        place.name(),
        front.token("/brief", "mcp")
    );
    let mut client = TcpStream::connect(("127.0.0.1", front.server.port())).expect("connection");
    client.set_read_timeout(Some(Duration::from_secs(60))).expect("timeout");
    client.write_all(head.as_bytes()).expect("a request");
    let (mut started, mut length) = (None, 0_u64);
    while started.is_none_or(|started: Instant| started.elapsed() < LONGER) {
        client.write_all(b"5\r\npiece\r\n").expect("a chunk");
        length += 5;
        if started.is_none() {
            // From here on the upstream is at work.
            place.wait_for_bytes(length);
            started = Some(Instant::now());
        }
        std::thread::sleep(PAUSE);
    }
    let over = Instant::now();
    client.write_all(b"0\r\n\r\n").expect("the last chunk");
    // Not to the end: the connection may stay open long after the answer.
    let mut answer = String::new();
    let _ = BufReader::new(client).read_line(&mut answer).expect("an answer");
    (answer, over.elapsed(), length)
}

fn slow_upload(front: &Front) {
    let place = front.upstream.plain();
    let (answer, _, length) = in_small_chunks(front, &place);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let received = place.only();
    assert_eq!(received.length, length);
    assert!(received.body.chunks(5).all(|piece| piece == b"piece"), "{received:?}");
    // The time isn't up before it began, and doesn't go on for ever after that.
    let place = front.upstream.place(Answer::Never);
    let (answer, took, _) = in_small_chunks(front, &place);
    println!("{took:?} after the whole request");
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert!(took >= Duration::from_millis(1_900), "{took:?}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    place.wait_until_abandoned();
}

fn slow_answer(front: &Front) {
    let heads = [
        Whole::status(200).header("content-type", "text/event-stream"),
        Whole::status(200).header("content-type", "application/octet-stream"),
    ];
    for head in heads {
        let place = front.upstream.place(Answer::Fed(head));
        let call = front.call("GET", &format!("/brief/{}", place.name()));
        let call = call.bearer(&front.token("/brief", "mcp"));
        let (feed, mut stream) = super::streaming::opened(call, &place, "piece 0\n\n");
        assert_eq!(stream.head.status, 200, "{}", stream.head.describe());
        assert_eq!(stream.wait_for("piece 0\n\n"), "piece 0\n\n");
        let (started, mut number) = (Instant::now(), 0);
        while started.elapsed() < LONGER {
            std::thread::sleep(PAUSE);
            number += 1;
            let piece = format!("piece {number}\n\n");
            feed.send(&piece);
            assert_eq!(stream.wait_for(&piece), piece);
        }
        drop(feed);
        assert_eq!(stream.rest().as_deref(), Ok(""));
        assert!(!place.is_abandoned(), "the gateway went away from it");
    }
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
