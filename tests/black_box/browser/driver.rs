//! chromedriver, spoken to in plain WebDriver over the harness's HTTP client.
//!
//! The protocol is JSON over HTTP on loopback; what the cases need of it is less than a library for
//! it would bring along.

use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// Like the servers' leader: a process group that ends when the tests do, whatever ends them.
const LEADER: &str = r#"("$@" </dev/null; kill -KILL 0) & read _; kill -KILL 0"#;

const ARGUMENTS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
    // Nothing but loopback, whatever a page names.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE ::1 , EXCLUDE localhost",
];

/// The driver of this run: started by the first case, ended with the process.
static DRIVER: OnceLock<Result<Driver, String>> = OnceLock::new();

/// A running chromedriver. Its pipes are held, so that they stay open.
struct Driver {
    address: String,
    _leader: Child,
    _life: ChildStdin,
    _output: BufReader<ChildStdout>,
}

impl Driver {
    fn start() -> Result<Self, String> {
        let program = program("CHROMEDRIVER", "/usr/bin/chromedriver");
        let failed = |error| format!("{program}: {error}");
        let mut leader = Command::new("sh")
            .args(["-c", LEADER, "sh", &program, "--port=0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let (Some(life), Some(output)) = (leader.stdin.take(), leader.stdout.take()) else {
            return Err(format!("{program}: no pipes"));
        };
        let mut output = BufReader::new(output);
        let mut said = String::new();
        while output.read_line(&mut said).map_err(failed)? > 0 {
            let port = said.rsplit_once("started successfully on port ");
            if let Some((_, port)) = port {
                let address = format!("http://127.0.0.1:{}", port.trim_end().trim_end_matches('.'));
                return Ok(Self { address, _leader: leader, _life: life, _output: output });
            }
        }
        Err(format!("{program} didn't start: `npm test` installs it, or says how\n{said}"))
    }
}

fn program(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

/// What a WebDriver command was refused with.
#[derive(Debug)]
pub struct Refusal {
    /// The error code of the protocol.
    pub code: String,
    /// The driver's words.
    pub message: String,
}

/// One Chromium with a fresh profile, ended when it is dropped.
pub struct Session {
    http: Client,
    url: String,
    _profile: TempDir,
}

impl Session {
    /// Starts a Chromium with these preferences.
    pub fn start(preferences: &Value) -> Self {
        // chromedriver picks a port on IPv6 and ends when the same one is taken on IPv4.
        let start = || Driver::start().or_else(|_| Driver::start());
        let driver = match DRIVER.get_or_init(start) {
            Ok(driver) => driver,
            Err(error) => panic!("{error}"),
        };
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build();
        let profile = tempfile::Builder::new().prefix("latchkey-chromium-").tempdir();
        let (http, profile) = (http.expect("HTTP client"), profile.expect("a folder"));
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": program("CHROME", "/usr/bin/chromium"),
                "args": arguments,
                // The driver would allow every popup, which no person's browser does.
                "excludeSwitches": ["disable-popup-blocking"],
                "prefs": preferences,
            },
        } } });
        let mut session =
            Self { http, url: format!("{}/session", driver.address), _profile: profile };
        let answer = session.command("POST", "", &wanted);
        let answer = answer.unwrap_or_else(|refusal| panic!("no Chromium: {}", refusal.message));
        let id = answer["sessionId"].as_str().expect("sessionId");
        session.url = format!("{}/{id}", session.url);
        session
    }

    /// Sends a command and returns its `value`.
    ///
    /// # Errors
    ///
    /// What the driver refused it with.
    pub fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        let method: reqwest::Method = method.parse().expect("a method");
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if method == reqwest::Method::POST {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let bytes = request.send().and_then(reqwest::blocking::Response::bytes);
        let bytes = bytes.unwrap_or_else(|error| panic!("chromedriver {path}: {error:?}"));
        let mut answer: Value = serde_json::from_slice(&bytes).expect("JSON of chromedriver");
        let value = answer["value"].take();
        match value["error"].as_str() {
            None => Ok(value),
            Some(code) => Err(Refusal {
                code: code.to_owned(),
                message: value["message"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Its own word ends it in order; the driver's process group is there for the rest.
        let _ = self.http.delete(&self.url).send();
    }
}
