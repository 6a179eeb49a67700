//! The account's pages on a phone and on a desktop, light and dark.

use latchkey_tests::{Authorization, Client, Person, Server, Tokens, Walk};
use serde_json::json;

use super::chromium::Chromium;
use super::looks::look;
use super::visit::{ALLOW, fill_in, native_client};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: the account pages fit a phone and a desktop, light and dark, when there is nothing on them",
            |servers| {
                empty(servers.examples());
            },
        ),
        Case::new(
            "issue 3: the account pages fit a phone and a desktop, light and dark, however much is on them and however long the words are",
            |servers| {
                full(servers.examples());
            },
        ),
        Case::new(
            "issue 3: the page that makes a token, and the page that shows it, fit a phone and a desktop, light and dark",
            |servers| {
                tokens(servers.examples());
            },
        ),
        Case::new(
            "issue 3: the consent page that asks for more fits a phone and a desktop, light and dark",
            |servers| {
                more_access(servers.examples());
            },
        ),
    ]
}

/// A browser that is signed in and shows the account.
fn account_of(server: &Server, person: &Person) -> Chromium {
    let chromium = Chromium::start();
    open(&chromium, server, "/account");
    fill_in(&chromium, person);
    chromium.click("main button[type=submit]");
    chromium.wait_for("#apps");
    chromium
}

fn open(chromium: &Chromium, server: &Server, path: &str) {
    chromium.open(&format!("{}{path}", server.address()));
}

fn empty(server: &Server) {
    let walk = Walk::begin(server);
    let chromium = account_of(server, &walk.person);
    look(&chromium, "account-empty");
    open(&chromium, server, "/account/activity?group=calls");
    chromium.wait_for("form.filter");
    look(&chromium, "activity-empty");
}

fn full(server: &Server) {
    let mut walk = Walk::begin(server);
    let long = "Incomprehensibilities".repeat(4);
    let clients = [
        native_client(server, &json!({ "client_name": "Acme Notes" })),
        native_client(server, &json!({ "client_name": long })),
        Client::register(
            server,
            &json!({
                "client_name": "<b>Bold</b> & \u{202e}desrever",
                "redirect_uris": [format!("https://{}.example/callback", "a-long-host-name".repeat(3))],
                "token_endpoint_auth_method": "none",
            }),
        ),
        // Named by nobody.
        Client::public(server),
    ];
    let mcp = format!("{}/mcp", server.address());
    for client in clients {
        walk.client = client;
        let request =
            walk.request().and("resource", &mcp).and("scope", "mcp notes:read notes:write");
        let tokens: Tokens = walk.tokens_for(&request);
        for (method, path) in [("GET", "/mcp"), ("POST", "/mcp"), ("DELETE", "/mcp")] {
            let _ = server.call(method, path).bearer(&tokens.access).send();
        }
    }
    for label in ["Backup on the office server", &"Token".repeat(12)] {
        let token = walk.browser.new_token(label, &["mcp", "notes:read", "notes:write"], &[&mcp]);
        let message = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "a_tool_that_nobody_has_".repeat(5), "arguments": {} },
        });
        let call = server.call("POST", "/mcp").bearer(&token);
        let _ = call.header("content-type", "application/json").body(message.to_string()).send();
    }
    let chromium = account_of(server, &walk.person);
    look(&chromium, "account-full");
    open(&chromium, server, "/account/activity");
    chromium.wait_for("form.filter");
    look(&chromium, "activity-full");
    open(&chromium, server, "/account");
    chromium.click("form:has(input[value=revoke-app]) button");
    chromium.wait_for("[role=status]");
    look(&chromium, "account-app-revoked");
}

fn tokens(server: &Server) {
    let walk = Walk::begin(server);
    let chromium = account_of(server, &walk.person);
    chromium.click("a[href$='/account/tokens']");
    chromium.wait_for("input[name=label]");
    look(&chromium, "token-new");
    // The browser itself would not send the form without a name.
    chromium.fill("input[name=label]", " ");
    chromium.script("document.querySelectorAll('input:checked').forEach((box) => box.click())");
    chromium.click("main button[type=submit]");
    chromium.wait_for("[role=alert]");
    look(&chromium, "token-refused");
    chromium.fill("input[name=label]", &"Label".repeat(12));
    chromium
        .script("document.querySelectorAll('input[type=checkbox]').forEach((box) => box.click())");
    chromium.click("main button[type=submit]");
    let token = chromium.text("#token");
    server.secrets().remember(&token);
    look(&chromium, "token-created");
}

fn more_access(server: &Server) {
    let mut walk =
        Walk::with(server, native_client(server, &json!({ "client_name": "Acme Notes" })));
    let mcp = format!("{}/mcp", server.address());
    let asked = |walk: &Walk<'_>, scope: &str| -> Authorization {
        walk.request().and("resource", &mcp).and("scope", scope)
    };
    let request = asked(&walk, "mcp");
    let _ = walk.tokens_for(&request);
    let chromium = account_of(server, &walk.person);
    chromium.open(&format!("{}{}", server.address(), asked(&walk, "notes:write").path(server)));
    chromium.wait_for(ALLOW);
    let page = chromium.text("main");
    assert!(page.contains("more access") && page.contains("New"), "{page}");
    look(&chromium, "consent-more");
}
