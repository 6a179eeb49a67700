//! Latchkey side by side with its peers and with the platform's own limit, in one run.
//!
//! `bench/README.md` says how to run it and what the figures mean. `npm run bench` builds what is
//! measured and then starts this.

mod connection;
mod contender;
mod figures;
mod flags;
mod load;
mod page;
mod party;
mod person;
mod report;
mod stage;
mod turns;
mod work;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};

use crate::flags::{Flags, USAGE};
use crate::report::{Machine, Report, Settings, Versions, chart, tables};
use crate::stage::{PEOPLE, Stage};

// One thread: the contender shares the machine with this program, and needs the rest of it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return Ok(());
    }
    // Says what is wrong with the flags, and nothing else.
    let is_check = arguments.first().is_some_and(|first| first == "--check");
    let flags = Flags::read(arguments.drain(usize::from(is_check)..))?;
    if is_check {
        return Ok(());
    }
    let folder = tempfile::Builder::new()
        .prefix("latchkey-bench-")
        .tempdir_in(&flags.storage)
        .with_context(|| format!("a new folder in {}", flags.storage.display()))?;
    // From here on a signal is a wish that is met once what is running can be ended in order.
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut stage = Stage::set(flags.connections, folder.path()).await?;
    let work = tokio::select! {
        biased;
        _ = interrupt.recv() => Err(anyhow!("interrupted")),
        _ = terminate.recv() => Err(anyhow!("terminated")),
        work = turns::all(&flags, &mut stage) => work,
    };
    // Whatever came of it, nothing is left running, and nothing is written any more when the folder goes.
    stage.strike().await?;
    let work = work?;
    let settings = Settings {
        date: Settings::today(),
        seconds: flags.measured.as_secs_f64(),
        connections: flags.connections,
        rounds: flags.rounds,
        people: PEOPLE.min(flags.connections),
        storage: flags.storage.display().to_string(),
        build: Settings::build(),
    };
    let report = Report::new(Machine::this(), Versions::in_use(), settings, work);
    let text = tables(&report);
    println!("\n{text}");
    write(flags.markdown.as_deref(), || Ok(text.clone()))?;
    write(flags.svg.as_deref(), || Ok(chart(&report)))?;
    write(flags.json.as_deref(), || Ok(serde_json::to_string_pretty(&report)? + "\n"))
}

fn write(file: Option<&Path>, text: impl FnOnce() -> Result<String>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, text()?).with_context(|| format!("writing {}", file.display()))
}
