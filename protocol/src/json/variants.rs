//! The variants of an enum: a name alone, or an object whose only member has the name and the content.

use serde_json::Value;

use super::{FromJson, Members, ReadError};

/// What a variant holds.
#[derive(Debug)]
pub struct Content(Option<Value>);

/// The place of a variant's name, which is all there is of it, among `names`.
///
/// # Errors
///
/// [`ReadError`] for what is no text or another name.
pub fn variant(value: Value, expected: &str, names: &[&str]) -> Result<usize, ReadError> {
    match value {
        Value::String(name) => index_of(&name, names),
        other => Err(ReadError::mismatch(&other, expected)),
    }
}

/// The place of a name.
pub(super) fn index_of(name: &str, names: &[&str]) -> Result<usize, ReadError> {
    let index = names.iter().position(|known| *known == name);
    index.ok_or_else(|| ReadError::unknown("variant", name, names))
}

impl Content {
    /// The place of a variant's name among `names`, and what it holds.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for what is neither a text nor an object with one member, and for another name.
    pub fn of(value: Value, expected: &str, names: &[&str]) -> Result<(usize, Self), ReadError> {
        match value {
            Value::String(name) => Ok((index_of(&name, names)?, Self(None))),
            Value::Object(members) => {
                let mut members = members.into_iter();
                match (members.next(), members.next()) {
                    (Some((name, content)), None) => {
                        Ok((index_of(&name, names)?, Self(Some(content))))
                    }
                    _ => Err(ReadError::plain(
                        "invalid value: map, expected an object with one member",
                    )),
                }
            }
            other => Err(ReadError::mismatch(&other, expected)),
        }
    }

    fn there(self) -> Result<Value, ReadError> {
        self.0.ok_or_else(|| ReadError::plain("this variant has content"))
    }

    /// It holds nothing.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when there is something.
    pub fn nothing(self) -> Result<(), ReadError> {
        match self.0 {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(ReadError::plain("this variant has no content")),
        }
    }

    /// It holds this.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when there is nothing, or something of another form.
    pub fn value<T: FromJson>(self) -> Result<T, ReadError> {
        T::from_json(self.there()?)
    }

    /// It holds an object.
    ///
    /// # Errors
    ///
    /// [`ReadError`] as for [`Self::value`].
    pub fn members(self, expected: &str) -> Result<Members, ReadError> {
        Members::of(self.there()?, expected)
    }
}
