use proptest::prelude::*;

use super::request_headers::{Identity, identity_headers, other_cookies};
use super::{request_headers, response_headers};
use crate::access::{Credential, Holder};
use crate::entropy::CountingEntropy;
use crate::identifier::{GrantId, PersonalAccessTokenId};
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::subject::Subject;
use crate::test_support::{account, after, client_id};

/// What no client may send to the server behind the gateway.
const FORBIDDEN: &[&str] = &[
    "latchkey-subject",
    "latchkey-subject-type",
    "Latchkey_Subject_Type",
    "latchkey-client-id",
    "latchkey-scope",
    "latchkey-credential",
    "latchkey-assertion",
    "latchkey-reference",
    "latchkey-anything",
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "dpop",
    "cookie",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-user",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "remote-user",
    "remote-groups",
    "remote-addr",
    "x-remote-user",
    "x-remote-extra-scopes",
    "x-user",
    "x-user-id",
    "x-userinfo",
    "x-auth-user",
    "x-auth-email",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-webauth-user",
    "x-authenticated-user",
    "x-authenticated-userid",
    "x-authentik-username",
    "x-vouch-user",
    "x-pomerium-claim-email",
    "x-consumer-username",
    "oidc-claim-sub",
    "cf-access-authenticated-user-email",
    "x-goog-authenticated-user-email",
    "x-appengine-user-ip",
    "x-ms-client-principal-name",
    "x-ms-client-principal",
    "x-amzn-oidc-identity",
    "tailscale-user-login",
    "x-envoy-external-address",
    "x-envoy-original-path",
    "fastly-client-ip",
    "x-script-name",
    "script-name",
    "path-info",
    "client-cert",
    "x-ssl-client-s-dn",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-connection",
    "proxy",
    "expect",
];

#[test]
fn mrs_15_credentials_and_claims_of_identity_never_pass() {
    for &name in FORBIDDEN {
        for spelled in
            [name.to_owned(), name.to_uppercase(), name.replace('-', "_"), name.replace('-', ".")]
        {
            assert!(!request_headers::passes(&spelled), "{spelled}");
        }
    }
    for name in ["Content_Encoding", "content_type", "mcp_name", "Mcp_Method"] {
        assert!(!request_headers::passes(name), "{name}");
    }
}

#[test]
fn what_an_upstream_needs_passes() {
    for name in [
        "accept",
        "Accept-Encoding",
        "content-type",
        "Content-Length",
        "content-encoding",
        "mcp-session-id",
        "Mcp-Protocol-Version",
        "mcp-method",
        "mcp-name",
        "mcp-param-path",
        "last-event-id",
        "user-agent",
        "origin",
        "range",
        "if-none-match",
        "traceparent",
        "cf-access-jwt-assertion",
        "x-goog-iap-jwt-assertion",
        "x-pomerium-jwt-assertion",
        "x-user-agent",
        "x-auth-token",
        "x-request-id",
        "x_custom",
        "latchkeys",
    ] {
        assert!(request_headers::passes(name), "{name}");
    }
}

#[test]
fn without_a_message_no_header_names_a_call() {
    for name in ["Mcp-Method", "mcp-name", "MCP-NAME", "mcp_method", "Mcp.Name"] {
        assert!(!request_headers::passes_without_message(name), "{name}");
    }
    for &name in FORBIDDEN {
        assert!(!request_headers::passes_without_message(name), "{name}");
    }
    for name in ["mcp-session-id", "Mcp-Protocol-Version", "last-event-id", "accept"] {
        assert!(request_headers::passes_without_message(name), "{name}");
    }
}

#[test]
fn our_cookies_never_pass_and_those_of_the_upstream_do() {
    let cases = [
        ("a=1; b=2", Some("a=1; b=2")),
        ("__Host-latchkey_session=x; a=1", Some("a=1")),
        ("a=1;latchkey_session=x;b=2=3", Some("a=1; b=2=3")),
        ("latchkey_browser=x", None),
        ("__HOST-LATCHKEY_session=x; Latchkey_browser=y", None),
        ("a=1, __Host-latchkey_session=x", Some("a=1")),
        ("a=1,2; b=3", Some("a=1,2; b=3")),
        ("latchkey_session", None),
        ("my_latchkey_session=1", Some("my_latchkey_session=1")),
        ("", None),
        (" ; ;", None),
    ];
    for (header, expected) in cases {
        assert_eq!(other_cookies(header).as_deref(), expected, "{header}");
    }
}

fn holder(credential: Credential) -> Holder {
    Holder {
        subject: match &credential {
            Credential::OwnAccessToken { client_id, .. } => Subject::Client(client_id.clone()),
            Credential::AccessToken { .. } | Credential::PersonalAccessToken { .. } => {
                account().into()
            }
        },
        credential,
        label: None,
        scope: Scope::parse("mcp read").expect("scope"),
        resources: Vec::new(),
        expires_at: after(60),
    }
}

fn said(
    credential: Credential,
    resource: &str,
    client_address: Option<&str>,
) -> Vec<(&'static str, String)> {
    let identity = Identity {
        holder: &holder(credential),
        assertion: &Secret::new("a.b.c"),
        reference: "ref1",
        resource: &ResourceIndicator::parse(resource).expect("resource"),
        client_address,
    };
    let mut headers = identity_headers(&identity);
    headers.sort_unstable();
    headers
}

#[test]
fn the_upstream_learns_who_calls() {
    let mut entropy = CountingEntropy::default();
    let (grant, id) =
        (GrantId::generate(&mut entropy), PersonalAccessTokenId::generate(&mut entropy));
    let token =
        Credential::AccessToken { client_id: client_id("client"), grant, token_id: "t".to_owned() };
    let owned = |headers: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let subject = account().to_string();
    assert_eq!(
        said(token, "https://id.example/mcp", Some("192.0.2.1")),
        owned(&[
            ("latchkey-assertion", "a.b.c"),
            ("latchkey-client-id", "client"),
            ("latchkey-credential", "access_token"),
            ("latchkey-reference", "ref1"),
            ("latchkey-scope", "mcp read"),
            ("latchkey-subject", &subject),
            ("latchkey-subject-type", "person"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "id.example"),
            ("x-forwarded-proto", "https"),
        ])
    );
    assert_eq!(
        said(
            Credential::PersonalAccessToken { id },
            "http://127.0.0.1:8787",
            Some("192.0.2.1, 1.1.1.1")
        ),
        owned(&[
            ("latchkey-assertion", "a.b.c"),
            ("latchkey-credential", "personal_access_token"),
            ("latchkey-reference", "ref1"),
            ("latchkey-scope", "mcp read"),
            ("latchkey-subject", &subject),
            ("latchkey-subject-type", "person"),
            ("x-forwarded-host", "127.0.0.1:8787"),
            ("x-forwarded-proto", "http"),
        ]),
        "no client, and no address that isn't one"
    );
}

#[test]
fn jat_05_the_upstream_can_tell_a_client_that_calls_for_itself_from_a_person() {
    let token =
        Credential::OwnAccessToken { client_id: client_id("nightly"), token_id: "t".to_owned() };
    let headers = said(token, "https://id.example/mcp", None);
    let said =
        |name: &str| headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
    assert_eq!(said("latchkey-subject"), Some("nightly"));
    assert_eq!(said("latchkey-subject-type"), Some("client"));
    assert_eq!(said("latchkey-client-id"), Some("nightly"));
    assert_eq!(said("latchkey-credential"), Some("access_token"));
}

#[test]
fn every_header_that_says_who_calls_is_one_that_no_client_can_send() {
    let id = PersonalAccessTokenId::generate(&mut CountingEntropy::default());
    for (name, _) in
        said(Credential::PersonalAccessToken { id }, "https://id.example/mcp", Some("::1"))
    {
        assert!(!request_headers::passes(name), "{name}");
    }
}

#[test]
fn an_answer_can_not_act_on_the_whole_origin() {
    for name in [
        "Connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "proxy-authenticate",
        "www-authenticate",
        "Access-Control-Allow-Origin",
        "access-control-allow-credentials",
        "clear-site-data",
        "service-worker-allowed",
        "latchkey-subject",
        "set-cookie",
        "strict-transport-security",
        "alt-svc",
        "nel",
        "report-to",
        // Who may keep the answer is the gateway's to say.
        "Cache-Control",
        "cdn-cache-control",
        "Cloudflare-CDN-Cache-Control",
        "surrogate-control",
        "x-accel-expires",
    ] {
        assert!(!response_headers::passes(name), "{name}");
    }
    for name in [
        "content-type",
        "Content-Length",
        "mcp-session-id",
        "location",
        "etag",
        "vary",
        "content-security-policy",
        "retry-after",
        "link",
    ] {
        assert!(response_headers::passes(name), "{name}");
    }
    let added = response_headers::added();
    assert!(added.contains(&("content-security-policy", "sandbox")));
    assert!(added.contains(&("x-content-type-options", "nosniff")));
    assert!(added.contains(&("access-control-allow-origin", "*")));
    assert!(!added.iter().any(|(name, _)| *name == "access-control-allow-credentials"));
    // RFC 9110 section 12.5.5: the answer is one person's, whichever header says who.
    assert!(added.contains(&("vary", "Authorization, X-API-Key")));
}

#[test]
fn an_answer_can_not_set_our_cookies() {
    for value in ["a=1", "a=1; Path=/; HttpOnly", "session=latchkey_session=x", "__Host-other=1"] {
        assert!(response_headers::may_set_cookie(value), "{value}");
    }
    for value in [
        "__Host-latchkey_session=x; Path=/",
        "latchkey_browser=x",
        " LATCHKEY_session =x",
        "__host-Latchkey_x=1",
        "=latchkey_session=x",
        "latchkey_session",
        "",
        ";a=1",
    ] {
        assert!(!response_headers::may_set_cookie(value), "{value}");
    }
}

#[test]
fn cors_06_a_preflight_names_the_headers_of_every_revision_and_those_asked_for() {
    let allowed = |requested: Option<&str>| {
        let headers = response_headers::preflight(requested);
        let value = |wanted: &str| {
            headers
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.clone())
                .expect("a header")
        };
        assert_eq!(value("access-control-allow-origin"), "*");
        assert!(value("access-control-allow-methods").contains("DELETE"));
        value("access-control-allow-headers")
    };
    let always = "authorization, content-type, accept, x-api-key, last-event-id, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name";
    assert_eq!(allowed(None), always);
    assert_eq!(
        allowed(Some("Authorization, Mcp-Param-Path,bad name,a\r\nb: c, ,é")),
        format!("{always}, mcp-param-path")
    );
    let many = (0..500).map(|number| format!("x-{number},")).collect::<String>();
    assert!(allowed(Some(&many)).len() < 1000);
}

/// A forbidden name with another case of each letter and another character for each hyphen.
fn disguised() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(FORBIDDEN);
    (name, any::<u64>()).prop_map(|(name, seed)| {
        let change =
            |(index, character): (usize, char)| match (character, (seed >> (index % 60)) & 3) {
                ('-', 0) => '_',
                ('-', 1) => '.',
                (character, 2) => character.to_ascii_uppercase(),
                (character, _) => character,
            };
        name.chars().enumerate().map(change).collect()
    })
}

proptest! {
    #[test]
    fn mrs_15_no_spelling_of_a_forbidden_header_passes(name in disguised(), suffix in "[-_][a-zA-Z_-]{0,10}") {
        prop_assert!(!request_headers::passes(&name), "{}", name);
        if name.to_ascii_lowercase().starts_with("latchkey") {
            let name = format!("{name}{suffix}");
            prop_assert!(!request_headers::passes(&name), "{}", name);
            prop_assert!(!response_headers::passes(&name), "{}", name);
        }
    }

    #[test]
    fn no_input_panics(text in any::<String>()) {
        let _ = (request_headers::passes(&text), response_headers::passes(&text));
        let _ = response_headers::may_set_cookie(&text);
        let _ = response_headers::preflight(Some(&text));
    }

    #[test]
    fn no_cookie_header_lets_ours_through(before in "[a-z=;, ]{0,12}", after in "[a-z=;, ]{0,12}", host in any::<bool>()) {
        let prefix = if host { "__Host-" } else { "" };
        let header = format!("{before}; {prefix}latchkey_session=SECRET; {after}");
        prop_assert!(!other_cookies(&header).unwrap_or_default().contains("SECRET"));
        let header = format!("{before}, {prefix}latchkey_session=SECRET,{after}");
        prop_assert!(!other_cookies(&header).unwrap_or_default().contains("SECRET"));
    }
}
