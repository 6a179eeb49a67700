//! How the most careless reader compares two names.

use std::borrow::Cow;

/// A name in one case, also where the other case is another alphabet's: `ſ` is an `s` and the Kelvin
/// sign a `k` to Go's `encoding/json` and to others.
pub(crate) fn folded(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    if name.is_ascii() {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_case_only_are_one_in_every_alphabet() {
        for (name, same) in [
            ("delete_note", "Delete_NOTE"),
            ("params", "param\u{17f}"),
            ("link", "lin\u{212a}"),
            ("löschen", "LÖSCHEN"),
            ("удалить", "УДАЛИТЬ"),
            ("straße", "STRASSE"),
            ("id", "\u{131}d"),
        ] {
            assert_eq!(folded(name), folded(same), "{name} {same}");
        }
        for (name, other) in [("a", "b"), ("delete_note", "delete-note"), ("a", "a "), ("a", "ä")]
        {
            assert_ne!(folded(name), folded(other), "{name} {other}");
        }
    }
}
