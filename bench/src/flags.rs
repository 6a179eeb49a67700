//! The flags.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::growth::Grows;
use crate::work::Work;

/// What they are.
pub const USAGE: &str = "\
npm run bench -- [FLAGS]

  --seconds N        how long each contender is measured at each piece of work (default 10)
  --connections N    how many connections each contender gets (default 16)
  --rounds N         how many turns those seconds are divided into (default 5)
  --isolates N       how many cold isolates are started of each contender (default 20)
  --only NAME,NAME   only these pieces of work
  --growth NAME,NAME instead of the contenders, Latchkey alone at growing numbers of these: clients, grants, log
  --profile FOLDER   instead of the contenders, Latchkey alone with a profiler: a flame graph of each piece of work
  --soak MINUTES     instead of the contenders, Latchkey alone under mixed traffic for so long
  --pause MS         how long each connection of that traffic waits between two deeds (default 60)
  --seed N           which random choices that traffic makes (default: others each time)
  --storage FOLDER   where the contenders store, in a new folder of its own (default the system's temporary one)
  --json FILE        writes the report as JSON
  --markdown FILE    writes the tables as Markdown
  --svg FILE         writes a bar chart
  --as-built         measures build/ as it is, instead of building it first";

/// What is to be measured, and where the report goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Flags {
    /// How long each contender is measured at each piece of work.
    pub measured: Duration,
    /// How many connections each contender gets.
    pub connections: usize,
    /// How many turns the time is divided into.
    pub rounds: u32,
    /// How many cold isolates are started of each contender.
    pub isolates: u32,
    /// The pieces of work, in their order.
    pub work: Vec<Work>,
    /// What there is to be more and more of; when it is nothing, contenders are compared.
    pub growth: Vec<Grows>,
    /// Where flame graphs go, if it is them that are wanted.
    pub profile: Option<PathBuf>,
    /// How long mixed traffic goes on, if it is that what is wanted.
    pub soak: Option<Duration>,
    /// How long each of its connections waits between two deeds.
    pub pause: Duration,
    /// Which random choices it makes.
    pub seed: u64,
    /// The folder that what the contenders store goes below.
    pub storage: PathBuf,
    /// Where the report goes as JSON.
    pub json: Option<PathBuf>,
    /// Where the tables go as Markdown.
    pub markdown: Option<PathBuf>,
    /// Where the chart goes.
    pub svg: Option<PathBuf>,
}

impl Flags {
    /// Reads them.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut flags = Self {
            measured: Duration::from_secs(10),
            connections: 16,
            rounds: 5,
            isolates: 20,
            work: Work::ALL.to_vec(),
            growth: Vec::new(),
            profile: None,
            soak: None,
            pause: Duration::from_millis(60),
            seed: fastrand::u64(..),
            storage: std::env::temp_dir(),
            json: None,
            markdown: None,
            svg: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (flag, arguments.next()),
            };
            let value = value.with_context(|| format!("{name} needs a value\n\n{USAGE}"))?;
            flags.set(&name, &value)?;
        }
        Ok(flags)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let number = |least: f64, most: f64| {
            let number: Option<f64> = value.parse().ok();
            number.filter(|number| (least..=most).contains(number)).with_context(|| {
                format!("{name} is {value:?}; a number from {least} to {most} is expected")
            })
        };
        let count = |most: u32| {
            let count: Option<u32> = value.parse().ok();
            count.filter(|count| (1..=most).contains(count)).with_context(|| {
                format!("{name} is {value:?}; a whole number from 1 to {most} is expected")
            })
        };
        match name {
            "--seconds" => self.measured = Duration::from_secs_f64(number(0.1, 3600.0)?),
            "--connections" => self.connections = usize::try_from(count(1000)?)?,
            "--rounds" => self.rounds = count(100)?,
            "--isolates" => self.isolates = count(1000)?,
            "--only" => self.work = named("piece of work", value, &Work::ALL, Work::name)?,
            "--growth" => self.growth = named("number", value, &Grows::ALL, Grows::name)?,
            "--profile" => self.profile = Some(value.into()),
            "--soak" => self.soak = Some(Duration::from_secs_f64(60.0 * number(0.05, 10_000.0)?)),
            "--pause" => self.pause = Duration::from_secs_f64(number(0.0, 60_000.0)? / 1000.0),
            "--seed" => {
                self.seed = value.parse().with_context(|| {
                    format!("{name} is {value:?}; a whole number below 2^64 is expected")
                })?;
            }
            "--storage" => self.storage = value.into(),
            "--json" => self.json = Some(value.into()),
            "--markdown" => self.markdown = Some(value.into()),
            "--svg" => self.svg = Some(value.into()),
            _ => bail!("there is no flag {name}\n\n{USAGE}"),
        }
        Ok(())
    }
}

/// Those of `all` that a list of names has, in their own order.
fn named<T: Copy>(
    what: &str,
    names: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Vec<T>> {
    let wanted: Vec<&str> = names.split(',').collect();
    if let Some(unknown) = wanted.iter().find(|wanted| all.iter().all(|one| name(*one) != **wanted))
    {
        let all: Vec<_> = all.iter().map(|one| name(*one)).collect();
        bail!("there is no {what} {unknown:?}; there are {}", all.join(", "));
    }
    Ok(all.iter().copied().filter(|one| wanted.contains(&name(*one))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str) -> Result<Flags> {
        Flags::read(arguments.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn without_flags_everything_is_measured_with_16_connections() {
        let flags = read("").expect("no flags");
        assert_eq!((flags.connections, flags.work), (16, Work::ALL.to_vec()));
    }

    #[test]
    fn a_value_may_follow_or_be_in_the_flag() {
        let flags = read("--seconds 2.5 --only=refresh,metadata --json out.json").expect("flags");
        assert_eq!(flags.measured, Duration::from_millis(2500));
        assert_eq!(flags.work, [Work::Metadata, Work::Refresh], "in their own order");
        assert_eq!(flags.json.as_deref(), Some(std::path::Path::new("out.json")));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_expected() {
        for (arguments, message) in [
            (
                "--connections 0",
                "--connections is \"0\"; a whole number from 1 to 1000 is expected",
            ),
            ("--seconds soon", "--seconds is \"soon\"; a number from 0.1 to 3600 is expected"),
            ("--seconds", "--seconds needs a value"),
            ("--only refresh,typo", "there is no piece of work \"typo\"; there are metadata, "),
            ("--growth money", "there is no number \"money\"; there are clients, grants, log"),
            ("--fast yes", "there is no flag --fast"),
        ] {
            let error = read(arguments).expect_err(arguments).to_string();
            assert!(error.starts_with(message), "{arguments}: {error}");
        }
    }
}
