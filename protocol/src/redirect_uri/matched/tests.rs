//! Which request matches which registration.

use super::{
    super::{
        LOOPBACK_HOSTS, RedirectUriError as E,
        tests::{CURSOR, near_uris, parse, registered},
    },
    *,
};
use crate::{
    error::{ErrorCode, ErrorReply},
    params::Parameters,
};
use proptest::prelude::*;
use url::Url;

#[test]
fn rfc9700_4_1_3_a_request_matches_only_the_exact_registered_string() {
    let https = registered(&["https://c.example/cb"]);
    assert!(match_registered(Some("https://c.example/cb"), &https).is_ok());
    for requested in [
        "https://c.example/CB",
        "https://c.example/cb/",
        "https://c.example//cb",
        "https://c.example/cb?",
        "https://c.example/cb?x=1",
        "https://c.example/cb/sub",
        "https://c.example/cbx",
        "https://c.example/c",
        "https://c.example/",
        "https://c.example",
        "https://c.example/x/../cb",
        "https://c.example/./cb",
        "https://c.example/%63b",
        "https://c.example/c%62",
        "https://c.example%2fcb",
        "https://user@c.example/cb",
        "https://c.example@evil.example/cb",
        "https://c.example:443/cb",
        "https://c.example:8443/cb",
        "https://www.c.example/cb",
        "https://c.example.evil.example/cb",
        "https://c.example./cb",
        "HTTPS://c.example/cb",
        "https://C.EXAMPLE/cb",
        "https://c.example/cb#",
        "https://c.example/cb#x",
        "https://c.example/cb ",
        "https://*/cb",
        "https://c.example/*",
        "//c.example/cb",
        "/cb",
        "",
    ] {
        let result = match_registered(Some(requested), &https);
        assert_eq!(result, Err(RedirectUriMismatch::NotRegistered), "{requested:?}");
    }
    let result = match_registered(Some("http://c.example/cb"), &https);
    assert_eq!(result, Err(RedirectUriMismatch::Refused(E::HttpNotLoopback)));
}

#[test]
fn rfc8252_7_3_any_port_of_the_same_loopback_host_matches() {
    for (registration, requested) in [
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:58135/cb"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:80/cb"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000/cb"),
        ("http://127.0.0.1/", "http://127.0.0.1:40123/"),
        ("http://127.0.0.1:33418/", "http://127.0.0.1:1/"),
        ("http://127.0.0.1", "http://127.0.0.1:40123"),
        ("http://[::1]/cb", "http://[::1]:65535/cb"),
        ("http://localhost/callback", "http://localhost:58135/callback"),
        ("http://localhost:8787/callback?x=1", "http://localhost:1/callback?x=1"),
    ] {
        let matched =
            match_registered(Some(requested), &registered(&["https://c.example/", registration]))
                .unwrap_or_else(|error| panic!("{registration} {requested}: {error:?}"));
        assert_eq!(matched.as_str(), requested);
        assert_eq!(matched.kind(), RedirectUriKind::Loopback);
        assert!(matched.was_sent());
    }
}

#[test]
fn rfc8252_7_3_the_port_exception_is_for_nothing_else() {
    use RedirectUriMismatch::{NotRegistered, Refused};
    for (registration, requested, expected) in [
        ("http://127.0.0.1:3000/cb", "http://localhost:3000/cb", NotRegistered),
        ("http://127.0.0.1:3000/cb", "http://[::1]:3000/cb", NotRegistered),
        ("http://localhost/cb", "http://127.0.0.1:1/cb", NotRegistered),
        ("http://[::1]/cb", "http://localhost:1/cb", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/CB", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb/", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1//cb", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/%63b", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb?", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb?x=1", NotRegistered),
        ("http://127.0.0.1/cb?x=1", "http://127.0.0.1:1/cb", NotRegistered),
        ("http://127.0.0.1/callback", "http://127.0.0.1:19876/mcp/oauth/callback", NotRegistered),
        ("http://127.0.0.1/", "http://127.0.0.1:1", NotRegistered),
        ("http://127.0.0.1/cb", "https://127.0.0.1:1/cb", NotRegistered),
        ("http://localhost/cb", "https://localhost:1/cb", NotRegistered),
        ("https://localhost/cb", "https://localhost:1/cb", NotRegistered),
        ("https://127.0.0.1/cb", "https://127.0.0.1:1/cb", NotRegistered),
        ("https://localhost/cb", "http://localhost:1/cb", NotRegistered),
        ("com.example.app://host:1/cb", "com.example.app://host:2/cb", NotRegistered),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:1/cb", NotRegistered),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", Refused(E::HttpNotLoopback)),
        ("http://127.0.0.1/cb", "http://127.1/cb", Refused(E::HttpNotLoopback)),
        ("http://127.0.0.1/cb", "http://0x7f.1:1/cb", Refused(E::HttpNotLoopback)),
        ("http://127.0.0.1/cb", "http://[::ffff:127.0.0.1]/cb", Refused(E::HttpNotLoopback)),
        ("http://[::1]/cb", "http://[0:0:0:0:0:0:0:1]:1/cb", Refused(E::HttpNotLoopback)),
        ("http://localhost/cb", "http://LOCALHOST:1/cb", Refused(E::NotNormalized)),
        ("http://localhost/cb", "http://localhost.:1/cb", Refused(E::HttpNotLoopback)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb", Refused(E::UserInformation)),
        ("http://127.0.0.1/cb", "http://evil.example@127.0.0.1:1/cb", Refused(E::UserInformation)),
        ("http://127.0.0.1/callback", "http://127.0.0.1:1/./callback", Refused(E::DotSegment)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/x/%2e%2e/cb", Refused(E::DotSegment)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb#", Refused(E::Fragment)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", Refused(E::Malformed)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:+1/cb", Refused(E::Malformed)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", Refused(E::NotNormalized)),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1\\cb", Refused(E::Backslash)),
    ] {
        let result = match_registered(Some(requested), &registered(&[registration]));
        assert_eq!(result, Err(expected), "{registration} {requested}");
    }
}

#[test]
fn rfc6749_3_1_2_3_the_redirect_uri_may_be_left_out_only_when_one_is_registered() {
    let one = registered(&["https://c.example/cb"]);
    let two = registered(&["https://c.example/cb", "http://127.0.0.1/cb"]);
    let matched = match_registered(None, &one).expect("the only one");
    assert_eq!((matched.as_str(), matched.was_sent()), ("https://c.example/cb", false));
    assert!(match_registered(Some("https://c.example/cb"), &one).expect("exact").was_sent());
    assert_eq!(match_registered(None, &two), Err(RedirectUriMismatch::OmittedButSeveralRegistered));
    assert_eq!(match_registered(None, &[]), Err(RedirectUriMismatch::NoneRegistered));
    assert_eq!(
        match_registered(Some("https://c.example/cb"), &[]),
        Err(RedirectUriMismatch::NoneRegistered)
    );
}

#[test]
fn rfc6749_4_1_2_parameters_are_appended_to_the_query_that_is_there() {
    let pairs = [("code", "a b&c"), ("state", "é#?="), ("iss", "https://as.example")];
    let written = "code=a+b%26c&state=%C3%A9%23%3F%3D&iss=https%3A%2F%2Fas.example";
    for (uri, prefix) in [
        ("https://c.example", "https://c.example?"),
        ("https://c.example/cb", "https://c.example/cb?"),
        ("https://c.example/cb?", "https://c.example/cb?"),
        ("https://c.example/cb?x=1", "https://c.example/cb?x=1&"),
        ("https://c.example/cb?x=1&", "https://c.example/cb?x=1&"),
        ("https://c.example/cb?u=https://x?y", "https://c.example/cb?u=https://x?y&"),
        ("http://[::1]:3000/cb", "http://[::1]:3000/cb?"),
        ("com.example.app:/cb", "com.example.app:/cb?"),
        (CURSOR, "cursor://anysphere.cursor-mcp/oauth/callback?"),
    ] {
        let matched = match_registered(Some(uri), &registered(&[uri])).expect("exact");
        assert_eq!(matched.with_parameters(&pairs), format!("{prefix}{written}"));
        assert_eq!(matched.with_parameters(&[]), uri);
    }
}

#[test]
fn a_matched_redirect_uri_reads_back_from_a_sealed_value() {
    let matched = match_registered(None, &registered(&["https://c.example/cb"])).expect("only one");
    let json = serde_json::to_string(&matched).expect("json");
    assert_eq!(json, r#"{"redirect_uri":"https://c.example/cb","was_sent":false}"#);
    assert_eq!(crate::json::read::<MatchedRedirectUri>(&json).expect("reads back"), matched);
}

#[test]
fn rfc6749_5_2_every_description_uses_only_the_allowed_characters() {
    for error in [
        RedirectUriMismatch::NoneRegistered,
        RedirectUriMismatch::OmittedButSeveralRegistered,
        RedirectUriMismatch::Refused(E::NoHost),
        RedirectUriMismatch::NotRegistered,
    ] {
        let reply = ErrorReply::new(ErrorCode::InvalidRequest, error.to_string());
        assert_eq!(reply.description, error.to_string());
    }
    assert_eq!(RedirectUriMismatch::Refused(E::NoHost).to_string(), E::NoHost.to_string());
}

proptest! {
    #[test]
    fn a_match_is_the_registered_string_or_a_loopback_uri_that_differs_in_its_port(
        registration in near_uris(), requested in near_uris(),
    ) {
        let Ok(uri) = parse(&registration) else { return Ok(()); };
        if let Ok(matched) = match_registered(Some(&requested), std::slice::from_ref(&uri)) {
            prop_assert_eq!(matched.as_str(), &requested);
            if requested != registration {
                let mut ours = Url::parse(&registration).expect("url");
                let mut theirs = Url::parse(&requested).expect("url");
                prop_assert_eq!(ours.scheme(), "http");
                prop_assert!(ours.set_port(None).is_ok() && theirs.set_port(None).is_ok());
                prop_assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn a_loopback_uri_matches_on_every_port(host in 0usize..3, path in "(/[a-z]{0,5}){0,3}", ports: (u16, u16)) {
        let at = |port: u16| format!("http://{}:{port}{path}", LOOPBACK_HOSTS[host]);
        let uri = parse(&at(ports.0)).expect("accepted");
        let matched = match_registered(Some(&at(ports.1)), &[uri]).expect("matches");
        prop_assert_eq!(matched.as_str(), at(ports.1));
    }

    #[test]
    fn appended_parameters_read_back_and_never_reach_a_fragment(
        query in "(\\?[a-z]=[a-z0-9]{0,3}&?)?", state in any::<String>(), code in "[ -~]{0,20}",
    ) {
        let uri = format!("https://c.example/cb{query}");
        let matched = match_registered(None, &registered(&[&uri])).expect("only one");
        let location = matched.with_parameters(&[("code", &code), ("the_state", &state)]);
        prop_assert!(location.starts_with(&uri) && location.is_ascii());
        let url = Url::parse(&location).expect("url");
        prop_assert_eq!(url.fragment(), None);
        let parameters = Parameters::parse(url.query().unwrap_or_default().as_bytes()).expect("parses");
        let not_empty = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        prop_assert_eq!(parameters.get("code").expect("once").map(str::to_owned), not_empty(&code));
        prop_assert_eq!(parameters.get("the_state").expect("once").map(str::to_owned), not_empty(&state));
    }
}
