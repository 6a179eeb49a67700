//! Devices that show a code: the code, its approval and its exchange.

use super::attempt::{Attempt, Found, Kind};
use super::tokens::{is_active, one_successor, stays_ended};
use crate::client::{Client, Tokens};
use crate::device::{DEVICE_GRANT, Device};
use crate::http::Reply;
use crate::server::Server;
use crate::walk::Walk;

fn fields(device_code: &str) -> [(&str, &str); 2] {
    [("grant_type", DEVICE_GRANT), ("device_code", device_code)]
}

fn poll(server: &Server, client: &Client, device_code: &str) -> Reply {
    client.token(server, &fields(device_code))
}

/// Nobody has decided, whether or not the device asks too early.
fn waits(reply: &Reply) -> bool {
    let error = reply.json()["error"].clone();
    error == "authorization_pending" || error == "slow_down"
}

/// A device asks for a code.
pub fn code(walk: &Walk<'_>) -> Attempt {
    let client = Client::of_device(walk.server, "client_secret_basic");
    let sent = client.clone();
    Attempt::new(
        Kind::DeviceCode,
        move |server| sent.call(server, "/device_authorization", &[]).try_send(),
        move |server, answer, stored| {
            let there = stored.devices(&client.id);
            assert!(there <= 1, "{there} codes of one request");
            let Some(reply) = answer else { return Found::done(there == 1) };
            let code = reply.json()["device_code"].as_str().expect("a device code").to_owned();
            let reply = poll(server, &client, &code);
            assert!(waits(&reply), "{}", reply.describe());
            Found::done(true)
        },
    )
}

/// Somebody allows a device.
pub fn approved(walk: &mut Walk<'_>) -> Attempt {
    let client = Client::of_device(walk.server, "client_secret_basic");
    let device = Device::of(walk.server, client.clone(), &[]);
    let (user_code, code) = (device.user_code().to_owned(), device.device_code().to_owned());
    let page = walk.browser.enter_code(&user_code).expect(200);
    let (form, jar) =
        (page.form("/device").filled(&[("decision", "allow")]), walk.browser.jar.clone());
    let press = move |server: &Server| {
        let call = server.call("POST", "/device").form(&form).header("origin", "null");
        let call = call.header("sec-fetch-site", "same-origin");
        call.header("cookie", &jar.header().unwrap_or_default()).try_send()
    };
    let press_again = press.clone();
    Attempt::new(Kind::DeviceApproved, press, move |server, answer, _| {
        let mut reply = poll(server, &client, &code);
        let was_done = !waits(&reply);
        if !was_done {
            assert!(answer.is_none(), "an approval is lost: {}", reply.describe());
            // It may have stopped between the code's object and the account.
            let _ = press_again(server).expect("an answer").expect(200);
            reply = poll(server, &client, &code);
        }
        let tokens = Tokens::from_reply(&reply);
        let last = one_successor(server, &client, &tokens.refresh);
        poll(server, &client, &code).expect_error(400, "invalid_grant");
        ended_or_alive(server, was_done, client, last)
    })
}

/// A device that was allowed fetches its tokens.
pub fn exchange(walk: &mut Walk<'_>) -> Attempt {
    let client = Client::of_device(walk.server, "client_secret_basic");
    let device = Device::of(walk.server, client.clone(), &[]);
    let code = device.device_code().to_owned();
    walk.browser.allow_device(&device);
    let (sent, sent_code) = (client.clone(), code.clone());
    Attempt::new(
        Kind::DeviceExchange,
        move |server| sent.call(server, "/token", &fields(&sent_code)).try_send(),
        move |server, answer, _| {
            let was_answered = answer.is_some();
            let reply = answer.unwrap_or_else(|| poll(server, &client, &code));
            if reply.status == 400 {
                assert!(!was_answered, "{}", reply.describe());
                reply.expect_error(400, "invalid_grant");
                return Found::done(true);
            }
            let tokens = Tokens::from_reply(&reply);
            let last = one_successor(server, &client, &tokens.refresh);
            poll(server, &client, &code).expect_error(400, "invalid_grant");
            ended_or_alive(server, was_answered, client, last)
        },
    )
}

/// A second use of a code may end what the first one gave, and then for good.
fn ended_or_alive(server: &Server, was_done: bool, client: Client, tokens: Tokens) -> Found {
    if is_active(server, &client, &tokens.refresh) {
        super::tokens::stays_alive(was_done, client, tokens)
    } else {
        stays_ended(was_done, client, tokens)
    }
}
