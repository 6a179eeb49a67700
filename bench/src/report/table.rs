//! The tables, as Markdown that reads well in a terminal, too.

use std::fmt::Write as _;

use super::{Machine, Report, Settings, Versions};
use crate::figures::{Figures, Ratios};
use crate::work::{Side, Work};

/// Circumstances, ratios and absolute figures.
pub fn tables(report: &Report) -> String {
    let mut text = circumstances(&report.machine, &report.settings, &report.versions);
    text.push_str("\n\n");
    text.push_str(&ratios(report));
    text.push('\n');
    text.push_str(&absolute(report));
    text
}

/// On what and how it was measured, in one line.
pub fn circumstances(machine: &Machine, settings: &Settings, versions: &Versions) -> String {
    let versions: Vec<_> =
        versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let memory = machine.memory_gb.map_or(String::new(), |memory| format!(", {memory} GB"));
    format!(
        "{}, {} cores{memory}, {}. {}. Build: {}. Connections: {}, people: {}; {} s for each contender and piece of work, rounds: {}; stored in {}. {}.",
        machine.cpu,
        machine.cores,
        machine.system,
        settings.date,
        settings.build,
        settings.connections,
        settings.people,
        settings.seconds,
        settings.rounds,
        settings.storage,
        versions.join(", "),
    )
}

fn ratios(report: &Report) -> String {
    let times =
        |ratio: Option<f64>| ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2} ×"));
    let share = |ratio: Option<f64>| {
        ratio.map_or("–".to_owned(), |ratio| format!("{:.0} %", ratio * 100.0))
    };
    let wanted = |text: String, wanted: Option<String>| match wanted {
        Some(wanted) => format!("{text} (wanted {wanted})"),
        None => text,
    };
    let line = |work: Work, title: &str, ratios: &Ratios| {
        let (to_peer, to_limit) = work.wanted();
        row([
            title,
            &wanted(times(ratios.to_peer), to_peer.map(|ratio| format!("{ratio} ×"))),
            &wanted(share(ratios.to_limit), to_limit.map(|ratio| share(Some(ratio)))),
            work.limit(),
            &share(ratios.to_bare),
            &times(ratios.p99_to_peer),
        ])
    };
    let heads =
        ["", "of the peer", "of the limit", "the limit", "of its operations", "p99 of the peer's"];
    let mut rows = vec![row(heads)];
    for (work, side, ratios) in &report.ratios {
        rows.push(line(*work, &title(*work, *side), ratios));
    }
    aligned(&rows)
}

/// A piece of work, and in which way Latchkey does it.
pub fn title(work: Work, side: Side) -> String {
    match side {
        Side::LatchkeyAsked => format!("{}, `revocation_bound = 0`", work.title()),
        Side::LatchkeyBeside => format!("{}, checked by the API itself", work.title()),
        _ => work.title().to_owned(),
    }
}

fn absolute(report: &Report) -> String {
    let mut rows = vec![row(["", "", "per second", "p50 ms", "p95 ms", "p99 ms", "each round"])];
    for (work, measured) in &report.work {
        for (side, figures) in &measured.figures {
            rows.push(figures_row(*work, *side, figures));
        }
    }
    aligned(&rows)
}

fn figures_row(work: Work, side: Side, figures: &Figures) -> Vec<String> {
    let rounds: Vec<_> = figures.rounds.iter().map(|rate| format!("{rate:.0}")).collect();
    let who = match side {
        Side::Limit => work.limit(),
        Side::Latchkey => "Latchkey",
        Side::LatchkeyAsked => "Latchkey, `revocation_bound = 0`",
        Side::LatchkeyBeside => "Latchkey, the API checks the token itself",
        Side::Peer => "peer",
        Side::Bare => "its operations and nothing else, in JavaScript",
        Side::JavaScript => "do nothing, in JavaScript",
    };
    row([
        work.title(),
        who,
        &figures.rps.map_or("–".to_owned(), |rps| format!("{rps:.0}")),
        &format!("{:.2}", figures.p50_ms),
        &format!("{:.2}", figures.p95_ms),
        &format!("{:.2}", figures.p99_ms),
        &rounds.join(", "),
    ])
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A Markdown table with its columns under each other.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let lengths = rows.iter().filter_map(|row| Some(row.get(column)?.chars().count()));
            lengths.max().unwrap_or_default().max(3)
        })
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a text can't fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let text = aligned(&[row(["a", "bb"]), row(["cccc", "×"])]);
        assert_eq!(text, "| a    | bb  |\n|------|-----|\n| cccc | ×   |\n");
    }

    #[test]
    fn issue_6_ratios_stand_beside_what_is_wanted() {
        let text = tables(&example());
        let refresh = text.lines().find(|line| line.starts_with("| Refresh")).expect("a line");
        let wanted =
            ["4.00 × (wanted 4 ×)", "80 % (wanted 75 %)", "bare row write", "50 %", "0.50 ×"];
        for part in wanted {
            assert!(refresh.contains(part), "{part} in {refresh}");
        }
        let asked = text.lines().find(|line| line.contains("Refresh, `revocation_bound = 0`"));
        let asked = asked.expect("a line of its own");
        for part in ["2.00 ×", "40 %", "25 %", "1.50 ×"] {
            assert!(asked.contains(part), "{part} in {asked}");
        }
        let beside = text.lines().find(|line| line.contains("checked by the API itself"));
        let beside = beside.expect("a line of its own");
        assert!(beside.contains("4.50 ×") && beside.contains("90 %"), "{beside}");
    }

    #[test]
    fn what_the_peer_has_not_is_a_dash_and_no_line_of_figures() {
        let text = tables(&example());
        let lines: Vec<_> = text.lines().filter(|line| line.contains("Introspection")).collect();
        assert_eq!(lines.len(), 3, "one of ratios and two of figures: {lines:?}");
        assert!(lines[0].contains('–') && !lines.iter().any(|line| line.contains("peer")));
    }
}
