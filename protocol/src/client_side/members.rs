//! Reading a JSON object that the platform has parsed.

use serde_json::{Map, Value};

/// The members of a JSON object, by name. A member of another kind counts as absent.
pub trait Members {
    /// A string.
    fn text(&self, name: &str) -> Option<String>;
    /// An array of strings; anything else in it is left out.
    fn texts(&self, name: &str) -> Option<Vec<String>>;
    /// A number.
    fn number(&self, name: &str) -> Option<f64>;
    /// `true`.
    fn flag(&self, name: &str) -> bool;
}

impl Members for Map<String, Value> {
    fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let values = self.get(name)?.as_array()?;
        Some(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::client_side::Address;
    use url::Url;

    /// The members of an object that a test writes.
    pub fn members(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            other => panic!("{other} is no object"),
        }
    }

    /// What a browser reads: the same algorithm (WHATWG URL).
    pub fn address(text: &str) -> Option<Address> {
        let url = Url::parse(text).ok()?;
        Some(Address {
            protocol: format!("{}:", url.scheme()),
            hostname: url.host_str().unwrap_or_default().to_owned(),
            origin: url.origin().ascii_serialization(),
            pathname: url.path().to_owned(),
            search: url.query().map(|query| format!("?{query}")).unwrap_or_default(),
            has_extras: !url.username().is_empty()
                || url.password().is_some()
                || url.fragment().is_some(),
        })
    }

    #[test]
    fn a_member_of_another_kind_counts_as_absent() {
        let read = members(serde_json::json!({
            "text": 1, "texts": "a", "number": "1", "flag": "true", "mixed": ["a", 1, "b"]
        }));
        assert_eq!(read.text("text"), None);
        assert_eq!(read.texts("texts"), None);
        assert_eq!(read.number("number"), None);
        assert!(!read.flag("flag") && !read.flag("absent"));
        assert_eq!(read.texts("mixed"), Some(vec!["a".to_owned(), "b".to_owned()]));
    }
}
