//! Whether requests take longer, or do more, where there is more of something: clients, a person's grants, entries
//! of the activity log.
//!
//! For each size there is a Latchkey of its own, whose storage is filled by SQL while it is down. They take turns, as the
//! contenders of the other runs do. Then each does the same work once more while it counts its operations.

mod operations;
mod report;
mod seed;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::figures::{Figures, Sample};
use crate::flags::Flags;
use crate::house::House;
use crate::load::{self, Turn};
use crate::turns::{FIRST_WARM_UP, WARM_UP};
use crate::work::{self, Side, Work};

pub use operations::Operations;
pub use report::Report;

/// What there is more and more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grows {
    /// Registered clients, over all shards.
    Clients,
    /// Grants of each person, of clients with a hundred each.
    Grants,
    /// Entries of each person's activity log, up to all that are kept.
    Log,
}

impl Grows {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Clients, Self::Grants, Self::Log];

    /// Its name, in flags and in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Grants => "grants",
            Self::Log => "log",
        }
    }

    /// What it is, for people.
    const fn title(self) -> &'static str {
        match self {
            Self::Clients => "Registered clients",
            Self::Grants => "Grants of each person",
            Self::Log => "Entries of each person's activity log",
        }
    }

    const fn sizes(self) -> &'static [u32] {
        match self {
            Self::Clients => &[10, 1_000, 100_000, 1_000_000],
            Self::Grants => &[10, 100, 1_000, 10_000],
            Self::Log => &[0, 10_000],
        }
    }

    /// The work that could notice. Metadata has no storage to look at, and is there to show what two equal
    /// contenders differ by.
    const fn work(self) -> &'static [Work] {
        match self {
            Self::Clients => &[
                Work::Metadata,
                Work::Register,
                Work::AuthorizeCode,
                Work::Refresh,
                Work::Introspect,
                Work::ProtectedJwt,
            ],
            Self::Grants | Self::Log => &[
                Work::Metadata,
                Work::AuthorizeCode,
                Work::Refresh,
                Work::Introspect,
                Work::ProtectedJwt,
                Work::ProtectedPat,
                Work::Revoke,
            ],
        }
    }
}

/// How one piece of work goes at each size.
#[derive(Debug)]
pub struct Row {
    work: Work,
    side: Side,
    /// In the order of the sizes.
    figures: Vec<Figures>,
    operations: Vec<Operations>,
}

/// Measures one thing that grows.
///
/// `houses` are those that run: whoever breaks off has to close them.
pub async fn measure(
    grows: Grows,
    flags: &Flags,
    folder: &Path,
    houses: &mut Vec<House>,
) -> Result<Vec<Row>> {
    let folder = folder.join(grows.name());
    for size in grows.sizes() {
        houses.push(House::open(flags.connections, &folder.join(size.to_string())).await?);
    }
    for (house, size) in houses.iter_mut().zip(grows.sizes()) {
        seed::prepare(grows, house).await?;
        house.reopen(None, |storage| seed::fill(grows, *size, storage)).await?;
    }
    let mut rows = Vec::new();
    for work in flags.work.iter().filter(|work| grows.work().contains(work)) {
        rows.extend(turns(*work, flags, grows, houses).await?);
    }
    for (house, size) in houses.drain(..).zip(grows.sizes()) {
        let folder = folder.join(size.to_string());
        operations::count(house, &folder, &mut rows)
            .await
            .with_context(|| format!("operations with {size} {}", grows.name()))?;
    }
    Ok(rows)
}

/// All sizes take turns at one piece of work.
async fn turns(work: Work, flags: &Flags, grows: Grows, houses: &mut [House]) -> Result<Vec<Row>> {
    let mut entries = Vec::new();
    for house in houses {
        entries.push(work::at_latchkey(work, house).await?);
    }
    let sides: Vec<_> = entries.first().into_iter().flatten().map(|entry| entry.side).collect();
    let mut rows = Vec::new();
    for (index, side) in sides.into_iter().enumerate() {
        let mut rounds: Vec<Vec<Sample>> = vec![Vec::new(); entries.len()];
        for round in 0..flags.rounds {
            let warm_up = if round == 0 { FIRST_WARM_UP } else { WARM_UP };
            let turn = Turn { warm_up, measured: flags.measured / flags.rounds };
            for (of_size, samples) in entries.iter_mut().zip(&mut rounds) {
                let entry = of_size.get_mut(index).context("every size has the same entries")?;
                samples.push(load::run(entry.address, &mut entry.visitors, turn).await?);
            }
        }
        let figures: Vec<_> =
            rounds.iter().map(|rounds| Figures::of_rounds(rounds)).collect::<Result<_>>()?;
        for (figures, size) in figures.iter().zip(grows.sizes()) {
            let rate = figures.rps.unwrap_or_default();
            println!("{:<15} {:<15} {size:>9} {rate:>7.0}/s", work.name(), side.name());
        }
        rows.push(Row { work, side, figures, operations: Vec::new() });
    }
    Ok(rows)
}
