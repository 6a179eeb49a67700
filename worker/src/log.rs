//! One line of JSON per event, for the deployment's log.
//!
//! A line holds ids and reasons, never a secret: the types that hold secrets have no `Display`.

use serde_json::{Map, Value};

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Expected, and worth a line: a grant, a registration.
    Info,
    /// A request was refused.
    Warn,
    /// Something of ours failed, and somebody has to look.
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A line in the making.
#[derive(Debug)]
pub struct Event {
    level: Level,
    members: Map<String, Value>,
}

impl Event {
    /// An event named `event`.
    pub fn new(level: Level, event: &str) -> Self {
        let mut members = Map::new();
        members.insert("event".to_owned(), Value::from(event));
        Self { level, members }
    }

    /// Adds a member, unless `value` is `None`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Option<String>>) -> Self {
        if let Some(value) = value.into() {
            self.members.insert(name.to_owned(), Value::from(value));
        }
        self
    }

    /// Adds a member with counts, unless nothing was counted.
    #[must_use]
    pub fn with_counts(mut self, name: &str, counts: Value) -> Self {
        if counts.as_object().is_some_and(|counts| !counts.is_empty()) {
            self.members.insert(name.to_owned(), counts);
        }
        self
    }

    /// Writes the line.
    pub fn write(mut self) {
        self.members.insert("level".to_owned(), Value::from(self.level.as_str()));
        let line = Value::Object(self.members).to_string();
        match self.level {
            Level::Info => worker::console_log!("{line}"),
            Level::Warn => worker::console_warn!("{line}"),
            Level::Error => worker::console_error!("{line}"),
        }
    }
}
