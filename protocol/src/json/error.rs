//! Why JSON couldn't be read, and where.

use serde::de::Unexpected;
use serde_json::Value;
use std::fmt;

/// Why JSON couldn't be read as a type.
#[derive(Debug)]
pub struct ReadError(Box<Fault>);

#[derive(Debug)]
struct Fault {
    /// The way to the place, the innermost step first.
    path: Vec<Step>,
    reason: String,
    /// The reason without anything that was found.
    kind: String,
}

/// A step on the way to a place.
#[derive(Debug)]
enum Step {
    /// A member that a type has.
    Member(String),
    /// A name that only the JSON has: the key of a map, or a member that no type has.
    Found(String),
    Index(usize),
}

impl ReadError {
    /// What is wrong with a value, in words that may go on after `the value of x: `.
    #[must_use]
    pub fn new(reason: impl fmt::Display) -> Self {
        Self::because(reason.to_string(), "not a valid value".to_owned())
    }

    /// What is wrong, in words that have nothing of the value.
    pub(super) fn plain(reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        Self::because(reason.clone(), reason)
    }

    /// What is wrong, where the words have what was found in their middle.
    fn quoting(before: &str, found: fmt::Arguments<'_>, after: fmt::Arguments<'_>) -> Self {
        Self::because(format!("{before}{found}{after}"), format!("{before}{after}"))
    }

    fn because(reason: String, kind: String) -> Self {
        Self(Box::new(Fault { path: Vec::new(), reason, kind }))
    }

    /// A text that isn't JSON.
    pub(super) fn no_json(cause: impl fmt::Display) -> Self {
        Self::because(cause.to_string(), "no JSON".to_owned())
    }

    /// One type of JSON where another belongs.
    pub(super) fn mismatch(found: &Value, expected: &str) -> Self {
        Self::unfit("invalid type", found, expected)
    }

    /// A number that isn't one of a type's, or no number.
    pub(super) fn not_whole(found: &Value, expected: &str) -> Self {
        let is_whole = found.is_i64() || found.is_u64();
        Self::unfit(if is_whole { "invalid value" } else { "invalid type" }, found, expected)
    }

    fn unfit(what: &str, found: &Value, expected: &str) -> Self {
        let found = described(found);
        Self::quoting(what, format_args!(": {found}"), format_args!(", expected {expected}"))
    }

    /// A list of another length.
    pub(super) fn wrong_length(found: usize, expected: usize) -> Self {
        Self::plain(format_args!("invalid length {found}, expected a list of {expected}"))
    }

    /// A member that has to be there.
    pub(super) fn missing(name: &str) -> Self {
        Self::plain(format_args!("missing field `{name}`"))
    }

    /// A name that isn't one of those that are known.
    pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let known = match known {
            [] => "there are none".to_owned(),
            [_] => format!("expected {list}"),
            [_, _] => format!("expected {}", list.replace(", ", " or ")),
            _ => format!("expected one of {list}"),
        };
        let before = format!("unknown {what}");
        Self::quoting(&before, format_args!(" `{name}`"), format_args!(", {known}"))
    }

    /// The place as a person writes it: `resources[1].path`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> String {
        self.way(|found| found)
    }

    /// The place and what was expected there, with nothing that was found: for the log, where what is stored or sent between
    /// objects may be a secret. A name that only the JSON has is `*`.
    #[must_use]
    pub fn place_only(&self) -> impl fmt::Display + use<> {
        format!("{}: {}", self.way(|_| "*"), self.0.kind)
    }

    fn way(&self, shown: impl Fn(&str) -> &str) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            let name = match step {
                Step::Index(index) => {
                    path.push_str(&format!("[{index}]"));
                    continue;
                }
                Step::Member(name) => name,
                Step::Found(name) => shown(name),
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        if path.is_empty() { ".".to_owned() } else { path }
    }

    /// What was wrong there.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The same error, as seen from the object that holds the place.
    pub(super) fn in_member(self, name: &str) -> Self {
        self.within(Step::Member(name.to_owned()))
    }

    /// The same error, as seen from the object where a member was found that is no type's.
    pub(super) fn in_found(self, name: String) -> Self {
        self.within(Step::Found(name))
    }

    /// The same error, as seen from the list that holds the place.
    pub(super) fn at_index(self, index: usize) -> Self {
        self.within(Step::Index(index))
    }

    fn within(mut self, step: Step) -> Self {
        self.0.path.push(step);
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
