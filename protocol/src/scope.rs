//! Scopes: what a client may do.
//!
//! [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).

use crate::json::{FromJson, ReadError, Value};
use serde::{Serialize, Serializer};
use std::{collections::HashSet, fmt, str::FromStr};

/// The longest scope token, in bytes.
pub const MAXIMUM_TOKEN_LENGTH: usize = 256;
/// The most tokens that a `scope` parameter may have, repeated ones included.
pub const MAXIMUM_TOKENS: usize = 200;
/// The longest `scope` parameter, in bytes.
pub const MAXIMUM_LENGTH: usize = 8192;

/// One scope token: `1*( %x21 / %x23-5B / %x5D-7E )`, at most [`MAXIMUM_TOKEN_LENGTH`] bytes.
///
/// [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3): case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeToken(String);

impl ScopeToken {
    /// Reads one token.
    ///
    /// # Errors
    ///
    /// `invalid_scope`: it is empty, too long, or has a space or another character that the grammar
    /// leaves out.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() {
            return Err(ScopeError::EmptyToken);
        }
        if text.len() > MAXIMUM_TOKEN_LENGTH {
            return Err(ScopeError::TokenTooLong);
        }
        if !text.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~')) {
            return Err(ScopeError::ForbiddenCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The token as it is written in `scope`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScopeToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for ScopeToken {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl Serialize for ScopeToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromJson for ScopeToken {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        Self::parse(&String::from_json(value)?).map_err(ReadError::new)
    }
}

/// A set of scope tokens that remembers the order they came in.
///
/// Two scopes are equal when they have the same tokens: RFC 6749 section 3.3 says that "their order
/// does not matter". The order is kept for pages and answers only.
#[derive(Debug, Clone, Default)]
pub struct Scope(Vec<ScopeToken>);

impl Scope {
    /// Reads a `scope` parameter. The text without a token is the empty scope.
    ///
    /// The grammar separates tokens by one space. Leading, trailing and repeated spaces are
    /// tolerated, because clients join lists; a tab, a line break or a comma as separator isn't.
    ///
    /// # Errors
    ///
    /// `invalid_scope`: a malformed token, more than [`MAXIMUM_TOKENS`], or more than
    /// [`MAXIMUM_LENGTH`] bytes.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(ScopeError::TooLong);
        }
        if words(text).nth(MAXIMUM_TOKENS).is_some() {
            return Err(ScopeError::TooManyTokens);
        }
        Self::read(text)
    }

    /// The scope of `tokens`; a token that comes again is left out.
    #[must_use]
    pub fn from_tokens(tokens: impl IntoIterator<Item = ScopeToken>) -> Self {
        let mut seen = HashSet::new();
        Self(tokens.into_iter().filter(|token| seen.insert(token.clone())).collect())
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `token` is one of the tokens. Case-sensitive.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|own| own.as_str() == token)
    }

    /// Whether every token is also in `other`. The empty scope is a subset of every scope.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|token| other.contains(token.as_str()))
    }

    /// The tokens that are in both, in the order of `self`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.iter().filter(|token| other.contains(token.as_str())).cloned().collect())
    }

    /// The tokens of `self`, then those that only `other` has.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_tokens(self.iter().chain(other.iter()).cloned())
    }

    /// The tokens of `self` that `other` doesn't have.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.iter().filter(|token| !other.contains(token.as_str())).cloned().collect())
    }

    /// The tokens in their order.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeToken> {
        self.0.iter()
    }

    /// Reads tokens without the limits of a request.
    fn read(text: &str) -> Result<Self, ScopeError> {
        let tokens: Vec<_> = words(text).map(ScopeToken::parse).collect::<Result<_, _>>()?;
        Ok(Self::from_tokens(tokens))
    }
}

/// The words of `text` between spaces (`%x20` only, so that no other white space separates).
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        // Tokens are unique, so as many and all contained is the same set.
        self.0.len() == other.0.len() && self.is_subset_of(other)
    }
}

impl Eq for Scope {}

impl fmt::Display for Scope {
    /// The tokens with one space between them, as in `scope`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, token) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(token.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromJson for Scope {
    /// Reads a stored scope, which may be a union and so beyond the limits of [`Scope::parse`]. The
    /// grammar is checked all the same.
    fn from_json(value: Value) -> Result<Self, ReadError> {
        Self::read(&String::from_json(value)?).map_err(ReadError::new)
    }
}

/// Why a scope can't be read. Always `invalid_scope` (`invalid_client_metadata` at registration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeError {
    /// A single token was expected and there is none.
    EmptyToken,
    /// A token has a character outside the grammar.
    ForbiddenCharacter,
    /// A token is longer than [`MAXIMUM_TOKEN_LENGTH`].
    TokenTooLong,
    /// There are more than [`MAXIMUM_TOKENS`].
    TooManyTokens,
    /// The whole is longer than [`MAXIMUM_LENGTH`].
    TooLong,
}

impl fmt::Display for ScopeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EmptyToken => "A scope token is empty; give it at least one character.",
            Self::ForbiddenCharacter => {
                "A scope token has a character that RFC 6749 section 3.3 does not allow; use printable ASCII without quotation mark and backslash, and separate tokens by one space."
            }
            Self::TokenTooLong => {
                "A scope token is longer than 256 characters; separate tokens by one space or use shorter ones."
            }
            Self::TooManyTokens => "The scope has more than 200 tokens; ask for fewer.",
            Self::TooLong => "The scope is longer than 8192 characters; ask for fewer tokens.",
        })
    }
}

impl std::error::Error for ScopeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, ErrorReply};
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).expect("parses")
    }

    #[test]
    fn rfc6749_3_3_a_scope_is_a_set_of_tokens_with_single_spaces_between() {
        for (text, written) in [
            ("", ""),
            ("   ", ""),
            ("read", "read"),
            ("read write", "read write"),
            ("  read   write ", "read write"),
            ("write read write", "write read"),
            ("read READ", "read READ"),
            ("urn:x:a/b?c#d https://h/s !#[]~ a,b", "urn:x:a/b?c#d https://h/s !#[]~ a,b"),
        ] {
            let scope = scope(text);
            assert_eq!(scope.to_string(), written, "{text:?}");
            assert_eq!(scope.is_empty(), written.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn rfc6749_3_3_other_characters_are_refused() {
        for text in ["a\"b", "a\\b", "a\tb", "a\nb", "a\u{a0}b", "é", "a\0", "a\u{7f}", "a b\r"] {
            assert_eq!(Scope::parse(text), Err(ScopeError::ForbiddenCharacter), "{text:?}");
        }
        assert_eq!(ScopeToken::parse("a b"), Err(ScopeError::ForbiddenCharacter));
        assert_eq!(ScopeToken::parse(""), Err(ScopeError::EmptyToken));
    }

    #[test]
    fn a_scope_has_limits_and_the_last_value_inside_each_is_accepted() {
        let numbered = |count: usize| (0..count).map(|n| format!("s{n} ")).collect::<String>();
        assert!(Scope::parse(&"a".repeat(256)).is_ok());
        assert_eq!(Scope::parse(&"a".repeat(257)), Err(ScopeError::TokenTooLong));
        assert!(Scope::parse(&numbered(200)).is_ok());
        assert_eq!(Scope::parse(&numbered(201)), Err(ScopeError::TooManyTokens));
        assert!(Scope::parse(&" ".repeat(8192)).is_ok());
        assert_eq!(Scope::parse(&" ".repeat(8193)), Err(ScopeError::TooLong));
    }

    #[test]
    fn rfc6749_3_3_the_order_of_tokens_does_not_matter() {
        assert_eq!(scope("a b"), scope("b a"));
        assert_ne!(scope("a b"), scope("a"));
        assert_ne!(scope("a"), scope("a b"));
        assert_ne!(scope("a b"), scope("a c"));
        assert_ne!(scope("a"), scope("A"));
    }

    #[test]
    fn rfc6749_6_a_scope_is_compared_as_a_set() {
        let (granted, asked) = (scope("a b c"), scope("d c a"));
        assert_eq!(granted.intersection(&asked).to_string(), "a c");
        assert_eq!(granted.union(&asked).to_string(), "a b c d");
        assert_eq!(granted.difference(&asked).to_string(), "b");
        assert_eq!(asked.difference(&granted).to_string(), "d");
        assert!(!asked.is_subset_of(&granted));
        assert!(scope("c b").is_subset_of(&granted));
        assert!(Scope::default().is_subset_of(&granted));
        assert!(!granted.is_subset_of(&Scope::default()));
        assert!(granted.contains("b") && !granted.contains("B") && !granted.contains(""));
        assert_eq!(granted.iter().map(ScopeToken::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_stored_scope_reads_back_also_when_it_grew_beyond_one_request() {
        let numbered =
            |range: std::ops::Range<usize>| range.map(|n| format!("s{n} ")).collect::<String>();
        let grown = scope(&numbered(0..200)).union(&scope(&numbered(200..400)));
        let json = serde_json::to_string(&grown).expect("json");
        let back: Scope = crate::json::read(&json).expect("reads back");
        assert_eq!(back.to_string(), grown.to_string());
        assert_eq!(back.iter().count(), 400);
        assert!(crate::json::read::<Scope>(r#""a\tb""#).is_err());
        assert!(crate::json::read::<ScopeToken>(r#""a b""#).is_err());
        assert_eq!(serde_json::to_string(&scope("b a")).expect("json"), r#""b a""#);
    }

    #[test]
    fn rfc6749_5_2_every_description_uses_only_the_allowed_characters() {
        for error in [
            ScopeError::EmptyToken,
            ScopeError::ForbiddenCharacter,
            ScopeError::TokenTooLong,
            ScopeError::TooManyTokens,
            ScopeError::TooLong,
        ] {
            let reply = ErrorReply::new(ErrorCode::InvalidScope, error.to_string());
            assert_eq!(reply.description, error.to_string());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_reads_back(
            text in prop_oneof![any::<String>(), "[a-d !~\"\\\\]{0,60}"],
        ) {
            if let Ok(scope) = Scope::parse(&text) {
                let written = scope.to_string();
                prop_assert_eq!(Scope::parse(&written).expect("reads back").to_string(), written.clone());
                prop_assert!(written.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            }
        }

        #[test]
        fn intersection_and_difference_are_parts_that_make_the_whole(
            left in "([a-f] ){0,8}", right in "([a-f] ){0,8}",
        ) {
            let (left, right) = (scope(&left), scope(&right));
            let (both, only) = (left.intersection(&right), left.difference(&right));
            prop_assert!(both.is_subset_of(&left) && both.is_subset_of(&right));
            prop_assert!(only.intersection(&right).is_empty());
            prop_assert_eq!(both.union(&only), left.clone());
            prop_assert!(left.is_subset_of(&left.union(&right)) && right.is_subset_of(&left.union(&right)));
            prop_assert_eq!(left.union(&right), right.union(&left));
        }
    }
}
