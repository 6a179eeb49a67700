//! Creating a Durable Object, which a sign-up does and little else. The platform alone takes part.

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::Side;
use crate::connection::{Call, Connection};
use crate::figures::{Figures, Sample};
use crate::stage::Stage;

/// How many are made. workerd keeps each open for some seconds, and can't open much more than 3,000.
const OBJECTS: usize = 1000;

/// Creates objects with a table and a row, all connections at once.
pub async fn measure(stage: &Stage) -> Result<Vec<(Side, Figures)>> {
    let (address, count) = (stage.limit.address, OBJECTS.div_ceil(stage.connections));
    let began = Instant::now();
    let creating = (0..stage.connections).map(|number| async move {
        let mut connection = Connection::open(address).await?;
        let mut times = Vec::new();
        for made in 0..count {
            let began = Instant::now();
            let call = Call::get(format!("/create/new-{number}-{made}"));
            connection.send(&call).await?.expect(200)?;
            times.push(began.elapsed());
        }
        anyhow::Ok(times)
    });
    let times = try_join_all(creating).await?;
    let mut sample = Sample::new()?;
    sample.ran_for(began.elapsed());
    for took in times.into_iter().flatten() {
        sample.record(took);
        sample.count();
    }
    Ok(vec![(Side::Limit, Figures::of_rounds(&[sample])?)])
}
