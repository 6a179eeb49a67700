//! An app: a site on an origin of its own, which serves the package and one page.

use latchkey_tests::deployment::workspace_root;
use latchkey_tests::loopback::Request;
use latchkey_tests::{Answer, Loopback};
use serde_json::Value;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a careful app allows: its own scripts and workers, WebAssembly, and requests to anywhere.
const POLICY: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; worker-src 'self'";

const PAGE: &str = r#"<!doctype html><html lang="en"><title>App</title>
<button id="act" type="button">Act</button><pre id="outcome"></pre>
<script src="/prelude.js"></script><script type="module" src="/app.js"></script></html>"#;

/// The page's script: it makes the package a global, and says how an attempt ended.
const APP: &str = include_str!("site/app.js");

/// What is wrong with a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Its policy allows no WebAssembly.
    NoWebAssembly,
    /// It has the WebAssembly when it is asked a second time.
    WebAssemblyAtSecondTry,
}

/// A running site. It ends with the process, so that no other gets its port and with it its storage.
#[derive(Debug)]
pub struct Site {
    origin: String,
}

impl Site {
    /// A site whose pages run this script before the package's.
    pub fn start(prelude: &str) -> Self {
        Self::of("127.0.0.1", prelude, Flaw::None)
    }

    /// A site with something wrong.
    pub fn with_flaw(flaw: Flaw) -> Self {
        Self::of("127.0.0.1", "", flaw)
    }

    /// The same under another name of the loopback interface.
    pub fn called(name: &str, prelude: &str) -> Self {
        Self::of(name, prelude, Flaw::None)
    }

    fn of(name: &str, prelude: &str, flaw: Flaw) -> Self {
        let package = Package::find();
        let prelude = prelude.to_owned();
        let tries = AtomicUsize::new(0);
        let loopback = Loopback::start(move |request: &Request| {
            let answer = serve(&package, &prelude, request);
            let is_webassembly = request.path().ends_with(".wasm");
            if flaw == Flaw::WebAssemblyAtSecondTry
                && is_webassembly
                && tries.fetch_add(1, Ordering::SeqCst) == 0
            {
                return Answer::of(503, "text/plain", "");
            }
            let policy = match flaw {
                Flaw::NoWebAssembly => POLICY.replace(" 'wasm-unsafe-eval'", ""),
                Flaw::None | Flaw::WebAssemblyAtSecondTry => POLICY.to_owned(),
            };
            answer.with("content-security-policy", &policy).with("cache-control", "no-store")
        });
        Self { origin: format!("http://{name}:{}", loopback.port()) }
    }

    /// Its origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its redirect URI.
    pub fn callback(&self) -> String {
        format!("{}/callback", self.origin)
    }
}

fn serve(package: &Package, prelude: &str, request: &Request) -> Answer {
    let script = "text/javascript; charset=utf-8";
    match request.path() {
        "/" | "/callback" => Answer::of(200, "text/html; charset=utf-8", PAGE),
        "/prelude.js" => Answer::of(200, script, prelude),
        "/app.js" => Answer::of(200, script, APP.replace("ENTRY", &package.entry)),
        path => match path.strip_prefix("/package/").and_then(|file| package.read(file)) {
            Some((kind, bytes)) => Answer::of(200, kind, bytes),
            None => Answer::of(204, "text/plain", ""),
        },
    }
}

/// The built package.
#[derive(Debug)]
struct Package {
    folder: PathBuf,
    /// What a plain page imports.
    entry: String,
}

impl Package {
    /// Where `npm run build:web-client` puts it, or `LATCHKEY_WEB_CLIENT` says.
    fn find() -> Self {
        let folder = std::env::var_os("LATCHKEY_WEB_CLIENT").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| workspace_root().join("web-client/pkg"));
        let described = folder.join("package.json");
        let text = std::fs::read_to_string(&described).unwrap_or_else(|error| {
            panic!("{}: {error}. Run `npm run build:web-client` first.", described.display())
        });
        let described: Value = serde_json::from_str(&text).expect("package.json");
        let exported = &described["exports"]["."];
        let candidates = [
            &exported["browser"],
            &exported["import"],
            &exported["default"],
            exported,
            &described["module"],
            &described["main"],
        ];
        let entry = candidates.into_iter().find_map(Value::as_str).expect("an entry in exports");
        Self { entry: entry.trim_start_matches("./").to_owned(), folder }
    }

    fn read(&self, file: &str) -> Option<(&'static str, Vec<u8>)> {
        let file = Path::new(file);
        if !file.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let kind = match file.extension()?.to_str()? {
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "wasm" => "application/wasm",
            "json" | "map" => "application/json",
            _ => return None,
        };
        Some((kind, std::fs::read(self.folder.join(file)).ok()?))
    }
}
