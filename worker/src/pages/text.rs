//! Words and addresses from outside, made safe to show.
//!
//! Escaping is askama's; this is about what escaping leaves: characters that reorder, hide or pad
//! text, so that one name looks like another or pushes the warning off the page.

use latchkey_protocol::time::Lifetime;

/// How many characters [`clean`] keeps.
pub const NAME_LENGTH: usize = 80;

/// How many combining marks may stand on one character; no living script needs more.
const COMBINING_MARKS: usize = 3;

/// `text` on one line, without characters that hide or reorder, of at most [`NAME_LENGTH`]
/// characters.
#[must_use]
pub fn clean(text: &str) -> String {
    clean_to(text, NAME_LENGTH)
}

/// [`clean`] with a length of one's own, in characters, the ellipsis included.
#[must_use]
pub fn clean_to(text: &str, length: usize) -> String {
    let mut shown = String::new();
    let mut count = 0_usize;
    let mut marks = 0_usize;
    let mut space = false;
    for character in text.chars() {
        if character.is_whitespace() || is_blank(character) {
            space = true;
            continue;
        }
        if character.is_control() || is_invisible(character) {
            continue;
        }
        marks = if is_combining(character) { marks + 1 } else { 0 };
        if marks > COMBINING_MARKS {
            continue;
        }
        if space && count > 0 {
            shown.push(' ');
            count += 1;
        }
        space = false;
        shown.push(character);
        count += 1;
        if count > length {
            return shortened(&shown, length);
        }
    }
    shown
}

/// The first `length - 1` characters and an ellipsis.
fn shortened(text: &str, length: usize) -> String {
    let kept: String = text.chars().take(length.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Characters that look like a space but are none to Unicode.
const fn is_blank(character: char) -> bool {
    matches!(character, '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}')
}

/// Format characters (Unicode category Cf), variation selectors and unassigned ignorables: bidi
/// controls, zero-width characters, tags.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}' | '\u{34F}'
            | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
            | '\u{890}'..='\u{891}' | '\u{8E2}'
            | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1345F}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// The blocks of combining diacritical marks, the ones that are stacked to deface a page.
const fn is_combining(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}'
            | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
    )
}

/// An e-mail address fit to show, in two parts with the best place to break the line between them.
#[must_use]
pub fn split_address(address: &str) -> (String, String) {
    let shown = clean_to(address, 320);
    match shown.rsplit_once('@') {
        Some((local, domain)) => (local.to_owned(), format!("@{domain}")),
        None => (shown, String::new()),
    }
}

/// The first letter or digit of a name in upper case, for the mark beside it; `•` if there is none.
#[must_use]
pub fn initial(name: &str) -> String {
    clean(name)
        .chars()
        .find(|character| character.is_alphanumeric())
        .map_or_else(|| "•".to_owned(), |letter| letter.to_uppercase().take(1).collect())
}

/// A duration in the largest unit that says it plainly: "1 hour", "30 days", "1 year".
#[must_use]
pub fn duration(lifetime: Lifetime) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    let seconds = lifetime.as_seconds();
    let (count, unit) = if seconds >= YEAR && seconds.is_multiple_of(YEAR) {
        (seconds / YEAR, "year")
    } else if seconds >= 3 * DAY || (seconds >= DAY && seconds.is_multiple_of(DAY)) {
        (seconds / DAY, "day")
    } else if seconds >= 3 * HOUR || (seconds >= HOUR && seconds.is_multiple_of(HOUR)) {
        (seconds / HOUR, "hour")
    } else if seconds >= MINUTE {
        (seconds / MINUTE, "minute")
    } else {
        (seconds, "second")
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `value` percent-encoded as one value of a query
/// ([RFC 3986 section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3): all but unreserved
/// characters).
#[must_use]
pub fn query_value(value: &str) -> String {
    value.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// `uri` if it may stand in a link that a client declared: https, and nothing in it that hides.
#[must_use]
pub fn web_link(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("https://")?;
    (!rest.is_empty() && is_plain(uri)).then_some(uri)
}

/// `uri` if it may stand in a link back to an app: any scheme but those that a browser runs or
/// opens itself. The redirect URI was matched long before; this is the second lock.
#[must_use]
pub fn app_link(uri: &str) -> Option<&str> {
    const REFUSED: [&str; 9] = [
        "about",
        "blob",
        "data",
        "file",
        "filesystem",
        "javascript",
        "vbscript",
        "view-source",
        "ws",
    ];
    let (scheme, rest) = uri.split_once(':')?;
    let sound = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !REFUSED.iter().any(|refused| scheme.eq_ignore_ascii_case(refused));
    (sound && !rest.is_empty() && is_plain(uri)).then_some(uri)
}

/// The host, and port if any, of an `https` address; [`None`] for anything else.
#[must_use]
pub fn host(uri: &str) -> Option<&str> {
    let rest = web_link(uri)?.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    // What stands before an `@` is a name, not the host.
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

/// Visible ASCII only, as in every URI ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2)).
fn is_plain(uri: &str) -> bool {
    uri.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn removes_what_hides_or_reorders() {
        let cases = [
            ("Claude", "Claude"),
            ("  Claude \t\r\n Code  ", "Claude Code"),
            ("a\u{202E}b\u{2066}c\u{200F}d\u{061C}e", "abcde"),
            ("zero\u{200B}width\u{FEFF}\u{2060}\u{AD}", "zerowidth"),
            ("nul\u{0}\u{7}\u{1b}[31m\u{85}x", "nul[31m x"),
            ("tag\u{E0041}\u{E007F}s", "tags"),
            ("line\u{2028}break\u{2029}s", "line break s"),
            ("\u{3164}\u{2800}", ""),
            ("\u{200B}", ""),
            ("日本語 الأسماء Ζ", "日本語 الأسماء Ζ"),
            ("e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", "e\u{301}\u{302}\u{303}"),
        ];
        for (input, expected) in cases {
            assert_eq!(clean(input), expected, "{input:?}");
        }
    }

    #[test]
    fn no_character_of_unicode_that_reorders_survives() {
        let all: String = (0..=0x10_FFFF_u32).filter_map(char::from_u32).collect();
        let shown = clean_to(&all, usize::MAX);
        let bidi =
            ['\u{200E}', '\u{200F}', '\u{061C}', '\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}'];
        assert!(!shown.contains(bidi));
        assert!(!shown.contains(char::is_control));
    }

    #[test]
    fn truncates_on_a_character_with_an_ellipsis() {
        assert_eq!(clean_to("abcdef", 6), "abcdef");
        assert_eq!(clean_to("abcdefg", 6), "abcde…");
        assert_eq!(clean_to("日本語日本語", 4), "日本語…");
        assert_eq!(clean_to("abc   def", 5), "abc…");
        assert_eq!(clean(&"é".repeat(5000)).chars().count(), NAME_LENGTH);
    }

    #[test]
    fn an_initial_is_one_letter() {
        for (name, expected) in
            [("claude", "C"), ("  \u{202E}(éclair)", "É"), ("", "•"), ("!?", "•"), ("ß", "S")]
        {
            assert_eq!(initial(name), expected, "{name:?}");
        }
    }

    #[test]
    fn an_address_breaks_before_the_host() {
        let parts = |address| split_address(address);
        assert_eq!(parts("mia@a.example"), ("mia".to_owned(), "@a.example".to_owned()));
        assert_eq!(parts("\"a@b\"@a.example"), ("\"a@b\"".to_owned(), "@a.example".to_owned()));
        assert_eq!(parts("mi\u{202E}a"), ("mia".to_owned(), String::new()));
    }

    #[test]
    fn durations_are_said_plainly() {
        let cases = [
            (1, "1 second"),
            (60, "1 minute"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (86_400, "1 day"),
            (90_000, "25 hours"),
            (30 * 86_400, "30 days"),
            (365 * 86_400, "1 year"),
            (730 * 86_400, "2 years"),
            (400 * 86_400, "400 days"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(duration(Lifetime::seconds(seconds)), expected);
        }
    }

    #[test]
    fn a_query_value_holds_only_unreserved_characters() {
        assert_eq!(query_value("aZ09-._~"), "aZ09-._~");
        assert_eq!(query_value("a b&c=d+/é"), "a%20b%26c%3Dd%2B%2F%C3%A9");
    }

    #[test]
    fn a_web_link_is_https() {
        assert_eq!(web_link("https://a.example/x"), Some("https://a.example/x"));
        for refused in [
            "http://a.example",
            "javascript:alert(1)",
            "https://",
            "https://a\u{202E}.example",
            "//a.example",
            "https://a b",
        ] {
            assert_eq!(web_link(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn an_app_link_is_never_run_by_the_browser() {
        for kept in [
            "cursor://x/y?code=1",
            "http://127.0.0.1:3000/cb?code=1",
            "https://a.example/cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(app_link(kept), Some(kept));
        }
        for refused in [
            "javascript:alert(1)",
            "JavaScript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc",
            "java\nscript:x",
            "",
            "x",
            ":y",
            "1a:y",
            "cursor:",
        ] {
            assert_eq!(app_link(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn a_host_is_what_the_browser_would_go_to() {
        assert_eq!(host("https://a.example/x"), Some("a.example"));
        assert_eq!(host("https://a.example:8443?x"), Some("a.example:8443"));
        assert_eq!(host("https://bank.example@evil.example/"), Some("evil.example"));
        assert_eq!(host("https://evil.example\\@bank.example/"), Some("evil.example"));
        assert_eq!(host("http://a.example/"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_clean_panic_and_cleaning_twice_changes_nothing(text in ".{0,200}") {
            let once = clean(&text);
            prop_assert!(!once.chars().any(char::is_control));
            prop_assert_eq!(clean(&once), once);
        }
    }
}
