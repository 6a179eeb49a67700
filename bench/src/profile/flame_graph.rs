//! A flame graph: the outermost functions at the bottom, what they call above them, each as wide as its time.
//!
//! The crates that draw such graphs have a licence that `deny.toml` doesn't allow.

use std::fmt::Write as _;

use super::stacks::Stacks;

/// In pixels.
const WIDTH: f64 = 1200.0;
const ROW: f64 = 17.0;
const HEAD: f64 = 30.0;
/// What is narrower says nothing and makes the file large.
const NARROWEST: f64 = 0.5;
/// A letter of the text, about.
const LETTER: f64 = 6.6;

/// One function on one way of being called.
struct Box<'a> {
    name: &'a str,
    depth: usize,
    from: u64,
    time: u64,
}

/// Draws it as SVG. Each box says its name and time when pointed at.
pub fn draw(title: &str, stacks: &Stacks) -> String {
    let boxes = boxes(stacks);
    let all: u64 = boxes.iter().filter(|each| each.depth == 0).map(|each| each.time).sum();
    let scale = |time: u64| stacks.share(time) * WIDTH;
    let shown: Vec<_> = boxes.iter().filter(|each| scale(each.time) >= NARROWEST).collect();
    let depth = shown.iter().map(|each| each.depth + 1).max().unwrap_or_default();
    let rows = |number: usize| ROW * f64::from(u32::try_from(number).unwrap_or_default());
    let height = HEAD + rows(depth);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"6\" y=\"20\" font-size=\"14\">{}, {:.2} s</text>\n",
        escaped(title),
        std::time::Duration::from_micros(all).as_secs_f64(),
    );
    for each in shown {
        let (x, width) = (scale(each.from), scale(each.time));
        let y = height - rows(each.depth + 1);
        let share = stacks.share(each.time) * 100.0;
        // Writing into a text can't fail.
        let _ = writeln!(
            svg,
            "<g><title>{}, {share:.1} %</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" fill=\"{}\"/>{}</g>",
            escaped(each.name),
            ROW - 1.0,
            colour(each.name),
            label(each.name, x, y, width),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Stacks come in the order of their names, so those that begin alike stand beside each other.
fn boxes(stacks: &Stacks) -> Vec<Box<'_>> {
    let (mut boxes, mut open): (Vec<Box<'_>>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut before, mut from): (&[String], u64) = (&[], 0);
    for (stack, time) in stacks.iter() {
        let alike = stack.iter().zip(before).take_while(|(one, other)| one == other).count();
        open.truncate(alike);
        for (depth, name) in stack.iter().enumerate().skip(alike) {
            open.push(boxes.len());
            boxes.push(Box { name, depth, from, time: 0 });
        }
        for index in &open {
            if let Some(each) = boxes.get_mut(*index) {
                each.time += time;
            }
        }
        (before, from) = (stack, from + time);
    }
    boxes
}

/// As much of the name as there is room for.
fn label(name: &str, x: f64, y: f64, width: f64) -> String {
    let letters = name.chars().scan(LETTER, |end, letter| {
        *end += LETTER;
        (*end <= width).then_some(letter)
    });
    let text: String = letters.collect();
    if text.chars().count() < 3 {
        return String::new();
    }
    format!("<text x=\"{:.1}\" y=\"{}\">{}</text>", x + 2.0, y + 12.0, escaped(&text))
}

/// Rust, what the platform does itself, and the JavaScript between.
fn colour(name: &str) -> &'static str {
    if name.starts_with('(') {
        "#c9c9c9"
    } else if name.contains("::") {
        "#f2a65a"
    } else {
        "#f7d774"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::tests::stacks;

    #[test]
    fn issue_6_a_function_is_as_wide_as_its_time_and_stands_on_its_caller() {
        let stacks = stacks();
        let boxes = boxes(&stacks);
        let all: Vec<_> =
            boxes.iter().map(|each| (each.name, each.depth, each.from, each.time)).collect();
        assert_eq!(all, [("fetch", 0, 0, 70), ("refresh", 1, 0, 70), ("sign", 2, 10, 60)]);
    }

    #[test]
    fn names_are_text_and_no_markup() {
        let svg = draw("<Vec<T> as \"Iterator\">", &stacks());
        assert!(svg.contains("&lt;Vec&lt;T&gt; as &quot;Iterator&quot;&gt;"), "{svg}");
        assert!(svg.contains("<title>sign, 85.7 %</title>"), "{svg}");
    }
}
