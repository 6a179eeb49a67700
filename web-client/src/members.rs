//! Reading and making JavaScript objects.

use js_sys::{Array, Object, Reflect};
use latchkey_protocol::client_side::Members;
use wasm_bindgen::{JsCast, JsValue};

/// The members of an object that JavaScript has parsed. What isn't an object has none.
pub struct JsMembers<'a>(pub &'a JsValue);

impl JsMembers<'_> {
    fn value(&self, name: &str) -> JsValue {
        // It throws for what isn't an object.
        Reflect::get(self.0, &JsValue::from(name)).unwrap_or_default()
    }
}

impl Members for JsMembers<'_> {
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
        self.value(name) == JsValue::TRUE
    }
}

/// An object of these members; what is `None` is left out.
pub fn object<const N: usize>(members: [(&str, Option<JsValue>); N]) -> JsValue {
    let object: JsValue = Object::new().into();
    for (name, value) in members {
        if let Some(value) = value {
            set(&object, name, &value);
        }
    }
    object
}

/// Sets a member of an object of ours, which can't fail.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &JsValue::from(name), value);
}
