//! JSON to typed values and back.
//!
//! Every record, message and setting is read here, by one deserializer. serde writes the reading code of a type once for
//! each deserializer that it meets, and that code was two fifths of the worker's WebAssembly; `docs/performance.md` has
//! the figures. It reads what `serde_json` reads, less one thing: a struct is an object, never a list.

mod error;
mod reader;

pub use error::ReadError;

use serde::Serialize;
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;

/// Reads a typed value from JSON.
///
/// # Errors
///
/// [`ReadError`] for what isn't JSON, and for JSON of another form; it says where.
pub fn read<T: DeserializeOwned>(json: &str) -> Result<T, ReadError> {
    from_value(parse(json)?)
}

/// Reads a typed value from bytes that should be JSON in UTF-8.
///
/// # Errors
///
/// [`ReadError`] as for [`read`].
pub fn read_bytes<T: DeserializeOwned>(json: &[u8]) -> Result<T, ReadError> {
    from_value(parse_bytes(json)?)
}

/// Reads a typed value from JSON that was parsed before.
///
/// # Errors
///
/// [`ReadError`] for JSON of another form; it says where.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ReadError> {
    T::deserialize(reader::Reader(value))
}

/// Parses JSON.
///
/// # Errors
///
/// [`ReadError`] for what isn't JSON.
pub fn parse(json: &str) -> Result<Value, ReadError> {
    serde_json::from_str(json).map_err(ReadError::custom)
}

/// Parses bytes that should be JSON in UTF-8.
///
/// # Errors
///
/// [`ReadError`] for what isn't.
pub fn parse_bytes(json: &[u8]) -> Result<Value, ReadError> {
    parse(std::str::from_utf8(json).map_err(ReadError::custom)?)
}

/// Writes a value as JSON.
///
/// # Errors
///
/// `serde_json::Error` for what has no form in JSON, such as a map whose keys are no strings.
pub fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    serde_json::to_string(value)
}

#[cfg(test)]
mod tests;
