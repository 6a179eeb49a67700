//! The first request of a cold isolate: from asking for it, with no isolate there, to its whole answer.
//!
//! A worker in a running workerd starts the isolate (`contenders/cold`), so that the start of a process
//! isn't measured. V8 has compiled none of its WebAssembly before.

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use super::{Side, metadata};
use crate::connection::{Call, Connection};
use crate::figures::{Figures, Sample};
use crate::stage::Stage;

/// Who takes part, and what their isolates are asked.
const ISOLATES: [(Side, &str, &str); 4] = [
    (Side::Latchkey, "latchkey", metadata::PATH),
    (Side::Peer, "peer", metadata::PATH),
    (Side::Limit, "limit", "/"),
    (Side::JavaScript, "nothing", "/"),
];

/// Starts isolates of each contender in turn, one after the other.
pub async fn measure(isolates: u32, stage: &Stage) -> Result<Vec<(Side, Figures)>> {
    let mut connection = Connection::open(stage.cold.address).await?;
    let mut samples = [const { None }; ISOLATES.len()];
    // The first one of each warms up the worker that starts them.
    for number in 0..=isolates {
        for ((side, name, path), sample) in ISOLATES.iter().zip(&mut samples) {
            let call = Call::get(format!("/{name}{path}"));
            let began = Instant::now();
            let reply = connection.send(&call).await.context(side.name())?.expect(200)?;
            let took = began.elapsed();
            if *path == metadata::PATH {
                metadata::check(&reply)?;
            }
            if number > 0 {
                sample.get_or_insert(Sample::new()?).record(took);
            }
        }
    }
    let sides = ISOLATES.iter().zip(&samples);
    Ok(sides
        .filter_map(|((side, ..), sample)| Some((*side, Figures::of_times(sample.as_ref()?))))
        .collect())
}
