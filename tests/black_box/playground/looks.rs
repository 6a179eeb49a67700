//! The playground on a phone and on a desktop, light and dark.

use latchkey_tests::Server;
use serde_json::json;

use super::faulty::Faulty;
use super::page::Playground;
use super::walks::authorized;
use crate::Case;
use crate::browser::looks::look_at_any;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![Case::new(
        "issue 5: the playground fits a phone and a desktop, light and dark, and every control is named and large enough",
        |servers| {
            looks(servers.playground());
        },
    )]
}

fn looks(server: &Server) {
    let playground = Playground::open(server);
    let chromium = &playground.chromium;
    playground.chromium.wait_for("[data-step=discovery][data-allowed=yes]");
    look_at_any(chromium, "playground");
    authorized(&playground);
    playground.run("call", "#connect");
    chromium.click("#call-tool");
    playground.ended("call");
    playground.run("refresh", "#refresh-now");
    playground.run("introspection", "#introspect");
    // Some of what is folded, as somebody would unfold it.
    chromium.click("[data-step=token] .rights summary");
    chromium.click("[data-step=token] .exchange summary");
    look_at_any(chromium, "playground-walked");

    let faulty = Faulty::start();
    let long = "incomprehensibilities".repeat(12);
    faulty.describe_resource(&json!({ "scopes_supported": [long, "offline_access"] }));
    faulty.describe_server(&json!({
        "authorization_endpoint": "javascript:alert(1)",
        "code_challenge_methods_supported": [long],
        "issuer": format!("https://{long}.example"),
    }));
    playground.discover(&faulty.resource());
    look_at_any(chromium, "playground-wrong");
}
