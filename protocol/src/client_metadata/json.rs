//! JSON from a stranger: read whole, with every ambiguity refused.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// Why bytes are no usable JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonError {
    /// Not JSON, not UTF-8, or nested deeper than `serde_json`'s limit of 128 levels.
    Malformed,
    /// A member name appears twice in one object.
    DuplicateMember,
}

/// Reads one JSON value.
///
/// A repeated member name is an error, because readers disagree on which value counts
/// ([RFC 8259 section 4](https://www.rfc-editor.org/rfc/rfc8259#section-4)).
pub(super) fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let repeated = Cell::new(false);
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Unambiguous(&repeated)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|_| if repeated.get() { JsonError::DuplicateMember } else { JsonError::Malformed })
}

/// Builds a [`Value`] and notes in the cell when it stopped at a repeated member.
#[derive(Clone, Copy)]
struct Unambiguous<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Unambiguous<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self)?;
            if members.insert(name, value).is_some() {
                self.0.set(true);
                return Err(A::Error::custom("repeated member"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc8259_4_a_repeated_member_is_refused_at_every_depth() {
        for text in
            [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":1}"#, r#"{"x":[{"k":{"d":1,"d":null}}]}"#]
        {
            assert_eq!(parse(text.as_bytes()), Err(JsonError::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_json_value_is_refused() {
        let bodies: &[&[u8]] =
            &[b"", b"{", b"{}{}", b"{'a':1}", b"{\"a\":1,}", b"\xff", b"{\"a\":\"\xc3\"}", b"nul"];
        for body in bodies {
            assert_eq!(parse(body), Err(JsonError::Malformed), "{body:?}");
        }
    }

    #[test]
    fn nesting_is_limited_instead_of_exhausting_the_stack() {
        for open in ["[", "{\"a\":"] {
            let deep = open.repeat(10_000);
            assert_eq!(parse(deep.as_bytes()), Err(JsonError::Malformed));
        }
        let shallow = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(parse(shallow.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_agrees_with_serde_json(bytes in any::<Vec<u8>>()) {
            if let Ok(value) = parse(&bytes) {
                prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).ok(), Some(value));
            }
        }
    }
}
