//! Why JSON couldn't be read, and where.

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

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(Box::new(Fault { path: Vec::new(), reason: reason.to_string() }))
    }
}
