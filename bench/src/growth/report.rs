//! What came of it, as Markdown and as JSON.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Grows, Operations, Row};
use crate::figures::{Figures, Ratios};
use crate::report::{Machine, Settings, Versions, aligned, circumstances, title};

/// A request may take this much longer at another size, and still count as taking the same.
const FLAT: f64 = 0.15;

/// The report of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    versions: Versions,
    settings: Settings,
    growth: BTreeMap<&'static str, Value>,
    #[serde(skip)]
    text: String,
    /// Where more of something has requests do something else, in words.
    #[serde(skip)]
    differences: Vec<String>,
}

impl Report {
    /// Puts figures and circumstances together.
    pub fn new(
        machine: Machine,
        versions: Versions,
        settings: Settings,
        all: &[(Grows, Vec<Row>)],
    ) -> Self {
        let growth = all.iter().map(|(grows, rows)| (grows.name(), as_json(*grows, rows)));
        let growth = growth.collect();
        let text = all.iter().map(|(grows, rows)| table(*grows, rows)).collect();
        let differences = all.iter().flat_map(|(grows, rows)| differences(*grows, rows)).collect();
        Self { machine, versions, settings, growth, text, differences }
    }

    /// That every size does the same operations. How long they take is for people to judge: a machine's moods are in it.
    pub fn is_flat(&self) -> Result<()> {
        let differences = &self.differences;
        ensure!(differences.is_empty(), "operations differ:\n{}", differences.join("\n"));
        Ok(())
    }

    /// Circumstances and tables.
    pub fn text(&self) -> String {
        let circumstances = circumstances(&self.machine, &self.settings, &self.versions);
        format!("{circumstances}\n{}", self.text)
    }
}

/// The rate at each size as a multiple of that at the smallest: the median of the rounds.
fn ratios(figures: &[Figures]) -> Vec<Option<f64>> {
    let smallest = figures.first();
    figures.iter().map(|figures| Ratios::of(Some(figures), smallest, None, None).to_peer).collect()
}

fn as_json(grows: Grows, rows: &[Row]) -> Value {
    let of_row = |row: &Row| {
        let sizes = grows.sizes().iter().zip(&row.figures).zip(ratios(&row.figures));
        let sizes = sizes.zip(&row.operations).map(|(((size, figures), ratio), operations)| {
            let value = json!({
                "rps": figures.rps, "p50_ms": figures.p50_ms, "p99_ms": figures.p99_ms,
                "to_smallest": ratio, "operations": operations,
            });
            (size.to_string(), value)
        });
        (format!("{}/{}", row.work.name(), row.side.name()), Value::from_iter(sizes))
    };
    rows.iter().map(of_row).collect()
}

fn table(grows: Grows, rows: &[Row]) -> String {
    let mut text = format!(
        "\n{}, requests per second at each, and what share of the first that is:\n\n",
        grows.title()
    );
    let sizes = grows.sizes().iter().map(|size| grouped(*size));
    let heads: Vec<_> =
        [String::new()].into_iter().chain(sizes).chain(["each does".to_owned()]).collect();
    let mut lines = vec![heads];
    for each in rows {
        let shares = each.figures.iter().zip(ratios(&each.figures)).enumerate();
        let cells = shares.map(|(number, (figures, ratio))| {
            let rate = figures.rps.unwrap_or_default();
            let share = ratio.unwrap_or_default();
            let flag = if share < 1.0 - FLAT { " (!)" } else { "" };
            if number == 0 {
                format!("{rate:.0}")
            } else {
                format!("{rate:.0}, {:.0} %{flag}", share * 100.0)
            }
        });
        let first = [title(each.work, each.side)];
        lines.push(first.into_iter().chain(cells).chain([operations(grows, each)]).collect());
    }
    text.push_str(&aligned(&lines));
    text
}

/// The sizes at which requests do something else than at the smallest.
fn others(grows: Grows, row: &Row) -> impl Iterator<Item = (u32, &Operations, &Operations)> {
    let sizes = grows.sizes().iter().copied().zip(&row.operations);
    let smallest = row.operations.first().into_iter().cycle();
    let all = sizes.zip(smallest).map(|((size, own), smallest)| (size, own, smallest));
    all.filter(|(_, own, smallest)| own != smallest)
}

/// What the requests do at the smallest size and, where they differ, at the others.
fn operations(grows: Grows, row: &Row) -> String {
    let smallest = row.operations.first().map(Operations::text).unwrap_or_default();
    others(grows, row).fold(smallest, |text, (size, own, _)| {
        format!("{text}; at {}: {} (!)", grouped(size), own.text())
    })
}

/// Each difference: what grows, its size, the work, and both counts.
fn differences(grows: Grows, rows: &[Row]) -> Vec<String> {
    let smallest_size = grows.sizes().first().copied().map(grouped).unwrap_or_default();
    let of_row = |row: &Row| {
        let all = others(grows, row).map(|(size, own, smallest)| {
            format!(
                "  {} {}, {} ({}): {}; at {smallest_size}: {}",
                grows.name(),
                grouped(size),
                row.work.name(),
                row.side.name(),
                own.text(),
                smallest.text(),
            )
        });
        all.collect::<Vec<_>>()
    };
    rows.iter().flat_map(of_row).collect()
}

/// A number with its thousands apart.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::{Side, Work};

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (10, "10"), (1_000, "1,000"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }

    fn row(operations: [&str; 4]) -> Row {
        Row {
            work: Work::Refresh,
            side: Side::Latchkey,
            figures: Vec::new(),
            operations: operations.map(Operations::example).to_vec(),
        }
    }

    fn report(row: Row) -> Report {
        let (machine, versions, settings) = crate::report::circumstances_example();
        Report::new(machine, versions, settings, &[(Grows::Grants, vec![row])])
    }

    #[test]
    fn issue_6_a_size_that_does_something_else_fails_the_run_and_is_named() {
        report(row(["rows_read 4"; 4])).is_flat().expect("the same everywhere");
        let grown = report(row(["rows_read 4", "rows_read 4", "rows_read 4", "rows_read 9"]));
        let message = grown.is_flat().expect_err("it grew").to_string();
        assert_eq!(
            message,
            "operations differ:\n  grants 10,000, refresh (latchkey): rows_read 9; at 10: rows_read 4"
        );
        assert!(
            grown.text().contains("rows_read 4; at 10,000: rows_read 9 (!)"),
            "{}",
            grown.text()
        );
    }
}
