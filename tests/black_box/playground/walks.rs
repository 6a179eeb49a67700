//! The whole walk at Latchkey itself, with the examples of `npm start` behind it.

use latchkey_tests::Server;

use super::page::{Playground, STEPS};
use crate::Case;
use crate::browser::chromium::{ENTER, TAB};

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 5: the playground walks through Latchkey by redirect: discovery, registration, sign-in, tokens, a tool call, refresh, introspection and revocation, with nothing wrong",
            |servers| {
                whole_walk(servers.playground());
            },
        ),
        Case::new("issue 5: the playground walks through Latchkey by popup", |servers| {
            by_popup(servers.playground());
        }),
        Case::new(
            "issue 5: the playground is a client with a metadata document, and one that was registered before",
            |servers| {
                other_clients(servers.playground());
            },
        ),
        Case::new(
            "MCP, step-up: the playground asks for the scope that a call lacked",
            |servers| {
                step_up(servers.playground());
            },
        ),
        Case::new(
            "issue 5: an issuer can be pasted, and the playground says what it is",
            |servers| {
                issuer(servers.playground());
            },
        ),
        Case::new(
            "issue 5: the keyboard alone gets a person through the playground, and Start again forgets all",
            |servers| {
                keyboard_and_again(servers.playground());
            },
        ),
    ]
}

fn mcp(server: &Server) -> String {
    format!("{}/mcp", server.address())
}

/// From the address to the tokens, in this tab.
#[track_caller]
pub fn authorized(playground: &Playground<'_>) {
    playground.discover(&mcp(playground.server));
    playground.run("registration", "#register");
    playground.chromium.click("#go");
    playground.sign_in_and_allow();
    playground.ended("authorization");
    playground.run("token", "#redeem");
}

fn whole_walk(server: &Server) {
    let playground = Playground::open(server);
    authorized(&playground);
    // RFC 9700 section 4.2.4: code and state are out of the address at once.
    assert_eq!(playground.chromium.url(), playground.url());
    let own = format!("cors_token_{}", server.address());
    playground.expect_right(
        "discovery",
        &["unauthorized", "resource_metadata", "resource", "issuer", "pkce", "cimd", "endpoints"],
    );
    playground.expect_right("registration", &["created", "redirect_uris", "secret"]);
    playground.expect_right("authorization", &["challenge", "state", "iss", "outcome"]);
    playground.expect_right("token", &["no_store", "token_type", "expires_in", "audience", &own]);

    playground.run("call", "#connect");
    playground.expect_right("call", &["initialize_message", "protocol_version"]);
    choose_tool(&playground, "add_note");
    playground.chromium.fill("#arguments", r#"{ "text": "from the playground" }"#);
    playground.run("call", "#call-tool");
    playground.expect_right("call", &["tools/call_message"]);
    assert!(playground.chromium.text("[data-area=call]").contains("from the playground"));

    // MCP 2026-07-28 has no initialize, and says in headers what is called.
    playground.chromium.click("#revision option[value='2026-07-28']");
    playground.run("call", "#connect");
    playground.expect_right("call", &["tools/list_message"]);
    choose_tool(&playground, "list_notes");
    playground.run("call", "#call-tool");
    playground.expect_right("call", &["tools/call_message"]);

    playground.run("refresh", "#refresh-now");
    playground.expect_right("refresh", &["rotates", "new_access_token", "audience"]);
    // CORS-03, RFC 7662 section 2.1: only resource servers are answered, and that is no fault.
    playground.run("introspection", "#introspect");
    playground.expect_right("introspection", &["closed"]);
    assert!(
        playground.chromium.text("[data-step=introspection]").contains("only servers ask here")
    );
    playground.run("revocation", "#revoke");
    playground.expect_right("revocation", &["revoked", "refused"]);

    // What was revoked is over, at the gateway too.
    playground.run("call", "#connect");
    playground.expect_wrong("call", &["token_accepted"]);
    for step in STEPS {
        let exchanges = playground.chromium.count(&format!("[data-step={step}] .exchange"));
        assert!(exchanges > 0, "{step} shows no request");
    }
}

#[track_caller]
fn choose_tool(playground: &Playground<'_>, name: &str) {
    playground.chromium.click(&format!("#tool option[value={name}]"));
}

fn by_popup(server: &Server) {
    let playground = Playground::open(server);
    let chromium = &playground.chromium;
    playground.discover(&mcp(server));
    playground.run("registration", "#register");
    let (page, known) = (chromium.tab(), chromium.tabs());
    chromium.click("#popup");
    let _ = chromium.switch_to_new(&known);
    playground.sign_in_and_allow();
    chromium.switch_to(&page);
    chromium.wait_for("[data-step=token][data-allowed=yes]");
    playground.expect_right("authorization", &["state", "iss", "outcome"]);
    playground.run("token", "#redeem");
    playground.expect_right("token", &["audience"]);
    // An access token is revoked by itself, and the resource refuses it.
    chromium.click("#revoke-which option[value=access_token]");
    playground.run("revocation", "#revoke");
    playground.expect_right("revocation", &["revoked", "refused"]);
}

fn other_clients(server: &Server) {
    let playground = Playground::open(server);
    let chromium = &playground.chromium;
    playground.discover(&mcp(server));
    chromium.click("label[for=way-document]");
    playground.run("registration", "#register");
    playground.expect_right("registration", &["document_client_id", "document_redirect_uris"]);
    chromium.click("#go");
    playground.sign_in_and_allow();
    playground.ended("authorization");
    playground.run("token", "#redeem");
    playground.expect_right("token", &["audience"]);

    chromium.click("label[for=way-known]");
    chromium.fill("#client-id", "nobody-knows-this-client");
    playground.run("registration", "#register");
    assert_eq!(playground.checks("registration", "unknown"), ["client_id"]);
}

fn step_up(server: &Server) {
    let playground = Playground::open(server);
    authorized(&playground);
    playground.run("call", "#connect");
    choose_tool(&playground, "delete_note");
    playground.chromium.fill("#arguments", r#"{ "id": 1 }"#);
    playground.run("call", "#call-tool");
    playground.expect_right("call", &["insufficient_scope"]);
    let asked = playground.chromium.script("return document.getElementById('scope').value");
    assert_eq!(asked, "mcp notes:write");

    playground.chromium.click("#go");
    playground.chromium.click(crate::browser::visit::ALLOW);
    playground.ended("authorization");
    playground.run("token", "#redeem");
    playground.run("call", "#connect");
    choose_tool(&playground, "delete_note");
    playground.chromium.fill("#arguments", r#"{ "id": 1 }"#);
    playground.run("call", "#call-tool");
    playground.expect_right("call", &["tools/call_message"]);
}

fn issuer(server: &Server) {
    let playground = Playground::open(server);
    playground.discover(&server.address());
    playground.expect_right("discovery", &["issuer", "pkce"]);
    let text = playground.chromium.text("[data-step=discovery]");
    assert!(text.contains("is an authorization server"), "{text}");
    playground.run("registration", "#register");
    playground.chromium.click("#go");
    playground.sign_in_and_allow();
    playground.ended("authorization");
    playground.run("token", "#redeem");
    let text = playground.chromium.text("[data-step=call]");
    assert!(text.contains("there is no server to call"), "{text}");
}

fn keyboard_and_again(server: &Server) {
    let playground = Playground::open(server);
    let chromium = &playground.chromium;
    chromium.script("document.getElementById('address').focus()");
    chromium.press(&mcp(server));
    chromium.press(ENTER);
    playground.ended("discovery");
    // From the field to the button that registers, and every stop on the way can be seen.
    let focus =
        "const { activeElement: at } = document; const { outlineStyle } = getComputedStyle(at);
        return [at.id, outlineStyle !== 'none' && at.matches(':focus-visible')]";
    let mut stops = 0;
    while chromium.script(focus)[0] != "register" {
        chromium.press(TAB);
        let at = chromium.script(focus);
        assert_eq!(at[1], true, "the focus doesn't show on {at}");
        stops += 1;
        assert!(stops < 60, "the keyboard doesn't get to the registration");
    }
    chromium.press(ENTER);
    playground.ended("registration");
    playground.expect_right("registration", &["created"]);
    let said = chromium.script("return document.getElementById('progress').textContent");
    assert_eq!(said, "2 Registration: done, nothing wrong.");

    chromium.click("#again");
    chromium.wait_for("[data-step=discovery][data-state=ready]");
    assert_eq!(chromium.count(".exchange"), 0);
    assert_eq!(chromium.script("return sessionStorage.length"), 0);
    assert_eq!(chromium.script("return document.getElementById('address').value"), "");
}
