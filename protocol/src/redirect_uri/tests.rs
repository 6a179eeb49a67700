//! The corpus of redirect URIs, honest and hostile.

use super::{RedirectUriError as E, *};
use crate::error::{ErrorCode, ErrorReply};
use proptest::prelude::*;

pub(super) const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

fn everything() -> RedirectUriPolicy {
    RedirectUriPolicy { private_use: vec![CURSOR.to_owned()], reverse_domain_schemes: true }
}

pub(super) fn parse(text: &str) -> Result<RedirectUri, E> {
    RedirectUri::parse(text, &everything())
}

pub(super) fn registered(texts: &[&str]) -> Vec<RedirectUri> {
    texts.iter().map(|text| parse(text).expect(text)).collect()
}

#[test]
fn the_callbacks_of_known_clients_are_accepted_with_their_kind_and_destination() {
    use RedirectUriKind::{Https, Loopback, PrivateUse};
    for (text, kind, destination) in [
        ("https://claude.ai/api/mcp/auth_callback", Https, "claude.ai"),
        ("https://chatgpt.com/connector/oauth/abc_DEF-123", Https, "chatgpt.com"),
        ("https://grok.com/connectors-oauth-exchange-code/", Https, "grok.com"),
        (
            "https://global.consent.azure-apim.net/redirect/x%20y",
            Https,
            "global.consent.azure-apim.net",
        ),
        ("https://c.example:8443/cb?tenant=a&x=", Https, "c.example:8443"),
        ("https://c.example", Https, "c.example"),
        ("https://c.example/", Https, "c.example"),
        ("https://10.0.0.1/cb", Https, "10.0.0.1"),
        ("https://[2001:db8::1]:1/cb", Https, "[2001:db8::1]:1"),
        ("https://xn--bcher-kva.example/cb", Https, "xn--bcher-kva.example"),
        ("https://localhost:1/cb", Https, "localhost:1"),
        ("https://c.example/a;b,c/@user:x/(1)*!$'/~_-.%41?u=https://x/y?z", Https, "c.example"),
        ("http://127.0.0.1/", Loopback, "127.0.0.1"),
        ("http://127.0.0.1", Loopback, "127.0.0.1"),
        ("http://127.0.0.1:33418/", Loopback, "127.0.0.1:33418"),
        ("http://127.0.0.1:80/callback", Loopback, "127.0.0.1:80"),
        ("http://127.0.0.1:80", Loopback, "127.0.0.1:80"),
        ("http://[::1]:3000/cb", Loopback, "[::1]:3000"),
        ("http://[::1]/cb", Loopback, "[::1]"),
        ("http://localhost:3118/callback", Loopback, "localhost:3118"),
        ("http://localhost:6274/oauth/callback/debug", Loopback, "localhost:6274"),
        (CURSOR, PrivateUse, "cursor://anysphere.cursor-mcp"),
        ("com.example.app:/oauth2redirect/example-provider", PrivateUse, "com.example.app:"),
        ("com.example.app://cb", PrivateUse, "com.example.app://cb"),
        ("com.example.app://host:1/cb?x=1", PrivateUse, "com.example.app://host:1"),
    ] {
        let uri = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(
            (uri.as_str(), uri.kind(), uri.display_host().as_str()),
            (text, kind, destination)
        );
    }
}

/// needs.md #15, SEC-01, NAT-03, DCR-04: what attackers and careless clients register.
const HOSTILE: &[(&str, E)] = &[
    ("", E::NotAbsolute),
    ("/cb", E::NotAbsolute),
    ("//c.example/cb", E::NotAbsolute),
    ("c.example/cb", E::NotAbsolute),
    ("?x", E::NotAbsolute),
    (":/cb", E::NotAbsolute),
    ("1https://c.example/cb", E::NotAbsolute),
    ("ht_tps://c.example/cb", E::NotAbsolute),
    ("%68ttps://c.example/cb", E::NotAbsolute),
    ("https://c.example/cb#", E::Fragment),
    ("https://c.example/cb#x", E::Fragment),
    ("https://c.example#@evil.example/", E::Fragment),
    ("com.example.app:/cb#", E::Fragment),
    ("https://c.example\\cb", E::Backslash),
    ("https://c.example\\@evil.example/cb", E::Backslash),
    ("https:\\\\c.example\\cb", E::Backslash),
    ("http://127.0.0.1\\.evil.example/cb", E::Backslash),
    (" https://c.example/cb", E::WhitespaceOrControl),
    ("https://c.example/cb ", E::WhitespaceOrControl),
    ("https://c.example/c b", E::WhitespaceOrControl),
    ("https://c.example/cb\n", E::WhitespaceOrControl),
    ("https://c.example/\r\nLocation: https://evil.example", E::WhitespaceOrControl),
    ("https://c.exa\tmple/cb", E::WhitespaceOrControl),
    ("https://c.example/\0", E::WhitespaceOrControl),
    ("https://c.example/\u{7f}", E::WhitespaceOrControl),
    ("java\nscript:alert(1)", E::WhitespaceOrControl),
    ("\u{1}javascript:alert(1)", E::WhitespaceOrControl),
    ("https://bücher.example/cb", E::NotAscii),
    ("https://c.example/cb\u{202e}", E::NotAscii),
    ("https://c.example／cb", E::NotAscii),
    ("https://c。example/cb", E::NotAscii),
    ("http://１２７.0.0.1/cb", E::NotAscii),
    ("https://c.example/cb\u{a0}", E::NotAscii),
    ("https://c.example/<script>", E::ForbiddenCharacter),
    ("https://c.example/\"", E::ForbiddenCharacter),
    ("https://c.example/{id}", E::ForbiddenCharacter),
    ("https://c.example/a|b", E::ForbiddenCharacter),
    ("https://c.example/^`", E::ForbiddenCharacter),
    ("https://c.example/%", E::MalformedPercentSequence),
    ("https://c.example/%4", E::MalformedPercentSequence),
    ("https://c.example/%zz", E::MalformedPercentSequence),
    ("https://c.example/?x=%u0041", E::MalformedPercentSequence),
    ("javascript:alert(1)", E::ForbiddenScheme),
    ("JaVaScRiPt:alert(1)", E::ForbiddenScheme),
    ("javascript://c.example/%0aalert(1)", E::ForbiddenScheme),
    ("data:text/html,x", E::ForbiddenScheme),
    ("DATA:text/html;base64,eA==", E::ForbiddenScheme),
    ("vbscript:x", E::ForbiddenScheme),
    ("file:///etc/passwd", E::ForbiddenScheme),
    ("blob:https://c.example/1", E::ForbiddenScheme),
    ("about:blank", E::ForbiddenScheme),
    ("view-source:https://c.example/", E::ForbiddenScheme),
    ("wss://c.example/cb", E::ForbiddenScheme),
    ("urn:ietf:wg:oauth:2.0:oob", E::SchemeNotAllowed),
    ("mailto:a", E::SchemeNotAllowed),
    ("app:/cb", E::SchemeNotAllowed),
    ("claude://claude.ai/mcp-auth-callback/sdk", E::SchemeNotAllowed),
    ("cursor://anysphere.cursor-mcp/oauth/callback/", E::SchemeNotAllowed),
    ("cursor://anysphere.cursor-mcp/oauth/callback?x=1", E::SchemeNotAllowed),
    ("cursor://anysphere.cursor-mcp:1/oauth/callback", E::SchemeNotAllowed),
    ("cursor://evil/oauth/callback", E::SchemeNotAllowed),
    ("com.example.app:cb", E::SchemeNotAllowed),
    ("com.example.app:", E::SchemeNotAllowed),
    ("com.:/cb", E::SchemeNotAllowed),
    ("com..app:/cb", E::SchemeNotAllowed),
    ("https://user@c.example/cb", E::UserInformation),
    ("https://user:password@c.example/cb", E::UserInformation),
    ("https://c.example@evil.example/cb", E::UserInformation),
    ("https://c.example%25@evil.example/cb", E::UserInformation),
    ("https://c.example%2f@evil.example/cb", E::UserInformation),
    ("https://@c.example/cb", E::UserInformation),
    ("http://127.0.0.1:33418@evil.example/", E::UserInformation),
    ("http://evil.example@127.0.0.1/cb", E::UserInformation),
    ("com.example.app://user@host/cb", E::UserInformation),
    ("https://c%2eexample/cb", E::EncodedHost),
    ("https://c.example%2fevil.example/cb", E::EncodedHost),
    ("https://c.example%00.evil.example/cb", E::EncodedHost),
    ("https://c.example%23.evil.example/cb", E::EncodedHost),
    ("https://c.example:%34/cb", E::EncodedHost),
    ("http://%31%32%37.0.0.1/cb", E::EncodedHost),
    ("http://[::1%25eth0]/cb", E::EncodedHost),
    ("https:///cb", E::NoHost),
    ("https://", E::NoHost),
    ("https://:443/cb", E::NoHost),
    ("https://?x", E::NoHost),
    ("https:c.example/cb", E::NoHost),
    ("https:/c.example/cb", E::NoHost),
    ("http://c.example/cb", E::HttpNotLoopback),
    ("http://127.0.0.1.evil.example/cb", E::HttpNotLoopback),
    ("http://localhost.evil.example/cb", E::HttpNotLoopback),
    ("http://evil.localhost/cb", E::HttpNotLoopback),
    ("http://localhost./cb", E::HttpNotLoopback),
    ("http://127.1/cb", E::HttpNotLoopback),
    ("http://127.0.0.1./cb", E::HttpNotLoopback),
    ("http://127.0.1/cb", E::HttpNotLoopback),
    ("http://127.0.0.2/cb", E::HttpNotLoopback),
    ("http://127.000.000.001/cb", E::HttpNotLoopback),
    ("http://0177.0.0.1/cb", E::HttpNotLoopback),
    ("http://0x7f.1/cb", E::HttpNotLoopback),
    ("http://0x7f000001/cb", E::HttpNotLoopback),
    ("http://2130706433/cb", E::HttpNotLoopback),
    ("http://0.0.0.0/cb", E::HttpNotLoopback),
    ("http://[::]/cb", E::HttpNotLoopback),
    ("http://[::ffff:127.0.0.1]/cb", E::HttpNotLoopback),
    ("http://[::ffff:7f00:1]/cb", E::HttpNotLoopback),
    ("http://[0:0:0:0:0:0:0:1]/cb", E::HttpNotLoopback),
    ("http://[::01]/cb", E::HttpNotLoopback),
    ("http://[::1].evil.example/cb", E::HttpNotLoopback),
    ("http://::1/cb", E::HttpNotLoopback),
    ("http:///cb", E::HttpNotLoopback),
    ("http:127.0.0.1/cb", E::HttpNotLoopback),
    ("http:////127.0.0.1/cb", E::HttpNotLoopback),
    ("http://*/cb", E::HttpNotLoopback),
    ("https://*.example/cb", E::InvalidHost),
    ("https://c.example,evil.example/cb", E::InvalidHost),
    ("https://c.example;evil.example/cb", E::InvalidHost),
    ("https://c.example&evil.example/cb", E::InvalidHost),
    ("https://[v1.x]/cb", E::InvalidHost),
    ("https://c.example:1:2/cb", E::InvalidHost),
    ("https://[::1]x/cb", E::InvalidHost),
    ("com.example.app://a*b/cb", E::InvalidHost),
    ("https://c.example/a/../cb", E::DotSegment),
    ("https://c.example/./cb", E::DotSegment),
    ("https://c.example/cb/..", E::DotSegment),
    ("https://c.example/cb/.", E::DotSegment),
    ("https://c.example/%2e%2e/cb", E::DotSegment),
    ("https://c.example/.%2E/cb", E::DotSegment),
    ("https://c.example/%2E/cb", E::DotSegment),
    ("https://c.example/a%2f..%2Fcb", E::DotSegment),
    ("https://c.example/a%5c..%5Ccb", E::DotSegment),
    ("http://127.0.0.1/./callback", E::DotSegment),
    ("com.example.app:/../cb", E::DotSegment),
    ("com.example.app:/.//evil.example", E::DotSegment),
    ("HTTPS://c.example/cb", E::NotNormalized),
    ("https://C.example/cb", E::NotNormalized),
    ("http://LOCALHOST/cb", E::NotNormalized),
    ("Com.example.app:/cb", E::NotNormalized),
    ("com.example.app://HOST/cb", E::NotNormalized),
    ("https://c.example:443/cb", E::NotNormalized),
    ("https://c.example:/cb", E::NotNormalized),
    ("https://c.example:0443/cb", E::NotNormalized),
    ("https://c.example:08443/cb", E::NotNormalized),
    ("https://127.1/cb", E::NotNormalized),
    ("https://127.0.0.1./cb", E::NotNormalized),
    ("https://0x7f.1/cb", E::NotNormalized),
    ("https://[::ffff:127.0.0.1]/cb", E::NotNormalized),
    ("https://[0:0:0:0:0:0:0:1]/cb", E::NotNormalized),
    ("https://c.example?x=1", E::NotNormalized),
    ("https://c.example/?x='", E::NotNormalized),
    ("http://127.0.0.1:/cb", E::NotNormalized),
    ("http://127.0.0.1:080/cb", E::NotNormalized),
    ("http://127.0.0.1:80?x=1", E::NotNormalized),
    ("https://c.example:65536/cb", E::Malformed),
    ("https://c.example:1x/cb", E::Malformed),
    ("https://c.example:-1/cb", E::Malformed),
    ("https://[::1/cb", E::InvalidHost),
    ("https://[1:2:3:4:5:6:7:8:9]/cb", E::Malformed),
    ("https://256.0.0.1/cb", E::Malformed),
    ("https://xn--/cb", E::Malformed),
    ("http://127.0.0.1:99999/cb", E::Malformed),
];

#[test]
fn rfc9700_4_1_3_every_hostile_redirect_uri_is_refused_for_its_reason() {
    for (text, expected) in HOSTILE {
        assert_eq!(parse(text).map(|uri| uri.0), Err(*expected), "{text:?}");
    }
}

#[test]
fn rfc6749_3_1_2_a_redirect_uri_has_at_most_2000_bytes() {
    let of_length = |length: usize| format!("https://c.example/{}", "a".repeat(length - 18));
    assert!(parse(&of_length(2000)).is_ok());
    assert_eq!(parse(&of_length(2001)), Err(E::TooLong));
}

#[test]
fn rfc8252_7_1_private_use_schemes_need_the_policy_which_can_not_allow_dangerous_ones() {
    let none = RedirectUriPolicy::default();
    for text in [CURSOR, "com.example.app:/cb"] {
        assert_eq!(RedirectUri::parse(text, &none), Err(E::SchemeNotAllowed), "{text}");
    }
    for (listed, expected) in [
        ("cursor:opaque", None),
        ("javascript:alert(1)", Some(E::ForbiddenScheme)),
        ("http://evil.example/cb", Some(E::HttpNotLoopback)),
        ("app://host/cb#x", Some(E::Fragment)),
        ("app://user@host/cb", Some(E::UserInformation)),
        ("app://host/../cb", Some(E::DotSegment)),
    ] {
        let private_use = vec![listed.to_owned()];
        let policy = RedirectUriPolicy { private_use, reverse_domain_schemes: false };
        assert_eq!(RedirectUri::parse(listed, &policy).err(), expected, "{listed}");
    }
}

#[test]
fn rfc6749_5_2_every_description_uses_only_the_allowed_characters() {
    let mut descriptions: Vec<_> = HOSTILE.iter().map(|(_, error)| error.to_string()).collect();
    descriptions.push(E::TooLong.to_string());
    for description in descriptions {
        let reply = ErrorReply::new(ErrorCode::InvalidRedirectUri, &description);
        assert_eq!(reply.description, description);
    }
}

/// Texts near the border between what is accepted and what isn't.
pub(super) fn near_uris() -> impl Strategy<Value = String> {
    let scheme = "https|http|HTTP|javascript|cursor|com\\.example\\.app|data";
    let host =
        "127\\.0\\.0\\.1|\\[::1\\]|localhost|c\\.example|127\\.1|[a-z0-9.@%:\\[\\]\\\\*-]{0,12}";
    let rest = "[a-z0-9./%?#&=@:\\\\ é-]{0,20}";
    (scheme, "://|:/|:|:///", host, "(:[0-9]{0,6})?", rest).prop_map(
        |(scheme, separator, host, port, rest)| format!("{scheme}{separator}{host}{port}{rest}"),
    )
}

proptest! {
    #[test]
    fn what_is_accepted_is_what_a_browser_reads(text in prop_oneof![any::<String>(), near_uris()]) {
        if let Ok(uri) = parse(&text) {
            prop_assert_eq!(uri.as_str(), &text);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\'));
            let url = Url::parse(&text).expect("a browser reads it");
            prop_assert_eq!(url.username(), "");
            prop_assert_eq!(url.password(), None);
            let host = url.host_str().unwrap_or_default();
            match uri.kind() {
                RedirectUriKind::Https => prop_assert_eq!(url.scheme(), "https"),
                RedirectUriKind::Loopback => {
                    prop_assert_eq!(url.scheme(), "http");
                    prop_assert!(LOOPBACK_HOSTS.contains(&host));
                }
                RedirectUriKind::PrivateUse => {
                    prop_assert!(text == CURSOR || url.scheme().contains('.'));
                }
            }
            prop_assert!(uri.display_host().contains(host));
        }
    }
}
