//! Latchkey side by side with its peers and with the platform's own limit, in one run.
//!
//! `bench/README.md` says how to run it and what the figures mean. `npm run bench` builds what is
//! measured and then starts this.

mod connection;
mod contender;
mod figures;
mod flags;
mod growth;
mod house;
mod inspector;
mod load;
mod page;
mod party;
mod person;
mod profile;
mod report;
mod soak;
mod stage;
mod storage;
mod turns;
mod work;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};

use crate::flags::{Flags, USAGE};
use crate::house::{House, PEOPLE};
use crate::report::{Machine, Report, Settings, Versions, chart, tables};
use crate::stage::Stage;

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
    let told_to_end = async move {
        tokio::select! {
            _ = interrupt.recv() => anyhow!("interrupted"),
            _ = terminate.recv() => anyhow!("terminated"),
        }
    };
    if let Some(graphs) = &flags.profile {
        look_inside(&flags, graphs, folder.path(), told_to_end).await
    } else if let Some(length) = flags.soak {
        soak(&flags, length, folder.path(), told_to_end).await
    } else if flags.growth.is_empty() {
        compare(&flags, folder.path(), told_to_end).await
    } else {
        grow(&flags, folder.path(), told_to_end).await
    }
}

/// Measures Latchkey beside its peers and the platform.
async fn compare(
    flags: &Flags,
    folder: &Path,
    told_to_end: impl Future<Output = Error>,
) -> Result<()> {
    let mut stage = Stage::set(flags.connections, folder).await?;
    let work = tokio::select! {
        biased;
        why = told_to_end => Err(why),
        work = turns::all(flags, &mut stage) => work,
    };
    // Whatever came of it, nothing is left running, and nothing is written any more when the folder goes.
    stage.strike().await?;
    let report = Report::new(Machine::this(), Versions::in_use(), settings(flags), work?);
    let text = tables(&report);
    println!("\n{text}");
    write(flags.markdown.as_deref(), || Ok(text.clone()))?;
    write(flags.svg.as_deref(), || Ok(chart(&report)))?;
    write(flags.json.as_deref(), || Ok(serde_json::to_string_pretty(&report)? + "\n"))
}

/// Measures Latchkey alone where there is more and more of something.
async fn grow(
    flags: &Flags,
    folder: &Path,
    told_to_end: impl Future<Output = Error>,
) -> Result<()> {
    let mut houses = Vec::new();
    let all = async {
        let mut all = Vec::new();
        for grows in &flags.growth {
            all.push((*grows, growth::measure(*grows, flags, folder, &mut houses).await?));
        }
        Ok(all)
    };
    let all = tokio::select! {
        biased;
        why = told_to_end => Err(why),
        all = all => all,
    };
    for house in houses {
        house.close().await?;
    }
    let report = growth::Report::new(Machine::this(), Versions::in_use(), settings(flags), &all?);
    let text = report.text();
    println!("\n{text}");
    write(flags.markdown.as_deref(), || Ok(text.clone()))?;
    write(flags.json.as_deref(), || Ok(serde_json::to_string_pretty(&report)? + "\n"))?;
    report.is_flat()
}

/// Draws where the time goes.
async fn look_inside(
    flags: &Flags,
    graphs: &Path,
    folder: &Path,
    told_to_end: impl Future<Output = Error>,
) -> Result<()> {
    let port = inspector::free_port()?;
    let mut house = House::open_with(flags.connections, folder, None, Some(port)).await?;
    let text = tokio::select! {
        biased;
        why = told_to_end => Err(why),
        text = profile::all(flags, &mut house, port, graphs) => text,
    };
    house.close().await?;
    let text = text?;
    println!("\n{text}");
    write(flags.markdown.as_deref(), || Ok(text.clone()))
}

/// Lets mixed traffic go on for a long time.
async fn soak(
    flags: &Flags,
    length: Duration,
    folder: &Path,
    told_to_end: impl Future<Output = Error>,
) -> Result<()> {
    let mut house = soak::open(flags, length, folder).await?;
    let outcome = tokio::select! {
        biased;
        why = told_to_end => Err(why),
        outcome = soak::run(&mut house, length, flags) => outcome,
    };
    house.close().await?;
    let outcome = outcome?;
    let report = soak::Report::new(Machine::this(), Versions::in_use(), settings(flags), &outcome);
    let text = report.text();
    println!("\n{text}");
    write(flags.markdown.as_deref(), || Ok(text.clone()))?;
    write(flags.json.as_deref(), || Ok(serde_json::to_string_pretty(&report)? + "\n"))?;
    outcome.memory.is_flat(length)
}

fn settings(flags: &Flags) -> Settings {
    Settings {
        date: Settings::today(),
        seconds: flags.measured.as_secs_f64(),
        connections: flags.connections,
        rounds: flags.rounds,
        people: PEOPLE.min(flags.connections),
        storage: flags.storage.display().to_string(),
        build: Settings::build(),
    }
}

fn write(file: Option<&Path>, text: impl FnOnce() -> Result<String>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, text()?).with_context(|| format!("writing {}", file.display()))
}
