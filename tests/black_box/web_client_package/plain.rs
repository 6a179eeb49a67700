//! Without a bundler: a page, a module, and a policy that is as narrow as it can be.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use latchkey_tests::Answer;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::project::{Project, USE};
use super::site::{Files, Site};
use super::{expect_success, outcome};
use crate::Case;
use crate::browser::chromium::Chromium;

/// No `unsafe-eval`, no inline script, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";
const ENTRY: &str = "/latchkey/index.js";
const WASM: &str = "/latchkey/latchkey.wasm";
const WORKER: &str = "/latchkey/token-worker.js";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 5: plain HTML: the package works under a policy with wasm-unsafe-eval alone, its integrity checked, and loads two files",
            |_| by_address(),
        ),
        Case::new(
            "issue 5: plain HTML: with an import map the package has its own name and its integrity is checked",
            |_| by_import_map(),
        ),
        Case::new(
            "issue 5: plain HTML: a module or a WebAssembly that somebody changed is not run",
            |_| changed(),
        ),
        Case::new(
            "issue 5: plain HTML: a server that doesn't know .wasm serves it all the same",
            |_| wrong_type(),
        ),
        Case::new(
            "issue 5: plain HTML: under a policy without wasm-unsafe-eval the error is wasm_unavailable and says what to allow",
            |_| forbidden(),
        ),
    ]
}

/// A page that names the package by its address.
fn page(project: &Project, policy: &str) -> Files {
    let integrity = project.integrity("index.js");
    let page = format!(
        r#"<!doctype html><html lang="en"><title>App</title>
<link rel="modulepreload" href="{ENTRY}" integrity="{integrity}">
<script type="module" src="/app.js"></script></html>"#
    );
    let script = USE.replace("\"@latchkey/web-client\"", &format!("{ENTRY:?}"));
    served(project, &page, &script, policy)
}

/// The same by its name, with an import map that says where it is and what it must be.
fn page_with_map(project: &Project) -> Files {
    let map = json!({
        "imports": { "@latchkey/web-client": ENTRY },
        "integrity": { ENTRY: project.integrity("index.js") },
    });
    let map = map.to_string();
    let hash = STANDARD.encode(Sha256::digest(&map));
    let policy = POLICY.replace("script-src", &format!("script-src 'sha256-{hash}'"));
    let page = format!(
        r#"<!doctype html><html lang="en"><title>App</title>
<script type="importmap">{map}</script>
<script type="module" src="/app.js"></script></html>"#
    );
    served(project, &page, USE, &policy)
}

fn served(project: &Project, page: &str, script: &str, policy: &str) -> Files {
    let files = Files::default().folder("/latchkey/", &project.package());
    files.text("/index.html", page).text("/app.js", script).policy(policy)
}

fn by_address() {
    let project = Project::install();
    let site = Site::of(page(&project, POLICY));
    let chromium = Chromium::start();
    chromium.open(&site.url());
    expect_success(&chromium);
    // The page's own four, in whichever order, and then what the worker needs.
    let asked = site.asked();
    let (mut first, then) = (asked[..4].to_vec(), &asked[4..]);
    first[1..3].sort();
    assert_eq!(first, ["/", "/app.js", ENTRY, WASM], "{asked:?}");
    assert_eq!(then.first().map(String::as_str), Some(WORKER), "{asked:?}");
    assert!(then[1..].iter().all(|path| path == WASM), "{asked:?}");
}

fn by_import_map() {
    let project = Project::install();
    let site = Site::of(page_with_map(&project));
    let chromium = Chromium::start();
    chromium.open(&site.url());
    expect_success(&chromium);
}

fn changed() {
    let project = Project::install();
    let read = |name: &str| std::fs::read(project.package().join(name)).expect(name);

    let entry = [read("index.js"), b"\n;document.title = 'Changed';\n".to_vec()].concat();
    let entry = Answer::of(200, "text/javascript", entry);
    for files in [page(&project, POLICY), page_with_map(&project)] {
        let site = Site::of(files.instead(ENTRY, entry.clone()));
        let chromium = Chromium::start();
        chromium.open(&site.url());
        let said = wait_for_console(&chromium, "integrity");
        assert_eq!(chromium.title(), "App", "a changed module was run: {said:#?}");
        assert_eq!(chromium.count("#outcome"), 0, "a changed module was run: {said:#?}");
    }

    // An empty custom section more: it would run as well as before.
    let wasm = [read("latchkey.wasm"), vec![0, 2, 1, b'x']].concat();
    let wasm = Answer::of(200, "application/wasm", wasm);
    let site = Site::of(page(&project, POLICY).instead(WASM, wasm));
    let chromium = Chromium::start();
    chromium.open(&site.url());
    let outcome = outcome(&chromium);
    assert_eq!(outcome["code"], "wasm_unavailable", "{outcome}");
    let message = outcome["message"].as_str().expect("message");
    assert!(message.contains("latchkey.wasm can't be read"), "{message}");
}

fn wait_for_console(chromium: &Chromium, words: &str) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..600 {
        said.extend(chromium.console());
        if said.iter().any(|line| line.contains(words)) {
            return said;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the console doesn't say {words:?}: {said:#?}");
}

fn wrong_type() {
    let project = Project::install();
    let bytes = std::fs::read(project.package().join("latchkey.wasm")).expect("latchkey.wasm");
    let wasm = Answer::of(200, "application/octet-stream", bytes);
    let site = Site::of(page(&project, POLICY).instead(WASM, wasm));
    let chromium = Chromium::start();
    chromium.open(&site.url());
    expect_success(&chromium);
}

fn forbidden() {
    let project = Project::install();
    let policy = POLICY.replace(" 'wasm-unsafe-eval'", "");
    let site = Site::of(page(&project, &policy));
    let chromium = Chromium::start();
    chromium.open(&site.url());
    let outcome = outcome(&chromium);
    assert_eq!(outcome["name"], "LatchkeyError", "{outcome}");
    assert_eq!(outcome["code"], "wasm_unavailable", "{outcome}");
    let message = outcome["message"].as_str().expect("message");
    for words in ["'wasm-unsafe-eval' in script-src", "'unsafe-eval' isn't needed"] {
        assert!(message.contains(words), "{message}");
    }
}
