//! The machine, the versions and the settings of a run.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Serialize;
use serde_json::Value;

use crate::contender::root;

/// What it ran on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor.
    pub cpu: String,
    /// How many cores there are, for contender and bench together.
    pub cores: usize,
    /// Memory, in GB of 10^9 bytes, where that is known.
    pub memory_gb: Option<u64>,
    /// The operating system.
    pub system: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let unknown = || "unknown".to_owned();
        let cpu = value_of("/proc/cpuinfo", "model name");
        let memory = value_of("/proc/meminfo", "MemTotal");
        let kilobytes = memory.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        Self {
            cpu: cpu
                .or_else(|| printed("sysctl", &["-n", "machdep.cpu.brand_string"]))
                .unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            memory_gb: kilobytes.map(|kilobytes| kilobytes * 1024 / 1_000_000_000),
            system: printed("uname", &["-sr"]).unwrap_or_else(unknown),
        }
    }
}

/// The value of a line `name : value`.
fn value_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(own, _)| own.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// What a program prints, if it is there and succeeds.
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// What was measured, by name.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Versions(BTreeMap<String, String>);

impl Versions {
    /// The versions in use.
    pub fn in_use() -> Self {
        let mut versions = BTreeMap::new();
        let mut note = |name: &str, version: Option<String>| {
            versions.insert(name.to_owned(), version.unwrap_or_else(|| "unknown".to_owned()));
        };
        let commit = printed("git", &["describe", "--always", "--dirty"]);
        note("latchkey", commit.map(|commit| format!("{} ({commit})", env!("CARGO_PKG_VERSION"))));
        for name in ["@cloudflare/workers-oauth-provider", "miniflare", "workerd"] {
            note(name, package_version(name));
        }
        note(
            "node",
            printed("node", &["--version"]).map(|text| text.trim_start_matches('v').to_owned()),
        );
        note(
            "rustc",
            printed("rustc", &["--version"])
                .map(|text| text.trim_start_matches("rustc ").to_owned()),
        );
        Self(versions)
    }

    /// Name and version, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }

    #[cfg(test)]
    pub fn example() -> Self {
        Self(BTreeMap::from([("latchkey".to_owned(), "0.1.0".to_owned())]))
    }
}

fn package_version(name: &str) -> Option<String> {
    let path = root().join("node_modules").join(name).join("package.json");
    let package: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    package.get("version")?.as_str().map(str::to_owned)
}

/// How it was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The day, in UTC.
    pub date: String,
    /// How long each contender was measured at each piece of work.
    pub seconds: f64,
    /// How many connections each contender had.
    pub connections: usize,
    /// In how many turns.
    pub rounds: u32,
    /// How many people share those connections.
    pub people: usize,
    /// Where the contenders stored: how fast its disk is tells in everything that writes.
    pub storage: String,
    /// How the worker was built.
    pub build: String,
}

impl Settings {
    /// Today, in UTC.
    pub fn today() -> String {
        printed("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "unknown".to_owned())
    }

    /// How the worker was built, as the script that built it says.
    pub fn build() -> String {
        std::env::var("LATCHKEY_BENCH_BUILD").unwrap_or_else(|_| "unknown".to_owned())
    }
}
