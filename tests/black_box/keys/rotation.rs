//! Another key takes over while clients go on refreshing, calling and being checked.

use latchkey_protocol::configuration::Issuer;
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::time::UnixTime;
use latchkey_protocol::verifier::{KeyCache, Verifier};
use latchkey_tests::{Client, Tokens, Walk, jwt};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Keyed, kid, signer};
use crate::Case;

const DAY: u64 = 86_400;
/// How many clients refresh and call without pause.
const CLIENTS: usize = 3;
/// How many rounds each of them makes between two steps of the clock, at the least.
const ROUNDS: usize = 1;
/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: while keys rotate, by the admin API with notice and at once and by the clock, no refresh, call, introspection or external verification fails, and tokens of before are good until they expire",
            |_| under_load(),
        ),
        Case::new(
            "issue 7: the admin API lists keys with state and times, a rotation publishes the next key a day ahead, and a second one changes nothing",
            |_| with_notice(),
        ),
        Case::new(
            "issue 7: a keyring that doesn't answer stops no signature and no check for ten minutes",
            |_| silent_keyring(),
        ),
    ]
}

/// A resource server of its own, which has the keys from `/jwks` as docs/verifying-tokens.md says.
struct External<'a> {
    keyed: &'a Keyed,
    verifier: Verifier,
    keys: Mutex<KeyCache>,
}

impl<'a> External<'a> {
    fn new(keyed: &'a Keyed) -> Self {
        let issuer = keyed.server.issuer();
        let resource = ResourceIndicator::parse(&format!("{issuer}/api")).expect("a resource");
        let issuer = Issuer::parse(&issuer).expect("an issuer");
        Self { keyed, verifier: Verifier::new(issuer, resource), keys: Mutex::default() }
    }

    #[track_caller]
    fn expect_good(&self, token: &str, now: u64, by_the_hour: bool) {
        let now = UnixTime::from_seconds(now);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let must_fetch =
            if by_the_hour { keys.must_fetch(now) } else { keys.must_fetch_for(token, now) };
        if must_fetch {
            let document = self.keyed.server.get("/jwks").expect(200).text();
            keys.store(&document, now).expect("keys");
        }
        let known = keys.keys(now).expect("keys");
        if let Err(error) = self.verifier.verify(token, known, now) {
            panic!("{error} of a token by {} with the keys {known:?}", signer(token));
        }
    }
}

/// What the clients share. A round reads the clock; a step sets it between two rounds.
struct Load<'a> {
    keyed: &'a Keyed,
    clock: RwLock<u64>,
    rounds: [AtomicUsize; CLIENTS],
    checks: AtomicUsize,
    signers: Mutex<BTreeSet<String>>,
    /// The external verifiers fetch the keys every hour and never in between, not even for an unknown one.
    by_the_hour: AtomicBool,
    over: AtomicBool,
}

fn host_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

impl Load<'_> {
    /// One client: refreshes, calls, and is checked, again and again.
    fn go_on(&self, index: usize, client: &Client, mut refresh: String) {
        let external = External::new(self.keyed);
        let mut earlier: Vec<(u64, String)> = Vec::new();
        while !self.over.load(Ordering::SeqCst) {
            let ahead = self.clock.read().unwrap_or_else(PoisonError::into_inner);
            let tokens = Tokens::from_reply(&client.refresh(&self.keyed.server, &refresh));
            refresh = tokens.refresh;
            let now = host_time() + *ahead;
            earlier.retain(|(ends, _)| *ends > now + 60);
            let ends = jwt::read(&tokens.access).claims["exp"].as_u64().expect("exp");
            let oldest = earlier.first().map(|(_, token)| token.clone());
            for token in oldest.iter().chain([&tokens.access]) {
                self.keyed.expect_good(token);
                external.expect_good(token, now, self.by_the_hour.load(Ordering::SeqCst));
                let _ = self.checks.fetch_add(3, Ordering::SeqCst);
            }
            let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
            signers.insert(signer(&tokens.access));
            drop(signers);
            earlier.push((ends, tokens.access));
            drop(ahead);
            let _ = self.rounds[index].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits until every client has made so many rounds more.
    fn wait(&self) {
        let counts = || self.rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        let (before, started) = (counts(), Instant::now());
        while counts().iter().zip(before).any(|(now, before)| *now < before + ROUNDS) {
            assert!(!self.over.load(Ordering::SeqCst), "a client has stopped");
            assert!(started.elapsed() < PATIENCE, "the clients make no rounds");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sets the clock on, and does something before anybody makes the next round.
    fn step(&self, seconds: u64, act: impl FnOnce()) {
        let mut ahead = self.clock.write().unwrap_or_else(PoisonError::into_inner);
        *ahead += seconds;
        self.keyed.ahead(*ahead);
        act();
        drop(ahead);
        self.wait();
    }

    fn steps(&self, number: usize, seconds: u64) {
        (0..number).for_each(|_| self.step(seconds, || ()));
    }
}

/// Ends the other clients when one fails, and the clients when the main thread does.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn under_load() {
    let keyed = Keyed::start();
    let clients: Vec<(Client, String)> = (0..CLIENTS)
        .map(|_| {
            let mut walk = Walk::begin(&keyed.server);
            let tokens = keyed.tokens(&mut walk, "/api");
            (walk.client, tokens.refresh)
        })
        .collect();
    let load = Load {
        keyed: &keyed,
        clock: RwLock::new(0),
        rounds: [const { AtomicUsize::new(0) }; CLIENTS],
        checks: AtomicUsize::new(0),
        signers: Mutex::default(),
        by_the_hour: AtomicBool::new(true),
        over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        for (index, (client, refresh)) in clients.into_iter().enumerate() {
            let load = &load;
            scope.spawn(move || {
                let _over = Over(&load.over);
                load.go_on(index, &client, refresh);
            });
        }
        let _over = Over(&load.over);
        load.wait();
        rotate(&load);
    });
    let signers = load.signers.lock().expect("signers").len();
    assert_eq!(signers, 4, "each key has signed");
    let checks = load.checks.load(Ordering::SeqCst);
    assert!(checks >= CLIENTS * ROUNDS * 3 * 100, "{checks} checks");
}

/// Three rotations: by the admin API with notice, at once, and by the clock.
fn rotate(load: &Load<'_>) {
    let keyed = load.keyed;
    let first = kid(&keyed.key("sig", "current"));
    let _ = keyed.act(&json!({ "action": "rotate" })).expect(200);
    let second = kid(&keyed.key("sig", "next"));
    // Almost a day, a day, and a little more.
    load.steps(30, 2_820);
    assert_eq!(kid(&keyed.key("sig", "current")), first);
    load.steps(45, 45);
    assert_eq!(kid(&keyed.key("sig", "current")), second);
    assert_eq!(kid(&keyed.key("sig", "retired")), first);
    load.steps(6, 1_500);
    assert!(!keyed.published().contains(&first), "its tokens have expired");

    // Without notice only those go on who fetch the keys for one that they don't know. Nobody has fetched them for 31
    // seconds, so they may.
    load.step(31, || {
        load.by_the_hour.store(false, Ordering::SeqCst);
        let _ = keyed.act(&json!({ "action": "rotate", "at_once": true })).expect(200);
    });
    let third = kid(&keyed.key("sig", "current"));
    assert_eq!(kid(&keyed.key("sig", "retired")), second);

    load.step(11 * DAY, || load.by_the_hour.store(true, Ordering::SeqCst));
    load.steps(7, 11 * DAY);
    load.steps(30, 3_600);
    assert_eq!(kid(&keyed.key("sig", "current")), third);
    let fourth = kid(&keyed.key("sig", "next"));
    load.steps(33, 2_400);
    assert_eq!(kid(&keyed.key("sig", "current")), fourth);
}

fn with_notice() {
    let keyed = Keyed::start();
    let before = keyed.keys();
    assert_eq!(before.len(), 2, "{before:#?}");
    for usage in ["sig", "enc"] {
        let key = keyed.key(usage, "current");
        assert_eq!((&key["origin"], &key["sealed"]), (&json!("made"), &json!(false)), "{key}");
        let time = |name: &str| key[name].as_u64().unwrap_or_else(|| panic!("{name}: {key}"));
        assert!(time("made_at") <= time("used_from") && time("used_from") < time("used_until"));
        assert!(time("used_until") < time("kept_until"), "{key}");
    }
    assert_eq!(keyed.published(), [kid(&keyed.key("sig", "current"))]);

    let asked = keyed.act(&json!({ "action": "rotate" })).expect(200).json();
    assert_eq!((&asked["state"], &asked["use"]), (&json!("next"), &json!("sig")), "{asked}");
    let notice =
        asked["used_from"].as_u64().expect("a time") - asked["made_at"].as_u64().expect("a time");
    assert_eq!(notice, DAY);
    assert!(keyed.published().contains(&kid(&asked)), "it is published before it signs");
    assert_eq!(keyed.act(&json!({ "action": "rotate" })).expect(200).json(), asked);
    let current = keyed.key("sig", "current");
    assert_eq!(current["used_until"], asked["used_from"], "{current}");

    // At once the same one takes over.
    let now = keyed.act(&json!({ "action": "rotate", "at_once": true })).expect(200).json();
    assert_eq!((kid(&now), &now["state"]), (kid(&asked), &json!("current")), "{now}");
    assert_eq!(kid(&keyed.key("sig", "retired")), kid(&current));
    let mut walk = Walk::begin(&keyed.server);
    assert_eq!(signer(&keyed.tokens(&mut walk, "/api").access), kid(&now));

    let lines = keyed.server.log().wait_for_lines(&["\"key rotated\"", &kid(&now)]);
    assert!(lines.iter().all(|line| line.contains("\"who\":\"admin\"")), "{lines:?}");
    for body in [json!({ "action": "drop" }), json!({ "action": "rotate", "us": "sig" })] {
        keyed.act(&body).expect_error(400, "invalid_request");
    }
    keyed.server.call("GET", "/admin/keys").send().expect_error(401, "invalid_token");
}

fn silent_keyring() {
    let keyed = Keyed::start();
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    let out_of_reach = |seconds: u64| {
        let how = json!({ "class": "Keyring", "how": "throw" });
        keyed.server.fail(&json!({ "clock": seconds, "objects": how }));
    };
    out_of_reach(120);
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &tokens.refresh));
    keyed.expect_good(&tokens.access);
    let _ = keyed.server.log().wait_for_lines(&["\"failed\"", "Keyring is out of reach"]);
    out_of_reach(900);
    walk.client
        .refresh(&keyed.server, &tokens.refresh)
        .expect_error(503, "temporarily_unavailable");
    keyed.ahead(900);
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &tokens.refresh));
    keyed.expect_good(&tokens.access);
}
