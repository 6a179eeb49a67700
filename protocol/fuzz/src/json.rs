//! The deserializer of all JSON beside serde_json's own, and the configuration that is read by it.

use std::collections::BTreeMap;

use latchkey_protocol::activity::Entry;
use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::grant::GrantRecord;
use latchkey_protocol::json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A text that may be JSON, as everything that is read from it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ours = json::parse(text).ok();
    let theirs: Option<Value> = serde_json::from_str(text).ok();
    assert_eq!(ours, theirs);
    let Some(value) = theirs else { return };
    same::<Everything>(&value);
    same::<Plain>(&value);
    same::<Tagged>(&value);
    same::<GrantRecord>(&value);
    same::<ClientRecord>(&value);
    same::<Entry>(&value);
    configuration(&value);
}

/// Both refuse it, or both read the same; but for a list that stands for a struct, which only theirs reads.
fn same<T: DeserializeOwned + Serialize>(value: &Value) {
    let ours = json::from_value::<T>(value.clone());
    let theirs = serde_json::from_value::<T>(value.clone());
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let [ours, theirs] = [ours, theirs].map(|read| serde_json::to_string(&read).ok());
            assert_eq!(ours, theirs);
            if let Some(text) = ours {
                let again = json::read::<T>(&text).expect("what is written is read");
                assert_eq!(serde_json::to_string(&again).ok().as_ref(), Some(&text));
            }
        }
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => assert!(has_list(value), "{error} for {value}"),
        (Ok(_), Err(error)) => panic!("only we read {value}: {error}"),
    }
}

fn has_list(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(members) => members.values().any(has_list),
        _ => false,
    }
}

/// A configuration that is accepted has what the rest of the code counts on; a refusal names a key.
fn configuration(settings: &Value) {
    match Configuration::parse("https://id.example", settings) {
        Ok(configuration) => {
            assert!(configuration.client_registry_shards > 0);
            assert!(!configuration.scopes.is_empty() || configuration.default_scope.is_empty());
            assert!(configuration.lifetimes.authorization_code.as_seconds() <= 600);
            assert!(!configuration.protected_resources.is_empty());
        }
        Err(error) => assert!(error.to_string().contains("LATCHKEY"), "{error}"),
    }
}

/// Every form that serde has.
#[derive(Serialize, Deserialize)]
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
    character: char,
    nothing: (),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plain {
    Unit,
    Newtype(u8),
    Tuple(u8, bool),
    Struct { inner: Option<u8> },
}

#[derive(Serialize, Deserialize)]
struct Newtype(u16);

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    One { value: u8 },
    Two(Flat),
}

#[derive(Serialize, Deserialize)]
struct Flat {
    own: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Serialize, Deserialize)]
struct Rest {
    more: Option<String>,
}
