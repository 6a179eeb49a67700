//! Colours that stay readable, whichever accent an operator configures.
//!
//! Contrast is the ratio of
//! [WCAG 2.2](https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), from 1 to 21.

use std::fmt;
use std::str::FromStr;

/// A colour in sRGB, eight bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// The text is not `#` and six hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAColour;

impl fmt::Display for NotAColour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a colour of the form #rrggbb")
    }
}

impl std::error::Error for NotAColour {}

impl Colour {
    /// White.
    pub const WHITE: Self = Self::rgb(0xff_ff_ff);
    /// Black.
    pub const BLACK: Self = Self::rgb(0x00_00_00);

    /// The colour written `0xrrggbb`; the highest byte is ignored.
    #[must_use]
    pub const fn rgb(value: u32) -> Self {
        let [_, red, green, blue] = value.to_be_bytes();
        Self { red, green, blue }
    }

    /// Reads `#rrggbb`, in either case.
    ///
    /// # Errors
    ///
    /// [`NotAColour`] for anything else, the short form `#rgb` included.
    pub fn parse(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').ok_or(NotAColour)?;
        // `from_str_radix` would take a sign.
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        u32::from_str_radix(digits, 16).map(Self::rgb).map_err(|_| NotAColour)
    }

    /// The contrast ratio between two colours, from 1 to 21, the same either way round.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// White or black, whichever is easier to read on this colour: at least 4.5 to 1.
    ///
    /// White where it passes, since that is what people expect on a coloured button.
    #[must_use]
    pub fn readable_text(self) -> Self {
        if self.contrast(Self::WHITE) >= 4.5 {
            Self::WHITE
        } else {
            // Where white falls below 4.5, black is above 21 / 4.5 = 4.66.
            Self::BLACK
        }
    }

    /// This colour, moved towards black or white just as far as it takes to reach `ratio` on
    /// `background`.
    ///
    /// A ratio that not even black or white reaches gives black or white.
    #[must_use]
    pub fn legible_on(self, background: Self, ratio: f64) -> Self {
        let end = if background.contrast(Self::WHITE) > background.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        };
        (0..=50_u8)
            .map(|step| self.mixed_with(end, f64::from(step) / 50.0))
            .find(|candidate| candidate.contrast(background) >= ratio)
            .unwrap_or(end)
    }

    /// This colour with `share` (0 to 1) of it replaced by `other`.
    #[must_use]
    pub fn mixed_with(self, other: Self, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        let channel = |from: u8, to: u8| {
            let mixed = f64::from(from) + (f64::from(to) - f64::from(from)) * share;
            // Between two bytes, so it fits; `as` on a float saturates in any case.
            mixed.round() as u8
        };
        Self {
            red: channel(self.red, other.red),
            green: channel(self.green, other.green),
            blue: channel(self.blue, other.blue),
        }
    }

    /// Relative luminance, 0 to 1 ([WCAG 2.2](https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)).
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        Self::parse(text)
    }
}

/// Writes `#rrggbb` in lower case.
impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A grid over the whole of sRGB.
    fn every_colour() -> impl Iterator<Item = Colour> {
        let steps = || (0..=255_u32).step_by(17);
        steps().flat_map(move |red| {
            steps().flat_map(move |green| {
                steps().map(move |blue| Colour::rgb(red << 16 | green << 8 | blue))
            })
        })
    }

    #[test]
    fn reads_and_writes_six_digits() {
        assert_eq!(Colour::parse("#1F5fd0"), Ok(Colour::rgb(0x1f5fd0)));
        assert_eq!(Colour::rgb(0x01020a).to_string(), "#01020a");
        for wrong in ["", "#", "1f5fd0", "#1f5fd", "#1f5fd00", "#fff", "red", "#+12345", "#１f5fd"]
        {
            assert_eq!(Colour::parse(wrong), Err(NotAColour), "{wrong:?}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        // #767676 is the well-known lightest grey that passes AA on white.
        assert!((Colour::rgb(0x767676).contrast(Colour::WHITE) - 4.54).abs() < 0.01);
        assert!(Colour::rgb(0x777777).contrast(Colour::WHITE) < 4.5);
    }

    #[test]
    fn text_on_any_accent_passes_aa() {
        for accent in every_colour() {
            let ratio = accent.contrast(accent.readable_text());
            assert!(ratio >= 4.5, "{accent}: {ratio}");
        }
        assert_eq!(Colour::rgb(0x1f5fd0).readable_text(), Colour::WHITE);
        assert_eq!(Colour::rgb(0xffd400).readable_text(), Colour::BLACK);
    }

    #[test]
    fn any_accent_can_be_made_legible_and_is_left_alone_when_it_is() {
        for accent in every_colour() {
            for background in [Colour::WHITE, Colour::rgb(0x17191e)] {
                let ratio = accent.legible_on(background, 5.0).contrast(background);
                assert!(ratio >= 5.0, "{accent} on {background}: {ratio}");
            }
        }
        let blue = Colour::rgb(0x1f5fd0);
        assert_eq!(blue.legible_on(Colour::WHITE, 4.5), blue);
    }

    proptest! {
        #[test]
        fn no_text_makes_parse_panic_and_a_colour_reads_back(text in "#[0-9a-fA-F]{5,7}|.{0,10}") {
            if let Ok(colour) = Colour::parse(&text) {
                prop_assert_eq!(colour.to_string(), text.to_lowercase());
            }
        }
    }
}
