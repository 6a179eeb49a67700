//! A profile as stacks with their times.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

/// What the isolate did while nothing of ours ran.
const IDLE: &str = "(idle)";

/// Every stack that was seen, outermost function first, with its microseconds.
#[derive(Debug)]
pub struct Stacks(BTreeMap<Vec<String>, u64>);

/// A function's time in microseconds.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// In itself.
    pub own: u64,
    /// With what it calls.
    pub total: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    nodes: Vec<Node>,
    samples: Vec<u64>,
    time_deltas: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: u64,
    call_frame: CallFrame,
    #[serde(default)]
    children: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallFrame {
    function_name: String,
}

impl CallFrame {
    fn name(&self) -> String {
        match self.function_name.as_str() {
            "" => "(anonymous)".to_owned(),
            name => without_hash(name).to_owned(),
        }
    }
}

/// A Rust name without the hash that its symbol ends with.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((name, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            name
        }
        _ => name,
    }
}

impl Stacks {
    /// Reads a profile of V8's.
    pub fn read(profile: &Value) -> Result<Self> {
        let profile = Profile::deserialize(profile).context("a profile")?;
        let nodes: HashMap<u64, &Node> = profile.nodes.iter().map(|node| (node.id, node)).collect();
        let parents: HashMap<u64, u64> = profile
            .nodes
            .iter()
            .flat_map(|node| node.children.iter().map(|child| (*child, node.id)))
            .collect();
        let mut stacks = BTreeMap::new();
        for (sample, delta) in profile.samples.iter().zip(&profile.time_deltas) {
            let mut stack = Vec::new();
            let mut next = Some(*sample);
            while let Some(id) = next {
                stack.push(nodes.get(&id).context("every sample has its node")?.call_frame.name());
                next = parents.get(&id).copied();
            }
            // The outermost is no function but the root of all.
            stack.pop();
            stack.reverse();
            // A clock that was set back is no time.
            let delta = u64::try_from(*delta).unwrap_or_default();
            if stack.first().is_some_and(|name| name != IDLE) {
                *stacks.entry(stack).or_default() += delta;
            }
        }
        Ok(Self(stacks))
    }

    /// Which share of all time that is.
    pub fn share(&self, part: u64) -> f64 {
        let all: u64 = self.0.values().sum();
        // Microseconds of a few minutes are far below 2^52, so nothing is lost.
        part as f64 / all.max(1) as f64
    }

    /// All functions, those that ran longest themselves first.
    pub fn functions(&self) -> Vec<Function> {
        let mut times: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (stack, time) in &self.0 {
            // One that calls itself is there once.
            let functions: HashSet<&str> = stack.iter().map(String::as_str).collect();
            for function in functions {
                times.entry(function).or_default().1 += time;
            }
            if let Some(innermost) = stack.last() {
                times.entry(innermost).or_default().0 += time;
            }
        }
        let functions = times.into_iter();
        let mut functions: Vec<_> = functions
            .map(|(name, (own, total))| Function { name: name.to_owned(), own, total })
            .collect();
        functions.sort_by_key(|function| std::cmp::Reverse((function.own, function.total)));
        functions
    }

    /// Every stack with its time, outermost function first, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&[String], u64)> {
        self.0.iter().map(|(stack, time)| (stack.as_slice(), *time))
    }
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;

    fn node(id: u64, name: &str, children: &[u64]) -> Value {
        json!({"id": id, "callFrame": {"functionName": name}, "children": children})
    }

    pub fn stacks() -> Stacks {
        let profile = json!({
            "nodes": [
                node(1, "(root)", &[2, 5]),
                node(2, "fetch", &[3]),
                node(3, "refresh", &[4]),
                node(4, "sign", &[]),
                node(5, "(idle)", &[]),
            ],
            "samples": [3, 4, 5, 4, 2],
            "timeDeltas": [10, 20, 1000, 40, -5],
        });
        Stacks::read(&profile).expect("stacks")
    }

    #[test]
    fn a_rust_name_has_no_hash() {
        assert_eq!(without_hash("a::{{closure}}::h6335c30d7c571fe6"), "a::{{closure}}");
        assert_eq!(without_hash("a::hash"), "a::hash");
    }

    #[test]
    fn a_functions_time_is_its_own_and_with_what_it_calls_and_idle_time_is_nobodys() {
        let functions = stacks().functions();
        let of = |name: &str| functions.iter().find(|function| function.name == name);
        assert_eq!(of("refresh").map(|one| (one.own, one.total)), Some((10, 70)));
        assert_eq!(of("sign").map(|one| (one.own, one.total)), Some((60, 60)));
        assert_eq!(of("(idle)"), None);
        assert_eq!(functions.first().map(|one| one.name.as_str()), Some("sign"));
        assert!((stacks().share(35) - 0.5).abs() < 0.001);
    }
}
