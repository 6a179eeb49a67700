//! Thousands of hostile requests to every endpoint, drawn from a seed and sent byte by byte.
//!
//! Whatever comes, no answer is a 5xx but those that are listed in [`is_documented`], nothing that is stored
//! changes, memory stays flat, and the server works afterwards. `LATCHKEY_FUZZ_SEED` draws the same again;
//! `LATCHKEY_LONG=1` sends ten times as many.

mod drafts;
mod mutations;
mod paths;
mod requests;
mod scene;
mod wire;

use latchkey_protocol::configuration::Endpoint;
use latchkey_tests::{ADMIN_TOKEN, Deployment, Front, Server, Stored, Walk, raw};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::Case;
use requests::Request;
use scene::Scene;
use wire::Answer;

/// How many requests `npm test` sends, and how many a long run does.
const BRIEF: usize = 20_000;
const LONG: usize = 200_000;
/// How many are under way at once.
const AT_ONCE: usize = 6;
/// In how many parts they are sent, after each of which memory is looked at.
const PARTS: usize = 8;
/// How many faults are told.
const MOST_TOLD: usize = 10;

/// The cases.
pub fn trials() -> Vec<Case> {
    let title = "issue 7: hostile requests to every endpoint get no 5xx, change nothing that is stored, \
                 and leave memory flat and the server working";
    let drawn = "issue 7: LATCHKEY_FUZZ_SEED draws the same hostile requests again";
    let decided = "issue 7: an answer that is decided doesn't wait for a body that never comes";
    vec![
        Case::new(title, |_| hostile()),
        Case::new(drawn, |_| same_seed_same_requests()),
        Case::new(decided, |_| answered_without_the_body()),
    ]
}

fn hostile() {
    let long = std::env::var("LATCHKEY_LONG").is_ok_and(|long| long == "1");
    let number = if long { LONG } else { BRIEF };
    let seed = seed();
    eprintln!("{number} hostile requests; LATCHKEY_FUZZ_SEED={seed} draws them again");

    let front = Front::start(Deployment::besieged).unwrap_or_else(|error| panic!("{error}"));
    let server = &front.server;
    let scene = Scene::set(server);
    let before = at_rest(server, scene.refused);

    let began = Instant::now();
    let seen = Seen::default();
    let memory: Vec<u64> = (0..PARTS)
        .map(|part| {
            let range = number / PARTS * part..number / PARTS * (part + 1);
            send(server, &scene, seed, range, &seen);
            server.memory()
        })
        .collect();
    eprintln!("{}", seen.summary(began.elapsed(), &memory));

    let mut wrong = seen.faults.lock().expect("faults").clone();
    wrong.extend(seen.endpoints_that_were_left_out(number));
    let said = server.log().text();
    wrong.extend(
        said.lines().filter(|line| line.contains("\"level\":\"error\"")).map(str::to_owned),
    );
    wrong.extend(server.stored().changes_since(&before));
    wrong.extend(grown(&memory, if long { 4 } else { 2 }));
    assert!(wrong.is_empty(), "LATCHKEY_FUZZ_SEED={seed}:\n{}", wrong.join("\n\n"));

    // It works as before: for somebody new, and for whoever was in the middle of it.
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let _ = walk.client.refresh(server, &tokens.refresh).expect(200);
    let _ = walk.client.revoke(server, &tokens.access).expect(200);
    let health = server.call("GET", "/admin/health").bearer(ADMIN_TOKEN).send().expect(200);
    assert_eq!(health.json()["status"], "ok", "{}", health.describe());
    scene.expect_alive(server);
    // The same measure notices what that walk has stored.
    assert_ne!(server.stored().changes_since(&before), [""; 0]);
}

/// The seed that is asked for, or one of this moment.
fn seed() -> u64 {
    let now = || SystemTime::UNIX_EPOCH.elapsed().map_or(1, |elapsed| elapsed.as_secs());
    let asked = std::env::var("LATCHKEY_FUZZ_SEED");
    asked.map_or_else(|_| now(), |seed| seed.parse().expect("LATCHKEY_FUZZ_SEED is a number"))
}

/// What is stored once the refusals of so many clients are kept, and nothing is written any more.
fn at_rest(server: &Server, refused_clients: usize) -> Stored {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let stored = server.stored();
        if stored.refused_clients() >= refused_clients {
            return stored;
        }
        let kept = stored.refused_clients();
        assert!(Instant::now() < deadline, "{kept} and not {refused_clients} refused clients");
    }
}

/// Sends the requests of these numbers.
fn send(server: &Server, scene: &Scene, seed: u64, range: std::ops::Range<usize>, seen: &Seen) {
    let next = AtomicUsize::new(range.start);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= range.end {
                        return;
                    }
                    let request = Request::draw(scene, seed, number);
                    let answer = wire::exchange(server.port(), &request);
                    seen.note(number, &request, &answer);
                }
            });
        }
    });
}

/// What came back.
#[derive(Default)]
struct Seen {
    /// How often each endpoint answered, and with which statuses.
    endpoints: Mutex<BTreeMap<String, BTreeMap<u16, usize>>>,
    /// How many had no answer because they broke off or were no HTTP.
    unanswered: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

impl Seen {
    fn note(&self, number: usize, request: &Request, answer: &Answer) {
        let fault = match answer {
            Answer::Whole { status, .. } => {
                let name = request.endpoint.map_or("elsewhere".to_owned(), |it| format!("{it:?}"));
                let mut endpoints = self.endpoints.lock().expect("endpoints");
                *endpoints.entry(name).or_default().entry(*status).or_default() += 1;
                // RFC 9700 section 4.12: what was typed into a form is never sent on.
                matches!(*status, 307 | 308) || (*status >= 500 && !is_documented(request, answer))
            }
            Answer::Closed => {
                self.unanswered.fetch_add(1, Ordering::Relaxed);
                !request.may_be_dropped()
            }
            Answer::Silence => true,
        };
        let mut faults = self.faults.lock().expect("faults");
        if fault && faults.len() < MOST_TOLD {
            faults.push(format!("request {number}: {request}\n-> {answer}"));
        }
    }

    /// A sentence for each endpoint of the list that had less than its turn.
    fn endpoints_that_were_left_out(&self, number: usize) -> Vec<String> {
        let endpoints = self.endpoints.lock().expect("endpoints");
        let least = number / Endpoint::ALL.len() / 4;
        let answers = |endpoint: Endpoint| -> usize {
            endpoints
                .get(&format!("{endpoint:?}"))
                .map(|all| all.values().sum())
                .unwrap_or_default()
        };
        let left_out = Endpoint::ALL.into_iter().filter(|endpoint| answers(*endpoint) < least);
        left_out
            .map(|endpoint| format!("{endpoint:?} answered {} times", answers(endpoint)))
            .collect()
    }

    fn summary(&self, took: Duration, memory: &[u64]) -> String {
        let memory: Vec<_> = memory.iter().map(|bytes| bytes / 1_000_000).collect();
        let mut lines = vec![format!(
            "took {took:.0?}; workerd had {memory:?} MB on the way; {} were dropped unanswered",
            self.unanswered.load(Ordering::Relaxed)
        )];
        for (endpoint, statuses) in &*self.endpoints.lock().expect("endpoints") {
            let statuses: Vec<_> =
                statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
            lines.push(format!("  {endpoint:<26} {}", statuses.join(", ")));
        }
        lines.join("\n")
    }
}

/// Whether memory went on growing: what the second half needed most is over what the first one did by more than one
/// part in so many. That much a garbage collector leaves to later, and more while the runtime gets warm, which takes
/// it some 50,000 of these requests: that it is flat from then on is what the long run shows.
fn grown(memory: &[u64], one_in: u64) -> Option<String> {
    let (first, second) = memory.split_at(memory.len() / 2);
    let [first, second] =
        [first, second].map(|half| half.iter().max().copied().unwrap_or_default());
    let is_flat = first > 0 && second <= first + first / one_in;
    (!is_flat).then(|| format!("memory grew from {first} bytes to {second}: {memory:?}"))
}

/// What workerd says of what never got to a worker: none of our headers, and nothing about it.
const PLATFORMS_OWN: &str =
    "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 21\r\n\r\n";

/// The 5xx that are no fault of the worker:
///
/// - 501 of workerd itself, for a method that its HTTP library doesn't know;
/// - 500 of workerd itself, where it can make no request of what came;
/// - 503 where the client is a document that can't be fetched (needs 5): who it is can't be known.
fn is_documented(request: &Request, answer: &Answer) -> bool {
    let Answer::Whole { status, text } = answer else { return false };
    match *status {
        501 => text.contains("Unrecognized request method"),
        500 => request.is_no_http() && text.starts_with(PLATFORMS_OWN),
        503 => request.names_a_document() && text.to_ascii_lowercase().contains("retry-after"),
        _ => false,
    }
}

/// The body of each is announced and never sent, and its connection stays open.
fn answered_without_the_body() {
    let front = Front::start(Deployment::besieged).unwrap_or_else(|error| panic!("{error}"));
    for (request, status) in [
        ("POST /nowhere", 404),
        ("DELETE /jwks", 405),
        ("POST /.well-known/oauth-authorization-server", 405),
        ("POST /admin/clients", 401),
        ("POST /api", 401),
    ] {
        let head =
            format!("{request} HTTP/1.1\nContent-Type: application/json\nContent-Length: 100");
        let reply = raw::send_to(&front.server, "id.example", &head, b"{");
        assert_eq!(reply.status, status, "{request}: {}", reply.text);
    }
}

fn same_seed_same_requests() {
    let scene = Scene::imagined();
    for number in 0..500 {
        let [first, again, other] =
            [7, 7, 8].map(|seed| Request::draw(&scene, seed, number).bytes());
        assert_eq!(first, again);
        assert_ne!(first, other);
    }
}
