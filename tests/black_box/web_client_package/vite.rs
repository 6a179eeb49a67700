//! With Vite, as most applications are built today: its build, and its server for development.

use latchkey_tests::deployment::workspace_root;
use latchkey_tests::process::LEADER;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::expect_success;
use super::project::{Project, USE};
use super::site::{Files, Site};
use crate::Case;
use crate::browser::chromium::Chromium;

const PAGE: &str = r#"<!doctype html><html lang="en"><title>App</title>
<link rel="icon" href="data:,"><script type="module" src="/app.js"></script></html>"#;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 5: Vite: a production build works with no setting, and brings the WebAssembly and the worker along",
            |_| production(),
        ),
        Case::new("issue 5: Vite: the development server works with no setting", |_| development()),
    ]
}

/// A project with a page and Vite.
fn project() -> Project {
    let project = Project::install();
    project.write("index.html", PAGE);
    project.write("app.js", USE);
    let vite = workspace_root().join("node_modules/vite");
    assert!(vite.is_dir(), "{} is missing: `npm test` installs it", vite.display());
    std::os::unix::fs::symlink(vite, project.path().join("node_modules/vite")).expect("a link");
    project
}

fn production() {
    let project = project();
    let built = Command::new("node")
        .args(["node_modules/vite/bin/vite.js", "build"])
        .current_dir(project.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("node");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success() && !said.contains("warn"), "vite build: {said}");

    let site = Site::of(Files::default().folder("/", &project.path().join("dist")));
    let chromium = Chromium::start();
    chromium.open(&site.url());
    expect_success(&chromium);
    let asked = site.asked();
    for (begins, ends) in [("/assets/latchkey-", ".wasm"), ("/assets/token-worker-", ".js")] {
        let found = asked.iter().any(|path| path.starts_with(begins) && path.ends_with(ends));
        assert!(found, "no {begins}*{ends} among {asked:?}");
    }
}

fn development() {
    let project = project();
    let server = Development::start(&project);
    let chromium = Chromium::start();
    chromium.open(&server.address);
    expect_success(&chromium);
}

/// A running `vite`, ended when it is dropped.
struct Development {
    address: String,
    leader: Child,
    life: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Development {
    fn start(project: &Project) -> Self {
        let mut leader = Command::new("sh")
            .args(["-c", LEADER, "sh", "node", "node_modules/vite/bin/vite.js"])
            .args(["--host", "127.0.0.1", "--port", "0"])
            .current_dir(project.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("vite");
        let life = leader.stdin.take();
        let output = BufReader::new(leader.stdout.take().expect("standard output"));
        let mut server = Self { address: String::new(), leader, life, output };
        server.address = server.ready();
        server
    }

    /// Waits until it says where it listens.
    fn ready(&mut self) -> String {
        let mut said = String::new();
        while self.output.read_line(&mut said).expect("a line") > 0 {
            if let Some((_, address)) = said.rsplit_once("http://127.0.0.1:") {
                return format!("http://127.0.0.1:{}", address.trim_end());
            }
        }
        panic!("vite didn't start: {said}");
    }
}

impl Drop for Development {
    fn drop(&mut self) {
        drop(self.life.take());
        // Nothing to do about an error here: the leader is gone either way.
        let _ = self.leader.wait();
    }
}
