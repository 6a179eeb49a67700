//! Clients: registered, changed, deleted, and let in by an initial access token.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::attempt::{Attempt, Found, Kind};
use crate::client::{Client, Tokens};
use crate::http::{Call, Reply};
use crate::random;
use crate::server::Server;
use crate::walk::Walk;

/// How long the shard may take until it has told all accounts that a client is gone.
const TO_END_GRANTS: Duration = Duration::from_secs(60);

fn metadata(name: &str) -> Value {
    json!({
        "client_name": name,
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    })
}

/// A name that no other client has.
fn name() -> String {
    format!("Client {}", random::text(16))
}

fn register(server: &Server, name: &str, token: Option<&str>) -> Result<Reply, String> {
    let call = server.call("POST", "/register").header("content-type", "application/json");
    let call = token.into_iter().fold(call, Call::bearer);
    call.body(metadata(name).to_string()).try_send()
}

/// Whether the server knows the client: then a token that nobody has is an `invalid_grant`.
fn is_known(server: &Server, client: &Client) -> bool {
    let reply = client.refresh(server, "nobody-has-this");
    let error = reply.json()["error"].clone();
    assert!(error == "invalid_grant" || error == "invalid_client", "{}", reply.describe());
    error == "invalid_grant"
}

fn stays_known(server: &Server, client: &Client) {
    assert!(is_known(server, client), "the client {} is lost", client.id);
}

/// A client registers itself.
pub fn registration() -> Attempt {
    let name = name();
    let sent = name.clone();
    Attempt::new(
        Kind::Registration,
        move |server| register(server, &sent, None),
        move |server, answer, stored| match answer {
            Some(reply) => {
                let client = Client::from_reply(&reply);
                stays_known(server, &client);
                Found::and(true, move |server| stays_known(server, &client))
            }
            None => {
                // Nobody has its id. A client that asks again gets another, and the first one ends unused.
                let there = stored.clients(&name);
                assert!(there <= 1, "{there} clients of one registration");
                Found::done(there == 1)
            }
        },
    )
}

/// A client registers with a token that lets in one.
pub fn initial_access_token(walk: &Walk<'_>) -> Attempt {
    let made = walk.server.initial_access_token(&json!({ "label": "chaos", "max_uses": 1 }));
    let token = made["token"].as_str().expect("a token").to_owned();
    let (name, sent_token) = (name(), token.clone());
    let sent_name = name.clone();
    Attempt::new(
        Kind::InitialAccessToken,
        move |server| register(server, &sent_name, Some(&sent_token)),
        move |server, answer, stored| {
            let there = stored.clients(&name);
            let again = register(server, &name, Some(&token)).expect("an answer");
            match answer {
                Some(reply) => {
                    let client = Client::from_reply(&reply);
                    stays_known(server, &client);
                    again.expect_error(401, "invalid_token");
                    Found::and(true, move |server| stays_known(server, &client))
                }
                // The use counts and the client is there, or neither.
                None if there == 1 => {
                    again.expect_error(401, "invalid_token");
                    Found::done(true)
                }
                None => {
                    assert_eq!(there, 0, "clients of one use");
                    let client = Client::from_reply(&again.expect(201));
                    register(server, &name, Some(&token))
                        .expect("an answer")
                        .expect_error(401, "invalid_token");
                    Found::and(false, move |server| stays_known(server, &client))
                }
            }
        },
    )
}

fn managed<'s>(server: &'s Server, method: &str, client: &Client) -> Call<'s> {
    let token = client.document["registration_access_token"].as_str().expect("a token");
    server.call(method, &format!("/register/{}", client.id)).bearer(token)
}

fn rename(server: &Server, client: &Client, name: &str) -> Result<Reply, String> {
    let mut body = metadata(name);
    body["client_id"] = client.id.clone().into();
    let call = managed(server, "PUT", client).header("content-type", "application/json");
    call.body(body.to_string()).try_send()
}

/// A client changes its registration.
pub fn changed(walk: &Walk<'_>) -> Attempt {
    let client = Client::register(walk.server, &metadata(&name()));
    let (old, new) = (client.document["client_name"].clone(), name());
    let (sent_client, sent_name) = (client.clone(), new.clone());
    Attempt::new(
        Kind::ClientChanged,
        move |server| rename(server, &sent_client, &sent_name),
        move |server, answer, _| {
            let read = |server: &Server, client: &Client| {
                managed(server, "GET", client).send().expect(200).json()["client_name"].clone()
            };
            let found = read(server, &client);
            let was_done = found == new;
            assert!(was_done || (answer.is_none() && found == old), "{found} for {new}");
            let _ = rename(server, &client, &new).expect("an answer").expect(200);
            Found::and(was_done, move |server| assert_eq!(read(server, &client), new))
        },
    )
}

/// A client deletes its registration, and with it what people gave it.
pub fn deleted(walk: &mut Walk<'_>) -> Attempt {
    walk.client = Client::register(walk.server, &metadata(&name()));
    let (client, tokens) = (walk.client.clone(), walk.tokens());
    let sent = client.clone();
    Attempt::new(
        Kind::ClientDeleted,
        move |server| managed(server, "DELETE", &sent).try_send(),
        move |server, answer, _| {
            // Its shard says so. A copy may count for a minute, if the kill came before it was deleted.
            let was_done = managed(server, "GET", &client).send().status == 401;
            let mut refresh = tokens.refresh;
            if !was_done {
                assert!(answer.is_none(), "the client {} is back", client.id);
                refresh = Tokens::from_reply(&client.refresh(server, &refresh)).refresh;
                let _ = managed(server, "DELETE", &client).send().expect(204);
            } else if answer.is_none() {
                refresh = last_before_the_end(server, &client, refresh);
            }
            managed(server, "DELETE", &client).send().expect_error(401, "invalid_token");
            let is_over = move |server: &Server| {
                let reply = client.refresh(server, &refresh);
                assert!(matches!(reply.status, 400 | 401), "{}", reply.describe());
            };
            is_over(server);
            Found::and(was_done, is_over)
        },
    )
}

/// Of a deletion that nobody was told of, the shard's alarm ends the grants, within ten seconds. Refreshes
/// until then; returns the token that was refused.
fn last_before_the_end(server: &Server, client: &Client, mut refresh: String) -> String {
    let deadline = Instant::now() + TO_END_GRANTS;
    loop {
        let reply = client.refresh(server, &refresh);
        if reply.status != 200 {
            return refresh;
        }
        refresh = Tokens::from_reply(&reply).refresh;
        assert!(Instant::now() < deadline, "the grants of {} go on", client.id);
        std::thread::sleep(Duration::from_millis(200));
    }
}
