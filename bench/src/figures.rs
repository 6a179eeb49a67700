//! What was measured, and what it comes to.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is told apart from longer ones, in microseconds.
const LONGEST: u64 = 120_000_000;
/// Times are kept to three digits.
const DIGITS: u8 = 3;

/// The times of one turn, or of several.
#[derive(Debug, Clone)]
pub struct Sample {
    /// In microseconds.
    times: Histogram<u64>,
    /// How many ended while the clock ran.
    ended: u64,
    /// How long the clock ran.
    elapsed: Duration,
}

impl Sample {
    /// Nothing measured yet.
    pub fn new() -> Result<Self> {
        let times = Histogram::new_with_bounds(1, LONGEST, DIGITS).context("histogram")?;
        Ok(Self { times, ended: 0, elapsed: Duration::ZERO })
    }

    /// Notes how long one unit of work took.
    pub fn record(&mut self, took: Duration) {
        self.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST).max(1));
    }

    /// Notes that one unit ended while the clock ran.
    pub const fn count(&mut self) {
        self.ended += 1;
    }

    /// Notes how long the clock ran, once more.
    pub fn ran_for(&mut self, elapsed: Duration) {
        self.elapsed += elapsed;
    }

    /// Units per second; zero when nothing was measured.
    pub fn rate(&self) -> f64 {
        if self.elapsed.is_zero() {
            return 0.0;
        }
        // A count of requests is far below 2^52, so nothing is lost.
        let ended = self.ended as f64;
        ended / self.elapsed.as_secs_f64()
    }

    fn percentile(&self, percentile: f64) -> f64 {
        Duration::from_micros(self.times.value_at_percentile(percentile)).as_secs_f64() * 1000.0
    }
}

/// One contender's figures for one piece of work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Units per second; of a cold isolate there is no such thing.
    pub rps: Option<f64>,
    /// The median time, in milliseconds.
    pub p50_ms: f64,
    /// 95 of 100 were no slower.
    pub p95_ms: f64,
    /// 99 of 100 were no slower.
    pub p99_ms: f64,
    /// How many there were.
    pub count: u64,
    /// Units per second of each round, which shows how far to believe the first figure.
    pub rounds: Vec<f64>,
}

impl Figures {
    /// Sums up the turns of a closed loop.
    pub fn of_rounds(rounds: &[Sample]) -> Result<Self> {
        let mut all = Sample::new()?;
        for round in rounds {
            all.times.add(&round.times).context("histogram")?;
            all.ended += round.ended;
            all.elapsed += round.elapsed;
        }
        let rounds = rounds.iter().map(Sample::rate).collect();
        Ok(Self { rps: Some(all.rate()), rounds, ..Self::of_times(&all) })
    }

    /// Sums up times without a rate.
    pub fn of_times(sample: &Sample) -> Self {
        Self {
            rps: None,
            p50_ms: sample.percentile(50.0),
            p95_ms: sample.percentile(95.0),
            p99_ms: sample.percentile(99.0),
            count: sample.times.len(),
            rounds: Vec::new(),
        }
    }
}

/// How Latchkey compares with the others at one piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Ratios {
    /// Its rate as a multiple of the peer's: the median of the rounds, since two turns of one round met
    /// the same disturbances. Of a cold isolate, how many times as fast.
    pub to_peer: Option<f64>,
    /// The same against the platform's limit.
    pub to_limit: Option<f64>,
    /// The same against the platform's operations for this work, and nothing else.
    pub to_bare: Option<f64>,
    /// Its p99 as a multiple of the peer's: below 1 is better.
    pub p99_to_peer: Option<f64>,
}

impl Ratios {
    /// Compares; what isn't there on both sides has no ratio.
    pub fn of(
        ours: Option<&Figures>,
        peer: Option<&Figures>,
        limit: Option<&Figures>,
        bare: Option<&Figures>,
    ) -> Self {
        Self {
            to_peer: faster(ours, peer),
            to_limit: faster(ours, limit),
            to_bare: faster(ours, bare),
            p99_to_peer: divide(ours.map(|ours| ours.p99_ms), peer.map(|peer| peer.p99_ms)),
        }
    }
}

fn faster(ours: Option<&Figures>, theirs: Option<&Figures>) -> Option<f64> {
    let (ours, theirs) = (ours?, theirs?);
    if ours.rps.is_none() || theirs.rps.is_none() {
        return divide(Some(theirs.p50_ms), Some(ours.p50_ms));
    }
    let rounds = ours.rounds.iter().zip(&theirs.rounds);
    median(rounds.filter_map(|(ours, theirs)| divide(Some(*ours), Some(*theirs))).collect())
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    // Of an odd number these two are the same.
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    let upper = values.get(values.len() / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

fn divide(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    let (one, other) = (one?, other?);
    (other > 0.0).then(|| one / other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(milliseconds: std::ops::RangeInclusive<u64>, elapsed: u64) -> Sample {
        let mut sample = Sample::new().expect("a histogram");
        for time in milliseconds {
            sample.record(Duration::from_millis(time));
            sample.count();
        }
        sample.ran_for(Duration::from_secs(elapsed));
        sample
    }

    fn figures(rps: Option<f64>, p50_ms: f64, p99_ms: f64) -> Figures {
        Figures { rps, p50_ms, p95_ms: p99_ms, p99_ms, count: 1, rounds: rps.into_iter().collect() }
    }

    fn is_near(value: f64, wanted: f64) -> bool {
        (value - wanted).abs() <= wanted * 0.001
    }

    #[test]
    fn percentiles_are_those_of_all_times_to_three_digits() {
        let figures = Figures::of_times(&sample(1..=1000, 1));
        assert!(is_near(figures.p50_ms, 500.0), "{figures:?}");
        assert!(is_near(figures.p95_ms, 950.0), "{figures:?}");
        assert!(is_near(figures.p99_ms, 990.0), "{figures:?}");
        assert_eq!((figures.count, figures.rps), (1000, None));
    }

    #[test]
    fn rounds_are_summed_up_by_their_time_and_not_by_their_number() {
        let rounds = [sample(1..=100, 1), sample(101..=200, 3)];
        let figures = Figures::of_rounds(&rounds).expect("figures");
        assert_eq!(figures.rps, Some(50.0), "200 in 4 seconds");
        assert_eq!(figures.rounds, [100.0, 100.0 / 3.0]);
        assert!(is_near(figures.p50_ms, 100.0), "{figures:?}");
    }

    #[test]
    fn a_time_that_is_too_long_to_tell_counts_as_the_longest() {
        let mut sample = Sample::new().expect("a histogram");
        sample.record(Duration::from_secs(3600));
        assert!(is_near(Figures::of_times(&sample).p99_ms, 120_000.0));
    }

    #[test]
    fn nothing_measured_has_no_rate_and_no_ratio() {
        let nothing = Figures::of_rounds(&[]).expect("figures");
        assert_eq!(nothing.rps, Some(0.0));
        let ratios = Ratios::of(Some(&figures(Some(10.0), 1.0, 1.0)), Some(&nothing), None, None);
        assert_eq!((ratios.to_peer, ratios.to_limit, ratios.p99_to_peer), (None, None, None));
    }

    #[test]
    fn a_ratio_is_how_many_times_as_fast_and_for_p99_how_many_times_as_slow() {
        let (ours, peer) = (figures(Some(400.0), 1.0, 30.0), figures(Some(100.0), 4.0, 60.0));
        let limit = figures(Some(500.0), 1.0, 1.0);
        let ratios = Ratios::of(Some(&ours), Some(&peer), Some(&limit), Some(&limit));
        assert_eq!(ratios.to_peer, Some(4.0));
        assert_eq!((ratios.to_limit, ratios.to_bare), (Some(0.8), Some(0.8)));
        assert_eq!(ratios.p99_to_peer, Some(0.5));
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_which_a_disturbed_one_does_not_move() {
        let of_rounds = |rounds: &[f64]| Figures {
            rounds: rounds.to_vec(),
            ..figures(Some(rounds.iter().sum::<f64>() / 4.0), 1.0, 1.0)
        };
        let (ours, peer) = (of_rounds(&[40.0, 400.0, 4.0]), of_rounds(&[10.0, 100.0, 100.0]));
        assert_eq!(Ratios::of(Some(&ours), Some(&peer), None, None).to_peer, Some(4.0));
        assert_eq!(median(vec![3.0, 1.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn without_rates_the_medians_are_compared() {
        let (ours, peer) = (figures(None, 20.0, 30.0), figures(None, 10.0, 60.0));
        assert_eq!(Ratios::of(Some(&ours), Some(&peer), None, None).to_peer, Some(0.5));
    }
}
