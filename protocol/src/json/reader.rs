//! The deserializer. Its methods call the one `visit_…` that fits, because each further one is code for every type.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use super::ReadError;

/// Methods that do what another one does.
macro_rules! same_as {
    ($($one:ident: $($others:ident)+;)+) => { $($(
        fn $others<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.$one(visitor)
        }
    )+)+ };
}

/// Reads one value.
pub(super) struct Reader(pub Value);

impl<'de> Deserializer<'de> for Reader {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => visit_number(&number, visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items::of(items)),
            Value::Object(members) => visitor.visit_map(Members::of(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let members = object(self.0, &visitor)?;
        visitor.visit_map(Members::of(members))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let members = object(self.0, &visitor)?;
        visitor.visit_map(Members::of(members))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let items = list(self.0, &visitor)?;
        visitor.visit_seq(Items::of(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let variant = Variant::of(self.0, &visitor)?;
        visitor.visit_enum(variant)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(value),
            other => Err(mismatch(&other, &visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            other => Err(mismatch(&other, &visitor)),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Number(number) => visit_number(&number, visitor),
            other => Err(mismatch(&other, &visitor)),
        }
    }

    same_as! {
        deserialize_u64: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_i8 deserialize_i16 deserialize_i32
            deserialize_i64 deserialize_f32 deserialize_f64;
        deserialize_str: deserialize_string deserialize_char deserialize_identifier;
        deserialize_any: deserialize_bytes deserialize_byte_buf;
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            other => Err(mismatch(&other, &visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, ReadError> {
    if let Some(value) = number.as_u64() {
        visitor.visit_u64(value)
    } else if let Some(value) = number.as_i64() {
        visitor.visit_i64(value)
    } else {
        visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
    }
}

fn object(value: Value, expected: &dyn Expected) -> Result<Map<String, Value>, ReadError> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(mismatch(&other, expected)),
    }
}

fn list(value: Value, expected: &dyn Expected) -> Result<Vec<Value>, ReadError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(mismatch(&other, expected)),
    }
}

fn mismatch(found: &Value, expected: &dyn Expected) -> ReadError {
    let found = match found {
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
    };
    ReadError::invalid_type(found, expected)
}

/// The items of a list, with their indices for an error.
struct Items {
    items: std::vec::IntoIter<Value>,
    index: usize,
}

impl Items {
    fn of(items: Vec<Value>) -> Self {
        Self { items: items.into_iter(), index: 0 }
    }
}

impl<'de> SeqAccess<'de> for Items {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Reader(item)).map(Some).map_err(|error| error.at_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The members of an object, with their names for an error.
struct Members {
    members: serde_json::map::IntoIter,
    /// The member whose name was read and whose value is next.
    current: Option<(String, Value)>,
}

impl Members {
    fn of(members: Map<String, Value>) -> Self {
        Self { members: members.into_iter(), current: None }
    }

    /// The next name, which its value then waits for.
    fn advance(&mut self) -> Option<&str> {
        self.current = self.members.next();
        self.current.as_ref().map(|(name, _)| name.as_str())
    }

    fn take(&mut self) -> Result<(String, Value), ReadError> {
        self.current.take().ok_or_else(|| ReadError::custom("a value was read before its name"))
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let Some(name) = self.advance() else { return Ok(None) };
        let key: StrDeserializer<'_, ReadError> = name.into_deserializer();
        match seed.deserialize(key) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(error.in_member(self.take()?.0)),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let (name, value) = self.take()?;
        seed.deserialize(Reader(value)).map_err(|error| error.in_member(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len())
    }
}

/// A variant of an enum: its name alone, or an object whose only member has its name and content.
struct Variant {
    name: String,
    content: Option<Value>,
}

impl Variant {
    fn of(value: Value, expected: &dyn Expected) -> Result<Self, ReadError> {
        match value {
            Value::String(name) => Ok(Self { name, content: None }),
            Value::Object(members) => {
                let mut members = members.into_iter();
                match (members.next(), members.next()) {
                    (Some((name, content)), None) => Ok(Self { name, content: Some(content) }),
                    _ => {
                        Err(ReadError::invalid_value(Unexpected::Map, &"an object with one member"))
                    }
                }
            }
            other => Err(mismatch(&other, expected)),
        }
    }
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = ReadError;
    type Variant = Content;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content), ReadError> {
        let key: StrDeserializer<'_, ReadError> = self.name.as_str().into_deserializer();
        let variant = seed.deserialize(key)?;
        Ok((variant, Content(self.content)))
    }
}

/// What a variant holds.
struct Content(Option<Value>);

impl Content {
    fn reader(self) -> Result<Reader, ReadError> {
        self.0.map(Reader).ok_or_else(|| ReadError::custom("this variant has content"))
    }
}

impl<'de> VariantAccess<'de> for Content {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.0 {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(ReadError::custom("this variant has no content")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadError> {
        seed.deserialize(self.reader()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.reader()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.reader()?.deserialize_struct("", fields, visitor)
    }
}
