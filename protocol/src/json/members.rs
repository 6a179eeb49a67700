//! The members of an object, which what is derived takes one by one.

use serde_json::{Map, Value};

use super::from_json::object;
use super::variants::index_of;
use super::{FromJson, ReadError};

/// The members of an object that weren't taken yet.
#[derive(Debug)]
pub struct Members(Map<String, Value>);

/// What reads its members from among those of others: what `#[serde(flatten)]` may stand at.
pub trait FromMembers: Sized {
    /// Takes its members.
    ///
    /// # Errors
    ///
    /// [`ReadError`] where one is missing or of another form.
    fn from_members(members: &mut Members) -> Result<Self, ReadError>;
}

/// All that are left.
impl FromMembers for Map<String, Value> {
    fn from_members(members: &mut Members) -> Result<Self, ReadError> {
        Ok(std::mem::take(&mut members.0))
    }
}

impl Members {
    /// The members of what should be an object.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for something else; it has the words of `expected`.
    pub fn of(value: Value, expected: &str) -> Result<Self, ReadError> {
        object(value, expected).map(Self)
    }

    /// Takes a member, if it is there.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for another form.
    pub fn optional<T: FromJson>(&mut self, name: &str) -> Result<Option<T>, ReadError> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        T::from_json(value).map(Some).map_err(|error| error.in_member(name))
    }

    /// Takes a member, which has to be there unless its type says what it is otherwise.
    ///
    /// # Errors
    ///
    /// [`ReadError`] where it is missing or of another form.
    pub fn required<T: FromJson>(&mut self, name: &str) -> Result<T, ReadError> {
        match self.optional(name)? {
            Some(read) => Ok(read),
            None => T::absent().ok_or_else(|| ReadError::missing(name)),
        }
    }

    /// Takes a member, or its type's default.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for another form.
    pub fn or_default<T: FromJson + Default>(&mut self, name: &str) -> Result<T, ReadError> {
        self.optional(name).map(Option::unwrap_or_default)
    }

    /// Takes the member that names the variant of an enum: its place among `names`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] where it is missing, no text, or another name.
    pub fn tag(&mut self, tag: &str, names: &[&str]) -> Result<usize, ReadError> {
        let name: String = self.required(tag)?;
        index_of(&name, names).map_err(|error| error.in_member(tag))
    }

    /// All that are left, as one value.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for another form.
    pub fn rest<T: FromJson>(&mut self) -> Result<T, ReadError> {
        T::from_json(Value::Object(std::mem::take(&mut self.0)))
    }

    /// Refuses members of other names.
    ///
    /// # Errors
    ///
    /// [`ReadError`] at the first.
    pub fn only(&self, names: &[&str]) -> Result<(), ReadError> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(ReadError::unknown("field", name, names).in_found(name.clone())),
            None => Ok(()),
        }
    }
}
