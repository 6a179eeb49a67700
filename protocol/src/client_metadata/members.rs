//! The members of one JSON object, taken out one by one with their types checked.

use serde_json::{Map, Value};

use super::{ClientMetadataError, MAXIMUM_ENTRIES, MAXIMUM_STRING};

/// The members that nobody has taken yet.
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    /// Takes a string. `null` and the empty string are absent, as several clients send them for
    /// what they have no value for.
    pub(super) fn text(
        &mut self,
        member: &'static str,
    ) -> Result<Option<String>, ClientMetadataError> {
        let text = self.text_of_any_length(member)?;
        match text {
            Some(text) if text.len() > MAXIMUM_STRING => {
                Err(ClientMetadataError::TooLong { member })
            }
            text => Ok(text),
        }
    }

    /// Takes a string whose length is limited by whoever reads it.
    pub(super) fn text_of_any_length(
        &mut self,
        member: &'static str,
    ) -> Result<Option<String>, ClientMetadataError> {
        match self.0.remove(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(ClientMetadataError::WrongType { member, expected: "a string" }),
        }
    }

    /// Takes a list of strings, whose length is limited by whoever reads them; empty when the
    /// member is absent. Empty entries are left out.
    pub(super) fn texts(
        &mut self,
        member: &'static str,
    ) -> Result<Vec<String>, ClientMetadataError> {
        const EXPECTED: &str = "an array of strings";
        let elements = match self.0.remove(member) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(elements)) => elements,
            // A single "" stands for an absent member here as well.
            Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
            Some(_) => return Err(ClientMetadataError::WrongType { member, expected: EXPECTED }),
        };
        if elements.len() > MAXIMUM_ENTRIES {
            return Err(ClientMetadataError::TooMany { member });
        }
        let mut texts = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Value::Null => {}
                Value::String(text) if text.is_empty() => {}
                Value::String(text) => texts.push(text),
                _ => return Err(ClientMetadataError::WrongType { member, expected: EXPECTED }),
            }
        }
        Ok(texts)
    }
}

/// Plain text for people: without control characters and marks that are invisible or turn the text
/// around them, with single spaces. A name that hides what it is can't be shown safely, however
/// well it is escaped. `None` when nothing is left.
pub(crate) fn plain_text(text: &str) -> Option<String> {
    let visible: String = text
        .chars()
        .filter(|&character| !is_invisible(character))
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Characters without a shape of their own that change or hide the text around them. The joiners
/// U+200C and U+200D stay: Persian, Indic scripts and emoji need them.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn members(value: Value) -> Members {
        Members(value.as_object().expect("object").clone())
    }

    #[test]
    fn empty_strings_nulls_and_empty_lists_count_as_absent() {
        for absent in [json!({}), json!({"m": null}), json!({"m": ""})] {
            assert_eq!(members(absent.clone()).text("m"), Ok(None), "{absent}");
            assert_eq!(members(absent.clone()).texts("m"), Ok(Vec::new()), "{absent}");
        }
        assert_eq!(members(json!({"m": []})).texts("m"), Ok(Vec::new()));
        let with_gaps = members(json!({"m": ["a", "", null, "b"]})).texts("m");
        assert_eq!(with_gaps, Ok(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_wrong_type_names_the_member() {
        for value in [json!(1), json!(true), json!({}), json!(["a"])] {
            let result = members(json!({ "m": value })).text("m");
            assert!(
                matches!(result, Err(ClientMetadataError::WrongType { member: "m", .. })),
                "{value}"
            );
        }
        for value in [json!(1), json!("a"), json!({}), json!([1]), json!([["a"]])] {
            let result = members(json!({ "m": value })).texts("m");
            assert!(
                matches!(result, Err(ClientMetadataError::WrongType { member: "m", .. })),
                "{value}"
            );
        }
    }

    #[test]
    fn plain_text_has_no_control_invisible_or_turning_characters() {
        let cases = [
            ("Claude Code (my-server)", Some("Claude Code (my-server)")),
            ("<b>Acme</b> & \"Co\"", Some("<b>Acme</b> & \"Co\"")),
            ("Acme\u{202e}moc.live\u{202c}", Some("Acmemoc.live")),
            ("A\u{200b}c\u{2066}me\u{feff}", Some("Acme")),
            ("two\r\nlines\tand  more ", Some("two lines and more")),
            ("日本語 👩‍💻", Some("日本語 👩‍💻")),
            ("\u{0}\u{202e} ", None),
        ];
        for (text, expected) in cases {
            assert_eq!(plain_text(text).as_deref(), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn plain_text_stays_what_it_is_when_read_again(text in ".*") {
            if let Some(once) = plain_text(&text) {
                prop_assert_eq!(plain_text(&once), Some(once));
            }
        }
    }
}
