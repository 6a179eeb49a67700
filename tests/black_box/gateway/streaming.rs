//! Bodies that are long, slow, or ended early.

use latchkey_tests::stream::Filler;
use latchkey_tests::upstream::{Answer, Feed, Place};
use latchkey_tests::{Call, Deployment, Front, Stream};
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::Case;

const MEGABYTE: u64 = 1024 * 1024;
/// What the server's memory may grow by while something long passes through it.
const GROWTH: u64 = 60 * MEGABYTE;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new("issue 3: server-sent events pass one by one, as they are sent", |servers| {
            events(servers.gateway());
        }),
        Case::new(
            "issue 3: a client that goes away from an answer ends the upstream's work",
            |servers| {
                aborted_answer(servers.gateway());
            },
        ),
        Case::new("issue 3: an upload that breaks off is never taken for a whole one", |servers| {
            aborted_upload(servers.gateway());
        }),
        Case::new("issue 3: a large upload without a length passes whole", |servers| {
            let front = servers.gateway();
            let place = front.upstream.plain();
            let call = front.call("POST", &format!("/api/{}", place.name()));
            let stream = call.bearer(&front.token("/api", "api")).upload_in_chunks(5 * MEGABYTE);
            assert_eq!(stream.head.status, 200, "{}", stream.head.describe());
            assert_eq!(place.only().sha256, Filler::sha256(5 * MEGABYTE));
        }),
        Case::new("issue 3: a 100 MB upload passes with flat memory", |_| {
            upload();
        }),
        Case::new("issue 3: a long event stream passes with flat memory", |_| {
            long_stream();
        }),
    ]
}

fn events(front: &Front) {
    for (path, scope) in [("/api", "api"), ("/mcp", "mcp")] {
        let place = front.upstream.place(Answer::events());
        let call = front.call("GET", &format!("{path}?at={}", place.name()));
        let call = call.bearer(&front.token(path, scope)).header("accept", "text/event-stream");
        let (feed, mut stream) = opened(call, &place, "data: 0\n\n");
        assert_eq!(stream.head.status, 200, "{}", stream.head.describe());
        assert_eq!(stream.head.header("content-type"), Some("text/event-stream"));
        assert_eq!(stream.wait_for("data: 0\n\n"), "data: 0\n\n");
        // Each is sent only when the one before it has arrived.
        for number in 1..20 {
            let event = format!("id: {number}\ndata: {number}\n\n");
            feed.send(&event);
            assert_eq!(stream.wait_for(&event), event);
        }
        drop(feed);
        assert_eq!(stream.rest().as_deref(), Ok(""));
    }
}

/// An answer that has begun with `first`, and what feeds the rest of it.
pub(crate) fn opened(call: Call<'_>, place: &Place, first: &str) -> (Feed, Stream) {
    std::thread::scope(|threads| {
        // Nothing is passed on before there is something to pass on.
        let opened = threads.spawn(|| call.open());
        let feed = place.feed();
        feed.send(first);
        (feed, opened.join().expect("an answer"))
    })
}

/// workerd on a developer's machine notices that a client has gone away when it next writes to it.
fn aborted_answer(front: &Front) {
    let place = front.upstream.place(Answer::events());
    let call = front.call("GET", &format!("/api?at={}", place.name()));
    let call = call.bearer(&front.token("/api", "api"));
    let (feed, mut stream) = opened(call, &place, "data: 0\n\n");
    let _ = stream.wait_for("data: 0\n\n");
    drop(stream);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !place.is_abandoned() {
        assert!(Instant::now() < deadline, "the upstream works on for nobody");
        let _ = feed.try_send(": still there?\n\n");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn aborted_upload(front: &Front) {
    let place = front.upstream.plain();
    let head = format!(
        "POST /api/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nContent-Length: {MEGABYTE}\r\n\r\n",
        place.name(),
        front.token("/api", "api")
    );
    let mut client = TcpStream::connect(("127.0.0.1", front.server.port())).expect("connection");
    client.write_all(head.as_bytes()).expect("a request");
    client.write_all(&[b'x'; 100_000]).expect("a part of a body");
    // It passes on what has come, and doesn't wait for the rest.
    place.wait_for_bytes(100_000);
    drop(client);
    place.wait_until_abandoned();
    // What didn't come whole never looks as if it had.
    assert!(place.received().is_empty(), "{:?}", place.received());
}

/// A server of its own, so that nobody else's requests are in its memory, and which has forwarded
/// something already.
fn front() -> Front {
    let front = Front::start(Deployment::gateway).unwrap_or_else(|error| panic!("{error}"));
    let place = front.upstream.plain();
    let token = front.token("/api", "api");
    for _ in 0..20 {
        let call = front.call("POST", &format!("/api/{}", place.name()));
        let _ = call.bearer(&token).upload(MEGABYTE).head.expect(200);
    }
    front
}

/// Notes the most memory that the server has while `during` runs, and returns by how much it grew.
fn growth_during(front: &Front, during: impl FnOnce()) -> u64 {
    use std::sync::atomic::{AtomicBool, Ordering};
    let before = front.server.memory();
    assert!(before > MEGABYTE, "no workerd is found: {before}");
    let done = AtomicBool::new(false);
    let most = std::thread::scope(|threads| {
        let watcher = threads.spawn(|| {
            let mut most = before;
            while !done.load(Ordering::Relaxed) {
                most = most.max(front.server.memory());
                std::thread::sleep(Duration::from_millis(20));
            }
            most
        });
        during();
        done.store(true, Ordering::Relaxed);
        watcher.join().expect("watcher")
    });
    println!("{} MB before, {} MB at most", before / MEGABYTE, most / MEGABYTE);
    most - before
}

fn upload() {
    const LENGTH: u64 = 100 * MEGABYTE;
    let front = front();
    let place = front.upstream.plain();
    let token = front.token("/api", "api");
    let growth = growth_during(&front, || {
        let call = front.call("POST", &format!("/api/{}", place.name()));
        let stream = call.bearer(&token).upload(LENGTH);
        assert_eq!(stream.head.status, 200, "{}", stream.head.describe());
    });
    let received = place.only();
    assert_eq!(received.length, LENGTH);
    assert_eq!(received.sha256, Filler::sha256(LENGTH));
    assert!(growth < GROWTH, "memory grew by {} MB", growth / MEGABYTE);
}

/// One minute, or ten when `LATCHKEY_LONG` is 1; longer where a minute isn't enough for what would be
/// seen in the memory if it were kept.
fn long_stream() {
    let minutes = if std::env::var("LATCHKEY_LONG").is_ok_and(|long| long == "1") { 10 } else { 1 };
    let front = front();
    let place = front.upstream.place(Answer::events());
    let call = front.call("GET", &format!("/mcp?at={}", place.name()));
    let call = call.bearer(&front.token("/mcp", "mcp"));
    let padding = "x".repeat(250_000);
    let growth = growth_during(&front, || {
        let (feed, mut stream) = opened(call, &place, "data: first\n\n");
        let _ = stream.wait_for("data: first\n\n");
        let (started, mut number, mut passed) = (Instant::now(), 0_u64, 0_u64);
        let length = Duration::from_secs(60 * minutes);
        while started.elapsed() < length || passed <= 2 * GROWTH {
            assert!(started.elapsed() < 3 * length, "only {} MB pass", passed / MEGABYTE);
            number += 1;
            let event = format!("id: {number}\ndata: {padding}\n\n");
            assert!(feed.try_send(&event), "nobody reads event {number}");
            assert!(stream.wait_for(&event) == event, "event {number} isn't what was sent");
            passed += event.len() as u64;
            // A stream of events has pauses; this is its pace and waits for nothing.
            std::thread::sleep(Duration::from_millis(10));
        }
        println!("{number} events, {} MB", passed / MEGABYTE);
        assert!(passed > 2 * GROWTH, "only {} MB", passed / MEGABYTE);
        drop(feed);
        assert_eq!(stream.rest().as_deref(), Ok(""));
    });
    assert!(growth < GROWTH, "memory grew by {} MB", growth / MEGABYTE);
}
