//! Why JSON couldn't be read, and where.

use serde::de::Unexpected;
use serde_json::Value;
use std::fmt;

/// Why JSON couldn't be read as a type.
#[derive(Debug)]
pub struct ReadError(Box<Fault>);

#[derive(Debug)]
struct Fault {
    /// The member names and indices on the way, the innermost first.
    path: Vec<String>,
    reason: String,
}

impl ReadError {
    /// What is wrong with a value, in words that may go on after `the value of x: `.
    #[must_use]
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(Box::new(Fault { path: Vec::new(), reason: reason.to_string() }))
    }

    /// One type of JSON where another belongs.
    pub(super) fn mismatch(found: &Value, expected: &str) -> Self {
        Self::new(format_args!("invalid type: {}, expected {expected}", described(found)))
    }

    /// A number that isn't one of a type's, or no number.
    pub(super) fn not_whole(found: &Value, expected: &str) -> Self {
        if !found.is_i64() && !found.is_u64() {
            return Self::mismatch(found, expected);
        }
        Self::new(format_args!("invalid value: {}, expected {expected}", described(found)))
    }

    /// A list of another length.
    pub(super) fn wrong_length(found: usize, expected: usize) -> Self {
        Self::new(format_args!("invalid length {found}, expected a list of {expected}"))
    }

    /// A member that has to be there.
    pub(super) fn missing(name: &str) -> Self {
        Self::new(format_args!("missing field `{name}`"))
    }

    /// A name that isn't one of those that are known.
    pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Self::new(match known {
            [] => format!("unknown {what} `{name}`, there are none"),
            [_] => format!("unknown {what} `{name}`, expected {list}"),
            [_, _] => format!("unknown {what} `{name}`, expected {}", list.replace(", ", " or ")),
            _ => format!("unknown {what} `{name}`, expected one of {list}"),
        })
    }

    /// The place as a person writes it: `resources[1].path`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        if path.is_empty() { ".".to_owned() } else { path }
    }

    /// What was wrong there.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The same error, as seen from the object that holds the place.
    pub(super) fn in_member(mut self, name: String) -> Self {
        self.0.path.push(name);
        self
    }

    /// The same error, as seen from the list that holds the place.
    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.0.path.push(format!("[{index}]"));
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            formatter.write_str(&self.0.reason)
        } else {
            write!(formatter, "{}: {}", self.path(), self.0.reason)
        }
    }
}

impl std::error::Error for ReadError {}

/// What was found, in serde's words.
fn described(found: &Value) -> Unexpected<'_> {
    match found {
        Value::Null => Unexpected::Other("null"),
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => Unexpected::Unsigned(value),
            (None, Some(value)) => Unexpected::Signed(value),
            (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}
