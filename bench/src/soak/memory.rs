//! The memory of the runtime that Latchkey runs in, and of its WebAssembly, from time to time.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Call, Connection};
use crate::contender::ADMIN_TOKEN;

/// In how many parts of a run it is looked at.
const LOOKS: u32 = 120;
/// A shorter run says nothing about memory: the runtime compiles, and keeps what it may need again.
const LEAST: Duration = Duration::from_secs(10 * 60);
/// What may be between the second quarter and the last one: the first is for warming up.
const FLAT: f64 = 1.15;
/// What the WebAssembly may have in the last quarter, as a multiple of the first. It grows by the most that is ever in use at
/// once and never shrinks, so a larger share than the process's is no leak yet.
const ISOLATE_FLAT: f64 = 1.5;

/// What was seen, in MB of 10^6 bytes.
#[derive(Debug)]
pub struct Memory {
    process: u32,
    resident: Vec<f64>,
    isolate: Vec<f64>,
}

impl Memory {
    /// Of the runtime that this process started.
    pub fn of(launcher: u32) -> Result<Self> {
        let list = format!("/proc/{launcher}/task/{launcher}/children");
        let children = fs::read_to_string(&list)
            .with_context(|| format!("{list}: the memory of a process is told by Linux only"))?;
        let is_runtime = |process: &u32| {
            let name = fs::read_to_string(format!("/proc/{process}/comm"));
            name.is_ok_and(|name| name.trim() == "workerd")
        };
        let mut children = children.split_whitespace().filter_map(|process| process.parse().ok());
        let process = children.find(is_runtime).context("node has started no workerd")?;
        Ok(Self { process, resident: Vec::new(), isolate: Vec::new() })
    }

    /// Looks at it for so long. Latchkey is at this address.
    pub async fn watch(&mut self, address: SocketAddr, length: Duration) -> Result<()> {
        let mut connection = Connection::open(address).await?;
        let began = Instant::now();
        for look in 1..=LOOKS {
            sleep_until(began + length * look / LOOKS).await;
            self.resident.push(resident(self.process)?);
            self.isolate.push(isolate(&mut connection).await?);
        }
        Ok(())
    }

    /// The process's, as medians of the four quarters.
    pub fn quarters(&self) -> Vec<f64> {
        quarters(&self.resident)
    }

    /// The same of the WebAssembly alone.
    pub fn quarters_of_isolate(&self) -> Vec<f64> {
        quarters(&self.isolate)
    }

    /// That the last quarter has no more than the second, and of the WebAssembly than the first, of a run that was long enough
    /// to tell.
    pub fn is_flat(&self, length: Duration) -> Result<()> {
        if length < LEAST {
            return Ok(());
        }
        let quarters = self.quarters();
        if let (Some(second), Some(last)) = (quarters.get(1), quarters.last()) {
            ensure!(
                *last <= second * FLAT,
                "memory grew from {second:.0} MB in the second quarter to {last:.0} MB in the last"
            );
        }
        let quarters = self.quarters_of_isolate();
        if let (Some(first), Some(last)) = (quarters.first(), quarters.last()) {
            ensure!(
                *last <= first * ISOLATE_FLAT,
                "the WebAssembly's memory grew from {first:.1} MB in the first quarter to {last:.1} MB in the last"
            );
        }
        Ok(())
    }
}

/// The medians of four parts.
fn quarters(looks: &[f64]) -> Vec<f64> {
    looks.chunks(looks.len().div_ceil(4).max(1)).map(median).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn resident(process: u32) -> Result<f64> {
    let status =
        fs::read_to_string(format!("/proc/{process}/status")).context("workerd has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    Ok(kilobytes.context("no VmRSS")? * 1024.0 / 1e6)
}

/// What the WebAssembly of the isolate that answers has.
async fn isolate(connection: &mut Connection) -> Result<f64> {
    let health = connection.send(&Call::get("/admin/health").bearer(ADMIN_TOKEN)?).await?;
    let health = health.expect(200)?.json()?;
    let bytes = health.pointer("/isolate/memory_bytes").and_then(Value::as_f64);
    Ok(bytes.context("no memory_bytes in /admin/health")? / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(resident: impl IntoIterator<Item = f64>) -> Memory {
        Memory { process: 0, resident: resident.into_iter().collect(), isolate: Vec::new() }
    }

    #[test]
    fn issue_6_memory_that_grows_all_the_time_is_not_flat() {
        let growing = memory((0..120).map(|look| 100.0 + f64::from(look)));
        let message = growing.is_flat(LEAST).expect_err("it grew").to_string();
        assert!(message.contains("145 MB") && message.contains("205 MB"), "{message}");
    }

    #[test]
    fn issue_6_an_isolate_that_grows_by_more_than_half_is_not_flat() {
        let growing = |to: f64| Memory {
            isolate: (0..120).map(|look| if look < 40 { 20.0 } else { to }).collect(),
            ..memory([])
        };
        growing(30.0).is_flat(LEAST).expect("half more");
        let message = growing(31.0).is_flat(LEAST).expect_err("it grew").to_string();
        assert!(message.contains("20.0 MB") && message.contains("31.0 MB"), "{message}");
        growing(31.0).is_flat(LEAST / 2).expect("too short to tell");
    }

    #[test]
    fn what_is_needed_to_get_warm_does_not_count_and_neither_does_a_moment() {
        let warm = (0..120).map(|look| if look < 30 { 50.0 } else { 200.0 });
        memory(warm).is_flat(LEAST).expect("flat");
        let moment = (0..120).map(|look| if look == 110 { 900.0 } else { 200.0 });
        memory(moment).is_flat(LEAST).expect("flat");
    }
}
