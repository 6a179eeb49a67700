//! What came of it, as Markdown and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Grows, Row};
use crate::figures::{Figures, Ratios};
use crate::report::{Machine, Settings, Versions, aligned, circumstances};
use crate::work::{Side, Work};

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
        Self { machine, versions, settings, growth, text }
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

fn title(work: Work, side: Side) -> String {
    match side {
        Side::LatchkeyAsked => format!("{}, `revocation_bound = 0`", work.title()),
        _ => work.title().to_owned(),
    }
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

/// What the requests do at the smallest size and, where they differ, at the others.
fn operations(grows: Grows, row: &Row) -> String {
    let of = |operations: &super::Operations| {
        let all: Vec<_> = operations.iter().map(|(_, did)| did.to_owned()).collect();
        all.join("; then ")
    };
    let Some(smallest) = row.operations.first() else { return String::new() };
    let others = grows.sizes().iter().zip(&row.operations).skip(1);
    let others = others.filter(|(_, other)| *other != smallest);
    let others = others.map(|(size, other)| format!("; at {}: {} (!)", grouped(*size), of(other)));
    others.fold(of(smallest), |text, other| text + &other)
}

/// A number with its thousands apart.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (10, "10"), (1_000, "1,000"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }
}
