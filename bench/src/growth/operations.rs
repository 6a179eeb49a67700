//! What requests do, by Latchkey's own count (`log.trace`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::Row;
use crate::connection::Connection;
use crate::house::House;
use crate::load::{Next, Visitor};
use crate::work::{self, Work};

/// How often each visitor does its work: what happens once in sixteen times, or only while somebody new has little, is far
/// from half of it.
const TIMES: usize = 24;

/// What the requests of one unit of work usually do, by endpoint: as `account_calls 1, rows_read 4`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Operations(BTreeMap<&'static str, String>);

impl Operations {
    /// One after the other, in words.
    pub fn text(&self) -> String {
        self.0.values().map(String::as_str).collect::<Vec<_>>().join("; then ")
    }

    #[cfg(test)]
    pub fn example(did: &str) -> Self {
        Self(BTreeMap::from([("token", did.to_owned())]))
    }
}

/// The endpoints that a piece of work asks.
const fn endpoints(work: Work) -> &'static [&'static str] {
    match work {
        Work::Metadata | Work::Cold => &["metadata"],
        Work::Register => &["register"],
        Work::AuthorizeCode => &["authorize", "token"],
        Work::Refresh => &["token"],
        Work::ProtectedJwt | Work::ProtectedPat => &["gateway"],
        Work::Introspect => &["introspect"],
        Work::Revoke => &["revoke"],
        Work::CreateObject => &[],
    }
}

/// Has a Latchkey do the work of all rows while it counts, and ends it.
pub async fn count(mut house: House, folder: &Path, rows: &mut [Row]) -> Result<()> {
    // One log for each, so that what prepares other work isn't in it.
    let log_of = |number: usize| folder.join(format!("log-{number}"));
    for (number, row) in rows.iter().enumerate() {
        house.reopen(Some(&log_of(number)), |_| Ok(())).await?;
        let entries = work::at_latchkey(row.work, &mut house).await?;
        let mut entry =
            entries.into_iter().find(|entry| entry.side == row.side).context("entry")?;
        let mut connection = Connection::open(entry.address).await?;
        for visitor in &mut entry.visitors {
            repeat(&mut **visitor, &mut connection).await?;
        }
    }
    // Everything is in the logs once it has ended.
    house.close().await?;
    for (number, row) in rows.iter_mut().enumerate() {
        let log = log_of(number);
        let text = fs::read_to_string(&log).with_context(|| log.display().to_string())?;
        row.operations.push(usual(&text, endpoints(row.work))?);
    }
    Ok(())
}

async fn repeat(visitor: &mut dyn Visitor, connection: &mut Connection) -> Result<()> {
    for _ in 0..TIMES {
        let _ = visitor.stock_up(connection).await?;
        ensure!(visitor.once(connection).await? == Next::Done, "there was nothing to work with");
    }
    Ok(())
}

/// What requests to each endpoint usually did.
fn usual(log: &str, endpoints: &[&'static str]) -> Result<Operations> {
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line.get(line.find('{')?..)?).ok())
        // What is about a request, and not beside it.
        .filter(|line: &Value| line["outcome"].is_string())
        .collect();
    let mut all = BTreeMap::new();
    for endpoint in endpoints {
        let lines: Vec<_> = lines.iter().filter(|line| line["endpoint"] == **endpoint).collect();
        ensure!(!lines.is_empty(), "no line about {endpoint} in the log");
        let [waited, afterwards] = ["waited", "afterwards"].map(|part| medians(&lines, part));
        all.insert(*endpoint, did(&waited, &afterwards));
    }
    Ok(Operations(all))
}

/// The median of each count, in the order of their names. What fewer than half of the requests did doesn't move it, and
/// neither does which others they did it with.
fn medians(lines: &[&Value], part: &str) -> Vec<(String, u64)> {
    let counts = || lines.iter().filter_map(|line| line[part].as_object());
    let names: BTreeSet<_> = counts().flat_map(|counts| counts.keys()).collect();
    let median = |name: &String| {
        let number =
            |line: &&Value| line[part].get(name).and_then(Value::as_u64).unwrap_or_default();
        let mut numbers: Vec<_> = lines.iter().map(number).collect();
        numbers.sort_unstable();
        numbers.get(numbers.len() / 2).copied().unwrap_or_default()
    };
    let medians = names.into_iter().map(|name| (name.clone(), median(name)));
    medians.filter(|(_, number)| *number > 0).collect()
}

/// What a request did, in words.
fn did(waited: &[(String, u64)], afterwards: &[(String, u64)]) -> String {
    let list = |counts: &[(String, u64)]| {
        let counts = counts.iter().map(|(name, number)| format!("{name} {number}"));
        counts.collect::<Vec<_>>().join(", ")
    };
    let (waited, afterwards) = (list(waited), list(afterwards));
    match (waited.is_empty(), afterwards.is_empty()) {
        (true, true) => "nothing".to_owned(),
        (false, true) => waited,
        (true, false) => format!("afterwards {afterwards}"),
        (false, false) => format!("{waited}; afterwards {afterwards}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_6_what_happens_once_in_sixteen_times_does_not_move_what_is_usual() {
        let line = |read: u32| {
            format!(
                r#"{{"outcome":"done","endpoint":"authorize","waited":{{"rows_read":{read}}}}}"#
            )
        };
        // A few that are new, one that counts all, and what else is there in between; in no two lines the same.
        let seldom = (0..7).chain(1000..1003).map(line);
        let log: Vec<_> = seldom.chain((0..11).map(|_| line(12))).collect();
        let usual = usual(&log.join("\n"), &["authorize"]).expect("lines");
        assert_eq!(usual.text(), "rows_read 12");
    }

    #[test]
    fn issue_6_what_most_requests_to_an_endpoint_did_is_what_it_usually_does() {
        let log = r#"
            {"outcome":"done","endpoint":"token","waited":{"account_calls":1,"rows_read":4}}
            {"outcome":"done","endpoint":"token","waited":{"account_calls":1,"rows_read":9}}
            [worker] {"outcome":"done","endpoint":"token","waited":{"account_calls":1,"rows_read":4}}
            {"event":"cache unavailable","endpoint":"token"}
            no JSON
            {"outcome":"answered","endpoint":"gateway","waited":{"fetches":1},"afterwards":{"account_calls":1}}
            {"outcome":"answered","endpoint":"metadata"}"#;
        let of = |endpoint| usual(log, &[endpoint]).expect("lines").text();
        assert_eq!(of("token"), "account_calls 1, rows_read 4");
        assert_eq!(of("gateway"), "fetches 1; afterwards account_calls 1");
        assert_eq!(of("metadata"), "nothing");
        let none = usual(log, &["revoke"]).expect_err("no line");
        assert!(none.to_string().contains("revoke"), "{none}");
    }
}
