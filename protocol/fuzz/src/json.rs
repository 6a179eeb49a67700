//! The deserializer of all JSON beside serde_json's own, and the configuration that is read by it.

use latchkey_protocol::activity::Entry;
use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::grant::GrantRecord;
use latchkey_protocol::json::{self, FromJson, ReadError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use every_form::{Everything, Plain, Tagged};

#[path = "../../src/json/every_form.rs"]
mod every_form;

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
    let _ = written_and_read::<GrantRecord>(&value);
    let _ = written_and_read::<ClientRecord>(&value);
    let _ = written_and_read::<Entry>(&value);
    configuration(&value);
}

/// Both refuse it, or both read the same; but for what only theirs reads.
fn same<T: DeserializeOwned + FromJson + Serialize>(value: &Value) {
    let ours = written_and_read::<T>(value);
    let theirs = serde_json::from_value::<T>(value.clone());
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(Some(ours), serde_json::to_string(&theirs).ok()),
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => assert!(only_theirs(value), "{error} for {value}"),
        (Ok(_), Err(error)) => panic!("only we read {value}: {error}"),
    }
}

/// What is read is the same when it is written and read again; but for a number with a fraction, whose last digit serde_json
/// doesn't keep, and which nothing of ours has.
fn written_and_read<T: FromJson + Serialize>(value: &Value) -> Result<String, ReadError> {
    let read = json::from_value::<T>(value.clone())?;
    let written = json::write(&read).expect("what is read can be written");
    let again = json::read::<T>(&written).expect("what is written is read");
    if !has_fraction(value) {
        assert_eq!(json::write(&again).ok().as_ref(), Some(&written));
    }
    Ok(written)
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// A list that stands for a struct, or an object with a null for a variant without content.
fn only_theirs(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(members) => {
            members.values().any(|value| value.is_null() || only_theirs(value))
        }
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
