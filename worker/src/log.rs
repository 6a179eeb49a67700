//! The deployment's log: a line of JSON for each request, and one for whatever else an operator has to know.
//!
//! A line holds ids and reasons, never a secret: the types that hold secrets have no `Display`. People,
//! grants and sessions have another name here than in tokens ([`latchkey_protocol::pseudonym`]).

use latchkey_protocol::pseudonym::PseudonymKey;
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::rc::Rc;

use crate::request_line::RequestLine;

pub use latchkey_protocol::configuration::LogLevel as Level;

thread_local! {
    static LEVEL: Cell<Level> = const { Cell::new(Level::Info) };
    static NAMES: RefCell<Option<PseudonymKey>> = const { RefCell::new(None) };
}

/// Says which lines this isolate writes, and under which key people have their names.
pub fn begin(level: Level, names: PseudonymKey) {
    LEVEL.set(level);
    NAMES.set(Some(names));
}

/// Whether lines of this level are written.
pub fn is_on(level: Level) -> bool {
    level >= LEVEL.get()
}

/// What the log calls whatever has this id.
fn pseudonym(id: &str) -> String {
    // Without a configuration nothing is served that has such ids.
    NAMES.with_borrow(|names| names.as_ref().map(|names| names.name(id))).unwrap_or_default()
}

/// What a line has beside its level.
pub type Members = Map<String, Value>;

/// A line in the making, or what a request's own line will say.
pub struct Event {
    level: Level,
    /// `None` where nobody will read them.
    members: Option<Members>,
    line: Option<Rc<RequestLine>>,
}

impl Event {
    /// A line of its own, about `event`.
    pub fn new(level: Level, event: &str) -> Self {
        Self::wanted(is_on(level), level, event)
    }

    /// What a request comes to: part of its line.
    pub fn of_request(line: Rc<RequestLine>, level: Level, event: &str) -> Self {
        Self { line: Some(Rc::clone(&line)), ..Self::wanted(line.wants(level), level, event) }
    }

    fn wanted(is_wanted: bool, level: Level, event: &str) -> Self {
        let members = is_wanted.then(|| Map::from_iter([("event".to_owned(), event.into())]));
        Self { level, members, line: None }
    }

    fn add(mut self, name: &str, value: impl FnOnce() -> Value) -> Self {
        if let Some(members) = &mut self.members {
            members.insert(name.to_owned(), value());
        }
        self
    }

    /// Adds a member, unless `value` is `None`.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Option<String>>) -> Self {
        match value.into() {
            Some(value) => self.add(name, || value.into()),
            None => self,
        }
    }

    /// Adds a member that is written only where the line is, unless `value` is `None`.
    #[must_use]
    pub fn with_text<'t, T: Display + 't>(
        self,
        name: &str,
        value: impl Into<Option<&'t T>>,
    ) -> Self {
        match value.into() {
            Some(value) => self.add(name, || value.to_string().into()),
            None => self,
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn with_number(self, name: &str, value: u64) -> Self {
        self.add(name, || value.into())
    }

    /// Adds the log's name of a person, a grant or a session.
    #[must_use]
    pub fn with_pseudonym(self, name: &str, id: &str) -> Self {
        self.add(name, || pseudonym(id).into())
    }

    /// Writes the line, or notes it for the request's.
    pub fn write(self) {
        let Some(members) = self.members else { return };
        match self.line.filter(|line| line.is_open()) {
            Some(line) => line.say(self.level, members),
            None => write(self.level, members),
        }
    }
}

/// Writes a line.
pub fn write(level: Level, mut members: Members) {
    members.insert("level".to_owned(), level.as_str().into());
    let line = Value::Object(members).to_string();
    match level {
        // The developer's terminal hides what is written as `debug`; the line says that it is.
        Level::Debug | Level::Info => worker::console_log!("{line}"),
        Level::Warn => worker::console_warn!("{line}"),
        Level::Error => worker::console_error!("{line}"),
    }
}
