//! A contender's own processes: a Miniflare that the bench starts and ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// Latchkey's token for its operator. The soak asks it how it is.
pub const ADMIN_TOKEN: &str = "the-bench-is-nobody-s-deployment";

/// How long a contender may take until it listens.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long it may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(15);

/// Who takes part, by the name that `contenders.mjs` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Latchkey.
    Latchkey,
    /// `@cloudflare/workers-oauth-provider`.
    Peer,
    /// A worker that does nothing, in JavaScript.
    Nothing,
    /// A worker that does nothing and a bare object, in Rust.
    Limit,
    /// The operations of a refresh and of a call, and nothing else.
    Bare,
    /// A worker that starts fresh isolates of the others.
    Cold,
}

impl Name {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Latchkey => "latchkey",
            Self::Peer => "peer",
            Self::Nothing => "nothing",
            Self::Limit => "limit",
            Self::Bare => "bare",
            Self::Cold => "cold",
        }
    }
}

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How Latchkey is started, where it isn't as always.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// A file for its log; then it counts what each request does, too.
    pub log: Option<&'a Path>,
    /// What its configuration has beside what it always has.
    pub settings: Option<&'a Value>,
    /// A port for the inspector; then its functions have their names, too.
    pub inspector: Option<u16>,
}

/// A running contender.
#[derive(Debug)]
pub struct Contender {
    /// Where it listens.
    pub address: SocketAddr,
    launcher: Child,
    // Open as long as it is to run: it ends when this closes, even if the bench is killed.
    lifeline: Option<ChildStdin>,
}

impl Contender {
    /// Starts it; what it stores goes below `folder`.
    pub async fn start(name: Name, folder: &Path, options: Options<'_>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Listening {
            port: u16,
        }

        let name = name.as_str();
        let mut launcher = Command::new("node")
            .arg(root().join("bench/contenders/start.mjs"))
            .arg(name)
            .arg(Self::storage_of(name, folder))
            .args(options.inspector.map(|port| port.to_string()))
            .env("LATCHKEY_BENCH_ADMIN_TOKEN", ADMIN_TOKEN)
            .envs(options.log.map(|log| ("LATCHKEY_BENCH_LOG", log)))
            .envs(
                options.settings.map(|settings| ("LATCHKEY_BENCH_SETTINGS", settings.to_string())),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node could not be started")?;
        let lifeline = launcher.stdin.take().context("no standard input")?;
        let output = launcher.stdout.take().context("no standard output")?;
        let (mut output, mut line) = (BufReader::new(output), String::new());
        timeout(PATIENCE, output.read_line(&mut line))
            .await
            .with_context(|| format!("{name} did not start within {PATIENCE:?}"))??;
        let Listening { port } = serde_json::from_str(&line)
            .with_context(|| format!("{name} did not start: it printed {line:?}"))?;
        Ok(Self { address: (Ipv4Addr::LOCALHOST, port).into(), launcher, lifeline: Some(lifeline) })
    }

    /// The folder with what it stores.
    pub fn storage(name: Name, folder: &Path) -> PathBuf {
        Self::storage_of(name.as_str(), folder)
    }

    fn storage_of(name: &str, folder: &Path) -> PathBuf {
        folder.join(name)
    }

    /// The process that started its runtime; `None` once it has ended.
    pub fn launcher_id(&self) -> Option<u32> {
        self.launcher.id()
    }

    /// Ends it.
    pub async fn end(&mut self) -> Result<()> {
        drop(self.lifeline.take());
        if timeout(FAREWELL, self.launcher.wait()).await.is_err() {
            self.launcher.kill().await?;
        }
        Ok(())
    }
}
