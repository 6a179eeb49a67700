//! The server as a child process that can't outlive the tests: `wrangler dev`, or a Miniflare alone.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::deployment::workspace_root;

/// The shell leads a process group of its own and waits on a pipe that only the tests hold. When the
/// pipe closes - because the tests want it, have ended or were killed themselves - it kills the whole
/// group with SIGKILL: wrangler, node and workerd. When wrangler ends by itself, so does the group.
pub const LEADER: &str = r#"("$@" </dev/null; kill -KILL 0) & read _; kill -KILL 0"#;

/// What runs the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// `wrangler dev`, as a developer starts it.
    Wrangler,
    /// A Miniflare without wrangler, which is up in a second: for what starts the server again and again.
    Miniflare,
    /// The same, with a platform that fails when a test wants it to ([`crate::faults`]).
    Faulty,
}

/// What a running server needs from outside.
#[derive(Debug)]
pub struct Arguments<'a> {
    /// What runs it.
    pub runner: Runner,
    /// The configuration files of the workers, that of the one which is reached first; its folder is
    /// the working directory.
    pub configurations: &'a [PathBuf],
    /// The port to listen on.
    pub port: u16,
    /// Where Durable Objects and KV are stored.
    pub storage: &'a Path,
    /// The file that takes all output.
    pub log: &'a Path,
    /// The home of wrangler's own files.
    pub home: &'a Path,
}

impl Arguments<'_> {
    /// The command and what it is told.
    fn command(&self) -> io::Result<Vec<OsString>> {
        let mut words: Vec<OsString> = Vec::new();
        let port = self.port.to_string();
        if self.runner == Runner::Wrangler {
            words.extend([wrangler()?.into(), "dev".into()]);
            for path in self.configurations {
                words.extend(["--config".into(), path.into()]);
            }
            for word in ["--local", "--ip", "127.0.0.1", "--port", &port] {
                words.push(word.into());
            }
            for word in ["--inspector-port", "0", "--show-interactive-dev-session=false"] {
                words.push(word.into());
            }
            words.extend(["--persist-to".into(), self.storage.into()]);
            return Ok(words);
        }
        let launcher = workspace_root().join("tests/miniflare/start.mjs");
        words.extend(["node".into(), launcher.into()]);
        words.extend(self.configurations.first().map(OsString::from));
        words.extend([port.into(), self.storage.into()]);
        if self.runner == Runner::Faulty {
            words.push("faults".into());
        }
        Ok(words)
    }
}

/// A running server.
#[derive(Debug)]
pub struct Process {
    leader: Child,
    pipe: Option<ChildStdin>,
    /// The port of the workerd in front, if there is one beside that of the workers.
    front: Option<u16>,
}

impl Process {
    /// Starts it; it isn't ready yet.
    ///
    /// # Errors
    ///
    /// When there is no wrangler or no shell.
    pub fn start(arguments: &Arguments<'_>) -> io::Result<Self> {
        let first = arguments.configurations.first();
        let folder = first.and_then(|first| first.parent()).unwrap_or(Path::new("/"));
        let log = File::options().create(true).append(true).open(arguments.log)?;
        let mut leader = Command::new("sh")
            .args(["-c", LEADER, "sh"])
            .args(arguments.command()?)
            .current_dir(folder)
            // Nothing may ask, report, look for updates or write into the person's home.
            .env("CI", "1")
            .env("NO_COLOR", "1")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_HIDE_BANNER", "true")
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .env("XDG_CONFIG_HOME", arguments.home)
            .env("WRANGLER_LOG_PATH", arguments.home)
            .env("WRANGLER_REGISTRY_PATH", arguments.home.join("registry"))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let pipe = leader.stdin.take();
        let front = (arguments.runner == Runner::Wrangler).then_some(arguments.port);
        Ok(Self { leader, pipe, front })
    }

    /// How much memory the workerd has that runs the workers, in bytes: its resident set. `wrangler
    /// dev` has another one in front, which listens on the port and is no part of a deployment.
    #[must_use]
    pub fn memory_of_workers(&self) -> u64 {
        let group = self.leader.id().to_string();
        let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        folders.filter_map(|entry| resident_workers(&entry.path(), &group, self.front)).sum()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.leader.try_wait(), Ok(None))
    }

    /// Ends the whole group with SIGKILL and waits until its leader is gone.
    pub fn kill(&mut self) {
        drop(self.pipe.take());
        // Nothing to do about an error here: the leader is gone either way.
        let _ = self.leader.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The resident set of a process in `/proc`, if it is a workerd of this process group
/// ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)) and not the one in `front`.
fn resident_workers(folder: &Path, group: &str, front: Option<u16>) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let stat = read("stat")?;
    // The name is in parentheses, and may have spaces.
    let (name, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let command = read("cmdline")?;
    let is_in_front = front.is_some_and(|port| command.contains(&format!("127.0.0.1:{port}\0")));
    if !name.ends_with("(workerd") || fields.get(2) != Some(&group) || is_in_front {
        return None;
    }
    let status = read("status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The wrangler of the project's `node_modules`, or the one that `LATCHKEY_WRANGLER` names.
fn wrangler() -> io::Result<PathBuf> {
    let path = std::env::var_os("LATCHKEY_WRANGLER")
        .map_or_else(|| workspace_root().join("node_modules/.bin/wrangler"), PathBuf::from);
    if path.is_file() {
        Ok(path)
    } else {
        let message = format!("{} does not exist: `npm test` installs it", path.display());
        Err(io::Error::new(io::ErrorKind::NotFound, message))
    }
}
