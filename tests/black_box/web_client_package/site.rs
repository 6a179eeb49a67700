//! A web server of files, as plain as they come.

use latchkey_tests::loopback::Request;
use latchkey_tests::{Answer, Loopback};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What is served.
#[derive(Debug, Default, Clone)]
pub struct Files {
    folders: Vec<(String, PathBuf)>,
    texts: BTreeMap<String, String>,
    policy: Option<String>,
    changed: BTreeMap<String, Answer>,
}

impl Files {
    /// A folder, under paths that begin with this.
    pub fn folder(mut self, prefix: &str, folder: &Path) -> Self {
        self.folders.push((prefix.to_owned(), folder.to_owned()));
        self
    }

    /// A text at this path.
    pub fn text(mut self, path: &str, text: &str) -> Self {
        self.texts.insert(path.to_owned(), text.to_owned());
        self
    }

    /// The policy of every answer (`Content-Security-Policy`).
    pub fn policy(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self
    }

    /// Another answer at a path than the file there.
    pub fn instead(mut self, path: &str, answer: Answer) -> Self {
        self.changed.insert(path.to_owned(), answer);
        self
    }

    fn answer(&self, path: &str) -> Answer {
        let answer = self.find(path).unwrap_or_else(|| Answer::of(404, "text/plain", "Not found"));
        match &self.policy {
            Some(policy) => answer.with("content-security-policy", policy),
            None => answer,
        }
    }

    fn find(&self, path: &str) -> Option<Answer> {
        if let Some(answer) = self.changed.get(path) {
            return Some(answer.clone());
        }
        let path = if path == "/" { "/index.html" } else { path };
        if let Some(text) = self.texts.get(path) {
            return Some(Answer::of(200, kind(path), text.as_str()));
        }
        self.folders.iter().find_map(|(prefix, folder)| {
            let bytes = std::fs::read(folder.join(path.strip_prefix(prefix.as_str())?)).ok()?;
            Some(Answer::of(200, kind(path), bytes))
        })
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// A running site. It ends with the process.
pub struct Site {
    loopback: Loopback,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Serves files on a port of its own.
    pub fn of(files: Files) -> Self {
        let paths: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&paths);
        let loopback = Loopback::start(move |request: &Request| {
            seen.lock().expect("paths").push(request.path().to_owned());
            files.answer(request.path())
        });
        Self { loopback, paths }
    }

    /// The address of its page.
    pub fn url(&self) -> String {
        format!("{}/", self.loopback.origin())
    }

    /// What was asked for, in order, without what a browser asks every site for.
    pub fn asked(&self) -> Vec<String> {
        let paths = self.paths.lock().expect("paths");
        paths.iter().filter(|path| *path != "/favicon.ico").cloned().collect()
    }
}
