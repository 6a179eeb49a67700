//! What came of it, as Markdown and as JSON.

use serde::Serialize;
use serde_json::{Value, json};

use super::Outcome;
use super::books::Fate;
use crate::report::{Machine, Settings, Versions, aligned};

/// The report of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    versions: Versions,
    settings: Settings,
    soak: Value,
    #[serde(skip)]
    text: String,
}

impl Report {
    /// Puts what was seen and the circumstances together.
    pub fn new(
        machine: Machine,
        versions: Versions,
        settings: Settings,
        outcome: &Outcome,
    ) -> Self {
        let fates = Fate::ALL.map(|fate| (fate.name(), outcome.books.count(fate)));
        let soak = json!({
            "minutes": outcome.took.as_secs_f64() / 60.0,
            "seed": outcome.seed,
            "done": outcome.done.times,
            "issued": outcome.done.issued,
            "grants": fates.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
            "memory_mb": outcome.memory.quarters(),
            "isolate_memory_mb": outcome.memory.quarters_of_isolate(),
        });
        let text = text(outcome, &fates);
        Self { machine, versions, settings, soak, text }
    }

    /// The circumstances and what was seen.
    pub fn text(&self) -> String {
        let versions: Vec<_> =
            self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        format!(
            "{}, {} cores, {}. {}. Build: {}. {} connections; stored in {}. {}.\n\n{}",
            self.machine.cpu,
            self.machine.cores,
            self.machine.system,
            self.settings.date,
            self.settings.build,
            self.settings.connections,
            self.settings.storage,
            versions.join(", "),
            self.text
        )
    }
}

fn text(outcome: &Outcome, fates: &[(&str, usize)]) -> String {
    let all: u64 = outcome.done.times.values().sum();
    let seconds = outcome.took.as_secs_f64();
    let mut rows = vec![vec!["what was done".to_owned(), "times".to_owned()]];
    let times = outcome.done.times.iter();
    rows.extend(times.map(|(name, times)| vec![(*name).to_owned(), times.to_string()]));
    let list = |quarters: Vec<f64>, digits: usize| {
        let quarters = quarters.iter().map(|memory| format!("{memory:.digits$}"));
        quarters.collect::<Vec<_>>().join(", ")
    };
    // The rate is for people, so no digit of it is missed.
    let rate = all as f64 / seconds;
    let fates: Vec<_> = fates.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!(
        "{:.1} minutes, {all} deeds ({rate:.0} a second), seed {}.\n\n{}\n\
         Grants: {} issued = {}. {} that apps still held were asked for new tokens at the end, and did what the books say.\n\n\
         Memory of the runtime, median of each quarter, in MB: {}; of the WebAssembly in it: {}.\n",
        seconds / 60.0,
        outcome.seed,
        aligned(&rows),
        outcome.done.issued,
        fates.join(" + "),
        outcome.asked,
        list(outcome.memory.quarters(), 0),
        list(outcome.memory.quarters_of_isolate(), 1),
    )
}
