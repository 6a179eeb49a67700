//! Types of every form that the derive knows, each read by serde too: for the tests beside this, and for the fuzz target `json`.

use latchkey_protocol::json::FromJson;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
#[serde(deny_unknown_fields)]
pub(crate) struct Everything {
    pub(crate) text: String,
    pub(crate) flag: bool,
    pub(crate) byte: u8,
    pub(crate) whole: u64,
    pub(crate) signed: i64,
    pub(crate) real: f64,
    pub(crate) maybe: Option<String>,
    #[serde(default)]
    pub(crate) absent: u32,
    pub(crate) list: Vec<Plain>,
    pub(crate) pair: (u8, String),
    pub(crate) map: BTreeMap<String, i32>,
    pub(crate) newtype: Newtype,
    pub(crate) tagged: Tagged,
    pub(crate) any: Value,
    pub(crate) others: Others,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Plain {
    Unit,
    Newtype(u8),
    Tuple(u8, bool),
    Struct { inner: Option<u8> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
pub(crate) struct Newtype(pub(crate) u16);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Tagged {
    One { value: u8 },
    Two(Flat),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
pub(crate) struct Flat {
    pub(crate) own: bool,
    #[serde(flatten)]
    pub(crate) rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
pub(crate) struct Rest {
    pub(crate) more: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
pub(crate) struct Others {
    pub(crate) nothing: (),
    pub(crate) set: BTreeSet<String>,
    pub(crate) outcome: Result<u8, String>,
    pub(crate) settings: Settings,
    pub(crate) whole: Whole,
    pub(crate) odd: Odd,
    pub(crate) open: Open,
}

/// What has a default as a whole, so that nothing has to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) switch: bool,
    #[serde(rename = "number")]
    pub(crate) count: u8,
    pub(crate) name: Option<String>,
    #[serde(skip)]
    pub(crate) origin: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { switch: true, count: 7, name: Some("default".to_owned()), origin: 3 }
    }
}

/// What is its only member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
#[serde(transparent)]
pub(crate) struct Whole {
    pub(crate) text: Box<str>,
    #[serde(skip)]
    pub(crate) length: usize,
}

/// What is checked when it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
#[serde(try_from = "u8", into = "u8")]
pub(crate) struct Odd(pub(crate) u8);

impl TryFrom<u8> for Odd {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, &'static str> {
        if number % 2 == 1 { Ok(Self(number)) } else { Err("expected an odd number") }
    }
}

impl From<Odd> for u8 {
    fn from(odd: Odd) -> Self {
        odd.0
    }
}

/// What keeps the members that it doesn't know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromJson)]
pub(crate) struct Open {
    pub(crate) own: bool,
    #[serde(default = "five")]
    pub(crate) five: u8,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

const fn five() -> u8 {
    5
}
