//! The reader reads what `serde_json` reads, and says where it couldn't.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Everything {
    text: String,
    flag: bool,
    byte: u8,
    whole: u64,
    signed: i64,
    real: f64,
    maybe: Option<String>,
    #[serde(default)]
    absent: u32,
    list: Vec<Plain>,
    pair: (u8, String),
    map: BTreeMap<String, i32>,
    newtype: Newtype,
    tagged: Tagged,
    any: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plain {
    Unit,
    Newtype(u8),
    Tuple(u8, bool),
    Struct { inner: Option<u8> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newtype(u16);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    One { value: u8 },
    Two(Flat),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    own: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rest {
    more: Option<String>,
}

fn plain() -> impl Strategy<Value = Plain> {
    prop_oneof![
        Just(Plain::Unit),
        any::<u8>().prop_map(Plain::Newtype),
        any::<(u8, bool)>().prop_map(|(number, flag)| Plain::Tuple(number, flag)),
        any::<Option<u8>>().prop_map(|inner| Plain::Struct { inner }),
    ]
}

fn tagged() -> impl Strategy<Value = Tagged> {
    prop_oneof![
        any::<u8>().prop_map(|value| Tagged::One { value }),
        any::<(bool, Option<String>)>()
            .prop_map(|(own, more)| Tagged::Two(Flat { own, rest: Rest { more } })),
    ]
}

prop_compose! {
    fn everything()(
        text in any::<String>(), flag in any::<bool>(), byte in any::<u8>(), whole in any::<u64>(),
        signed in any::<i64>(), real in -1e9_f64..1e9, maybe in any::<Option<String>>(), absent in any::<u32>(),
        list in prop::collection::vec(plain(), 0..4),
    )(
        pair in any::<(u8, String)>(), map in any::<BTreeMap<String, i32>>(), newtype in any::<u16>(),
        tagged in tagged(), text in Just(text), flag in Just(flag), byte in Just(byte), whole in Just(whole),
        signed in Just(signed), real in Just(real), maybe in Just(maybe), absent in Just(absent), list in Just(list),
    ) -> Everything {
        let any = json!({ "nested": [null, text.clone(), whole, real] });
        Everything {
            text, flag, byte, whole, signed, real, maybe, absent, list, pair, map, newtype: Newtype(newtype), tagged, any,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_serde_json_reads_it(value in everything()) {
        let text = write(&value).expect("JSON");
        let by_serde_json: Everything = serde_json::from_str(&text).expect("read");
        prop_assert_eq!(&read::<Everything>(&text).expect("read"), &by_serde_json);
        prop_assert_eq!(&read_bytes::<Everything>(text.as_bytes()).expect("read"), &by_serde_json);
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "entries")]
    _entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default, rename = "kind")]
    _kind: Option<Plain>,
    #[serde(default, rename = "size")]
    _size: u8,
}

#[test]
fn an_error_says_where_and_what() {
    for (value, path, reason) in [
        (json!([]), ".", "invalid type: sequence, expected struct Table"),
        (json!({ "entry": 1 }), "entry", "unknown field `entry`, expected `entries`"),
        (json!({ "entries": 1 }), "entries", "invalid type: integer `1`, expected a sequence"),
        (json!({ "entries": [{}] }), "entries[0]", "missing field `name`"),
        (
            json!({ "entries": [{ "name": "a" }, { "name": null }] }),
            "entries[1].name",
            "invalid type: null, expected a string",
        ),
        (
            json!({ "entries": [{ "name": "a", "size": 256 }] }),
            "entries[0].size",
            "invalid value: integer `256`, expected u8",
        ),
        (
            json!({ "entries": [{ "name": "a", "size": -1 }] }),
            "entries[0].size",
            "invalid value: integer `-1`, expected u8",
        ),
        (
            json!({ "entries": [{ "name": "a", "kind": "other" }] }),
            "entries[0].kind",
            "unknown variant `other`, expected one of `unit`, `newtype`, `tuple`, `struct`",
        ),
        (
            json!({ "entries": [{ "name": "a", "kind": { "unit": null, "tuple": [] } }] }),
            "entries[0].kind",
            "invalid value: map, expected an object with one member",
        ),
        (
            json!({ "entries": [{ "name": "a", "kind": { "newtype": true } }] }),
            "entries[0].kind",
            "invalid type: boolean `true`, expected u8",
        ),
    ] {
        let error = from_value::<Table>(value.clone()).expect_err("another form");
        assert_eq!((error.path().as_str(), error.reason()), (path, reason), "{value}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", "{", "{}x", "nul", "[1,]"] {
        assert!(read::<Value>(text).is_err(), "{text}");
    }
    assert!(read_bytes::<Value>(b"\"\xff\"").is_err());
}
