//! A bar chart of the rates, as SVG that reads on light and dark.

use std::fmt::Write as _;

use super::{Measured, Report};
use crate::work::{Side, Work};

/// The bars of each piece of work, from the top.
const BARS: [(Side, &str); 3] = [(Side::Latchkey, OURS), (Side::Peer, PEER), (Side::Limit, LIMIT)];

const WIDTH: u32 = 800;
/// Where bars begin, and how long the longest of a group is.
const LEFT: u32 = 265;
const LONGEST: f64 = 330.0;
const BAR: u32 = 14;
const GROUP: u32 = 3 * (BAR + 4) + 18;
const TOP: u32 = 52;

// One colour each, in the middle between white and a dark page: whether a page is dark and whether the reader's
// system is don't always agree.
const TEXT: &str = "#737c86";
const OURS: &str = "#3a78e0";
const PEER: &str = "#c2762b";
const LIMIT: &str = "#8b949e";

/// Draws it. Each piece of work has its own scale: its longest bar is the fastest contender.
pub fn chart(report: &Report) -> String {
    let groups: Vec<_> = report.work.iter().filter(|(_, measured)| is_compared(measured)).collect();
    let count = u32::try_from(groups.len()).unwrap_or_default();
    let height = TOP + count * GROUP;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>Requests per second</title>\n<style>text{{font:13px system-ui,sans-serif;fill:{TEXT}}}.small{{font-size:11px}}</style>\n"
    );
    let settings = &report.settings;
    let heading = format!(
        "Per second; connections: {}, cores: {}, {}; each group has its own scale",
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

/// Whether there is a rate of ours to compare.
fn is_compared(measured: &Measured) -> bool {
    measured.of(Side::Latchkey).is_some_and(|figures| figures.rps.is_some())
}

fn group(svg: &mut String, top: u32, work: Work, measured: &Measured) {
    let rate = |side| measured.of(side).and_then(|figures| figures.rps);
    let fastest = BARS.iter().filter_map(|(side, _)| rate(*side)).fold(1.0, f64::max);
    let middle = top + BAR + BAR / 2 + 8;
    line(svg, &format!("<text x=\"8\" y=\"{middle}\">{}</text>", escaped(work.title())));
    let mut y = top;
    for (side, colour) in BARS {
        let name = match side {
            Side::Limit => work.limit(),
            Side::Peer => "peer",
            _ => "Latchkey",
        };
        let (length, label) = match rate(side) {
            Some(rate) => (rate / fastest * LONGEST, format!("{rate:.0} {name}")),
            None => (0.0, format!("{name} has no such thing")),
        };
        line(
            svg,
            &format!(
                "<rect fill=\"{colour}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>"
            ),
        );
        let (x, base) = (f64::from(LEFT) + length + 6.0, y + BAR - 3);
        line(
            svg,
            &format!("<text class=\"small\" x=\"{x:.1}\" y=\"{base}\">{}</text>", escaped(&label)),
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

    /// The contrast of two colours (WCAG 2.2, "contrast ratio").
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| {
            let colour = u32::from_str_radix(colour.trim_start_matches('#'), 16).expect(colour);
            let channel = |shift: u32| {
                let value = f64::from((colour >> shift) & 0xff) / 255.0;
                if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0) + 0.05
        };
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    #[test]
    fn issue_6_text_and_bars_can_be_seen_on_light_and_on_dark() {
        for page in ["#ffffff", "#0d1117"] {
            assert!(contrast(TEXT, page) > 4.0, "text on {page}: {}", contrast(TEXT, page));
            for (_, colour) in BARS {
                assert!(contrast(colour, page) > 3.0, "{colour}: {}", contrast(colour, page));
            }
        }
    }

    #[test]
    fn it_is_one_element_with_all_names_and_rates() {
        let svg = chart(&example());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for text in ["1600 Latchkey", "400 peer", "2000 bare row write", "peer has no such thing"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    }

    #[test]
    fn text_can_not_become_markup() {
        assert_eq!(escaped("a<b>&c"), "a&lt;b&gt;&amp;c");
    }
}
