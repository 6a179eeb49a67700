//! JavaScript objects: options that are read, values that are handed out, JSON.

use js_sys::{Array, JSON, Object, Reflect};
use latchkey_protocol::client_side::Members;
use wasm_bindgen::{JsCast, JsValue};

use crate::fault::Fault;

/// Sets a member of an object of ours, which can't fail.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &JsValue::from(name), value);
}

/// The member of this name; `undefined` when there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from(name)).unwrap_or_default()
}

/// A function among the members.
pub fn function(object: &JsValue, name: &str) -> Option<js_sys::Function> {
    get(object, name).dyn_into().ok()
}

/// Calls a method of an object of the page's own.
pub fn call(
    object: &JsValue,
    method: &'static str,
    arguments: &[JsValue],
) -> Result<JsValue, Fault> {
    let function = function(object, method).ok_or_else(|| Fault::option(method, "a function"))?;
    Ok(function.apply(object, &arguments.iter().collect::<Array>())?)
}

/// `object` with the members of `more` in place of its own.
pub fn merged(object: JsValue, more: &JsValue) -> JsValue {
    Object::assign(object.unchecked_ref::<Object>(), more.unchecked_ref::<Object>()).into()
}

/// An object to be filled.
pub struct Fields(Object);

impl Fields {
    /// Without members.
    pub fn new() -> Self {
        Self(Object::new())
    }

    /// An object that is there already.
    pub fn from_object(object: JsValue) -> Self {
        Self(object.unchecked_into())
    }

    /// With a member.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        set(&self.0, name, &value.into());
        self
    }

    /// With a member if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Into<JsValue>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The object.
    pub fn done(self) -> JsValue {
        self.0.into()
    }

    /// The object as JSON.
    pub fn to_json(&self) -> String {
        JSON::stringify(&self.0).map(String::from).unwrap_or_default()
    }
}

/// An object that somebody else made. What isn't an object has no members.
#[derive(Clone)]
pub struct JsMembers(pub JsValue);

impl JsMembers {
    /// Reads JSON; `None` when it isn't an object.
    pub fn parse(text: &str) -> Option<Self> {
        JSON::parse(text)
            .ok()
            .filter(|value| value.is_object() && !Array::is_array(value))
            .map(Self)
    }

    /// The value itself.
    pub fn value(&self, name: &str) -> JsValue {
        if self.0.is_object() { get(&self.0, name) } else { JsValue::UNDEFINED }
    }

    /// A string that may be left out.
    pub fn optional(&self, name: &'static str) -> Result<Option<String>, Fault> {
        let value = self.value(name);
        match value.as_string() {
            Some(text) => Ok(Some(text)),
            None if value.is_undefined() || value.is_null() => Ok(None),
            None => Err(Fault::option(name, "a string")),
        }
    }

    /// A string that must be there.
    pub fn needed(&self, name: &'static str) -> Result<String, Fault> {
        self.optional(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Fault::option(name, "a string"))
    }
}

impl Members for JsMembers {
    fn text(&self, name: &str) -> Option<String> {
        self.value(name).as_string()
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let array: Array = self.value(name).dyn_into().ok()?;
        Some(array.iter().filter_map(|value| value.as_string()).collect())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.value(name).as_f64()
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).is_truthy() && self.value(name).as_bool().unwrap_or_default()
    }
}
