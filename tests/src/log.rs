//! What a server wrote to its log.

use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a line may take from the worker to the file.
const PATIENCE: Duration = Duration::from_secs(60);

/// The output of `wrangler dev`, standard error included.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// The log in a file that may not exist yet.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the file is.
    #[must_use]
    pub const fn path(&self) -> &PathBuf {
        &self.path
    }

    /// All of it so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until `wanted` is in the log, and returns the lines that have it.
    ///
    /// # Panics
    ///
    /// When it doesn't come in time; the message has the end of the log.
    #[must_use]
    pub fn wait_for(&self, wanted: &str) -> Vec<String> {
        self.wait_for_lines(&[wanted])
    }

    /// Waits until a line has every one of `wanted`, and returns the lines that do. For what cases
    /// beside this one write too: the id of one's own client belongs in here, not in a check afterwards.
    ///
    /// # Panics
    ///
    /// As [`Self::wait_for`].
    #[must_use]
    pub fn wait_for_lines(&self, wanted: &[&str]) -> Vec<String> {
        let started = Instant::now();
        loop {
            let lines: Vec<String> = self
                .text()
                .lines()
                .filter(|line| wanted.iter().all(|part| line.contains(part)))
                .map(str::to_owned)
                .collect();
            if !lines.is_empty() {
                return lines;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the log has no {wanted:?}; it ends with\n{}",
                self.tail(30)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the event that has this reference id.
    ///
    /// # Panics
    ///
    /// When no line of JSON has it as `reference`.
    #[must_use]
    pub fn event(&self, reference: &str) -> Value {
        let lines = self.wait_for(reference);
        lines
            .iter()
            .filter_map(|line| {
                let json = line.get(line.find('{')?..=line.rfind('}')?)?;
                serde_json::from_str::<Value>(json).ok()
            })
            .find(|event| event["reference"] == reference)
            .unwrap_or_else(|| panic!("no event with reference {reference}, only {lines:?}"))
    }

    /// The last lines, for messages.
    #[must_use]
    pub fn tail(&self, lines: usize) -> String {
        let text = self.text();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}
