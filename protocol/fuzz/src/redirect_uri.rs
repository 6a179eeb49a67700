//! Redirect URIs: which are accepted, and which match a registered one.

use latchkey_protocol::redirect_uri::{
    RedirectUri, RedirectUriKind, RedirectUriPolicy, match_registered,
};
use url::Url;

use crate::deployment::{CLIENT, CONFIGURATION, REGISTERED};
use crate::texts;

/// One URI under each policy, and as the redirect URI of a request.
pub fn check(data: &[u8]) {
    let Some([text, registered]) = texts(data) else { return };
    for policy in [&RedirectUriPolicy::default(), &CONFIGURATION.redirect_uris] {
        if let Ok(uri) = RedirectUri::parse(text, policy) {
            accepted(text, &uri, policy);
        }
    }
    requested(text);
    matched_with(text, registered);
}

/// What a reader of the URI, ours or a browser, could still be misled by.
fn accepted(text: &str, uri: &RedirectUri, policy: &RedirectUriPolicy) {
    assert_eq!(uri.as_str(), text, "it is kept to the byte");
    assert!(!text.contains('#'), "no fragment");
    assert!(!text.contains('\\'), "no backslash");
    assert!(
        text.bytes().all(|byte| byte.is_ascii_graphic()),
        "no control character, no white space"
    );
    let url = Url::parse(text).expect("a browser reads it");
    assert!(url.username().is_empty() && url.password().is_none(), "no user name");
    let serialized = url.as_str();
    let is_port_80 = url.scheme() == "http" && text.contains(":80");
    assert!(
        serialized == text || serialized.strip_suffix('/') == Some(text) || is_port_80,
        "a browser goes where it says: {text:?} and {serialized:?}"
    );
    match uri.kind() {
        RedirectUriKind::Https => {
            assert_eq!(url.scheme(), "https");
            let host = url.host_str().expect("a host");
            assert!(!host.contains(['%', '*', '@']), "a plain host: {host}");
        }
        RedirectUriKind::Loopback => {
            assert_eq!(url.scheme(), "http");
            assert!(matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")));
        }
        RedirectUriKind::PrivateUse => {
            let listed = policy.private_use.iter().any(|exact| exact == text);
            let reversed = policy.reverse_domain_schemes && url.scheme().contains('.');
            assert!(listed || reversed, "{text:?} by {policy:?}");
            let runs_code = ["javascript", "data", "vbscript", "blob", "file", "about"];
            assert!(!runs_code.contains(&url.scheme()), "{text:?}");
        }
    }
    let read: RedirectUri =
        latchkey_protocol::json::read(&serde_json::to_string(uri).expect("json"))
            .expect("it is stored and read back");
    assert_eq!(read, *uri);
}

/// RFC 9700 section 4.1.3: what a request names is a registered one, but for a loopback port.
fn requested(text: &str) {
    let Ok(matched) = match_registered(Some(text), &CLIENT.metadata.redirect_uris) else { return };
    assert_eq!(matched.as_str(), text, "the redirect goes where the request said");
    assert!(
        REGISTERED.contains(&text) || REGISTERED.iter().any(|known| differ_in_port(known, text)),
        "{text:?} was never registered"
    );
    let answer = matched.with_parameters(&[("code", "a&b=c#d"), ("state", "é %\n")]);
    assert!(answer.starts_with(text), "what was registered is kept");
    let answer = Url::parse(&answer).expect("a URL");
    assert_eq!(answer.fragment(), None);
    let registered = Url::parse(text).expect("a URL");
    assert_eq!(answer.scheme(), registered.scheme());
    assert_eq!(answer.host_str(), registered.host_str());
    assert_eq!(answer.port(), registered.port());
    assert_eq!(answer.path(), registered.path());
    let pair = |name: &str| answer.query_pairs().find(|(own, _)| own == name);
    assert_eq!(pair("code").expect("code").1, "a&b=c#d");
}

fn differ_in_port(known: &str, text: &str) -> bool {
    let [Ok(mut known), Ok(mut text)] = [Url::parse(known), Url::parse(text)] else { return false };
    let same_port = known.set_port(None).is_ok() && text.set_port(None).is_ok();
    known.scheme() == "http" && same_port && known == text
}

/// Any two URIs: what matches one that was registered is it, or differs in a loopback port.
fn matched_with(text: &str, registered: &str) {
    let Ok(registered) = RedirectUri::parse(registered, &CONFIGURATION.redirect_uris) else {
        return;
    };
    let Ok(matched) = match_registered(Some(text), std::slice::from_ref(&registered)) else {
        return;
    };
    assert_eq!(matched.as_str(), text);
    assert!(text == registered.as_str() || differ_in_port(registered.as_str(), text));
    assert_eq!(matched.kind(), registered.kind());
    assert!(matched.leads_where(registered.as_str()));
}
