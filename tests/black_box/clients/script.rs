//! A script of `tests/clients-js`, run by Node: it says JSON lines, and the test is its person.

use latchkey_tests::{Browser, Server, deployment::workspace_root};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::allow;

/// A running script, ended when it is dropped.
pub struct Script {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Script {
    /// Starts one.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self::with_token(name, arguments, "")
    }

    /// Starts one that has a personal access token.
    pub fn with_token(name: &str, arguments: &[&str], token: &str) -> Self {
        let mut process = Command::new("node")
            .arg(workspace_root().join("tests/clients-js").join(name))
            .args(arguments)
            .env("LATCHKEY_TEST_TOKEN", token)
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
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("the script ended, its reason is above: {:?}", self.process.wait())
        })
    }

    /// The next thing it says, which is this event.
    #[track_caller]
    pub fn expect(&mut self, event: &str) -> Value {
        let said = self.next();
        assert_eq!(said["event"], event, "{said}");
        said
    }

    /// Answers it.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("the script listens");
    }

    /// Does what a person does when the client sends them away; returns where to.
    #[track_caller]
    pub fn authorize(&mut self, server: &Server, browser: &mut Browser<'_>) -> url::Url {
        let request = self.expect("redirect");
        let url = request["url"].as_str().expect("url");
        let callback = allow(server, browser, url);
        assert_eq!(callback.get("iss"), Some(server.issuer()));
        self.tell(&callback.location);
        url.parse().expect("an absolute URL")
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) {
        let mut more = String::new();
        self.output.read_line(&mut more).expect("a line");
        assert_eq!(more, "", "the script isn't done");
        assert!(self.process.wait().expect("its end").success());
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
