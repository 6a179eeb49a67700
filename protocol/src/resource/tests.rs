//! Tables for resource indicators.

use super::*;
use crate::error::{ErrorCode, ErrorReply};
use proptest::prelude::*;

fn resources(known: &[&str]) -> Resources {
    let known = known.iter().map(|text| ResourceIndicator::parse(text).expect(text)).collect();
    Resources::new(known).expect("not empty")
}

fn resolve(known: &[&str], requested: &[&str]) -> Result<Vec<String>, TargetError> {
    let resolved = resources(known).resolve(requested.iter().copied())?;
    Ok(resolved.iter().map(ToString::to_string).collect())
}

#[test]
fn rfc8707_2_a_resource_has_one_canonical_text() {
    for (text, canonical) in [
        ("https://h.example", "https://h.example"),
        ("https://h.example/", "https://h.example"),
        ("HTTPS://H.Example:443/", "https://h.example"),
        ("https://h.example:/mcp", "https://h.example/mcp"),
        ("https://h.example:8443/mcp", "https://h.example:8443/mcp"),
        ("http://localhost:80/mcp", "http://localhost/mcp"),
        ("http://localhost:443/mcp", "http://localhost:443/mcp"),
        ("http://[::1]:8787/mcp", "http://[::1]:8787/mcp"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("https://h.example/MCP/Tenant%20A", "https://h.example/MCP/Tenant%20A"),
        ("https://h.example/mcp/", "https://h.example/mcp/"),
        ("https://h.example//", "https://h.example//"),
        ("https://h.example/mcp?tenant=A&x=/", "https://h.example/mcp?tenant=A&x=/"),
        ("https://h.example/?tenant=A", "https://h.example?tenant=A"),
        ("https://h.example?tenant=A", "https://h.example?tenant=A"),
        ("https://h.example/a/../mcp", "https://h.example/a/../mcp"),
        ("https://h.example/@user", "https://h.example/@user"),
    ] {
        let resource = ResourceIndicator::parse(text).expect(text);
        assert_eq!(resource.as_str(), canonical, "{text}");
    }
}

#[test]
fn rfc8707_2_what_is_not_an_absolute_uri_without_fragment_is_refused() {
    use ResourceError::{Fragment, Malformed, NotAbsolute, UnsupportedScheme, UserInformation};
    for (text, error) in [
        ("", NotAbsolute),
        ("/mcp", NotAbsolute),
        ("h.example/mcp", NotAbsolute),
        ("//h.example", NotAbsolute),
        ("https://h.example#", Fragment),
        ("https://h.example/mcp#x", Fragment),
        ("https://user@h.example", UserInformation),
        ("https://h.example@evil.example/mcp", UserInformation),
        ("urn:example:resource", UnsupportedScheme),
        ("ftp://h.example", UnsupportedScheme),
        ("javascript:alert(1)", UnsupportedScheme),
        ("h.example:443/mcp", UnsupportedScheme),
        ("https:h.example", Malformed),
        ("https:///mcp", Malformed),
        ("https://", Malformed),
        ("https://:443", Malformed),
        ("https://h.example:65536", Malformed),
        ("https://h.example:x", Malformed),
        ("https://h%2eexample", Malformed),
        ("https://127.1/mcp", Malformed),
        ("https://127.0.0.1./mcp", Malformed),
        ("https://0x7f.1/mcp", Malformed),
        ("https://[0:0:0:0:0:0:0:1]/mcp", Malformed),
        ("https://*.example/mcp", Malformed),
        ("https://h.example\\mcp", Malformed),
        ("https://h.example/a b", Malformed),
        (" https://h.example", Malformed),
        ("https://h.example/%zz", Malformed),
        ("https://bücher.example", Malformed),
        ("https://h.example/\n", Malformed),
    ] {
        assert_eq!(ResourceIndicator::parse(text), Err(error), "{text:?}");
    }
    let of_length = |length: usize| format!("https://h.example/{}", "a".repeat(length - 18));
    assert!(ResourceIndicator::parse(&of_length(2000)).is_ok());
    assert_eq!(ResourceIndicator::parse(&of_length(2001)), Err(ResourceError::TooLong));
}

#[test]
fn rfc8707_2_1_without_a_resource_it_is_the_default() {
    let known = ["https://h.example/mcp", "https://h.example/v1"];
    assert_eq!(resolve(&known, &[]), Ok(vec![known[0].to_owned()]));
    assert_eq!(resources(&known).default_resource().as_str(), known[0]);
    assert_eq!(Resources::new(Vec::new()), None);
}

#[test]
fn rfc8707_2_variants_map_to_the_known_resource_and_others_do_not() {
    let path = ["https://h.example/mcp"];
    let origin = ["https://h.example"];
    let slash = ["https://h.example/mcp/"];
    let query = ["https://h.example/mcp?t=1"];
    for (known, requested, maps) in [
        (path, "https://h.example/mcp", true),
        (path, "https://h.example/mcp/", true),
        (path, "HTTPS://H.EXAMPLE:443/mcp", true),
        (path, "https://h.example/mcp//", false),
        (path, "https://h.example/MCP", false),
        (path, "https://h.example", false),
        (path, "https://h.example/", false),
        (path, "https://h.example/mcp/sub", false),
        (path, "https://h.example/mcpx", false),
        (path, "https://h.example/./mcp", false),
        (path, "https://h.example/%6dcp", false),
        (path, "https://h.example/mcp?", false),
        (path, "https://h.example/mcp?t=1", false),
        (path, "http://h.example/mcp", false),
        (path, "https://h.example:8443/mcp", false),
        (path, "https://evil.example/mcp", false),
        (path, "https://h.example.evil.example/mcp", false),
        (origin, "https://h.example", true),
        (origin, "https://h.example/", true),
        (origin, "https://h.example//", false),
        (origin, "https://h.example/mcp", false),
        (slash, "https://h.example/mcp", true),
        (slash, "https://h.example/mcp/", true),
        (query, "https://h.example/mcp/?t=1", true),
        (query, "https://h.example/mcp?t=2", false),
        (query, "https://h.example/mcp", false),
    ] {
        let expected = if maps { Ok(vec![known[0].to_owned()]) } else { Err(TargetError::Unknown) };
        assert_eq!(resolve(&known, &[requested]), expected, "{known:?} {requested}");
    }
}

#[test]
fn rfc8707_2_resources_on_one_origin_stay_distinct_and_duplicates_collapse() {
    let known = ["https://h.example", "https://h.example/mcp", "https://h.example/mcp/"];
    for (requested, expected) in [
        (&["https://h.example/"][..], &known[..1]),
        (&["https://h.example/mcp"], &known[1..2]),
        (&["https://h.example/mcp/"], &known[2..]),
        (&["https://h.example/mcp", "https://H.example/mcp"], &known[1..2]),
        (&["https://h.example/mcp", "https://h.example/mcp/"], &known[1..]),
        (&["https://h.example", "https://h.example/", "https://h.example:443"], &known[..1]),
    ] {
        let expected = expected.iter().map(ToString::to_string).collect();
        assert_eq!(resolve(&known, requested), Ok(expected), "{requested:?}");
    }
    assert_eq!(
        resolve(&known, &["https://h.example/mcp", "https://h.example/v1"]),
        Err(TargetError::Unknown)
    );
    assert_eq!(
        resolve(&known, &["https://h.example/mcp", "mcp"]),
        Err(TargetError::Malformed(ResourceError::NotAbsolute))
    );
}

#[test]
fn a_stored_resource_reads_back() {
    let resource = ResourceIndicator::parse("https://h.example:443/mcp").expect("parses");
    let json = serde_json::to_string(&resource).expect("json");
    assert_eq!(json, r#""https://h.example/mcp""#);
    assert_eq!(crate::json::read::<ResourceIndicator>(&json).expect("reads back"), resource);
    for other in [
        "mcp",
        "ftp://h.example",
        "https://h.example/a b",
        &format!("https://h.example/{}", "a".repeat(MAXIMUM_LENGTH)),
    ] {
        let json = serde_json::to_string(other).expect("json");
        assert!(crate::json::read::<ResourceIndicator>(&json).is_err(), "{other}");
    }
}

#[test]
fn rfc6749_5_2_every_description_uses_only_the_allowed_characters() {
    use ResourceError as R;
    let malformed = [
        R::NotAbsolute,
        R::UnsupportedScheme,
        R::Fragment,
        R::UserInformation,
        R::TooLong,
        R::Malformed,
    ];
    for error in malformed.map(TargetError::Malformed).into_iter().chain([TargetError::Unknown]) {
        let reply = ErrorReply::new(ErrorCode::InvalidTarget, error.to_string());
        assert_eq!(reply.description, error.to_string());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_the_canonical_text_is_stable(
        text in prop_oneof![
            any::<String>(),
            "(https?|HTTPS|ftp)://[a-zA-Z0-9.@%\\[\\]:-]{0,12}(:[0-9]{0,6})?[a-z/.?%#A-F0-9]{0,15}",
        ],
    ) {
        if let Ok(resource) = ResourceIndicator::parse(&text) {
            prop_assert_eq!(ResourceIndicator::parse(resource.as_str()), Ok(resource.clone()));
            let (ours, theirs) = (Url::parse(resource.as_str()), Url::parse(&text));
            prop_assert_eq!(ours.expect("a URL"), theirs.expect("a URL"));
        }
    }

    #[test]
    fn what_resolves_is_always_a_known_resource(
        requested in proptest::collection::vec("https://(h|g)\\.example(:443)?(/|/mcp|/mcp/|/v1)?", 0..4),
    ) {
        let known = resources(&["https://h.example/mcp", "https://g.example"]);
        if let Ok(resolved) = known.resolve(requested.iter().map(String::as_str)) {
            prop_assert!(!resolved.is_empty());
            prop_assert!(resolved.iter().all(|one| known.iter().any(|own| own == one)));
            prop_assert!(resolved.len() <= requested.len().max(1));
        }
    }
}
