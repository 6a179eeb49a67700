//! A server under test: one deployment, one port, one storage folder, and its log.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::deployment::Deployment;
use crate::http::{Call, Reply};
use crate::leaks;
use crate::log::Log;
use crate::process::{Arguments, Process};
use crate::secrets::Secrets;
use crate::stored::Stored;

/// A cold start takes a few seconds; several at once on a busy machine take many.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// A port that was free a moment ago may be taken by another start.
const START_ATTEMPTS: usize = 3;

/// A running server. It stops, and its files go, when it is dropped.
#[derive(Debug)]
pub struct Server {
    deployment: Deployment,
    port: u16,
    // Before the folder, so that it is dropped first and nothing writes while the folder goes.
    process: Mutex<Option<Process>>,
    folder: TempDir,
    log: Log,
    secrets: Secrets,
    http: reqwest::blocking::Client,
}

impl Server {
    /// Starts the server with this deployment on a free port and waits until it answers.
    ///
    /// # Errors
    ///
    /// A sentence with the end of the log, when it doesn't come up.
    pub fn start(deployment: Deployment) -> Result<Self, String> {
        Self::start_on(deployment, |_| ())
    }

    /// The same on a storage folder that is filled first.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_on(deployment: Deployment, fill: impl Fn(&Path)) -> Result<Self, String> {
        let mut last = String::new();
        for _ in 0..START_ATTEMPTS {
            let port = free_port()?;
            let folder = tempfile::Builder::new()
                .prefix("latchkey-tests-")
                .tempdir()
                .map_err(|error| format!("no temporary folder: {error}"))?;
            let http = reqwest::blocking::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                // A pooled connection to a server that was killed meanwhile fails for no reason.
                .pool_max_idle_per_host(0)
                .timeout(Duration::from_secs(60))
                .build()
                .map_err(|error| format!("no HTTP client: {error}"))?;
            let server = Self {
                log: Log::new(folder.path().join("server.log")),
                deployment: deployment.clone(),
                port,
                process: Mutex::new(None),
                folder,
                secrets: Secrets::default(),
                http,
            };
            fill(&server.storage());
            match server.restart() {
                Ok(()) => return Ok(server),
                Err(error) => last = error,
            }
            if !last.contains("in use") {
                break;
            }
        }
        Err(last)
    }

    /// Starts the server again on the same port and the same storage, and waits until it answers.
    ///
    /// # Errors
    ///
    /// A sentence with the end of the log, when it doesn't come up.
    pub fn restart(&self) -> Result<(), String> {
        self.restart_as(&self.deployment)
    }

    /// Stops the server and starts it again without a binding, on the same storage and port.
    ///
    /// # Errors
    ///
    /// What went wrong, with the server's log where that helps.
    pub fn restart_without(&self, binding: &'static [&'static str; 1]) -> Result<(), String> {
        self.restart_as(&self.deployment.and_without(binding))
    }

    /// Stops the server and starts it again with other settings, on the same storage and port.
    ///
    /// # Errors
    ///
    /// What went wrong, with the server's log where that helps.
    pub fn restart_as(&self, deployment: &Deployment) -> Result<(), String> {
        let named = |error: String| format!("server {:?}: {error}", self.deployment.name);
        let mut process = self.process.lock().expect("process");
        if let Some(mut running) = process.take() {
            running.kill();
        }
        let configurations = deployment.write(self.folder.path(), self.port).map_err(named)?;
        let started = Process::start(&Arguments {
            runner: deployment.runner,
            configurations: &configurations,
            port: self.port,
            storage: &self.folder.path().join("storage"),
            log: self.log.path(),
            home: &self.folder.path().join("home"),
        })
        .map_err(|error| named(error.to_string()))?;
        self.wait_until_ready(process.insert(started)).map_err(named)
    }

    fn wait_until_ready(&self, process: &mut Process) -> Result<(), String> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            if process.has_ended() {
                return Err(format!("it ended by itself:\n{}", self.log.tail(40)));
            }
            let path = self.metadata_path();
            let ready = self.call("GET", &path).try_send();
            let wanted = self.deployment.ready_status;
            if ready.as_ref().is_ok_and(|reply| reply.status == wanted) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let answer = ready.map_or_else(|error| error, |reply| reply.describe());
                return Err(format!(
                    "GET {path} didn't become {wanted}: {answer}\n{}",
                    self.log.tail(40)
                ));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Stops the server at once with SIGKILL, as a crash or an eviction would.
    pub fn kill_hard(&self) {
        if let Some(mut running) = self.process.lock().expect("process").take() {
            running.kill();
        }
    }

    /// How much memory the workers have, in bytes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let process = self.process.lock().expect("process");
        process.as_ref().map_or(0, Process::memory_of_workers)
    }

    /// The configuration it runs with.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its log.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The secrets that travelled to and from it.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.deployment.issuer_on(self.port)
    }

    /// The issuer's scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        self.deployment.origin_on(self.port)
    }

    /// The path of an endpoint such as `/token`, base path included.
    #[must_use]
    pub fn at(&self, endpoint: &str) -> String {
        format!("{}{endpoint}", self.deployment.base_path)
    }

    /// The absolute URL of an endpoint, as the server itself writes it.
    #[must_use]
    pub fn url(&self, endpoint: &str) -> String {
        format!("{}{}", self.origin(), self.at(endpoint))
    }

    /// The address it is really reached at, without a slash at the end.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The path of its metadata ([RFC 8414 section 3.1](https://www.rfc-editor.org/rfc/rfc8414#section-3.1)).
    #[must_use]
    pub fn metadata_path(&self) -> String {
        let issuer = self.issuer();
        let path = issuer.strip_prefix(&self.origin()).unwrap_or_default();
        format!("/.well-known/oauth-authorization-server{path}")
    }

    /// The path on this server that a URL or reference means when it is found on the page `base`;
    /// `None` when it leads to somewhere else.
    #[must_use]
    pub fn local_path(&self, base: &str, reference: &str) -> Option<String> {
        let base = url::Url::parse(&format!("{}{base}", self.origin())).ok()?;
        let target = base.join(reference).ok()?;
        let origin = target.origin().ascii_serialization();
        if origin != self.origin() && origin != self.address() {
            return None;
        }
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{query}", target.path()))
    }

    /// A request to a path of this server.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, &self.http, method, path)
    }

    /// GETs a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send()
    }

    /// Posts a form to an endpoint such as `/token`.
    #[must_use]
    pub fn post_form(&self, endpoint: &str, fields: &[(&str, &str)]) -> Reply {
        self.call("POST", &self.at(endpoint)).form(fields).send()
    }

    /// Posts a JSON text to an endpoint such as `/register`.
    #[must_use]
    pub fn post_json(&self, endpoint: &str, body: &str) -> Reply {
        self.call("POST", &self.at(endpoint))
            .header("content-type", "application/json")
            .body(body)
            .send()
    }

    /// The folder of everything that is stored.
    #[must_use]
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// Stops the server, and looks for secrets of this run where they must not be: a sentence for each.
    #[must_use]
    pub fn look_for_secrets(&self) -> Vec<String> {
        self.kill_hard();
        leaks::look(self.deployment.name, &self.log.text(), &self.secrets, &self.storage())
    }

    /// What is stored now.
    #[must_use]
    pub fn stored(&self) -> Stored {
        Stored::read(&self.storage())
    }
}

impl Drop for Server {
    /// Looks for secrets where they must not be, once nothing is written any more.
    fn drop(&mut self) {
        self.kill_hard();
        // A case that has failed says so by itself, and its clients may have stopped half-way.
        if !std::thread::panicking() {
            leaks::keep(self.look_for_secrets(), self.secrets.all().len());
        }
    }
}

fn free_port() -> Result<u16, String> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).map_err(|error| format!("no port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no port: {error}"))
}
