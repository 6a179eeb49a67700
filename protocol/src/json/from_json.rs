//! The types that JSON itself and the standard library have.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::ReadError;

/// What can be read from JSON. Derive it, or implement it for what is written as a text and checked.
///
/// ```
/// use latchkey_protocol::json::{self, FromJson};
///
/// #[derive(FromJson)]
/// #[serde(deny_unknown_fields)]
/// struct Entry {
///     name: String,
///     #[serde(default)]
///     size: u8,
/// }
///
/// let entry: Entry = json::read(r#"{"name":"a"}"#)?;
/// assert_eq!((entry.name.as_str(), entry.size), ("a", 0));
/// let error = json::read::<Entry>(r#"{"name":"a","size":256}"#).err();
/// let said = error.map(|error| error.to_string());
/// assert_eq!(said.as_deref(), Some("size: invalid value: integer `256`, expected u8"));
/// # Ok::<(), json::ReadError>(())
/// ```
///
/// What serde knows and the derive doesn't is an error of the compiler, here as for an enum that is `untagged`:
///
/// ```compile_fail
/// #[derive(latchkey_protocol::json::FromJson)]
/// struct Entry {
///     #[serde(alias = "title")]
///     name: String,
/// }
/// ```
pub trait FromJson: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for JSON of another form; it says where and what was expected.
    fn from_json(value: Value) -> Result<Self, ReadError>;

    /// What it is where a member is absent; `None` where it has to be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads one type and makes another of it.
///
/// # Errors
///
/// [`ReadError`] of the first, or what the second has against it.
pub fn converted<S: FromJson, T: TryFrom<S, Error: fmt::Display>>(
    value: Value,
) -> Result<T, ReadError> {
    T::try_from(S::from_json(value)?).map_err(ReadError::new)
}

impl FromJson for Value {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        Ok(value)
    }
}

impl FromJson for () {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        if value.is_null() { Ok(()) } else { Err(ReadError::mismatch(&value, "null")) }
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        value.as_bool().ok_or_else(|| ReadError::mismatch(&value, "a boolean"))
    }
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(ReadError::mismatch(&other, "a string")),
        }
    }
}

impl FromJson for Box<str> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        String::from_json(value).map(String::into_boxed_str)
    }
}

impl FromJson for f64 {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        value.as_f64().ok_or_else(|| ReadError::mismatch(&value, "f64"))
    }
}

impl FromJson for u64 {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        value.as_u64().ok_or_else(|| ReadError::not_whole(&value, "u64"))
    }
}

impl FromJson for i64 {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        value.as_i64().ok_or_else(|| ReadError::not_whole(&value, "i64"))
    }
}

/// Whole numbers that are part of a larger type.
macro_rules! narrower {
    ($($name:ident < $wide:ident),+) => { $(
        impl FromJson for $name {
            fn from_json(value: Value) -> Result<Self, ReadError> {
                let whole = <$wide>::from_value(&value).and_then(|wide| wide.try_into().ok());
                whole.ok_or_else(|| ReadError::not_whole(&value, stringify!($name)))
            }
        }
    )+ };
}

/// The two whole numbers that JSON's own type gives.
trait Wide: Sized {
    fn from_value(value: &Value) -> Option<Self>;
}

impl Wide for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Wide for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

narrower!(u8 < u64, u16 < u64, u32 < u64, usize < u64, i32 < i64);

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        if value.is_null() { Ok(None) } else { T::from_json(value).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        T::from_json(value).map(Self::new)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let items = list(value)?;
        let mut read = Self::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            read.push(T::from_json(item).map_err(|error| error.at_index(index))?);
        }
        Ok(read)
    }
}

impl<T: FromJson + Ord> FromJson for BTreeSet<T> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        Vec::from_json(value).map(Self::from_iter)
    }
}

impl FromJson for Map<String, Value> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        object(value, "a map")
    }
}

impl<K: FromJson + Ord, V: FromJson> FromJson for BTreeMap<K, V> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let mut read = Self::new();
        for (name, value) in object(value, "a map")? {
            let key = K::from_json(Value::String(name.clone()));
            let entry = key.and_then(|key| Ok((key, V::from_json(value)?)));
            let (key, value) = entry.map_err(|error| error.in_found(name))?;
            read.insert(key, value);
        }
        Ok(read)
    }
}

/// Lists of a known length.
macro_rules! tuple {
    ($length:literal: $($name:ident $place:ident),+) => {
        impl<$($name: FromJson),+> FromJson for ($($name,)+) {
            fn from_json(value: Value) -> Result<Self, ReadError> {
                let items = list(value)?;
                let length = items.len();
                let Ok([$($place),+]) = <[Value; $length]>::try_from(items) else {
                    return Err(ReadError::wrong_length(length, $length));
                };
                Ok(($($name::from_json($place)?,)+))
            }
        }
    };
}

tuple!(2: A a, B b);
tuple!(3: A a, B b, C c);

/// By serde's form: an object whose only member is `Ok` or `Err`.
impl<T: FromJson, E: FromJson> FromJson for Result<T, E> {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let (index, content) = super::Content::of(value, "enum Result", &["Ok", "Err"])?;
        match index {
            0 => content.value().map(Ok),
            _ => content.value().map(Err),
        }
    }
}

/// The members of an object.
pub(super) fn object(value: Value, expected: &str) -> Result<Map<String, Value>, ReadError> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(ReadError::mismatch(&other, expected)),
    }
}

fn list(value: Value) -> Result<Vec<Value>, ReadError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(ReadError::mismatch(&other, "a sequence")),
    }
}
