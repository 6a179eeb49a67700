//! JSON to typed values and back.
//!
//! Every record, message and setting is read here, by [`FromJson`], whose derive writes less code than serde's does:
//! that was a quarter of the worker's WebAssembly, and `docs/performance.md` has the figures. It reads what serde would
//! read from JSON, less two things: a struct is an object, never a list, and a variant without content is its name,
//! never an object. Of a member that is there twice the last one counts; what strangers send for others to read, or what is compared with what
//! others read (metadata of clients, messages of MCP), is looked through for that by who takes it. What is written is written by serde.

mod error;
mod from_json;
mod members;
mod variants;

pub use error::ReadError;
pub use from_json::{FromJson, converted};
pub use latchkey_derive::FromJson;
pub use members::{FromMembers, Members};
pub use serde_json::Value;
pub use variants::{Content, variant};

use serde::Serialize;

/// Reads a typed value from JSON.
///
/// # Errors
///
/// [`ReadError`] for what isn't JSON, and for JSON of another form; it says where.
pub fn read<T: FromJson>(json: &str) -> Result<T, ReadError> {
    T::from_json(parse(json)?)
}

/// Reads a typed value from bytes that should be JSON in UTF-8.
///
/// # Errors
///
/// [`ReadError`] as for [`read`].
pub fn read_bytes<T: FromJson>(json: &[u8]) -> Result<T, ReadError> {
    T::from_json(parse_bytes(json)?)
}

/// Reads a typed value from JSON that was parsed before.
///
/// # Errors
///
/// [`ReadError`] for JSON of another form; it says where.
pub fn from_value<T: FromJson>(value: Value) -> Result<T, ReadError> {
    T::from_json(value)
}

/// Parses JSON.
///
/// # Errors
///
/// [`ReadError`] for what isn't JSON.
pub fn parse(json: &str) -> Result<Value, ReadError> {
    serde_json::from_str(json).map_err(ReadError::no_json)
}

/// Parses bytes that should be JSON in UTF-8.
///
/// # Errors
///
/// [`ReadError`] for what isn't.
pub fn parse_bytes(json: &[u8]) -> Result<Value, ReadError> {
    parse(std::str::from_utf8(json).map_err(ReadError::no_json)?)
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
mod every_form;
#[cfg(test)]
mod tests;
