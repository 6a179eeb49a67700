//! What the log has, and what it must not have.

use latchkey_tests::{Browser, Client, Server, Tokens, Walk};
use serde_json::{Value, json};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: the reference of an error page is in the log, with the reason",
            |servers| {
                let server = servers.standard();
                let mut browser = Browser::new(server);
                for path in
                    ["/authorize", "/authorize?client_id=nobody", "/consent?request=x", "/consent"]
                {
                    let reference = browser.page(path).expect(400).reference();
                    expect_reason(&server.log().event(&reference));
                }
            },
        ),
        Case::new(
            "issue 2: the reference of an API error is in the log, with the reason and the client",
            |servers| {
                api_errors(servers.standard());
            },
        ),
        Case::new("design: what a client or a person typed is never in the log", |servers| {
            no_input_in_the_log(servers.standard());
        }),
        Case::new(
            "design: no token, code, secret, password or verifier of a whole walk is in the log",
            |servers| {
                for server in [servers.standard(), servers.short_links()] {
                    whole_walk(server);
                    assert_eq!(leaks(server), [""; 0]);
                }
            },
        ),
    ]
}

/// A sentence for each secret that travelled to or from the server and is in its log.
pub fn leaks(server: &Server) -> Vec<String> {
    let (found, _) = server.secrets().found_in(&server.log().text());
    let name = server.deployment().name;
    found.into_iter().map(|secret| format!("the log of server {name:?} has {secret}")).collect()
}

fn expect_reason(event: &Value) {
    assert!(event["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{event}");
    assert!(event["endpoint"].is_string() && event["level"].is_string(), "{event}");
}

fn api_errors(server: &Server) {
    let client = Client::public(server);
    let reference = client.refresh(server, "nobody").expect_error(400, "invalid_grant");
    let event = server.log().event(&reference);
    expect_reason(&event);
    assert_eq!(event["client_id"], client.id);
    let reference =
        server.post_json("/register", "[]").expect_error(400, "invalid_client_metadata");
    expect_reason(&server.log().event(&reference));
}

fn no_input_in_the_log(server: &Server) {
    let marker = format!("marker{}", latchkey_tests::random::text(12));
    let metadata = json!({
        "client_name": format!("{marker}\n{{\"level\":\"error\"}}"),
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": marker,
    });
    server
        .post_json("/register", &metadata.to_string())
        .expect_error(400, "invalid_client_metadata");
    let client = Client::public(server);
    let fields = [("grant_type", marker.as_str()), (&marker, &marker)];
    let reference = client.token(server, &fields).expect_error(400, "unsupported_grant_type");
    let mut browser = Browser::new(server);
    let page = browser.page("/sign-up").expect(200);
    let typed = latchkey_tests::Person {
        email: format!("{marker}@people.example"),
        password: format!("{marker} password"),
    };
    let _ = browser.sign_up(&page, &typed).page().expect(200);
    let request =
        latchkey_tests::Authorization::of(&client).with("scope", "\"").with("state", &marker);
    let posted = browser.post("/authorize", request.fields()).page();
    let last = posted.reference();
    let _ = server.log().event(&reference);
    let _ = server.log().event(&last);
    let lines: Vec<String> = server
        .log()
        .text()
        .lines()
        .filter(|line| line.contains(&marker))
        .map(str::to_owned)
        .collect();
    assert_eq!(lines, [""; 0]);
}

fn whole_walk(server: &Server) {
    let mut walk = Walk::with(server, Client::with_method(server, "client_secret_post"));
    let tokens = walk.tokens();
    let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = walk.client.refresh(server, "nobody-has-this").expect(400);
    let _ = walk.client.revoke(server, &next.access).expect(200);
    let _ = walk.client.revoke(server, &next.refresh).expect(200);
    // Once this has arrived in the log, everything before it has.
    let last = walk.client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");
    let _ = server.log().event(&last);
    let (_, known) = server.secrets().found_in("");
    assert!(known >= 8, "only {known} secrets were noticed");
}
