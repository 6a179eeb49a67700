//! The code that a device shows and a person types in
//! ([RFC 8628 section 6.1](https://www.rfc-editor.org/rfc/rfc8628#section-6.1)).
//!
//! Four letters and four digits, shown as `BCDF-1234`: 1,600,000,000 codes. The letters have no
//! vowels, so that no code is a word; that each place takes one kind tells look-alikes apart.

use serde::{Serialize, Serializer};
use std::fmt;

use crate::entropy::Entropy;
use crate::json::{FromJson, ReadError, Value};
use crate::params::Parameters;

/// The letters of [RFC 8628 section 6.1](https://www.rfc-editor.org/rfc/rfc8628#section-6.1).
const LETTERS: [char; 20] = [
    'B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X',
    'Z',
];
const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// How many letters a code begins with, and how many digits follow.
const HALF: usize = 4;
/// The longest text that is looked at: an address with a code in it, pasted whole.
const MAXIMUM_TEXT: usize = 2_000;

/// A user code: four letters and four digits, without the dash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserCode(String);

impl UserCode {
    /// Draws a code. Of 2^64 values each code gets the same number but for one, which no guess can
    /// profit from.
    #[must_use]
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let mut rest = u64::from_be_bytes(entropy.bytes());
        let mut draw = |alphabet: &[char]| {
            let size = alphabet.len() as u64;
            let index = usize::try_from(rest % size).unwrap_or_default();
            rest /= size;
            alphabet.get(index).copied().unwrap_or_default()
        };
        let letters: String = (0..HALF).map(|_| draw(&LETTERS)).collect();
        let digits: String = (0..HALF).map(|_| draw(&DIGITS)).collect();
        Self(letters + &digits)
    }

    /// Reads what a person typed or pasted, as they meant it.
    ///
    /// Upper and lower case, spaces, dashes and other punctuation make no difference
    /// ([RFC 8628 section 6.1](https://www.rfc-editor.org/rfc/rfc8628#section-6.1)), nor do the wide
    /// characters of East Asian keyboards. A look-alike that can't be meant at its place is read as
    /// what it looks like, where that is one character only. Of a whole address the parameter
    /// `user_code` is read.
    ///
    /// # Errors
    ///
    /// [`UserCodeError`]: nothing was typed, or no code can be meant by it.
    pub fn parse(text: &str) -> Result<Self, UserCodeError> {
        if text.len() > MAXIMUM_TEXT {
            return Err(UserCodeError::NotACode);
        }
        let from_address = of_address(text);
        let text = from_address.as_deref().unwrap_or(text);
        // One more than a code has, so that a longer text shows as one.
        let typed: Vec<char> = text
            .chars()
            .map(narrow)
            .filter(|one| one.is_alphanumeric())
            .take(2 * HALF + 1)
            .collect();
        if typed.is_empty() {
            return Err(UserCodeError::Empty);
        }
        if typed.len() != 2 * HALF {
            return Err(UserCodeError::NotACode);
        }
        let meant = typed.into_iter().enumerate().map(|(place, one)| {
            let upper = one.to_ascii_uppercase();
            if place < HALF { letter(upper) } else { digit(upper) }
        });
        meant.collect::<Option<String>>().map(Self).ok_or(UserCodeError::NotACode)
    }

    /// The code without its dash: `BCDF1234`. It names the object that has the request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the form of [`Self::as_str`] and nothing else: what a program wrote.
    #[must_use]
    pub fn from_canonical(text: &str) -> Option<Self> {
        Self::parse(text).ok().filter(|code| code.0 == text)
    }
}

impl fmt::Display for UserCode {
    /// As a device shows it: `BCDF-1234`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (letters, digits) = self.0.split_at_checked(HALF).unwrap_or_default();
        write!(formatter, "{letters}-{digits}")
    }
}

impl Serialize for UserCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromJson for UserCode {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let text = String::from_json(value)?;
        Self::from_canonical(&text).ok_or_else(|| ReadError::new("expected a user code"))
    }
}

/// Why a text isn't a user code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserCodeError {
    /// Nothing was typed.
    Empty,
    /// Not four letters and four digits, whatever is read into it.
    NotACode,
}

/// The value of `user_code` in an address that was pasted whole, with or without its scheme.
fn of_address(text: &str) -> Option<String> {
    let (_, query) = text.trim().split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes()).ok()?;
    parameters.get("user_code").ok().flatten().map(str::to_owned)
}

/// The ASCII character of a wide one (U+FF01 to U+FF5E).
fn narrow(one: char) -> char {
    match u32::from(one) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(one),
        _ => one,
    }
}

/// The letter that is meant. Zero could be a D or a Q, six a G or a b, so those are nobody's guess.
fn letter(typed: char) -> Option<char> {
    let meant = match typed {
        '1' | 'I' => 'L',
        '2' => 'Z',
        '5' => 'S',
        '8' => 'B',
        other => other,
    };
    LETTERS.contains(&meant).then_some(meant)
}

/// The digit that is meant.
fn digit(typed: char) -> Option<char> {
    let meant = match typed {
        'O' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'S' => '5',
        'B' => '8',
        other => other,
    };
    DIGITS.contains(&meant).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<String, UserCodeError> {
        UserCode::parse(text).map(|code| code.to_string())
    }

    #[test]
    fn rfc8628_6_1_dev_05_a_code_is_read_however_it_is_typed() {
        for typed in [
            "BCDF-1234",
            "bcdf-1234",
            "BCDF1234",
            " b c d f 1 2 3 4 ",
            "bcdf\u{2013}1234",
            "bcdf\u{2014}1234\u{200b}",
            "bcdf\u{2011}1234",
            "\u{2212}BCDF_1234.",
            "\"BCDF\": (1234)!",
            "\u{ff22}\u{ff23}\u{ff24}\u{ff26}\u{ff0d}\u{ff11}\u{ff12}\u{ff13}\u{ff14}",
            "\u{2067}BCDF\n1234\u{2069}",
        ] {
            assert_eq!(read(typed).as_deref(), Ok("BCDF-1234"), "{typed:?}");
        }
    }

    #[test]
    fn dev_05_a_look_alike_is_read_as_what_is_meant_at_its_place() {
        for (typed, meant) in [
            ("BCDF-O123", "BCDF-0123"),
            ("bcdf-o123", "BCDF-0123"),
            ("BCDF-I234", "BCDF-1234"),
            ("BCDF-l234", "BCDF-1234"),
            ("BCDF-SBZ0", "BCDF-5820"),
            ("58ZC-0000", "SBZC-0000"),
            ("2C1F-0000", "ZCLF-0000"),
            ("ICDF-0000", "LCDF-0000"),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(meant), "{typed}");
        }
    }

    #[test]
    fn dev_05_what_could_be_two_codes_or_none_is_not_guessed_at() {
        assert_eq!(read(""), Err(UserCodeError::Empty));
        assert_eq!(read(" -- \u{2014} "), Err(UserCodeError::Empty));
        for typed in [
            "BCDF-123",
            "BCDF-12345",
            "0CDF-1234",
            "6CDF-1234",
            "ACDF-1234",
            "YCDF-1234",
            "BCDF-G234",
            "BCDF-Q234",
            "1234-BCDF",
            "BCDFGHJK",
            "12345678",
            "BCDÉ-1234",
            "\u{412}CDF-1234",
            "BCDF-\u{0661}234",
            "https://id.example/device",
        ] {
            assert_eq!(read(typed), Err(UserCodeError::NotACode), "{typed}");
        }
        assert_eq!(read(&"B".repeat(MAXIMUM_TEXT + 1)), Err(UserCodeError::NotACode));
    }

    #[test]
    fn rfc8628_3_3_1_a_whole_address_is_read_too() {
        for typed in [
            "https://id.example/device?user_code=BCDF-1234",
            "id.example/device?user_code=bcdf1234",
            " http://127.0.0.1:8787/oauth/device?lang=en&user_code=BCDF%2D1234#top ",
            "https://id.example/device?user_code=BCDF+1234",
        ] {
            assert_eq!(read(typed).as_deref(), Ok("BCDF-1234"), "{typed}");
        }
        for typed in [
            "https://id.example/device?code=BCDF-1234",
            "https://id.example/device?user_code=",
            "https://id.example/device?user_code=BCDF-1234&user_code=BCDF-1235",
        ] {
            assert!(read(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn rfc8628_6_1_dev_05_a_drawn_code_has_only_letters_that_make_no_words_and_digits() {
        let mut entropy = CountingEntropy::default();
        let mut seen = std::collections::HashSet::new();
        let mut letters = std::collections::HashSet::new();
        for _ in 0..400 {
            let code = UserCode::generate(&mut entropy);
            letters.extend(code.as_str().chars().take(4));
            assert_eq!(UserCode::parse(&code.to_string()), Ok(code.clone()));
            assert_eq!(UserCode::from_canonical(code.as_str()), Some(code.clone()));
            assert!(seen.insert(code));
        }
        assert_eq!(letters, LETTERS.into_iter().collect());
    }

    #[test]
    fn a_stored_code_is_read_strictly() {
        let code: UserCode = crate::json::read("\"BCDF1234\"").expect("a code");
        assert_eq!(serde_json::to_string(&code).expect("json"), "\"BCDF1234\"");
        for other in ["\"BCDF-1234\"", "\"bcdf1234\"", "\"BCDFO234\"", "\"\""] {
            assert!(crate::json::read::<UserCode>(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parse_panic_and_what_is_read_reads_back(
            text in "[A-Za-z0-9 -]{0,12}|.{0,30}|.{0,9}\\?user_code=.{0,12}"
        ) {
            if let Ok(code) = UserCode::parse(&text) {
                prop_assert_eq!(code.as_str().len(), 8);
                prop_assert_eq!(UserCode::parse(&code.to_string()), Ok(code.clone()));
                prop_assert_eq!(UserCode::parse(&code.to_string().to_lowercase()), Ok(code));
            }
        }

        #[test]
        fn punctuation_anywhere_changes_nothing(
            breaks in proptest::collection::vec("[ .,:;_–—'\"/-]{0,2}", 9)
        ) {
            let mut text = String::new();
            for (one, between) in "BCDF1234".chars().zip(&breaks) {
                text.push_str(between);
                text.push(one);
            }
            text.push_str(&breaks[8]);
            prop_assert_eq!(read(&text), Ok("BCDF-1234".to_owned()));
        }
    }
}
