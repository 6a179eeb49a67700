//! The server is killed under load, and started again on the same storage.

use latchkey_tests::client::Code;
use latchkey_tests::{
    Authorization, Browser, Callback, Client, Deployment, Page, Server, Tokens, Walk, chaos,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::Case;

/// The bounded form of `npm run chaos`; `docs/reliability.md` has the long one.
const KILLS: usize = 6;
const ROUNDS: usize = 3;
const CODES: usize = 16;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: SIGKILL under load loses no acknowledged registration, grant or rotation, and no code redeems twice",
            |_| {
                let server =
                    Server::start(Deployment::patient()).unwrap_or_else(|error| panic!("{error}"));
                for round in 0..ROUNDS {
                    println!("round {round}");
                    kill_under_load(&server, round);
                }
                assert_eq!(crate::log::leaks(&server), [""; 0]);
            },
        ),
        Case::new(
            "issue 7: SIGKILL during each kind of write loses nothing that was acknowledged and gives nothing twice",
            |_| {
                let seed = UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
                println!("npm run chaos -- --seed {seed} --kills {KILLS} draws the same");
                let report = chaos::run(seed, KILLS, |_, _| {});
                assert!(report.kills_that_hit > 0 && report.answered() > 0, "{report}");
            },
        ),
    ]
}

/// What the server has acknowledged.
#[derive(Default)]
struct Acknowledged {
    clients: Mutex<Vec<Client>>,
    /// Each code that was sent, with the answer if one came.
    redemptions: Mutex<Vec<(Code, Option<Tokens>)>>,
    /// Codes that nobody sent anywhere: whoever has one may still redeem it.
    unredeemed: Mutex<Vec<Code>>,
    /// How often each chain has rotated, and the last refresh token that it got.
    chains: Mutex<Vec<(usize, String)>>,
}

impl Acknowledged {
    /// Whether there is some of each: enough to lose.
    fn is_substantial(&self, round: usize) -> bool {
        let redeemed = self.redemptions.lock().unwrap();
        let redeemed = redeemed.iter().filter(|(_, tokens)| tokens.is_some()).count();
        let rotations: usize = self.chains.lock().unwrap().iter().map(|(count, _)| count).sum();
        let allowed = self.unredeemed.lock().unwrap().len();
        self.clients.lock().unwrap().len() >= 5 + round
            && redeemed >= 3 + round
            && rotations >= 6
            && allowed >= 2 + round
    }
}

fn kill_under_load(server: &Server, round: usize) {
    let mut walk = Walk::begin(server);
    let codes: Vec<Code> = (0..CODES).map(|_| walk.code()).collect();
    let chains: Vec<String> = (0..2).map(|_| walk.tokens().refresh).collect();
    let acknowledged = Acknowledged {
        chains: Mutex::new(chains.into_iter().map(|refresh| (0, refresh)).collect()),
        ..Acknowledged::default()
    };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (acknowledged, stop, client) = (&acknowledged, &stop, &walk.client);
        scope.spawn(move || register(server, acknowledged, stop));
        scope.spawn(move || redeem(server, client, codes, acknowledged));
        let mut browser = walk.browser.clone();
        scope.spawn(move || allow(server, client, &mut browser, acknowledged, stop));
        for chain in 0..2 {
            scope.spawn(move || refresh(server, client, chain, acknowledged, stop));
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        while !acknowledged.is_substantial(round) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        server.kill_hard();
        stop.store(true, Ordering::Relaxed);
    });
    assert!(acknowledged.is_substantial(round), "too little happened before the kill");
    server.restart().unwrap_or_else(|error| panic!("{error}"));
    nothing_is_lost(server, &walk, acknowledged);
}

fn register(server: &Server, acknowledged: &Acknowledged, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let body = r#"{"redirect_uris":["https://client.example/callback"],"token_endpoint_auth_method":"none"}"#;
        let call = server.call("POST", "/register").header("content-type", "application/json");
        match call.body(body).try_send() {
            Ok(reply) if reply.status == 201 => {
                acknowledged.clients.lock().unwrap().push(Client::from_reply(&reply));
            }
            // Cut off by the kill.
            _ => return,
        }
    }
}

fn redeem(server: &Server, client: &Client, codes: Vec<Code>, acknowledged: &Acknowledged) {
    let mut codes = codes.into_iter();
    for code in codes.by_ref() {
        let reply = client.call(server, "/token", &code.fields()).try_send();
        let tokens = reply.ok().filter(|reply| reply.status == 200);
        let tokens = tokens.map(|reply| Tokens::from_reply(&reply));
        let cut_off = tokens.is_none();
        acknowledged.redemptions.lock().unwrap().push((code, tokens));
        if cut_off {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    acknowledged.unredeemed.lock().unwrap().extend(codes);
}

/// Presses Allow again and again, until the kill cuts it off.
fn allow(
    server: &Server,
    client: &Client,
    browser: &mut Browser<'_>,
    acknowledged: &Acknowledged,
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::Relaxed) {
        let request = Authorization::of(client);
        let cookies = browser.jar.header().expect("a session");
        let call = server.call("GET", &request.path(server)).header("cookie", &cookies);
        let Ok(reply) = call.try_send() else { return };
        if reply.status != 200 {
            return;
        }
        browser.jar.take(&reply.cookies());
        let cookies = browser.jar.header().expect("a session");
        let page = Page { path: "/consent".to_owned(), reply };
        let fields = page.form("/consent").filled(&[("decision", "allow")]);
        let call = server.call("POST", "/consent").form(&fields).header("cookie", &cookies);
        match call.try_send() {
            Ok(reply) if reply.status == 303 => {
                let location = reply.header("location").expect("location").to_owned();
                let code = request.code(&Callback::new(&location, reply));
                acknowledged.unredeemed.lock().unwrap().push(code);
            }
            _ => return,
        }
    }
}

fn refresh(
    server: &Server,
    client: &Client,
    chain: usize,
    acknowledged: &Acknowledged,
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::Relaxed) {
        let token = acknowledged.chains.lock().unwrap()[chain].1.clone();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        match client.call(server, "/token", &fields).try_send() {
            Ok(reply) if reply.status == 200 => {
                let mut chains = acknowledged.chains.lock().unwrap();
                chains[chain].0 += 1;
                chains[chain].1 = Tokens::from_reply(&reply).refresh;
            }
            _ => return,
        }
    }
}

fn nothing_is_lost(server: &Server, walk: &Walk<'_>, acknowledged: Acknowledged) {
    for client in acknowledged.clients.into_inner().unwrap() {
        let path = Authorization::of(&client).path(server);
        let _ = Browser::new(server).page(&path).expect(200);
        client.refresh(server, "nobody-has-this").expect_error(400, "invalid_grant");
    }
    // A rotation whose answer was cut off is a retry for the one who asks again.
    for (_, refresh) in acknowledged.chains.into_inner().unwrap() {
        let next = Tokens::from_reply(&walk.client.refresh(server, &refresh));
        let _ = Tokens::from_reply(&walk.client.refresh(server, &next.refresh));
    }
    for (code, tokens) in acknowledged.redemptions.into_inner().unwrap() {
        match tokens {
            Some(tokens) => {
                let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
                walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
            }
            // Cut off: it was redeemed or it wasn't, but it is never redeemed twice.
            None => {
                let first = walk.client.redeem(server, &code);
                assert!(matches!(first.status, 200 | 400), "{}", first.describe());
                walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
            }
        }
    }
    // What was allowed and never sent is redeemed now, once.
    for code in acknowledged.unredeemed.into_inner().unwrap() {
        let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
        walk.client.redeem(server, &code).expect_error(400, "invalid_grant");
    }
    // The person is still signed in, and the keys are the same.
    let mut browser = walk.browser.clone();
    let home = browser.page("/").expect(200);
    assert!(home.text().contains(&walk.person.email), "{}", home.reply.describe());
}
