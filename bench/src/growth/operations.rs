//! What requests do, by Latchkey's own count (`log.trace`).

use std::collections::BTreeMap;
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

/// How often each visitor does its work, so that what happens now and then is told from what always does.
const TIMES: usize = 8;

/// What the requests of one unit of work usually do, by endpoint: as `account_calls 1, rows_read 4`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Operations(BTreeMap<&'static str, String>);

impl Operations {
    /// Endpoint and operations.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(endpoint, did)| (*endpoint, did.as_str()))
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

/// What most requests to each endpoint did.
fn usual(log: &str, endpoints: &[&'static str]) -> Result<Operations> {
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line.get(line.find('{')?..)?).ok())
        // What is about a request, and not beside it.
        .filter(|line: &Value| line["outcome"].is_string())
        .collect();
    let mut all = BTreeMap::new();
    for endpoint in endpoints {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| line["endpoint"] == **endpoint) {
            *seen.entry(did(line)).or_default() += 1;
        }
        let most = seen.into_iter().max_by_key(|(_, times)| *times);
        let (did, _) = most.with_context(|| format!("no line about {endpoint} in the log"))?;
        all.insert(*endpoint, did);
    }
    Ok(Operations(all))
}

/// What one request did, in words.
fn did(line: &Value) -> String {
    let list = |counts: &Value| {
        let counts = counts.as_object().into_iter().flatten();
        counts.map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(", ")
    };
    let (waited, afterwards) = (list(&line["waited"]), list(&line["afterwards"]));
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
    fn issue_6_what_most_requests_to_an_endpoint_did_is_what_it_usually_does() {
        let log = r#"
            {"outcome":"done","endpoint":"token","waited":{"account_calls":1,"rows_read":4}}
            {"outcome":"done","endpoint":"token","waited":{"account_calls":1,"rows_read":9}}
            [worker] {"outcome":"done","endpoint":"token","waited":{"account_calls":1,"rows_read":4}}
            {"event":"cache unavailable","endpoint":"token"}
            no JSON
            {"outcome":"answered","endpoint":"gateway","waited":{"fetches":1},"afterwards":{"account_calls":1}}
            {"outcome":"answered","endpoint":"metadata"}"#;
        let of = |endpoint| {
            let usual = usual(log, &[endpoint]).expect("lines");
            usual.iter().map(|(_, did)| did.to_owned()).collect::<String>()
        };
        assert_eq!(of("token"), "account_calls 1, rows_read 4");
        assert_eq!(of("gateway"), "fetches 1; afterwards account_calls 1");
        assert_eq!(of("metadata"), "nothing");
        let none = usual(log, &["revoke"]).expect_err("no line");
        assert!(none.to_string().contains("revoke"), "{none}");
    }
}
