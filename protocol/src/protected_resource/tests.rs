//! Where requests go, hostile paths above all.

use super::*;
use crate::resource::ResourceIndicator;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A deployment whose resources all have an upstream, unless `uri` begins with `-`.
pub(super) fn deployment(issuer: &str, uris: &[&str]) -> Configuration {
    deployment_with(issuer, uris, &json!({}))
}

pub(super) fn deployment_with(issuer: &str, uris: &[&str], more: &Value) -> Configuration {
    let resources: Vec<_> = uris
        .iter()
        .map(|uri| match uri.strip_prefix('-') {
            Some(uri) => json!({ "uri": uri }),
            None => json!({ "uri": uri, "upstream": { "service": "S" } }),
        })
        .collect();
    let mut settings = json!({ "base_path": "/oauth", "resources": resources });
    for (key, value) in more.as_object().expect("an object of settings") {
        settings[key] = value.clone();
    }
    Configuration::parse(issuer, &settings).expect("configuration")
}

/// The identifier and the rest of what a request finds.
pub(super) fn found<'a>(
    configuration: &'a Configuration,
    host: &str,
    path: &'a str,
) -> Option<Result<(&'a str, &'a str), RouteError>> {
    find(configuration, host, path)
        .map(|found| found.map(|found| (found.resource.identifier.as_str(), found.rest)))
}

const MCP: &str = "https://id.example/mcp";

#[test]
fn needs_11_a_probe_for_metadata_below_a_resource_finds_nothing() {
    let configuration = deployment("https://id.example", &[MCP, "https://id.example/mcp/admin"]);
    for probe in [
        "oauth-protected-resource",
        "oauth-authorization-server",
        "openid-configuration",
        "oauth-x/y",
    ] {
        for resource in ["/mcp", "/mcp/admin"] {
            let path = format!("{resource}/.well-known/{probe}");
            assert_eq!(found(&configuration, "id.example", &path), None, "{path}");
        }
    }
    for other in ["/mcp/.well-known/other", "/mcp/x/.well-known/oauth-x"] {
        assert!(found(&configuration, "id.example", other).is_some(), "{other}");
    }
}

#[test]
fn a_host_is_known_when_a_resource_is_on_it() {
    let uris = ["https://notes.example/v1", "-https://api.example:8443"];
    let configuration = deployment("http://127.0.0.1:8787", &uris);
    for known in ["notes.example", "NOTES.example:443", "api.example:8443"] {
        assert!(is_known_host(&configuration, known), "{known}");
    }
    for unknown in ["example", "xnotes.example", "api.example", "notes.example:80"] {
        assert!(!is_known_host(&configuration, unknown), "{unknown}");
    }
}

#[test]
fn a_request_goes_to_the_resource_with_the_longest_path_that_it_lies_under() {
    let configuration = deployment(
        "https://id.example",
        &["https://id.example/a", "https://id.example/a/b", "https://id.example/a/b/c/"],
    );
    for (path, identifier, rest) in [
        ("/a", "https://id.example/a", ""),
        ("/a/", "https://id.example/a", "/"),
        ("/a/x/y", "https://id.example/a", "/x/y"),
        ("/a/bc", "https://id.example/a", "/bc"),
        ("/a/b", "https://id.example/a/b", ""),
        ("/a/b/x", "https://id.example/a/b", "/x"),
        ("/a/b/c", "https://id.example/a/b/c/", ""),
        ("/a/b/c/", "https://id.example/a/b/c/", "/"),
        ("/a/b/c/d", "https://id.example/a/b/c/", "/d"),
    ] {
        let expected = Some(Ok((identifier, rest)));
        assert_eq!(found(&configuration, "id.example", path), expected, "{path}");
    }
}

#[test]
fn a_path_is_compared_byte_for_byte_and_by_whole_segments() {
    let configuration = deployment("https://id.example", &[MCP]);
    for path in [
        "",
        "/",
        "mcp",
        "/mcpx",
        "/mcp-x",
        "/mcp.x",
        "/mcp;x",
        "/mcp;x/..",
        "/mcp%2f",
        "/mcp%2Fx",
        "/mcp%00",
        "/mcp\\",
        "/mcp\\x",
        "/mcp?x",
        "/mcp#x",
        "/mcp ",
        "/MCP",
        "/Mcp/x",
        "/%6dcp",
        "/%6Dcp/x",
        "/m%63p",
        "//mcp",
        "///mcp/x",
        "/./mcp",
        "/../mcp",
        "/x/../mcp",
        "/%2e/mcp",
        "/x/%2e%2e/mcp",
        "/\\mcp",
        "\\mcp",
        "/x/mcp",
        "/ｍcp",
        "/mсp",
        "https://id.example/mcp",
    ] {
        assert_eq!(find(&configuration, "id.example", path), None, "{path:?}");
    }
}

#[test]
fn a_path_under_a_resource_that_two_programs_could_read_differently_is_refused() {
    let configuration = deployment("https://id.example", &[MCP]);
    for rest in [
        // Empty segments.
        "//",
        "//x",
        "/x//y",
        "/x//",
        "///",
        // Dot segments, plain, encoded, half encoded, with parameters.
        "/.",
        "/..",
        "/./x",
        "/../admin",
        "/x/..",
        "/x/../",
        "/x/../../admin",
        "/%2e",
        "/%2E%2e/admin",
        "/.%2e/admin",
        "/%2e./admin",
        "/x%2ey",
        "/..;/admin",
        "/..;%20/admin",
        "/..%20/admin",
        "/x/..%20",
        "/.%20",
        "/%20",
        "/..;x=y/admin",
        "/.;/x",
        // Other slashes.
        "/..\\admin",
        "/x\\y",
        "/%5c",
        "/..%5Cadmin",
        "/%2f",
        "/..%2fadmin",
        "/x%2Fy",
        // Control characters, and what begins a query or a fragment.
        "/%00",
        "/x%00.json",
        "/%0d%0aX:%20y",
        "/%09",
        "/%1f",
        "/%1F",
        "/%7f",
        "/%7F",
        "/\0",
        "/x\ty",
        "/x y",
        "/.. ",
        "/x ",
        "/x\r\ny",
        "/\u{7f}",
        "/x?y",
        "/x#y",
        // Malformed percent-encodings.
        "/%",
        "/x%",
        "/%2",
        "/%zz",
        "/%2g",
        "/%+2",
        "/%%32%65",
        "/%u002e",
        // RFC 3986 section 6.2.2.2: encodings of what needs none.
        "/%61dmin",
        "/%41dmin",
        "/admi%6e",
        "/x%30",
        "/x%2dy",
        "/x%5Fy",
        "/%7Eada",
        // Encoded twice.
        "/%252e%252e/admin",
        "/%252fx",
        "/%2561dmin",
        "/%25252e",
        "/x%25%32%65",
        // Nothing before the parameters: an empty segment to those that cut them off.
        "/;",
        "/;/admin",
        "/;x=y/admin",
        "/x/;y",
        "/%é",
        // Bytes that aren't UTF-8: overlong forms of a dot and a slash, and half a character.
        "/%c0%ae%c0%ae/admin",
        "/%c0%af",
        "/%e0%80%af",
        "/%ff",
        "/%c3",
    ] {
        let path = format!("/mcp{rest}");
        assert_eq!(
            find(&configuration, "id.example", &path),
            Some(Err(RouteError::ConfusingPath)),
            "{path:?}"
        );
        let nearest = nearest(&configuration, "id.example", &path).expect("nearest");
        assert_eq!(nearest.resource.identifier.as_str(), MCP);
    }
}

#[test]
fn an_ordinary_path_under_a_resource_is_passed_on_as_it_is() {
    let configuration = deployment("https://id.example", &[MCP]);
    for rest in [
        "",
        "/",
        "/x",
        "/x/",
        "/x/y/z",
        "/...",
        "/.x",
        "/..x",
        "/x..",
        "/x.json",
        "/x;v=1",
        "/x;v=..",
        "/x%20y",
        "/caf%C3%A9",
        "/café",
        "/100%25",
        "/100%25/x",
        "/100%25%20x",
        "/5%25x",
        "/a%3Db%26c%40d",
        "/a:b@c!d$e&f'g(h)i*j+k,l=m~n-o_p",
        "/[x]|^",
    ] {
        let path = format!("/mcp{rest}");
        assert_eq!(found(&configuration, "id.example", &path), Some(Ok((MCP, rest))), "{path}");
    }
}

#[test]
fn a_resource_on_the_issuers_origin_is_found_by_path_whatever_the_host() {
    let configuration = deployment("https://id.example", &[MCP]);
    for host in
        ["id.example", "ID.example:443", "", "evil.example", "127.0.0.1:8787", "id.example."]
    {
        assert_eq!(found(&configuration, host, "/mcp/x"), Some(Ok((MCP, "/x"))), "{host}");
    }
}

#[test]
fn a_resource_on_another_origin_is_found_by_host_and_path() {
    const OTHER: &str = "https://mcp.example/v1";
    let configuration = deployment("https://id.example", &[OTHER]);
    for host in ["mcp.example", "MCP.Example", "mcp.example:443"] {
        assert_eq!(found(&configuration, host, "/v1/x"), Some(Ok((OTHER, "/x"))), "{host}");
    }
    for host in [
        "",
        "id.example",
        "mcp.example:80",
        "mcp.example:8443",
        "x.mcp.example",
        "mcp.example.",
        "mcp.example.evil",
    ] {
        assert_eq!(found(&configuration, host, "/v1/x"), None, "{host}");
    }
}

#[test]
fn the_resources_of_the_requests_own_host_come_before_those_of_the_issuer() {
    let configuration = deployment(
        "https://id.example",
        &[MCP, "https://id.example/mcp/admin", "https://mcp.example/mcp", "https://all.example"],
    );
    for (host, path, identifier, rest) in [
        ("id.example", "/mcp/admin", "https://id.example/mcp/admin", ""),
        ("mcp.example", "/mcp/admin", "https://mcp.example/mcp", "/admin"),
        ("all.example", "/mcp/admin", "https://all.example", "/mcp/admin"),
        ("all.example", "/", "https://all.example", "/"),
        ("unknown.example", "/mcp/admin", "https://id.example/mcp/admin", ""),
    ] {
        let expected = Some(Ok((identifier, rest)));
        assert_eq!(found(&configuration, host, path), expected, "{host} {path}");
    }
}

#[test]
fn http_and_https_of_one_host_are_told_apart_by_the_longest_path() {
    let configuration =
        deployment("https://id.example", &["http://id.example/mcp", "https://id.example/mcp/x"]);
    let expected = Some(Ok(("https://id.example/mcp/x", "/y")));
    assert_eq!(found(&configuration, "id.example", "/mcp/x/y"), expected);
}

#[test]
fn the_well_known_tree_is_never_a_resources() {
    let configuration = deployment("https://id.example", &["https://id.example"]);
    for path in ["/.well-known", "/.well-known/", "/.well-known/mcp", "/.well-known//x"] {
        assert_eq!(find(&configuration, "id.example", path), None, "{path}");
    }
    let expected = Some(Ok(("https://id.example", "/.well-knownx")));
    assert_eq!(found(&configuration, "id.example", "/.well-knownx"), expected);
    // Not byte for byte the tree, and so only ever a confusing path.
    for path in ["//.well-known/x", "/%2ewell-known/x"] {
        let expected = Some(Err(RouteError::ConfusingPath));
        assert_eq!(find(&configuration, "id.example", path), expected, "{path}");
    }
}

#[test]
fn a_resource_without_an_upstream_takes_no_requests() {
    let configuration = deployment("https://id.example", &["-https://id.example/mcp"]);
    assert_eq!(find(&configuration, "id.example", "/mcp"), None);
    let nested = deployment("https://id.example", &[MCP, "-https://id.example/mcp/x"]);
    assert_eq!(found(&nested, "id.example", "/mcp/x/y"), Some(Ok((MCP, "/x/y"))));
}

#[test]
fn a_refused_path_is_answered_in_fixed_words() {
    let text = RouteError::ConfusingPath.to_string();
    // RFC 6750 section 3: error_description takes no quotation mark and no backslash.
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~')));
}

proptest! {
    #[test]
    fn no_request_makes_find_or_metadata_panic(host in ".{0,20}", path in ".{0,60}") {
        let configuration = deployment("https://id.example", &[MCP, "https://all.example"]);
        let _ = find(&configuration, &host, &path);
        let _ = metadata(&configuration, &host, &path);
    }

    /// The parser is the one that browsers and Workers have, so what it leaves alone reaches the
    /// upstream as we checked it.
    #[test]
    fn a_path_that_is_passed_on_never_leaves_the_upstreams_path(
        rest in "(/|\\.|\\.\\.|%2e|%2F|%5c|\\\\|;|%|%00|\\?|#|[a-z]|\t|é){0,12}"
    ) {
        let configuration = deployment("https://id.example", &[MCP]);
        let path = format!("/mcp{rest}");
        if let Some(Ok(found)) = find(&configuration, "id.example", &path) {
            prop_assert_eq!(format!("/mcp{}", found.rest), path.as_str());
            let forwarded = format!("https://upstream.example/base{}", found.rest);
            let parsed = url::Url::parse(&forwarded).expect("a URL");
            prop_assert!(parsed.query().is_none() && parsed.fragment().is_none());
            let count = |path: &str| path.split('/').count();
            prop_assert_eq!(count(parsed.path()), count(found.rest) + 1);
            prop_assert!(parsed.path() == "/base" || parsed.path().starts_with("/base/"));
        }
    }

    #[test]
    fn mrs_05_the_metadata_names_what_was_asked_for_and_that_is_the_same_audience(
        suffix in "(/|mcp|api|v1|x){0,4}",
        host in "id.example|api.example|x.example",
    ) {
        let configuration = deployment(
            "https://id.example",
            &[MCP, "-https://id.example/mcp/x/", "https://api.example/v1", "-https://api.example"],
        );
        let path = format!("/.well-known/oauth-protected-resource{suffix}");
        if let Some(document) = metadata(&configuration, &host, &path) {
            let document = serde_json::to_value(document).expect("json");
            let named = document["resource"].as_str().expect("resource");
            let resolved = configuration.resources.resolve(std::iter::once(named)).expect("known");
            let canonical = ResourceIndicator::parse(named).expect("a resource");
            let is_root = suffix.is_empty() || suffix == "/";
            prop_assert!(is_root || named.ends_with(&suffix), "{named}");
            prop_assert!(
                configuration.protected_resource(&resolved[0]).is_some(),
                "{canonical}"
            );
        }
    }
}
