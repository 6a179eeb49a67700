//! Counters: one data point of Workers Analytics Engine for each request, where a dataset is bound.
//!
//! Writing one waits for nothing, and what becomes of it changes no answer. `docs/operations.md` says which
//! column is what.

use js_sys::Reflect;
use worker::{AnalyticsEngineDataPointBuilder, AnalyticsEngineDataset};

use crate::log::{Event, Level};
use crate::trace::{Operation, Tally};

/// The binding of the dataset.
pub const BINDING: &str = "METRICS";
/// The platform drops a data point whose index is longer.
const LONGEST_INDEX: usize = 96;

/// Whether a dataset is bound.
pub fn is_on(env: &worker::Env) -> bool {
    Reflect::has(env, &BINDING.into()).unwrap_or(false)
}

/// The dataset.
pub struct Metrics(AnalyticsEngineDataset);

/// What a data point says.
pub struct Point<'p> {
    /// Which endpoint.
    pub endpoint: &'static str,
    /// What came of the request, in one word.
    pub outcome: &'static str,
    /// What happened, as the log calls it.
    pub event: &'p str,
    /// Why it was refused, or empty.
    pub reason: &'p str,
    /// Which client, or empty.
    pub client_id: &'p str,
    /// The answer's status; 0 where the client went away before.
    pub status: u16,
    /// The time until the answer began.
    pub duration_ms: u64,
    /// What was done before the answer and after it, where that is counted.
    pub operations: Option<[&'p Tally; 2]>,
}

impl Metrics {
    /// The dataset that is bound. One that can't be used is a line of the log, and no more.
    pub fn of(env: &worker::Env) -> Option<Self> {
        match env.analytics_engine(BINDING) {
            Ok(dataset) => Some(Self(dataset)),
            Err(cause) => {
                unavailable(&cause);
                None
            }
        }
    }

    /// Writes a data point.
    pub fn write(&self, point: &Point<'_>) {
        let number = |value: u64| u32::try_from(value).map_or(f64::from(u32::MAX), f64::from);
        let counted = |operation| {
            let tallies = point.operations.iter().flatten();
            number(tallies.map(|tally| tally.of(operation)).sum())
        };
        let doubles = [f64::from(point.status), number(point.duration_ms)];
        let written = AnalyticsEngineDataPointBuilder::new()
            .indexes([shortened(point.client_id)])
            .blobs([point.endpoint, point.outcome, point.event, point.reason, point.client_id])
            .doubles(doubles.into_iter().chain(Operation::ALL.into_iter().map(counted)))
            .write_to(&self.0);
        if let Err(cause) = written {
            unavailable(&cause);
        }
    }
}

fn unavailable(cause: &worker::Error) {
    Event::new(Level::Error, "metrics unavailable")
        .with_text("cause", cause)
        .with("do", format!("the binding {BINDING} has to be a dataset in wrangler.toml"))
        .write();
}

/// As much of an id as an index may have.
fn shortened(client_id: &str) -> &str {
    let mut end = client_id.len().min(LONGEST_INDEX);
    while !client_id.is_char_boundary(end) {
        end -= 1;
    }
    client_id.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_7_an_index_is_at_most_96_bytes_of_whole_characters() {
        assert_eq!(shortened("client"), "client");
        assert_eq!(shortened(&"a".repeat(200)).len(), 96);
        assert_eq!(shortened(&format!("{}é", "a".repeat(95))), "a".repeat(95));
    }
}
