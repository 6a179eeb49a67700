//! The last refusals of a client, in the admin API.

use latchkey_tests::{Client, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::Case;

/// How long refusals may take to the shard.
const PATIENCE: Duration = Duration::from_secs(60);

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: the admin API has the last 50 refusals of a client, the newest first",
            |all| {
                of_a_client(all.observed());
            },
        ),
        Case::new("issue 7: refusals of a client of the configuration are kept too", |all| {
            of_a_configured_client(all.observed());
        }),
        Case::new(
            "issue 7: refusals of clients that nobody knows are one list, without what was sent",
            |all| {
                of_nobody(all.observed());
            },
        ),
        Case::new("issue 7: with a client its refusals go", |all| {
            removed(all.observed());
        }),
        Case::new(
            "issue 7: a refusal waits for nothing more, and many at once are kept by one message to each shard",
            |all| {
                counted(&all.counted().server);
            },
        ),
    ]
}

fn refusals(server: &Server, path: &str) -> Vec<Value> {
    let listed = server.admin("GET", path).send().expect(200).json();
    listed["refusals"].as_array().expect("refusals").clone()
}

fn path(client_id: &str) -> String {
    format!("/admin/clients/{client_id}/refusals")
}

/// Waits until the newest refusal is that of `reference`.
fn wait_for(server: &Server, path: &str, reference: &str) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = refusals(server, path);
        if found.iter().any(|refusal| refusal["reference"] == reference) {
            return found;
        }
        assert!(Instant::now() < deadline, "no refusal {reference} at {path}: {found:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn of_a_client(server: &Server) {
    let client = Client::public(server);
    assert_eq!(refusals(server, &path(&client.id)), [json!(null); 0]);
    let refuse = || client.refresh(server, "nobody").expect_error(400, "invalid_grant");
    let reference = refuse();
    let first = &wait_for(server, &path(&client.id), &reference)[0];
    assert_eq!(first["endpoint"], "token", "{first}");
    assert_eq!(
        (&first["reason"], &first["status"]),
        (&json!("RefreshTokenMalformed"), &json!(400))
    );
    assert_eq!(first["host"], "127.0.0.1", "{first}");
    assert!(first["at"].is_u64(), "{first}");
    // Its line in the log says the same.
    assert_eq!(server.log().event(&reference)["reason"], first["reason"]);

    let references: Vec<_> = (0..60).map(|_| refuse()).collect();
    let kept = wait_for(server, &path(&client.id), &references[59]);
    let newest: Vec<_> = references.iter().rev().take(50).collect();
    let kept: Vec<_> =
        kept.iter().map(|refusal| refusal["reference"].as_str().expect("one")).collect();
    assert_eq!(kept, newest);
}

fn of_a_configured_client(server: &Server) {
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", "nobody"), ("client_id", "configured")];
    let reference = server.post_form("/token", &fields).expect_error(400, "invalid_grant");
    let _ = wait_for(server, &path("configured"), &reference);
}

fn of_nobody(server: &Server) {
    let marker = format!("marker{}", latchkey_tests::random::text(12));
    let client = Client::configured(&marker);
    let reference = client.refresh(server, "nobody").expect_error(401, "invalid_client");
    let kept = wait_for(server, "/admin/refusals", &reference);
    assert!(kept.len() <= 50, "{kept:?}");
    assert!(!json!(kept).to_string().contains(&marker), "{kept:?}");
    // Neither the log nor what is stored has it: it could be a secret in the wrong field.
    let _ = server.log().event(&reference);
    let log = server.log().text();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&marker)).collect();
    assert!(lines.is_empty(), "the log has {lines:#?}");
    assert_eq!(server.stored().with(&marker), [""; 0], "it is stored");
    // The last, since `wrangler dev` writes the path of every request to the log, in its own time.
    server.admin("GET", &path(&marker)).send().expect_error(404, "not_found");
}

fn removed(server: &Server) {
    let client = Client::public(server);
    let reference = client.refresh(server, "nobody").expect_error(400, "invalid_grant");
    let _ = wait_for(server, &path(&client.id), &reference);
    let _ = server.admin("DELETE", &format!("/admin/clients/{}", client.id)).send().expect(204);
    server.admin("GET", &path(&client.id)).send().expect_error(404, "not_found");
    server.call("GET", &path(&client.id)).send().expect_error(401, "invalid_token");
}

fn counted(server: &Server) {
    let client = Client::public(server);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "nobody")];
    let refuse = || {
        let refused = server.count(client.call(server, "/token", &fields));
        assert_eq!(refused.reply.status, 400, "{}", refused.reply.describe());
        assert_eq!(refused.waited.calls(), "", "{}", refused.line);
        refused
    };
    let _ = client.call(server, "/token", &fields).send().expect(400);
    // Of those that come while one waits for its five seconds, one tells of all.
    let told = std::thread::scope(|scope| {
        let all: Vec<_> = (0..12).map(|_| scope.spawn(refuse)).collect();
        let all = all.into_iter().map(|one| one.join().expect("a refusal"));
        let told =
            all.map(|one| (one.afterwards.of("client_registry_calls"), one.afterwards.all()));
        told.filter(|(calls, _)| *calls > 0).collect::<Vec<_>>()
    });
    assert!((1..=2).contains(&told.len()), "{told:?}");
    // Its row, and what the shard knows of the client.
    let did = "client_registry_calls 1, in_turn 1, rows_read 2, rows_written 1";
    assert!(told.iter().any(|(_, all)| all == did), "{told:?}");
}
