//! Many requests at the same moment.

use latchkey_tests::{Client, Reply, Server, Tokens, Walk};
use std::sync::Barrier;
use std::time::Instant;

use crate::Case;

const PARALLEL: usize = 50;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 6749 section 4.1.2, TOK-10: of 50 parallel redemptions of one code exactly one succeeds",
            |servers| {
                redemptions(servers.standard());
            },
        ),
        Case::new(
            "needs 1: 50 parallel refreshes of one token get one and the same successor, and the chain goes on",
            |servers| {
                refreshes(servers.standard());
            },
        ),
        Case::new("needs 4: 50 clients that register at once are all known at once", |servers| {
            registrations(servers.standard());
        }),
        Case::new(
            "issue 2: of 10 parallel sign-ups with one address exactly one gets the account",
            |servers| {
                sign_ups(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 10.10: guessing a password in parallel is slowed down like guessing in a row",
            |servers| {
                guesses(servers.standard());
            },
        ),
    ]
}

/// Runs `request` that many times, all beginning at the same moment.
pub fn at_once<T: Send>(times: usize, request: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(times);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..times)
            .map(|index| {
                let (barrier, request) = (&barrier, &request);
                scope.spawn(move || {
                    barrier.wait();
                    request(index)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("a request")).collect()
    })
}

fn redemptions(server: &Server) {
    for round in 0..3 {
        let mut walk = Walk::begin(server);
        let code = walk.code();
        let replies: Vec<Reply> = at_once(PARALLEL, |_| walk.client.redeem(server, &code));
        let (good, bad): (Vec<&Reply>, Vec<&Reply>) =
            replies.iter().partition(|reply| reply.status == 200);
        assert_eq!(good.len(), 1, "round {round}");
        for reply in bad {
            reply.expect_error(400, "invalid_grant");
        }
        // The 49 others were replays with the right verifier: what the code gave has ended.
        let tokens = Tokens::from_reply(good[0]);
        walk.client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    }
}

fn refreshes(server: &Server) {
    let mut walk = Walk::begin(server);
    let mut refresh = walk.tokens().refresh;
    for round in 0..3 {
        let replies = at_once(PARALLEL, |_| walk.client.refresh(server, &refresh));
        let answers: Vec<Tokens> = replies.iter().map(Tokens::from_reply).collect();
        let successor = answers[0].refresh.clone();
        assert!(answers.iter().all(|answer| answer.refresh == successor), "round {round}");
        assert_ne!(successor, refresh, "round {round}");
        refresh = successor;
    }
    let _ = Tokens::from_reply(&walk.client.refresh(server, &refresh));
}

fn registrations(server: &Server) {
    let clients: Vec<Client> = at_once(PARALLEL, |_| Client::public(server));
    let mut ids: Vec<&str> = clients.iter().map(|client| client.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), PARALLEL);
    let known = at_once(PARALLEL, |index| clients[index].refresh(server, "nobody-has-this"));
    for reply in known {
        reply.expect_error(400, "invalid_grant");
    }
}

fn sign_ups(server: &Server) {
    let person = latchkey_tests::Person::new();
    let statuses = at_once(10, |_| {
        let mut browser = latchkey_tests::Browser::new(server);
        let page = browser.page("/sign-up").expect(200);
        let landed = browser.sign_up(&page, &person).page();
        (landed.reply.status, browser.jar.get("latchkey_session").is_some())
    });
    let made = statuses.iter().filter(|(_, session)| *session).count();
    assert_eq!(made, 1, "{statuses:?}");
    assert!(statuses.iter().all(|(status, session)| *session == (*status == 200)), "{statuses:?}");
    let mut walk_browser = latchkey_tests::Browser::new(server);
    let page = walk_browser.page("/sign-in").expect(200);
    let _ = walk_browser.sign_in(&page, &person).page().expect(200);
}

fn guesses(server: &Server) {
    let person = latchkey_tests::Person::new();
    latchkey_tests::Browser::new(server).join(&person);
    let mut browser = latchkey_tests::Browser::new(server);
    let page = browser.page("/sign-in").expect(200);
    let begun = Instant::now();
    let replies = at_once(PARALLEL, |index| {
        let guess = latchkey_tests::Person {
            email: person.email.clone(),
            password: format!("guess number {index}"),
        };
        browser.clone().sign_in(&page, &guess).page().reply
    });
    let judged = replies.iter().filter(|reply| reply.status != 429).count();
    // Five are free; then each wait of 2, 4, 8 … that ended meanwhile, in whole seconds, is one more.
    let seconds = begun.elapsed().as_secs() + 1;
    let more = [2, 6, 14, 30, 62, 122].iter().filter(|end| **end <= seconds).count();
    assert!(judged <= 5 + more, "{judged} of {PARALLEL} guesses were judged in {seconds} s");
}
