//! `npm run chaos`: kills the server again and again, and looks whether anything was lost or given twice.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test on the host: it fails by panicking, and its seed comes from the host's clock"
)]

use latchkey_tests::chaos;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const USAGE: &str = "Use: npm run chaos -- [--kills N] [--seed N]; both are whole numbers";

fn main() {
    let (mut kills, mut seed) = (200_usize, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| stop());
        match flag.as_str() {
            "--kills" => kills = value.parse().unwrap_or_else(|_| stop()),
            "--seed" => seed = Some(value.parse().unwrap_or_else(|_| stop())),
            _ => stop(),
        }
    }
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let seed = seed.unwrap_or_else(now);
    println!("Seed {seed}: npm run chaos -- --seed {seed} --kills {kills} draws the same");
    let (started, mut said) = (Instant::now(), Instant::now());
    let report = chaos::run(seed, kills, |aim, report| {
        if said.elapsed() > Duration::from_secs(5) || report.kills == kills {
            said = Instant::now();
            println!(
                "{:>4} of {kills} kills, the last aimed at: {}; in flight {}, done {}",
                report.kills,
                aim.name(),
                report.in_flight(),
                report.done()
            );
        }
    });
    println!(
        "\n{report}\nNothing was lost and nothing given twice, in {} s.",
        started.elapsed().as_secs()
    );
}

fn stop() -> ! {
    eprintln!("{USAGE}");
    std::process::exit(2)
}
