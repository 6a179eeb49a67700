//! What one network may ask for in a while, and what nobody else notices of it.
//!
//! The platform says where a request comes from, in `cf-connecting-ip`; here the tests do. Each case has
//! networks of its own.

use latchkey_tests::{Authorization, Browser, Client, Device, Page, Person, Reply, Server, Tokens};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::Case;
use crate::client_documents::Published;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "needs 32, DCR-09: a network that registers too often is told to wait, and no other; a shared egress has more",
            |servers| registrations(servers.limited()),
        ),
        Case::new(
            "needs 32, DEV-06: a network that asks for device codes too often is told to wait, and no other; a shared egress has more",
            |servers| device_codes(servers.limited()),
        ),
        Case::new(
            "RFC 8628 section 5.1, DEV-06: a network that sends user codes too often is told to wait, whoever signs in there, and no other",
            |servers| user_codes(servers.limited()),
        ),
        Case::new(
            "needs 5, needs 32: a network that names too many documents that nobody has seen is told to wait, and those that are known go on",
            |servers| documents(servers.limited()),
        ),
    ]
}

/// An address of a network, by the number of the request.
type Address<'a> = &'a dyn Fn(usize) -> String;

/// Asks until it is told to wait, at most so many times; how often it could. `ask` returns what it is
/// refused with.
pub fn until_refused(most: usize, ask: impl Fn(usize) -> Option<Reply>) -> usize {
    for count in 0..most {
        if let Some(reply) = ask(count) {
            let wait = reply.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
            assert!(wait.is_some_and(|wait| wait > 0), "{}", reply.describe());
            return count;
        }
    }
    panic!("never refused in {most} requests");
}

pub fn register(server: &Server, address: &str) -> Reply {
    let body = json!({
        "client_name": "Limited",
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    let call = server.call("POST", &server.at("/register")).header("cf-connecting-ip", address);
    call.header("content-type", "application/json").body(body.to_string()).send()
}

fn refused(reply: Reply, good: u16) -> Option<Reply> {
    if reply.status == good {
        return None;
    }
    reply.expect_error(429, "too_many_requests");
    assert_eq!(reply.header("retry-after"), Some("60"), "{}", reply.describe());
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{}", reply.describe());
    Some(reply)
}

fn registrations(server: &Server) {
    let until = |most: usize, address: Address<'_>| {
        until_refused(most, |count| refused(register(server, &address(count)), 201))
    };
    // A window may end in between, so twice as many may be let in.
    assert!(until(8, &|_| "203.0.113.7".to_owned()) >= 3);
    // One network of IPv6 is 2^64 addresses.
    assert!(until(8, &|count| format!("2001:db8:1:2::{count}")) >= 3);
    // Everybody else registers, and so do many behind one egress.
    assert!(until(8, &|_| "203.0.113.8".to_owned()) >= 3);
    assert!(until(20, &|count| format!("160.79.104.{count}")) >= 8);
    // This machine is a developer's.
    for _ in 0..8 {
        let _ = Client::public(server);
    }
    // It passes: the period of this deployment's limits is 10 seconds.
    let deadline = Instant::now() + Duration::from_secs(30);
    while refused(register(server, "203.0.113.7"), 201).is_some() {
        assert!(Instant::now() < deadline, "it never recovers");
    }
}

fn device_codes(server: &Server) {
    let client = Client::of_device(server, "none");
    let ask = |address: &str| {
        let call = client.call(server, "/device_authorization", &[]);
        call.header("cf-connecting-ip", address).send()
    };
    let until = |most: usize, address: Address<'_>| {
        until_refused(most, |count| refused(ask(&address(count)), 200))
    };
    assert!(until(8, &|_| "203.0.113.17".to_owned()) >= 3);
    assert!(until(8, &|count| format!("2001:db8:1:12::{count}")) >= 3);
    assert!(until(8, &|_| "203.0.113.18".to_owned()) >= 3);
    assert!(until(20, &|count| format!("160.79.105.{count}")) >= 8);
    // Registrations of the same network are counted by themselves, and devices go on polling.
    let _ = register(server, "203.0.113.17").expect(201);
    let device = Device::of(server, client.clone(), &[]);
    for _ in 0..8 {
        device.expect_waiting();
    }
}

fn user_codes(server: &Server) {
    let device = Device::new(server);
    let person = |address: &str| {
        let mut browser = Browser::new(server);
        browser.join(&Person::new());
        browser.address = Some(address.to_owned());
        browser
    };
    let until = |people: &[Browser<'_>]| {
        until_refused(8, |count| {
            let mut browser = people[count % people.len()].clone();
            // A right code counts for nothing with its person, so it is the network that is told.
            let page = browser.enter_code(device.user_code());
            if asks_about(&page, &device) {
                return None;
            }
            let page = page.expect(429);
            assert!(
                page.alert().contains("Too many codes came from your network"),
                "{}",
                page.alert()
            );
            // It isn't lost.
            assert_eq!(page.form("/device").field("user_code"), Some(device.user_code()));
            Some(page.reply)
        })
    };
    let people = ["203.0.113.27", "203.0.113.27"].map(person);
    assert!(until(&people) >= 3);
    assert!(until(&[person("203.0.113.28")]) >= 3);
    let mut other = person("203.0.113.29");
    let page = other.enter_code(device.user_code()).expect(200);
    // Deciding isn't guessing.
    other.address = Some("203.0.113.27".to_owned());
    let _ = other.decide_device(&page, "allow").expect(200);
    let _ = Tokens::from_reply(&device.poll());
}

fn asks_about(page: &Page, device: &Device<'_>) -> bool {
    page.reply.status == 200 && page.texts(".user-code dd") == [device.user_code()]
}

fn documents(server: &Server) {
    let ask = |address: &str, client: &Client| {
        let path = Authorization::of(client).path(server);
        let call = server.call("GET", &path).header("accept", "application/json");
        call.header("cf-connecting-ip", address).send()
    };
    // Whoever isn't signed in is sent there first.
    let is_known = |reply: &Reply| matches!(reply.status, 200 | 302 | 303);
    let known = Published::new();
    let unknown = |address: &str| {
        let published = Published::new();
        let reply = ask(address, &published.client());
        if published.host.count(&published.url) == 1 {
            assert!(is_known(&reply), "{}", reply.describe());
            return None;
        }
        // To its person and its program it is a document that can't be fetched for now.
        let _ = reply.expect_error(503, "temporarily_unavailable");
        let _ = server.log().wait_for_lines(&[&published.url, "TooOften"]);
        Some(reply)
    };
    assert!(is_known(&ask("203.0.113.37", &known.client())));
    assert!(until_refused(8, |_| unknown("203.0.113.37")) >= 2);
    for _ in 0..8 {
        assert!(is_known(&ask("203.0.113.37", &known.client())));
    }
    assert_eq!(known.host.count(&known.url), 1);
    assert!(until_refused(8, |_| unknown("203.0.113.38")) >= 3);
}
