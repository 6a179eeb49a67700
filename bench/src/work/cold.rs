//! The first request of a cold isolate.

use anyhow::Result;

use super::Side;
use crate::figures::Figures;
use crate::stage::Stage;

/// Not there yet.
pub async fn measure(_isolates: u32, _stage: &Stage) -> Result<Vec<(Side, Figures)>> {
    anyhow::bail!("cold")
}
