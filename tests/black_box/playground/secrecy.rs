//! No token, code, verifier or state is on the page or in the exported trace, whoever repeats it.

use latchkey_tests::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use url::form_urlencoded;

use super::faulty::Faulty;
use super::page::{Playground, STEPS};
use super::walks::authorized;
use crate::Case;

/// How long a download may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Notes what the page sends and gets, before anybody masks it.
const LISTEN: &str = "
    const seen = window.seen = [location.href];
    try { for (const key of Object.keys(sessionStorage)) seen.push(sessionStorage.getItem(key)); } catch {}
    const { fetch } = window;
    window.fetch = async (...given) => {
      if (typeof given[1]?.body === 'string') seen.push(given[1].body);
      const response = await fetch(...given);
      if (response.type !== 'opaque') response.clone().text().then((text) => seen.push(text), () => {});
      return response;
    };
";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 5: after a whole walk no secret is on the playground's page, nor in the trace that it exports",
            |servers| {
                after_a_walk(servers.playground());
            },
        ),
        Case::new(
            "issue 5: a server that repeats code and verifier in its error shows them to nobody in the playground",
            |servers| {
                repeated_by_a_server(servers.playground());
            },
        ),
    ]
}

/// What was seen of secrets, by their names.
#[derive(Default)]
struct Seen(BTreeMap<String, Vec<String>>);

impl Seen {
    /// Takes over what the page at hand has seen.
    #[track_caller]
    fn listen(&mut self, playground: &Playground<'_>) {
        let seen = playground.chromium.script("return window.seen");
        for text in seen.as_array().expect("a list").iter().filter_map(Value::as_str) {
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                self.read(&value);
            } else {
                let query = text.split_once('?').map_or(text, |(_, query)| query);
                for (name, value) in form_urlencoded::parse(query.as_bytes()) {
                    self.note(&name, &value);
                }
            }
        }
    }

    fn read(&mut self, value: &Value) {
        if let Some(list) = value.as_array() {
            list.iter().for_each(|value| self.read(value));
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            match value.as_str() {
                Some(text) => self.note(name, text),
                None => self.read(value),
            }
        }
    }

    fn note(&mut self, name: &str, value: &str) {
        let name = if name == "codeVerifier" { "code_verifier" } else { name };
        const SECRET: [&str; 7] = [
            "access_token",
            "refresh_token",
            "registration_access_token",
            "code",
            "code_verifier",
            "state",
            "token",
        ];
        // What is masked already is no secret any more.
        if SECRET.contains(&name) && value.len() >= 12 && !value.contains('…') {
            self.0.entry(name.to_owned()).or_default().push(value.to_owned());
        }
    }

    /// Fails when one of these secrets was never seen, or when one that was is in `text`.
    #[track_caller]
    fn expect_absent(&self, wanted: &[&str], text: &str, place: &str) {
        for name in wanted {
            assert!(self.0.contains_key(*name), "no {name} was seen: {:?}", self.0.keys());
        }
        for (name, values) in &self.0 {
            for value in values {
                assert!(!text.contains(value.as_str()), "{place} has the {name} {value}");
            }
        }
    }
}

/// Opens the playground with somebody listening.
#[track_caller]
fn overheard(server: &Server) -> Playground<'_> {
    let playground = Playground::open(server);
    playground.chromium.before_each_page(LISTEN);
    playground.chromium.open(&playground.url());
    playground
}

/// Exports the trace and reads the file.
#[track_caller]
fn exported(playground: &Playground<'_>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    playground.chromium.download_into(folder.path());
    playground.chromium.click("#export");
    let file = folder.path().join("oauth-trace.json");
    let started = Instant::now();
    loop {
        if let Some(text) = whole(&file) {
            return text;
        }
        assert!(started.elapsed() < PATIENCE, "no trace was downloaded");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The file's text, once it is complete.
fn whole(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    serde_json::from_str::<Value>(&text).ok()?;
    Some(text)
}

fn after_a_walk(server: &Server) {
    let playground = overheard(server);
    let mut seen = Seen::default();
    playground.discover(&format!("{}/mcp", server.address()));
    playground.run("registration", "#register");
    seen.listen(&playground);
    authorized(&playground);
    playground.run("call", "#connect");
    playground.run("refresh", "#refresh-now");
    playground.chromium.fill("#credential", "Bearer a-credential-that-was-typed-in");
    playground.run("introspection", "#introspect");
    playground.run("revocation", "#revoke");
    seen.listen(&playground);
    seen.note("token", "a-credential-that-was-typed-in");

    let wanted = [
        "access_token",
        "refresh_token",
        "registration_access_token",
        "code",
        "code_verifier",
        "state",
    ];
    let (page, trace) = (playground.everything(), exported(&playground));
    seen.expect_absent(&wanted, &page, "the page");
    seen.expect_absent(&wanted, &trace, "the trace");
    for (_, values) in seen.0 {
        values.iter().for_each(|value| server.secrets().remember(value));
    }

    let trace: Value = serde_json::from_str(&trace).expect("JSON");
    assert_eq!(trace["trace"], "latchkey-playground");
    assert_eq!(trace["wrong"], serde_json::json!([]));
    let runs = trace["runs"].as_array().expect("runs");
    for step in STEPS {
        let run = runs.iter().find(|run| run["step"] == step).expect(step);
        assert_ne!(run["exchanges"], serde_json::json!([]), "{step}");
        assert!(run["checks"][0]["section"].is_string(), "{step}: {run}");
    }
}

fn repeated_by_a_server(server: &Server) {
    let (playground, faulty) = (overheard(server), Faulty::start());
    playground.discover(&faulty.resource());
    playground.run("registration", "#register");
    playground.chromium.click("#go");
    playground.chromium.wait_for("[data-step=token][data-allowed=yes]");
    playground.run("token", "#redeem");
    playground.expect_wrong("token", &["granted"]);
    let mut seen = Seen::default();
    seen.listen(&playground);
    let sent = faulty.posted("/token").join("&");
    let wanted = ["code", "code_verifier", "state"];
    for name in ["code", "code_verifier"] {
        assert!(sent.contains(&seen.0[name][0]), "the server had no {name} to repeat");
    }
    seen.expect_absent(&wanted, &playground.everything(), "the page");
    seen.expect_absent(&wanted, &exported(&playground), "the trace");
}
