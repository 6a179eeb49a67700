//! Kills the server with SIGKILL while it writes, starts it again on the same storage, and looks whether
//! anything that was acknowledged is lost or anything was given twice.
//!
//! Each kill aims at one kind of write: six clients at once send it and some others, and the kill comes
//! after a drawn number of answers and a drawn moment more. What the server had not answered by then was
//! in flight: it was done or it wasn't, and sending it again has to lead to one result either way. At
//! every second kill the answers of the last moment are lost too, as a network loses them: the time
//! between a write and its answer is short, and few kills would hit it.

mod attempt;
mod clients;
mod devices;
mod people;
mod report;
pub mod seed;
mod tokens;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::deployment::Deployment;
use crate::server::Server;
use crate::upstream::Upstream;
use crate::walk::Walk;
use attempt::{Answer, Attempt, Lasting, Stored};
use seed::Random;

pub use attempt::Kind;
pub use report::Report;

/// How many clients send at once.
const CLIENTS: usize = 6;
/// How many requests each of them has.
const REQUESTS_EACH: usize = 4;
/// One request in so many is of another kind than the one that is aimed at.
const ONE_OTHER_IN: usize = 4;
/// So long at most from an answer to the kill, in microseconds: about as long as a request takes.
const MOMENT: usize = 6_000;
/// How many claims of earlier rounds are looked at again after each kill.
const LOOK_AGAIN: usize = 8;
/// How long the clients may take until the kill.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills the server `kills` times and checks after each; `told` hears how it goes.
///
/// # Panics
///
/// When anything is lost or given twice; the message has what was sent and the answer.
#[must_use]
pub fn run(seed: u64, kills: usize, mut told: impl FnMut(Kind, &Report)) -> Report {
    let upstream = Upstream::start();
    let server =
        Server::start(Deployment::killed(&upstream)).unwrap_or_else(|error| panic!("{error}"));
    let mut random = Random::new(seed);
    let mut report = Report::default();
    let mut lasting: Vec<Lasting> = Vec::new();
    // In a drawn order, so that a short run isn't always of the same kinds.
    let first = random.below(Kind::ALL.len());
    for round in 0..kills {
        let aim = Kind::ALL[(first + round) % Kind::ALL.len()];
        let loses_answers = round % 2 == 1;
        let found = kill(&server, aim, loses_answers, &mut random, &mut report);
        for _ in 0..LOOK_AGAIN.min(lasting.len()) {
            lasting[random.below(lasting.len())].check(&server);
        }
        lasting.extend(found);
        told(aim, &report);
    }
    for claim in &lasting {
        claim.check(&server);
    }
    report.looked_at_in_the_end = lasting.len();
    report
}

fn kill(
    server: &Server,
    aim: Kind,
    loses_answers: bool,
    random: &mut Random,
    report: &mut Report,
) -> Vec<Lasting> {
    let started = SystemTime::now();
    let mut walks = [Walk::begin(server), Walk::begin(server)];
    let total = CLIENTS * REQUESTS_EACH;
    let mut queues: Vec<Vec<Attempt>> = (0..CLIENTS).map(|_| Vec::new()).collect();
    for number in 0..total {
        let kind = match random.below(ONE_OTHER_IN) {
            0 => Kind::ALL[random.below(Kind::ALL.len())],
            _ => aim,
        };
        queues[number % CLIENTS].push(kind.prepare(&mut walks[number % 2]));
    }
    let after = random.below(total - CLIENTS);
    let moment = Duration::from_micros(random.below(MOMENT) as u64);

    let (answered, stop, lost) =
        (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
    let sent: Mutex<Vec<(Attempt, Answer)>> = Mutex::default();
    std::thread::scope(|scope| {
        for queue in queues {
            let (answered, stop, lost, sent) = (&answered, &stop, &lost, &sent);
            scope.spawn(move || {
                for attempt in queue {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let Some(mut answer) = attempt.send(server) else { return };
                    if lost.load(Ordering::SeqCst) {
                        answer = None;
                    }
                    let is_cut_off = answer.is_none();
                    let _ = answered.fetch_add(1, Ordering::SeqCst);
                    sent.lock().expect("sent").push((attempt, answer));
                    if is_cut_off {
                        return;
                    }
                }
            });
        }
        let deadline = Instant::now() + PATIENCE;
        while answered.load(Ordering::SeqCst) < after && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(50));
        }
        lost.store(loses_answers, Ordering::SeqCst);
        // The moment is part of what is drawn, not a wait for anything.
        std::thread::sleep(moment);
        // Nobody stops before it: on a busy machine the signal takes its time, and would find nothing under way.
        server.kill_hard();
        stop.store(true, Ordering::SeqCst);
    });

    // The server is dead, so its files are at rest.
    let stored = Stored::read(&server.storage(), started);
    server.restart().unwrap_or_else(|error| panic!("{error}"));
    let (mut hit, mut lasting) = (false, Vec::new());
    for (attempt, answer) in sent.into_inner().expect("sent") {
        let (kind, is_cut_off) = (attempt.kind, answer.is_none());
        let found = attempt.check(server, answer, &stored);
        report.add(kind, is_cut_off.then_some(found.was_done));
        lasting.extend(found.lasting);
        hit |= is_cut_off;
    }
    report.kills += 1;
    report.kills_that_hit += usize::from(hit);
    for mut walk in walks {
        // Who signed in before the kill is still signed in.
        assert!(walk.browser.account().text().contains(&walk.person.email));
    }
    lasting
}
