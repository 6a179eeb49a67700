//! Contenders take turns at each piece of work, so that whatever else the machine does meets them all.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::figures::Figures;
use crate::flags::Flags;
use crate::load::{self, Turn};
use crate::report::Measured;
use crate::stage::Stage;
use crate::work::{self, Work};

/// How long a contender works before its first turn counts: code is compiled while it runs.
pub const FIRST_WARM_UP: Duration = Duration::from_secs(2);
/// The same before each later turn.
pub const WARM_UP: Duration = Duration::from_millis(300);

/// Measures all pieces of work that are wanted.
pub async fn all(flags: &Flags, stage: &mut Stage) -> Result<Vec<(Work, Measured)>> {
    let mut measured = Vec::new();
    for work in &flags.work {
        let result = match work {
            Work::Cold => work::measure_cold(flags.isolates, stage).await,
            Work::CreateObject => work::measure_creation(stage).await,
            _ => closed_loop(flags, *work, stage).await,
        };
        let figures = result.with_context(|| format!("{} was not measured", work.name()))?;
        measured.push((*work, Measured { limit: work.limit(), figures }));
    }
    Ok(measured)
}

async fn closed_loop(
    flags: &Flags,
    work: Work,
    stage: &mut Stage,
) -> Result<Vec<(work::Side, Figures)>> {
    let mut entries = work::entries(work, stage).await?;
    let mut rounds = vec![Vec::new(); entries.len()];
    for round in 0..flags.rounds {
        let warm_up = if round == 0 { FIRST_WARM_UP } else { WARM_UP };
        let turn = Turn { warm_up, measured: flags.measured / flags.rounds };
        for (entry, samples) in entries.iter_mut().zip(&mut rounds) {
            let name = entry.side.name();
            let sample = load::run(entry.address, &mut entry.visitors, turn).await;
            let sample = sample.with_context(|| name)?;
            println!("{:<15} round {} {name:<15} {:>7.0}/s", work.name(), round + 1, sample.rate());
            samples.push(sample);
        }
    }
    let sums = entries.iter().zip(&rounds);
    sums.map(|(entry, samples)| Ok((entry.side, Figures::of_rounds(samples)?))).collect()
}
