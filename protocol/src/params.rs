//! Parameters of a request: `application/x-www-form-urlencoded` bodies and query strings.
//!
//! [RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1) and
//! [section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2): a parameter without a value
//! counts as omitted, and no parameter may come twice.

use std::{collections::HashSet, fmt, string::FromUtf8Error};

/// The most parameters that one request may carry. The longest request of a known client has about
/// fifteen.
pub const MAXIMUM_PARAMETERS: usize = 128;

/// The decoded parameters of one request, in the order they came in.
///
/// `Debug` shows only how many there are: values hold codes, verifiers and client secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a body of type `application/x-www-form-urlencoded`, or a query string without its `?`.
    ///
    /// [RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B): the values are
    /// UTF-8. What isn't is refused, never replaced: two different inputs must not become one value.
    ///
    /// # Errors
    ///
    /// All of them are `invalid_request`: a `%` without two hexadecimal digits, bytes that aren't
    /// UTF-8 once decoded, or more than [`MAXIMUM_PARAMETERS`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParametersError> {
        let mut pairs = Vec::new();
        for piece in bytes.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty()) {
            if pairs.len() == MAXIMUM_PARAMETERS {
                return Err(ParametersError::TooManyParameters);
            }
            let mut halves = piece.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The same parameters in the same order, as a query.
    #[must_use]
    pub fn to_query(&self) -> String {
        let pairs: Vec<(&str, &str)> =
            self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        encode(&pairs)
    }

    /// The value of a parameter that may come once; `None` when it is absent or empty.
    ///
    /// # Errors
    ///
    /// `invalid_request`: the parameter came more than once, also when one of the values is empty.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, RepeatedParameter> {
        let mut values = self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| value);
        let first = values.next();
        // RFC 6749 section 3.1: "Request and response parameters MUST NOT be included more than once."
        if values.next().is_some() {
            return Err(RepeatedParameter { name });
        }
        // RFC 6749 section 3.1: a parameter without a value MUST be treated as if it were omitted.
        Ok(first.map(String::as_str).filter(|value| !value.is_empty()))
    }

    /// The values of a parameter that may come several times, without the empty ones. Of those that
    /// we know only `resource` may
    /// ([RFC 8707 section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The first name that comes a second time and isn't in `allowed`.
    ///
    /// The name is the client's input: compare it, but don't repeat it in an answer.
    #[must_use]
    pub fn first_repeated(&self, allowed: &[&str]) -> Option<&str> {
        let mut seen = HashSet::new();
        self.0
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !seen.insert(*name) && !allowed.contains(name))
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Parameters({} redacted)", self.0.len())
    }
}

/// Writes `pairs` as `application/x-www-form-urlencoded`
/// ([RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B)), in their order.
#[must_use]
pub fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Decodes one name or value. `form_urlencoded` can't do it: it replaces what it can't read.
fn decode(bytes: &[u8]) -> Result<String, ParametersError> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => rest
                .next()
                .and_then(hexadecimal_digit)
                .zip(rest.next().and_then(hexadecimal_digit))
                .map(|(high, low)| high << 4 | low)
                .ok_or(ParametersError::MalformedPercentSequence)?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_: FromUtf8Error| ParametersError::InvalidUtf8)
}

/// The value of a hexadecimal digit of either case.
fn hexadecimal_digit(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Why a body or query string can't be read. Always `invalid_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParametersError {
    /// A decoded name or value isn't UTF-8.
    InvalidUtf8,
    /// A `%` isn't followed by two hexadecimal digits.
    MalformedPercentSequence,
    /// There are more than [`MAXIMUM_PARAMETERS`].
    TooManyParameters,
}

impl fmt::Display for ParametersError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InvalidUtf8 => {
                "A parameter is not valid UTF-8 after percent-decoding; encode names and values as UTF-8."
            }
            Self::MalformedPercentSequence => {
                "A parameter has a '%' without two hexadecimal digits after it; write a literal percent sign as '%25'."
            }
            Self::TooManyParameters => {
                "The request has more than 128 parameters; send only those that this endpoint defines."
            }
        })
    }
}

impl std::error::Error for ParametersError {}

/// A parameter came more than once. Always `invalid_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatedParameter {
    /// The name we asked for: one of ours, not the client's text.
    pub name: &'static str,
}

impl fmt::Display for RepeatedParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "The parameter '{}' was sent more than once; send it exactly once.",
            self.name
        )
    }
}

impl std::error::Error for RepeatedParameter {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, ErrorReply};
    use proptest::prelude::*;

    fn parse(text: &str) -> Parameters {
        Parameters::parse(text.as_bytes()).expect("parses")
    }

    #[test]
    fn rfc6749_appendix_b_the_example_decodes_and_encodes() {
        let text = "a=+%25%26%2B%C2%A3%E2%82%AC";
        assert_eq!(parse(text).get("a"), Ok(Some(" %&+£€")));
        assert_eq!(encode(&[("a", " %&+£€")]), text);
    }

    #[test]
    fn rfc6749_3_1_a_parameter_without_a_value_counts_as_omitted() {
        for text in ["", "&", "a", "a=", "a=&b=1", "b=a", "A=1"] {
            assert_eq!(parse(text).get("a"), Ok(None), "{text:?}");
        }
        for (text, value) in [
            ("a=1", "1"),
            ("&&a=1&", "1"),
            ("a==", "="),
            ("a=b=c", "b=c"),
            ("%61=%31", "1"),
            ("a=%00", "\0"),
            ("a=x;b=2", "x;b=2"),
            ("a=%EF%BF%BD", "\u{fffd}"),
            ("a=é", "é"),
        ] {
            assert_eq!(parse(text).get("a"), Ok(Some(value)), "{text:?}");
        }
    }

    #[test]
    fn rfc6749_3_1_a_parameter_that_comes_twice_is_an_error_even_when_one_is_empty() {
        for text in ["a=1&a=2", "a=1&a=1", "a=&a=1", "a=1&a", "a&a", "a=1&b=2&%61=3"] {
            assert_eq!(parse(text).get("a"), Err(RepeatedParameter { name: "a" }), "{text:?}");
        }
    }

    #[test]
    fn rfc6749_3_1_unknown_parameters_that_come_twice_are_found_too() {
        for (text, allowed, repeated) in [
            ("a=1&b=2", &[][..], None),
            ("a=1&b=2&b=&a=", &[], Some("b")),
            ("resource=1&resource=2", &[], Some("resource")),
            ("resource=1&resource=2", &["resource"], None),
            ("resource=1&resource=2&x=1&x=2", &["resource"], Some("x")),
        ] {
            assert_eq!(parse(text).first_repeated(allowed), repeated, "{text:?}");
        }
    }

    #[test]
    fn rfc8707_2_resource_may_come_several_times_and_empty_ones_do_not_count() {
        let parameters = parse("resource=one&scope=s&resource=&resource=two");
        assert_eq!(parameters.all("resource").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(parameters.all("audience").count(), 0);
    }

    #[test]
    fn rfc6749_appendix_b_malformed_bodies_are_refused_not_repaired() {
        for (bytes, error) in [
            (&b"a=%"[..], ParametersError::MalformedPercentSequence),
            (b"a=%4", ParametersError::MalformedPercentSequence),
            (b"a=%4g", ParametersError::MalformedPercentSequence),
            (b"a=%+1", ParametersError::MalformedPercentSequence),
            (b"%=a", ParametersError::MalformedPercentSequence),
            (b"a=%&31", ParametersError::MalformedPercentSequence),
            (b"a=%FF", ParametersError::InvalidUtf8),
            (b"a=\xff", ParametersError::InvalidUtf8),
            (b"a=%C3&b=%A9", ParametersError::InvalidUtf8),
            (b"a=%ED%A0%80", ParametersError::InvalidUtf8),
            (b"%C0%80=a", ParametersError::InvalidUtf8),
        ] {
            assert_eq!(Parameters::parse(bytes), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn a_request_has_at_most_128_parameters() {
        assert!(Parameters::parse("a=1&".repeat(128).as_bytes()).is_ok());
        assert_eq!(
            Parameters::parse("a=1&".repeat(129).as_bytes()),
            Err(ParametersError::TooManyParameters)
        );
        assert!(Parameters::parse("&".repeat(10_000).as_bytes()).is_ok());
    }

    #[test]
    fn debug_output_shows_neither_names_nor_values() {
        let shown = format!("{:?}", parse("client_secret=hunter2&hunter3"));
        assert_eq!(shown, "Parameters(2 redacted)");
    }

    #[test]
    fn rfc6749_5_2_every_description_uses_only_the_allowed_characters() {
        let mut descriptions = vec![RepeatedParameter { name: "code_verifier" }.to_string()];
        for error in [
            ParametersError::InvalidUtf8,
            ParametersError::MalformedPercentSequence,
            ParametersError::TooManyParameters,
        ] {
            descriptions.push(error.to_string());
        }
        for description in descriptions {
            let reply = ErrorReply::new(ErrorCode::InvalidRequest, &description);
            assert_eq!(reply.description, description);
        }
        assert!(
            ParametersError::TooManyParameters
                .to_string()
                .contains(&MAXIMUM_PARAMETERS.to_string())
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "[a-c=&%+0-9A-F]{0,200}".prop_map(String::into_bytes),
            ],
        ) {
            // What we accept is what the URL standard's parser reads, which is lenient.
            if let Ok(parameters) = Parameters::parse(&bytes) {
                let theirs: Vec<_> = form_urlencoded::parse(&bytes).into_owned().collect();
                prop_assert_eq!(parameters.0, theirs);
            }
        }

        #[test]
        fn what_is_encoded_reads_back(pairs in proptest::collection::vec((any::<String>(), any::<String>()), 0..20)) {
            // A nameless, valueless pair is written as `=`, which stays distinct from nothing at all.
            let borrowed: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let text = encode(&borrowed);
            prop_assert!(text.is_ascii());
            prop_assert_eq!(Parameters::parse(text.as_bytes()).expect("reads back").0, pairs);
        }
    }
}
