//! Where the time goes inside Latchkey's isolate: V8's sampling profiler, by workerd's inspector, while one piece of work goes on.
//!
//! The functions of the WebAssembly have their Rust names, so a graph shows the Rust side, the JavaScript between it and
//! the platform, and what the platform does, in one picture.

mod flame_graph;
mod stacks;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::flags::Flags;
use crate::house::House;
use crate::inspector::Inspector;
use crate::load::{self, Turn};
use crate::report::aligned;
use crate::turns::FIRST_WARM_UP;
use crate::work::{self, Side, Work};

use stacks::Stacks;

/// How many functions a table has.
const SHOWN: usize = 15;

/// Looks at each piece of work; a table for each, while the graphs go to their folder.
pub async fn all(flags: &Flags, house: &mut House, port: u16, graphs: &Path) -> Result<String> {
    fs::create_dir_all(graphs).with_context(|| graphs.display().to_string())?;
    let mut text = String::new();
    for work in &flags.work {
        for entry in &mut work::at_latchkey(*work, house).await? {
            let name = match entry.side {
                Side::Latchkey => work.name().to_owned(),
                side => format!("{}-{}", work.name(), side.name()),
            };
            // Once uncounted: code is compiled while it runs.
            let turn = Turn { warm_up: FIRST_WARM_UP, measured: FIRST_WARM_UP };
            load::run(entry.address, &mut entry.visitors, turn).await?;
            let mut inspector = Inspector::attach(port).await?;
            inspector.start().await?;
            let turn = Turn { warm_up: FIRST_WARM_UP / 10, measured: flags.measured };
            let sample = load::run(entry.address, &mut entry.visitors, turn).await?;
            let stacks = Stacks::read(&inspector.stop().await?)?;
            let file = graphs.join(format!("{name}.svg"));
            fs::write(&file, flame_graph::draw(&title(*work, sample.rate()), &stacks))
                .with_context(|| file.display().to_string())?;
            text.push_str(&table(&name, &stacks));
        }
    }
    Ok(text)
}

fn title(work: Work, rate: f64) -> String {
    format!("{} ({rate:.0} a second with a profiler)", work.title())
}

/// What runs itself most, and what it calls with it.
fn table(name: &str, stacks: &Stacks) -> String {
    let share = |part: u64| format!("{:.1} %", stacks.share(part) * 100.0);
    let mut rows =
        vec![vec![name.to_owned(), "itself".to_owned(), "with what it calls".to_owned()]];
    let functions = stacks.functions();
    rows.extend(
        functions.iter().take(SHOWN).map(|function| {
            vec![function.name.clone(), share(function.own), share(function.total)]
        }),
    );
    format!("{}\n", aligned(&rows))
}
