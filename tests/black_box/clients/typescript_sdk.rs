//! The client of the MCP TypeScript SDK, run by Node; `tests/clients-js/walk.mjs` holds its side.

use latchkey_tests::{Browser, Server, deployment::workspace_root};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::allow;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    ["none", "client_secret_basic", "client_secret_post"]
        .into_iter()
        .map(|method| {
            let title = format!("issue 2: the TypeScript SDK registers, refreshes, and starts over when it has to, with {method}");
            Case::new(title, move |servers| whole_walk(servers.standard(), method))
        })
        .collect()
}

/// The script, ended when it is dropped.
struct Script {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Script {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new("node")
            .arg(workspace_root().join("tests/clients-js/walk.mjs"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let input = process.stdin.take().expect("standard input");
        let output = BufReader::new(process.stdout.take().expect("standard output"));
        Self { process, input, output }
    }

    /// The next thing it says.
    #[track_caller]
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("the script ended, its reason is above: {:?}", self.process.wait())
        })
    }

    /// Does what a person does when the client sends them away.
    #[track_caller]
    fn authorize(&mut self, server: &Server, browser: &mut Browser<'_>) {
        let request = self.next();
        assert_eq!(request["event"], "redirect", "{request}");
        let callback = allow(server, browser, request["url"].as_str().expect("url"));
        assert_eq!(callback.get("iss"), Some(server.issuer()));
        writeln!(self.input, "{}", callback.location).expect("the script listens");
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn whole_walk(server: &Server, method: &str) {
    let mut browser = Browser::new(server);
    let mut script = Script::start(&[&format!("{}/mcp", server.address()), method]);

    script.authorize(server, &mut browser);
    let authorized = script.next();
    assert_eq!(authorized["event"], "authorized", "{authorized}");
    assert_eq!(authorized["has_secret"], method != "none");
    assert_eq!(authorized["has_refresh_token"], true);
    assert_eq!(
        (&authorized["token_type"], &authorized["scope"]),
        (&json!("Bearer"), &json!("mcp"))
    );
    assert!(authorized["expires_in"].as_u64().is_some_and(|seconds| seconds > 0), "{authorized}");

    let refreshed =
        json!({ "event": "refreshed", "other_access_token": true, "other_refresh_token": true });
    assert_eq!(script.next(), refreshed);

    // The grant is gone, and the SDK keeps its registration.
    assert_eq!(script.next(), json!({ "event": "invalidated", "scope": "tokens" }));
    script.authorize(server, &mut browser);
    assert_eq!(script.next(), json!({ "event": "authorized again", "registrations": 1 }));

    // The client is gone, and the SDK registers again.
    assert_eq!(script.next(), json!({ "event": "invalidated", "scope": "all" }));
    script.authorize(server, &mut browser);
    assert_eq!(script.next(), json!({ "event": "authorized anew", "registrations": 1 }));
    assert!(script.process.wait().expect("its end").success());
}
