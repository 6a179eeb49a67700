//! The reader reads what `serde_json` reads, and says where it couldn't.

use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

use super::every_form::*;
use super::*;

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
    fn others()(
        set in any::<BTreeSet<String>>(), outcome in any::<Result<u8, String>>(), switch in any::<bool>(), count in any::<u8>(),
        name in any::<Option<String>>(), text in any::<String>(), odd in any::<u8>(), own in any::<bool>(), five in any::<u8>(),
        // No member of `Open` has a name so short: serde refuses one that is there twice.
        rest in prop::collection::btree_map("[a-z]{1,2}", any::<u8>(), 0..3),
    ) -> Others {
        let rest = rest.into_iter().map(|(name, value)| (name, json!(value))).collect();
        Others {
            nothing: (),
            set,
            outcome,
            settings: Settings { switch, count, name, ..Settings::default() },
            whole: Whole { text: text.into(), length: 0 },
            odd: Odd(odd | 1),
            open: Open { own, five, rest },
        }
    }
}

prop_compose! {
    fn everything()(
        text in any::<String>(), flag in any::<bool>(), byte in any::<u8>(), whole in any::<u64>(),
        signed in any::<i64>(), real in -1e9_f64..1e9, maybe in any::<Option<String>>(), absent in any::<u32>(),
        list in prop::collection::vec(plain(), 0..4),
    )(
        pair in any::<(u8, String)>(), map in any::<BTreeMap<String, i32>>(), newtype in any::<u16>(),
        tagged in tagged(), others in others(), text in Just(text), flag in Just(flag), byte in Just(byte), whole in Just(whole),
        signed in Just(signed), real in Just(real), maybe in Just(maybe), absent in Just(absent), list in Just(list),
    ) -> Everything {
        let any = json!({ "nested": [null, text.clone(), whole, real] });
        Everything {
            text, flag, byte, whole, signed, real, maybe, absent, list, pair, map, newtype: Newtype(newtype), tagged, any,
            others,
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

#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "entries")]
    _entries: Vec<Entry>,
}

#[derive(Debug, FromJson)]
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

/// What the fuzz target `json` begins with has to get as far as a value.
#[test]
fn the_corpus_has_every_form() {
    let text = include_str!("../../fuzz/corpus/json/everything");
    let ours = read::<Everything>(text).expect("everything");
    assert_eq!(ours, serde_json::from_str(text).expect("everything"));
    for wrong in [
        include_str!("../../fuzz/corpus/json/everything-even"),
        include_str!("../../fuzz/corpus/json/everything-pair-of-three"),
        include_str!("../../fuzz/corpus/json/everything-unknown-setting"),
    ] {
        assert!(serde_json::from_str::<Everything>(wrong).is_err(), "{wrong}");
        assert!(read::<Everything>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_may_be_absent_is_what_its_attributes_say() {
    let settings: Settings = from_value(json!({ "number": 9 })).expect("settings");
    assert_eq!(settings, Settings { count: 9, ..Settings::default() });
    let open: Open = from_value(json!({ "own": true, "x": 1 })).expect("open");
    assert_eq!((open.five, json!(open.rest)), (5, json!({ "x": 1 })));
    let other = from_value::<Settings>(json!({ "count": 9 })).expect_err("its name is number");
    assert_eq!(other.reason(), "unknown field `count`, expected one of `switch`, `number`, `name`");
    let even = from_value::<Odd>(json!(4)).expect_err("even");
    assert_eq!(even.reason(), "expected an odd number");
    let wrong = from_value::<(u8, String)>(json!([1])).expect_err("one item");
    assert_eq!(wrong.reason(), "invalid length 1, expected a list of 2");
    let unit = from_value::<Plain>(json!({ "unit": 1 })).expect_err("content");
    assert_eq!(unit.reason(), "this variant has no content");
    let content = from_value::<Plain>(json!("newtype")).expect_err("no content");
    assert_eq!(content.reason(), "this variant has content");
    let tag = from_value::<Tagged>(json!({ "kind": "three" })).expect_err("another");
    assert_eq!(
        (tag.path().as_str(), tag.reason()),
        ("kind", "unknown variant `three`, expected `one` or `two`")
    );
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", "{", "{}x", "nul", "[1,]"] {
        assert!(read::<Value>(text).is_err(), "{text}");
    }
    assert!(read_bytes::<Value>(b"\"\xff\"").is_err());
}

/// A secret where a record of another release has something else.
#[test]
fn the_place_alone_says_nothing_of_what_was_found() {
    #[derive(Debug, FromJson)]
    struct Stored {
        #[serde(rename = "keys")]
        _keys: BTreeMap<String, u8>,
        #[serde(rename = "table")]
        _table: Option<Table>,
        #[serde(rename = "odd")]
        _odd: Option<Odd>,
        #[serde(rename = "pair")]
        _pair: Option<(u8, u8)>,
    }
    const SECRET: &str = "U0VDUkVU";
    for (record, expected) in [
        (json!(SECRET), ".: invalid type, expected struct Stored"),
        (json!({ "keys": SECRET }), "keys: invalid type, expected a map"),
        (json!({ "keys": { SECRET: SECRET } }), "keys.*: invalid type, expected u8"),
        (json!({ "keys": { SECRET: 9_999 } }), "keys.*: invalid value, expected u8"),
        (json!({ SECRET: SECRET }), ".: missing field `keys`"),
        (
            json!({ "keys": {}, "table": { SECRET: SECRET } }),
            "table.*: unknown field, expected `entries`",
        ),
        (
            json!({ "keys": {}, "table": { "entries": [{ "name": "a", "kind": SECRET }] } }),
            "table.entries[0].kind: unknown variant, expected one of `unit`, `newtype`, `tuple`, `struct`",
        ),
        (
            json!({ "keys": {}, "table": { "entries": [{ "name": "a", "kind": { SECRET: 1 } }] } }),
            "table.entries[0].kind: unknown variant, expected one of `unit`, `newtype`, `tuple`, `struct`",
        ),
        (json!({ "keys": {}, "odd": 88 }), "odd: not a valid value"),
        (json!({ "keys": {}, "pair": [1] }), "pair: invalid length 1, expected a list of 2"),
    ] {
        let error = from_value::<Stored>(record.clone()).expect_err("another form");
        assert_eq!(error.place_only().to_string(), expected, "{record}");
    }
    for text in [SECRET.to_owned(), format!("\"{SECRET}"), format!("{{\"{SECRET}\": {SECRET}}}")] {
        let error = read::<Stored>(&text).expect_err("no JSON");
        assert_eq!(error.place_only().to_string(), ".: no JSON", "{text}");
    }
}
