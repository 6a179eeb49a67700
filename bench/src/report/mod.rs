//! The report: what was measured, with what and on what.

mod chart;
mod circumstances;
mod table;

use serde::{Serialize, Serializer};

use crate::figures::{Figures, Ratios};
use crate::work::{Side, Work};

pub use chart::chart;
pub use circumstances::{Machine, Settings, Versions};
pub use table::{aligned, circumstances, tables, title};

/// The ways in which Latchkey does a piece of work, each with ratios of its own.
const WAYS: [Side; 3] = [Side::Latchkey, Side::LatchkeyAsked, Side::LatchkeyBeside];

/// The report of a run. As JSON its names are a promise: `work`, then the piece of work, then the
/// contender, then `rps`, `p50_ms` and `p99_ms`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What it ran on.
    pub machine: Machine,
    /// What was measured.
    pub versions: Versions,
    /// How.
    pub settings: Settings,
    /// The figures.
    #[serde(serialize_with = "as_map")]
    pub work: Vec<(Work, Measured)>,
    /// What they come to, side by side: of each way in which Latchkey does a piece of work.
    #[serde(serialize_with = "ratios_as_map")]
    pub ratios: Vec<(Work, Side, Ratios)>,
}

impl Report {
    /// Puts figures and circumstances together.
    pub fn new(
        machine: Machine,
        versions: Versions,
        settings: Settings,
        work: Vec<(Work, Measured)>,
    ) -> Self {
        let of_work = |(work, measured): &(Work, Measured)| {
            let ways = WAYS.into_iter();
            // Latchkey has a row also where nothing of it was measured.
            let ways = ways.filter(|side| *side == Side::Latchkey || measured.of(*side).is_some());
            ways.map(|side| (*work, side, measured.ratios_of(side))).collect::<Vec<_>>()
        };
        let ratios = work.iter().flat_map(of_work).collect();
        Self { machine, versions, settings, work, ratios }
    }
}

/// All figures of one piece of work. A contender that has no such thing is not among them.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What `limit` is here.
    pub limit: &'static str,
    /// Whose figures.
    pub figures: Vec<(Side, Figures)>,
}

impl Measured {
    /// The figures of one contender.
    pub fn of(&self, side: Side) -> Option<&Figures> {
        self.figures.iter().find(|(own, _)| *own == side).map(|(_, figures)| figures)
    }

    fn ratios_of(&self, ours: Side) -> Ratios {
        let [own, peer, limit, bare] =
            [ours, Side::Peer, Side::Limit, Side::Bare].map(|side| self.of(side));
        // The bare operations are those of a gateway, which isn't called where the API checks by itself.
        let bare = bare.filter(|_| ours != Side::LatchkeyBeside);
        Ratios::of(own, peer, limit, bare)
    }
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Value<'a> {
            Figures(Option<&'a Figures>),
            Text(&'static str),
        }

        // These three are always there, null where there is no such thing.
        let always = [Side::Latchkey, Side::Peer, Side::Limit];
        let others =
            self.figures.iter().map(|(side, _)| *side).filter(|side| !always.contains(side));
        let figures = always.into_iter().chain(others);
        let figures = figures.map(|side| (side.name(), Value::Figures(self.of(side))));
        serializer.collect_map(figures.chain([("limit_is", Value::Text(self.limit))]))
    }
}

fn as_map<S: Serializer, V: Serialize>(
    entries: &[(Work, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(work, value)| (work.name(), value)))
}

/// By the name of the work; where it is another way of doing it, as `protected_jwt/latchkey_asked`.
fn ratios_as_map<S: Serializer>(
    entries: &[(Work, Side, Ratios)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let named = |(work, side, ratios): &(Work, Side, Ratios)| match side {
        Side::Latchkey => (work.name().to_owned(), *ratios),
        _ => (format!("{}/{}", work.name(), side.name()), *ratios),
    };
    serializer.collect_map(entries.iter().map(named))
}

/// Circumstances for tests.
#[cfg(test)]
pub fn circumstances_example() -> (Machine, Versions, Settings) {
    let machine = Machine {
        cpu: "A & B <CPU>".to_owned(),
        cores: 2,
        memory_gb: Some(8),
        system: "linux".to_owned(),
    };
    let settings = Settings {
        date: "2026-11-30".to_owned(),
        seconds: 3.0,
        connections: 16,
        rounds: 3,
        people: 16,
        storage: "/tmp".to_owned(),
        build: "release".to_owned(),
    };
    (machine, Versions::example(), settings)
}

/// A report for tests: one piece of work with all contenders, and one with the peer missing.
#[cfg(test)]
fn example() -> Report {
    let figures = |rps: f64, p99_ms: f64| Figures {
        rps: Some(rps),
        p50_ms: 1.5,
        p95_ms: 2.0,
        p99_ms,
        count: 100,
        rounds: vec![rps],
    };
    let refresh = Measured {
        limit: Work::Refresh.limit(),
        figures: vec![
            (Side::Latchkey, figures(1600.0, 30.0)),
            (Side::LatchkeyAsked, figures(800.0, 90.0)),
            (Side::LatchkeyBeside, figures(1800.0, 20.0)),
            (Side::Bare, figures(3200.0, 20.0)),
            (Side::Peer, figures(400.0, 60.0)),
            (Side::Limit, figures(2000.0, 10.0)),
        ],
    };
    let introspect = Measured {
        limit: Work::Introspect.limit(),
        figures: vec![(Side::Latchkey, figures(1234.5, 3.0)), (Side::Limit, figures(3000.0, 1.0))],
    };
    let (machine, versions, settings) = circumstances_example();
    Report::new(
        machine,
        versions,
        settings,
        vec![(Work::Refresh, refresh), (Work::Introspect, introspect)],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn issue_6_the_json_names_work_then_contender_then_figure() {
        let value = serde_json::to_value(example()).expect("JSON");
        for name in ["machine", "versions", "work"] {
            assert!(value[name].is_object(), "{name}");
        }
        let refresh = &value["work"]["refresh"];
        assert_eq!(refresh["latchkey"]["rps"], json!(1600.0));
        assert_eq!(refresh["peer"]["p50_ms"], json!(1.5));
        assert_eq!(refresh["limit"]["p99_ms"], json!(10.0));
        assert_eq!(value["ratios"]["refresh"]["to_peer"], json!(4.0));
        assert_eq!(value["ratios"]["refresh"]["to_limit"], json!(0.8));
        let ratios = &value["ratios"];
        assert_eq!(ratios["refresh/latchkey_asked"]["to_limit"], json!(0.4));
        assert_eq!(ratios["refresh/latchkey_beside"]["to_bare"], Value::Null);
        assert_eq!(ratios.get("introspect/latchkey_asked"), None, "nothing to compare");
    }

    #[test]
    fn issue_6_a_peer_that_has_no_such_thing_is_null() {
        let value = serde_json::to_value(example()).expect("JSON");
        let introspect = value["work"]["introspect"].as_object().expect("an object");
        assert_eq!(introspect.get("peer"), Some(&Value::Null));
        assert_eq!(value["ratios"]["introspect"]["to_peer"], Value::Null);
    }

    #[test]
    fn the_limit_says_what_it_is() {
        let value = serde_json::to_value(example()).expect("JSON");
        assert_eq!(value["work"]["refresh"]["limit_is"], "bare row write, in Rust");
    }
}
