//! The product's name, logo and colours, and the stylesheet made of them.

use askama::Template;

use super::colour::Colour;
use super::text;

/// Everything below the colours is the same for every deployment.
const RULES: &str = include_str!("../../templates/latchkey.css");

/// FNV-1a of [`RULES`], once, when the crate is compiled.
const RULES_HASH: u64 = fnv(0xcbf2_9ce4_8422_2325, RULES.as_bytes());

/// What the pages look like and where their links lead; made once from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The product's name.
    pub product_name: String,
    /// An https URI of a logo, or a path on this origin. Shown 32 pixels high; without one, the
    /// product's initial stands in its place.
    pub logo_url: Option<String>,
    /// The colour of buttons and links. Any colour works: text on it and links in it are adjusted
    /// until they are readable.
    pub accent: Colour,
    /// The same in dark mode; lightened from `accent` when absent.
    pub accent_dark: Option<Colour>,
    /// The privacy policy.
    pub privacy_url: Option<String>,
    /// The terms of service.
    pub terms_url: Option<String>,
    /// Where people find help: an https or mailto URI.
    pub support_url: Option<String>,
    /// What every link and form action starts with: empty, or a path such as `/mcp/oauth`, without
    /// a slash at the end.
    pub base_path: String,
}

/// Where the stylesheet and the icon are.
#[derive(Debug)]
pub struct AssetPaths {
    /// [`Look::stylesheet_path`].
    pub stylesheet: String,
    /// [`Look::icon_path`].
    pub icon: String,
}

impl Look {
    /// The whole stylesheet: the colours, then the rules. `text/css; charset=utf-8`.
    #[must_use]
    pub fn stylesheet(&self) -> String {
        format!("{}{RULES}", self.colours())
    }

    /// The stylesheet's path, `{base}/assets/latchkey-<hash>.css`. The hash is of the contents, so
    /// the answer may be cached for ever.
    #[must_use]
    pub fn stylesheet_path(&self) -> String {
        let hash = fnv(RULES_HASH, self.colours().as_bytes());
        format!("{}/assets/latchkey-{}.css", self.base_path, short(hash))
    }

    /// The icon of the browser's tab: the product's initial on the accent. `image/svg+xml`.
    ///
    /// # Errors
    ///
    /// None in practice; askama's signature.
    pub fn icon(&self) -> Result<String, askama::Error> {
        Icon { look: self }.render()
    }

    /// The icon's path, `{base}/assets/latchkey-<hash>.svg`, cacheable for ever like the
    /// stylesheet.
    #[must_use]
    pub fn icon_path(&self) -> String {
        let drawn = format!("{}{}", self.initial(), self.accent);
        let hash = fnv(RULES_HASH, drawn.as_bytes());
        format!("{}/assets/latchkey-{}.svg", self.base_path, short(hash))
    }

    /// Where both are, for whoever asks often: the colours behind them take a while.
    #[must_use]
    pub fn asset_paths(&self) -> AssetPaths {
        AssetPaths { stylesheet: self.stylesheet_path(), icon: self.icon_path() }
    }

    /// The letter of the product's mark.
    pub(super) fn initial(&self) -> String {
        text::initial(&self.product_name)
    }

    /// The browser's frame around a light page.
    pub(super) fn frame_light(&self) -> Colour {
        LIGHT.page
    }

    /// The browser's frame around a dark page.
    pub(super) fn frame_dark(&self) -> Colour {
        DARK.page
    }

    /// The custom properties that the rules are written in.
    fn colours(&self) -> String {
        // A dark accent on a dark page would be a hole, not a button.
        let accent_dark =
            self.accent_dark.unwrap_or_else(|| self.accent.legible_on(DARK.surface, 3.0));
        format!(
            ":root{{color-scheme:light dark;{}}}\n\
             @media (prefers-color-scheme:dark){{:root{{{}}}}}\n",
            LIGHT.properties(self.accent),
            DARK.properties(accent_dark),
        )
    }
}

/// The tab's icon.
#[derive(Template)]
#[template(path = "icon.svg")]
struct Icon<'a> {
    look: &'a Look,
}

/// The colours of one scheme that no operator chooses.
struct Scheme {
    page: Colour,
    surface: Colour,
    sunken: Colour,
    line: Colour,
    control: Colour,
    text: Colour,
    muted: Colour,
    danger: Colour,
    danger_soft: Colour,
    danger_line: Colour,
    caution: Colour,
    caution_soft: Colour,
    caution_line: Colour,
    good: Colour,
}

const LIGHT: Scheme = Scheme {
    page: Colour::rgb(0xf6f7f9),
    surface: Colour::rgb(0xffffff),
    sunken: Colour::rgb(0xf5f6f8),
    line: Colour::rgb(0xe4e6eb),
    control: Colour::rgb(0x878d99),
    text: Colour::rgb(0x16181d),
    muted: Colour::rgb(0x565c69),
    danger: Colour::rgb(0xa8201a),
    danger_soft: Colour::rgb(0xfdf2f1),
    danger_line: Colour::rgb(0xf0c4c0),
    caution: Colour::rgb(0x7a4700),
    caution_soft: Colour::rgb(0xfdf6e9),
    caution_line: Colour::rgb(0xecd5a8),
    good: Colour::rgb(0x0f7048),
};

const DARK: Scheme = Scheme {
    page: Colour::rgb(0x0e0f13),
    surface: Colour::rgb(0x17191f),
    sunken: Colour::rgb(0x1e2128),
    line: Colour::rgb(0x2d313a),
    control: Colour::rgb(0x737a88),
    text: Colour::rgb(0xeceef2),
    muted: Colour::rgb(0xa5abb8),
    danger: Colour::rgb(0xff9d94),
    danger_soft: Colour::rgb(0x2c1a1b),
    danger_line: Colour::rgb(0x5a2e2e),
    caution: Colour::rgb(0xf2c46d),
    caution_soft: Colour::rgb(0x29211a),
    caution_line: Colour::rgb(0x54432a),
    good: Colour::rgb(0x5fd3a0),
};

/// What is derived from the accent, so that it works in one scheme.
struct Accent {
    fill: Colour,
    /// Fill under the pointer: away from its text, so that contrast only grows.
    hover: Colour,
    on: Colour,
    /// The button's edge, 3 to 1 on the surface (WCAG 1.4.11).
    edge: Colour,
    /// Links and the focus ring, as text on every background we have (WCAG 1.4.3).
    ink: Colour,
}

impl Scheme {
    fn accent(&self, fill: Colour) -> Accent {
        let on = fill.readable_text();
        let away = if on == Colour::WHITE { Colour::BLACK } else { Colour::WHITE };
        Accent {
            fill,
            hover: fill.mixed_with(away, 0.14),
            on,
            edge: fill.legible_on(self.surface, 3.0),
            // Sunken is the harder of the two backgrounds in either scheme.
            ink: fill.legible_on(self.sunken, 5.0),
        }
    }

    fn properties(&self, fill: Colour) -> String {
        let accent = self.accent(fill);
        [
            ("page", self.page),
            ("surface", self.surface),
            ("sunken", self.sunken),
            ("line", self.line),
            ("control", self.control),
            ("text", self.text),
            ("muted", self.muted),
            ("danger", self.danger),
            ("danger-soft", self.danger_soft),
            ("danger-line", self.danger_line),
            ("caution", self.caution),
            ("caution-soft", self.caution_soft),
            ("caution-line", self.caution_line),
            ("good", self.good),
            ("accent", accent.fill),
            ("accent-hover", accent.hover),
            ("accent-on", accent.on),
            ("accent-edge", accent.edge),
            ("accent-ink", accent.ink),
        ]
        .iter()
        .map(|(name, colour)| format!("--{name}:{colour};"))
        .collect()
    }
}

/// FNV-1a, 64 bits: names a version, protects nothing.
const fn fnv(mut hash: u64, mut bytes: &[u8]) -> u64 {
    while let Some((first, rest)) = bytes.split_first() {
        hash ^= *first as u64;
        hash = hash.wrapping_mul(0x0100_0000_01b3);
        bytes = rest;
    }
    hash
}

/// Eight hexadecimal digits of a hash.
fn short(hash: u64) -> String {
    format!("{:08x}", (hash ^ (hash >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(accent: u32) -> Look {
        Look {
            product_name: "Acme".to_owned(),
            logo_url: None,
            accent: Colour::rgb(accent),
            accent_dark: None,
            privacy_url: None,
            terms_url: None,
            support_url: None,
            base_path: "/mcp/oauth".to_owned(),
        }
    }

    #[test]
    fn wcag_1_4_3_text_passes_aa_on_each_background() {
        for scheme in [LIGHT, DARK] {
            let backgrounds = [scheme.page, scheme.surface, scheme.sunken];
            for text in [scheme.text, scheme.muted, scheme.danger, scheme.caution, scheme.good] {
                for background in backgrounds {
                    let ratio = text.contrast(background);
                    assert!(ratio >= 4.5, "{text} on {background}: {ratio}");
                }
            }
            assert!(scheme.text.contrast(scheme.danger_soft) >= 4.5);
            assert!(scheme.danger.contrast(scheme.danger_soft) >= 4.5);
            assert!(scheme.text.contrast(scheme.caution_soft) >= 4.5);
            assert!(scheme.caution.contrast(scheme.caution_soft) >= 4.5);
        }
    }

    #[test]
    fn wcag_1_4_11_edges_of_controls_are_visible() {
        for scheme in [LIGHT, DARK] {
            assert!(scheme.control.contrast(scheme.surface) >= 3.0);
            assert!(scheme.control.contrast(scheme.sunken) >= 3.0);
        }
    }

    #[test]
    fn any_accent_is_readable_in_both_schemes() {
        for accent in
            [0x000000, 0xffffff, 0xffd400, 0x1f5fd0, 0x7f7f7f, 0xff0000, 0x00ff00, 0x17191f]
        {
            for scheme in [LIGHT, DARK] {
                let made = scheme.accent(Colour::rgb(accent));
                assert!(made.on.contrast(made.fill) >= 4.5, "{accent:06x} text");
                assert!(made.on.contrast(made.hover) >= 4.5, "{accent:06x} hover");
                assert!(made.edge.contrast(scheme.surface) >= 3.0, "{accent:06x} edge");
                for background in [scheme.page, scheme.surface, scheme.sunken] {
                    assert!(made.ink.contrast(background) >= 4.5, "{accent:06x} ink");
                }
            }
        }
    }

    #[test]
    fn the_stylesheets_path_changes_with_its_contents() {
        let (blue, red) = (look(0x1f5fd0), look(0xd01f1f));
        assert_eq!(blue.stylesheet_path(), look(0x1f5fd0).stylesheet_path());
        assert_ne!(blue.stylesheet_path(), red.stylesheet_path());
        assert_ne!(blue.icon_path(), red.icon_path());
        assert!(blue.stylesheet_path().starts_with("/mcp/oauth/assets/latchkey-"));
        assert!(blue.stylesheet().contains("--accent:#1f5fd0;"));
    }

    #[test]
    fn every_property_that_the_rules_use_is_defined() {
        let stylesheet = look(0x1f5fd0).stylesheet();
        for used in stylesheet.split("var(--").skip(1) {
            let name = used.split([')', ',']).next().unwrap();
            assert!(stylesheet.contains(&format!("--{name}:")), "{name}");
        }
    }

    #[test]
    fn the_stylesheet_loads_nothing_and_is_well_formed() {
        let stylesheet = look(0x1f5fd0).stylesheet();
        for refused in ["url(", "@import", "<", "javascript", "expression"] {
            assert!(!stylesheet.contains(refused), "{refused}");
        }
        assert_eq!(stylesheet.matches('{').count(), stylesheet.matches('}').count());
    }

    #[test]
    fn the_icon_is_escaped() {
        let mut hostile = look(0x1f5fd0);
        hostile.product_name = "<&".to_owned();
        assert!(hostile.icon().unwrap().contains('•'));
        assert!(look(0xffd400).icon().unwrap().contains("#000000"));
    }
}
