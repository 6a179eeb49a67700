//! What a run found, in numbers.

use std::collections::BTreeMap;
use std::fmt;

use super::Kind;

/// The numbers of one kind of write.
#[derive(Debug, Default, Clone, Copy)]
struct Row {
    answered: usize,
    in_flight: usize,
    done: usize,
}

/// The numbers of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// How often the server was killed.
    pub kills: usize,
    /// How many of the kills cut off at least one request.
    pub kills_that_hit: usize,
    /// How many claims were looked at once more after the last kill.
    pub looked_at_in_the_end: usize,
    rows: BTreeMap<Kind, Row>,
}

impl Report {
    /// Adds a request: answered before the kill, or in flight and then found done or not.
    pub fn add(&mut self, kind: Kind, in_flight: Option<bool>) {
        let row = self.rows.entry(kind).or_default();
        row.answered += usize::from(in_flight.is_none());
        row.in_flight += usize::from(in_flight.is_some());
        row.done += usize::from(in_flight == Some(true));
    }

    /// How many requests were in flight at a kill, or had their answer lost.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.rows.values().map(|row| row.in_flight).sum()
    }

    /// How many of them had been done, unknown to who sent them.
    #[must_use]
    pub fn done(&self) -> usize {
        self.rows.values().map(|row| row.done).sum()
    }

    /// How many requests were answered before a kill.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.rows.values().map(|row| row.answered).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "| write | acknowledged before a kill | in flight at a kill, or its answer lost | of them done |"
        )?;
        writeln!(formatter, "|---|---|---|---|")?;
        for (kind, Row { answered, in_flight, done }) in &self.rows {
            writeln!(formatter, "| {} | {answered} | {in_flight} | {done} |", kind.name())?;
        }
        writeln!(
            formatter,
            "| all | {} | {} | {} |\n",
            self.answered(),
            self.in_flight(),
            self.done()
        )?;
        writeln!(
            formatter,
            "{} kills, of which {} hit requests in flight. {} claims were looked at once more after the last one.",
            self.kills, self.kills_that_hit, self.looked_at_in_the_end
        )
    }
}
