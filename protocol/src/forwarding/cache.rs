//! Who may keep an answer.

/// `Cache-Control` of an answer on its way to the client: never for a cache that several people share.
///
/// The server behind the gateway sees no `Authorization` and so may call one person's answer `public`,
/// which would lift what protects answers to requests with one
/// ([RFC 9111 section 3.5](https://www.rfc-editor.org/rfc/rfc9111#section-3.5)). `upstream` is its own
/// value, joined by commas when it came several times. What can't be read is kept by nobody.
#[must_use]
pub fn cache_control(upstream: Option<&str>) -> String {
    let Some(directives) = directives(upstream.unwrap_or_default()) else {
        return "private, no-store".to_owned();
    };
    let is = |directive: &&str, name: &str| name_of(directive).eq_ignore_ascii_case(name);
    let is_shared = |directive: &&str| {
        // RFC 9111 section 5.2.2.7: `private="x"` is about that field only, the rest is for all.
        let is_about_fields = is(directive, "private") && directive.contains('=');
        is_about_fields
            || ["public", "s-maxage", "proxy-revalidate"].iter().any(|name| is(directive, name))
    };
    let mut kept: Vec<&str> =
        directives.into_iter().filter(|directive| !is_shared(directive)).collect();
    // RFC 9111 section 5.2.2.5: `no-store` has no argument, so with one it may be read as something else.
    let is_bare = |directive: &&str| {
        is(directive, "private") || *directive.to_ascii_lowercase() == *"no-store"
    };
    if !kept.iter().any(is_bare) {
        kept.push("private");
    }
    kept.join(", ")
}

/// The directives as they are written; `None` when they can't be told apart for certain
/// ([RFC 9111 section 5.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2)).
fn directives(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let (mut in_quotes, mut is_escaped) = (false, false);
    // A comma inside quotes separates nothing.
    let separates = |character: char| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if in_quotes => is_escaped = true,
            '"' => in_quotes = !in_quotes,
            ',' => return !in_quotes,
            _ => {}
        }
        false
    };
    for directive in text.split(separates).map(|piece| piece.trim_matches([' ', '\t'])) {
        if directive.is_empty() {
            continue;
        }
        if !is_directive(directive) {
            return None;
        }
        found.push(directive);
    }
    Some(found)
}

fn is_directive(text: &str) -> bool {
    let is_token = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    let value_is_good = match text.split_once('=') {
        None => true,
        Some((_, value)) => is_token(value) || is_quoted(value),
    };
    is_token(name_of(text)) && value_is_good
}

/// [RFC 9110 section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4), without escapes:
/// no directive needs one, and not every cache reads them alike.
fn is_quoted(value: &str) -> bool {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.is_some_and(|inner| {
        inner.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
    })
}

fn name_of(directive: &str) -> &str {
    directive.split('=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc9111_3_5_an_answer_to_one_person_is_never_for_a_shared_cache() {
        for (upstream, expected) in [
            (None, "private"),
            (Some(""), "private"),
            (Some(" , "), "private"),
            (Some("public"), "private"),
            (Some("public, max-age=600"), "max-age=600, private"),
            (Some("Public , S-MaxAge=60,max-age=5"), "max-age=5, private"),
            (Some("s-maxage=60"), "private"),
            (Some("max-age=60, proxy-revalidate"), "max-age=60, private"),
            (Some("public, immutable, max-age=1"), "immutable, max-age=1, private"),
            (Some("no-cache"), "no-cache, private"),
            (Some("must-revalidate, max-age=0"), "must-revalidate, max-age=0, private"),
            (Some("max-age=\"60\""), "max-age=\"60\", private"),
            (Some("no-cache=\"set-cookie, etag\""), "no-cache=\"set-cookie, etag\", private"),
            (Some("private=\"set-cookie\", max-age=9"), "max-age=9, private"),
            (Some("community=\"UCI\""), "community=\"UCI\", private"),
            // These say it already.
            (Some("private"), "private"),
            (Some("max-age=60, PRIVATE"), "max-age=60, PRIVATE"),
            (Some("no-store"), "no-store"),
            (Some("public, no-store"), "no-store"),
            (Some("no-store=!"), "no-store=!, private"),
            (Some("private, public, s-maxage=9"), "private"),
        ] {
            assert_eq!(cache_control(upstream), expected, "{upstream:?}");
        }
    }

    #[test]
    fn a_cache_control_that_can_not_be_read_for_certain_is_no_store() {
        for upstream in [
            "max-age=60; public",
            "max age=60",
            "max-age = 60",
            "max-age=",
            "=60",
            "private=\"a",
            "private=\"a, public",
            "x=\"a\\\", public, y=\"b\"",
            "x=\"\\a\"",
            "\"private\"",
            "public\u{0}",
            "é",
        ] {
            assert_eq!(cache_control(Some(upstream)), "private, no-store", "{upstream:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_an_upstream_says_makes_an_answer_shareable(
            upstream in "((public|PRIVATE|s-maxage=9|no-store|max-age=\"1\"|private=\"a,b\"|[ -~]{0,4})[,; ]?){0,6}"
        ) {
            let value = cache_control(Some(&upstream)).to_ascii_lowercase();
            let outside_quotes: Vec<_> = value.split('"').step_by(2).collect();
            let names: Vec<_> = outside_quotes
                .iter()
                .flat_map(|part| part.split(','))
                .map(|part| part.trim().to_owned())
                .collect();
            prop_assert!(names.iter().any(|name| name == "private" || name == "no-store"), "{}", value);
            prop_assert!(!names.iter().any(|name| name == "public" || name.starts_with("s-maxage")), "{}", value);
        }

        #[test]
        fn no_cache_control_panics(upstream in any::<String>()) {
            let _ = cache_control(Some(&upstream));
        }
    }
}
