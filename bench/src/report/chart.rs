//! A bar chart of the rates, as SVG that reads on light and dark.

use std::fmt::Write as _;

use super::{Measured, Report};
use crate::work::{Side, Work};

/// The bars of each piece of work, from the top.
const BARS: [(Side, &str, &str); 3] = [
    (Side::Latchkey, "ours", "Latchkey"),
    (Side::Peer, "peer", "peer"),
    (Side::Limit, "limit", "limit"),
];

const WIDTH: u32 = 760;
/// Where bars begin, and how long the longest of a group is.
const LEFT: u32 = 250;
const LONGEST: f64 = 330.0;
const BAR: u32 = 14;
const GROUP: u32 = 3 * (BAR + 4) + 18;
const TOP: u32 = 52;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}\
.small{font-size:11px}.ours{fill:#2f6fdf}.peer{fill:#c2762b}.limit{fill:#8b949e}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}}";

/// Draws it. Each piece of work has its own scale: its longest bar is the fastest contender.
pub fn chart(report: &Report) -> String {
    let groups: Vec<_> = report.work.iter().filter(|(_, measured)| has_rates(measured)).collect();
    let count = u32::try_from(groups.len()).unwrap_or_default();
    let height = TOP + count * GROUP;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>Requests per second</title>\n<style>{STYLE}</style>\n"
    );
    let settings = &report.settings;
    let heading = format!(
        "Per second, {} connections, {} cores, {}; each group has its own scale",
        settings.connections, report.machine.cores, settings.date
    );
    line(&mut svg, &format!("<text x=\"8\" y=\"22\">{}</text>", escaped(&heading)));
    let mut top = TOP;
    for (work, measured) in groups {
        group(&mut svg, top, *work, measured);
        top += GROUP;
    }
    svg.push_str("</svg>\n");
    svg
}

fn has_rates(measured: &Measured) -> bool {
    measured.figures.iter().any(|(_, figures)| figures.rps.is_some())
}

fn group(svg: &mut String, top: u32, work: Work, measured: &Measured) {
    let rate = |side| measured.of(side).and_then(|figures| figures.rps);
    let fastest = BARS.iter().filter_map(|(side, ..)| rate(*side)).fold(0.0, f64::max).max(1.0);
    let middle = top + BAR + BAR / 2 + 8;
    line(svg, &format!("<text x=\"8\" y=\"{middle}\">{}</text>", escaped(work.title())));
    let mut y = top;
    for (side, class, name) in BARS {
        let base = y + BAR - 3;
        let (length, text) = match rate(side) {
            Some(rate) => (rate / fastest * LONGEST, format!("{rate:.0}")),
            None => (0.0, "has none".to_owned()),
        };
        let name = if side == Side::Limit {
            format!("{text}  {}", work.limit())
        } else {
            format!("{text}  {name}")
        };
        line(
            svg,
            &format!(
                "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>"
            ),
        );
        let x = f64::from(LEFT) + length + 6.0;
        line(
            svg,
            &format!("<text class=\"small\" x=\"{x:.1}\" y=\"{base}\">{}</text>", escaped(&name)),
        );
        y += BAR + 4;
    }
}

fn line(svg: &mut String, element: &str) {
    // Writing into a text can't fail.
    let _ = writeln!(svg, "{element}");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    fn widths(svg: &str) -> Vec<&str> {
        let bars = svg.lines().filter(|line| line.starts_with("<rect"));
        bars.filter_map(|line| line.split("width=\"").nth(1)?.split('"').next()).collect()
    }

    #[test]
    fn the_longest_bar_of_each_group_is_its_fastest_contender() {
        let svg = chart(&example());
        // 1600, 400 and 2000; then 1234.5, none and 3000.
        assert_eq!(widths(&svg), ["264.0", "66.0", "330.0", "135.8", "0.0", "330.0"]);
    }

    #[test]
    fn it_is_one_element_with_all_names_and_rates_and_colours_for_both_schemes() {
        let svg = chart(&example());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for text in [
            "1600  Latchkey",
            "400  peer",
            "2000  bare row write",
            "has none  peer",
            "prefers-color-scheme:dark",
        ] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    }

    #[test]
    fn text_can_not_become_markup() {
        assert_eq!(escaped("a<b>&c"), "a&lt;b&gt;&amp;c");
    }
}
