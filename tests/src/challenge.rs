//! A client's reading of `WWW-Authenticate`
//! ([RFC 9110 section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).

use std::collections::BTreeMap;

use crate::http::Reply;

/// A challenge with the scheme `Bearer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(BTreeMap<String, String>);

impl Challenge {
    /// Reads the one challenge of an answer, as simple clients do: `Bearer name="value", …` without
    /// escapes.
    ///
    /// # Panics
    ///
    /// When there isn't exactly one, it has another form, or a parameter comes twice.
    #[track_caller]
    #[must_use]
    pub fn of(reply: &Reply) -> Self {
        let wrong = |what: &str| -> ! { panic!("{what}: {}", reply.describe()) };
        let headers: Vec<&str> = reply
            .headers
            .iter()
            .filter(|(name, _)| name == "www-authenticate")
            .map(|(_, value)| value.as_str())
            .collect();
        let [header] = headers[..] else { wrong("not one challenge") };
        let Some(mut rest) = header.strip_prefix("Bearer ") else { wrong("no Bearer challenge") };
        let mut parameters = BTreeMap::new();
        while !rest.is_empty() {
            let Some((name, after)) = rest.split_once("=\"") else { wrong("no parameter") };
            let Some((value, after)) = after.split_once('"') else { wrong("no closing quote") };
            let is_plain = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if !value.bytes().all(is_plain) || value.is_empty() {
                wrong("a value that needs escapes, or none");
            }
            if parameters.insert(name.to_owned(), value.to_owned()).is_some() {
                wrong("a parameter twice");
            }
            rest = after.strip_prefix(", ").unwrap_or(after);
            if !rest.is_empty() && rest == after {
                wrong("no comma");
            }
        }
        Self(parameters)
    }

    /// A parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names of all parameters, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The tokens of `scope`, sorted; none when there is no such parameter.
    #[must_use]
    pub fn scope(&self) -> Vec<&str> {
        let mut tokens: Vec<&str> =
            self.get("scope").map(|scope| scope.split(' ').collect()).unwrap_or_default();
        tokens.sort_unstable();
        tokens
    }
}
