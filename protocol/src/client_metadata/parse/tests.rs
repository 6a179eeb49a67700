use super::*;
use crate::error::ErrorCode;
use crate::redirect_uri::RedirectUriKind;
use proptest::prelude::*;
use serde_json::json;

const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

fn policy() -> RedirectUriPolicy {
    RedirectUriPolicy { private_use: vec![CURSOR.to_owned()], reverse_domain_schemes: false }
}

/// Reads the smallest sound request with `changes` laid over it.
fn read(changes: Value) -> Result<ClientMetadata, ClientMetadataError> {
    let mut body = json!({ "redirect_uris": ["https://client.example/callback"] });
    for (name, value) in changes.as_object().expect("object") {
        body[name] = value.clone();
    }
    ClientMetadata::parse(body.to_string().as_bytes(), &policy())
}

fn sound(changes: Value) -> ClientMetadata {
    let shown = changes.to_string();
    read(changes).expect(&shown)
}

fn refused(changes: Value) -> ClientMetadataError {
    let shown = changes.to_string();
    read(changes).expect_err(&shown)
}

fn registered(metadata: &ClientMetadata) -> Vec<&str> {
    metadata.redirect_uris.iter().map(RedirectUri::as_str).collect()
}

#[test]
fn rfc7591_2_every_member_is_read() {
    let metadata = sound(json!({
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "Example",
        "client_uri": "https://client.example/",
        "logo_uri": "https://client.example/logo.png",
        "scope": "read write",
        "contacts": ["ops@client.example"],
        "tos_uri": "https://client.example/tos",
        "policy_uri": "https://client.example/policy",
        "jwks_uri": "https://client.example/jwks.json",
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1",
        "application_type": "web",
    }));
    assert_eq!(
        Value::Object(metadata.to_members()),
        json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": "client_secret_post",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "client_name": "Example",
            "client_uri": "https://client.example/",
            "logo_uri": "https://client.example/logo.png",
            "scope": "read write",
            "contacts": ["ops@client.example"],
            "tos_uri": "https://client.example/tos",
            "policy_uri": "https://client.example/policy",
            "jwks_uri": "https://client.example/jwks.json",
            "software_id": "4NRB1-0XZABZI9E6-5SM3R",
            "software_version": "2.1",
            "application_type": "web",
        })
    );
}

#[test]
fn rfc7591_2_unknown_members_are_ignored_whatever_they_hold() {
    let metadata = sound(json!({
        "client_id": "chosen-by-the-client",
        "client_secret": "chosen",
        "software_statement": "a.b.c",
        "require_auth_time": true,
        "post_logout_redirect_uris": null,
        "x": { "deep": [1, 2.5, -3] },
    }));
    assert_eq!(metadata, sound(json!({})));
}

#[test]
fn absent_null_and_empty_members_are_the_same() {
    let absent = sound(json!({}));
    for member in [
        "token_endpoint_auth_method",
        "grant_types",
        "response_types",
        "client_name",
        "client_uri",
        "logo_uri",
        "scope",
        "contacts",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
        "jwks",
        "software_id",
        "software_version",
        "application_type",
        "client_name#fr",
    ] {
        for value in [json!(null), json!("")] {
            assert_eq!(sound(json!({ member: value })), absent, "{member}: {value}");
        }
    }
    assert_eq!(sound(json!({ "scope": "  " })), absent);
    assert_eq!(sound(json!({ "grant_types": [], "contacts": ["", null] })), absent);
}

#[test]
fn a_wrong_type_is_refused_and_named() {
    for member in ["redirect_uris", "grant_types", "response_types", "contacts"] {
        for value in [json!("text"), json!(1), json!({}), json!([1]), json!([["x"]])] {
            let reply = refused(json!({ member: value })).reply();
            assert_eq!(reply.code, ErrorCode::InvalidClientMetadata, "{member}: {value}");
            assert!(reply.description.contains(member), "{}", reply.description);
        }
    }
    for member in [
        "token_endpoint_auth_method",
        "client_name",
        "client_uri",
        "logo_uri",
        "scope",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
        "software_id",
        "software_version",
    ] {
        for value in [json!(1), json!(true), json!(["x"]), json!({})] {
            let reply = refused(json!({ member: value })).reply();
            assert_eq!(reply.code, ErrorCode::InvalidClientMetadata, "{member}: {value}");
            assert!(reply.description.contains(member), "{}", reply.description);
        }
    }
}

#[test]
fn a_body_that_is_no_unambiguous_json_object_is_refused() {
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(MAXIMUM_BODY));
    let deep = format!("{{\"x\":{}", "[".repeat(60_000));
    let cases: &[(&[u8], ClientMetadataError)] = &[
        (b"", ClientMetadataError::NotJson),
        (b"client_name=x", ClientMetadataError::NotJson),
        (b"{\"client_name\":\"\xff\"}", ClientMetadataError::NotJson),
        (deep.as_bytes(), ClientMetadataError::NotJson),
        (b"[]", ClientMetadataError::NotAnObject),
        (b"\"text\"", ClientMetadataError::NotAnObject),
        (b"null", ClientMetadataError::NotAnObject),
        (b"{}", ClientMetadataError::RedirectUrisMissing),
        (
            br#"{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}"#,
            ClientMetadataError::DuplicateMember,
        ),
        (long.as_bytes(), ClientMetadataError::BodyTooLong),
    ];
    for (body, expected) in cases {
        let error = ClientMetadata::parse(body, &policy()).expect_err("refused");
        assert_eq!(error, *expected, "{}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    }
}

#[test]
fn rfc7591_2_missing_redirect_uris_are_an_invalid_redirect_uri() {
    for value in [json!(null), json!(""), json!([]), json!([""]), json!([null])] {
        let error = refused(json!({ "redirect_uris": value }));
        assert_eq!(error, ClientMetadataError::RedirectUrisMissing, "{value}");
        assert_eq!(error.code(), ErrorCode::InvalidRedirectUri);
    }
}

#[test]
fn rfc7591_5_a_redirect_uri_that_leads_astray_refuses_the_whole_registration() {
    for wrong in [
        "/relative",
        "http://client.example/callback",
        "https://client.example/callback#fragment",
        "https://user@client.example/callback",
        "https://client.example\\@evil.example/",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "https://client.example/\u{202e}",
        &format!("https://client.example/{}", "x".repeat(MAXIMUM_STRING)),
    ] {
        let uris = json!(["https://client.example/callback", wrong]);
        let reply = refused(json!({ "redirect_uris": uris })).reply();
        assert_eq!(reply.code, ErrorCode::InvalidRedirectUri, "{wrong}");
        assert!(reply.description.contains("entry 2"), "{}", reply.description);
        assert!(!reply.description.contains(wrong), "{}", reply.description);
    }
}

#[test]
fn a_private_use_scheme_is_registered_exactly_as_allowed_and_otherwise_left_out() {
    let https = "https://www.cursor.com/agents/mcp/oauth/callback";
    let other = "cursor://evil.example/oauth/callback";
    let metadata = sound(json!({ "redirect_uris": [CURSOR, other, https] }));
    assert_eq!(registered(&metadata), [CURSOR, https]);
    assert_eq!(metadata.redirect_uris[0].kind(), RedirectUriKind::PrivateUse);

    let reply = refused(json!({ "redirect_uris": [other] })).reply();
    assert_eq!(reply.code, ErrorCode::InvalidRedirectUri);
}

#[test]
fn a_client_may_register_50_redirect_uris_and_a_repeated_one_counts_once() {
    let many = |count: usize| -> Vec<String> {
        (0..count).map(|number| format!("https://client.example/{number}")).collect()
    };
    assert_eq!(sound(json!({ "redirect_uris": many(50) })).redirect_uris.len(), 50);
    assert_eq!(
        refused(json!({ "redirect_uris": many(51) })),
        ClientMetadataError::TooMany { member: "redirect_uris" }
    );
    let twice = json!({ "redirect_uris": ["http://localhost/", "http://localhost/"] });
    assert_eq!(registered(&sound(twice)), ["http://localhost/"]);
}

#[test]
fn a_client_with_none_of_our_authentication_methods_is_told_which_there_are() {
    for method in ["private_key_jwt", "client_secret_jwt", "tls_client_auth", "None", "x"] {
        let error = refused(json!({ "token_endpoint_auth_method": method }));
        assert_eq!(error, ClientMetadataError::UnsupportedAuthMethod, "{method}");
        for supported in TokenEndpointAuthMethod::ALL {
            assert!(error.reply().description.contains(supported.as_str()));
        }
    }
}

#[test]
fn of_several_authentication_methods_the_first_that_exists_here_is_registered() {
    use TokenEndpointAuthMethod::{ClientSecretPost, None as Public};
    let cases = [
        (json!({}), None),
        (json!({ "token_endpoint_auth_method": "none" }), Some(Public)),
        (
            json!({
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            }),
            Some(Public),
        ),
        (
            json!({
                "token_endpoint_auth_method": "none",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
            }),
            Some(Public),
        ),
        (
            json!({ "token_endpoint_auth_methods_supported": ["client_secret_post", "none"] }),
            Some(ClientSecretPost),
        ),
    ];
    for (changes, expected) in cases {
        let shown = changes.to_string();
        assert_eq!(sound(changes).token_endpoint_auth_method, expected, "{shown}");
    }
}

#[test]
fn grants_that_do_not_exist_here_are_left_out_and_refresh_token_is_added() {
    let both = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    for names in [
        json!([]),
        json!(["authorization_code"]),
        json!(["refresh_token", "authorization_code"]),
        json!(["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]),
        json!(["authorization_code", "client_credentials", "implicit", "password"]),
    ] {
        assert_eq!(sound(json!({ "grant_types": names })).grant_types, both, "{names}");
    }
    for names in [json!(["implicit"]), json!(["client_credentials"]), json!(["refresh_token"])] {
        let error = refused(json!({ "grant_types": names }));
        assert_eq!(error, ClientMetadataError::NoUsableGrantType, "{names}");
    }
}

#[test]
fn response_types_that_do_not_exist_here_are_left_out() {
    for names in [json!([]), json!(["code"]), json!(["code", "token", "code id_token"])] {
        let metadata = sound(json!({ "response_types": names }));
        assert_eq!(metadata.response_types, [ResponseType::Code], "{names}");
    }
    for names in [json!(["token"]), json!(["code token"]), json!(["none"])] {
        let error = refused(json!({ "response_types": names }));
        assert_eq!(error, ClientMetadataError::NoUsableResponseType, "{names}");
    }
}

#[test]
fn unknown_scopes_are_kept_and_a_scope_that_cannot_be_one_is_refused() {
    let scope = sound(json!({ "scope": "openid claudeai mcp:read" })).scope.expect("scope");
    assert_eq!(scope.to_string(), "openid claudeai mcp:read");
    for wrong in ["a\"b", "a\tb", "é"] {
        let reply = refused(json!({ "scope": wrong })).reply();
        assert_eq!(reply.code, ErrorCode::InvalidClientMetadata);
        assert!(reply.description.contains("'scope'"), "{}", reply.description);
    }
}

#[test]
fn uris_shown_to_people_are_https_or_http_on_the_loopback_interface() {
    for member in DISPLAY_URIS.into_iter().chain(["jwks_uri"]) {
        for good in [
            "https://client.example",
            "https://client.example:8443/a?b=c#d",
            "http://localhost:3000/logo.png",
            "http://127.0.0.1/",
            "http://[::1]:8080/",
        ] {
            let metadata = sound(json!({ member: good }));
            assert_eq!(metadata.to_members()[member], good, "{member}");
        }
        for wrong in [
            "javascript:alert(1)",
            "JAVASCRIPT://client.example/%0aalert(1)",
            "data:image/svg+xml,<svg/>",
            "http://client.example/",
            "http://localhost.evil.example/",
            "//client.example/",
            "/logo.png",
            "https:client.example",
            "https://",
            "https://bank.example@evil.example/",
            "https://client.example/\u{202e}gpj.exe",
            "https://client.example/a b",
            "https://client.example/\"onerror=x",
            " https://client.example/",
            "ftp://client.example/",
        ] {
            let reply = refused(json!({ member: wrong })).reply();
            assert_eq!(reply.code, ErrorCode::InvalidClientMetadata, "{member} {wrong}");
            assert!(reply.description.contains(member), "{}", reply.description);
            assert!(!reply.description.contains(wrong), "{}", reply.description);
        }
    }
}

#[test]
fn names_are_plain_text_of_at_most_200_characters() {
    let name = |text: &str| sound(json!({ "client_name": text })).client_name;
    assert_eq!(name("Claude Code (my-server)").as_deref(), Some("Claude Code (my-server)"));
    assert_eq!(name("<script>x</script>").as_deref(), Some("<script>x</script>"));
    assert_eq!(name("A\u{202e}B\r\nC").as_deref(), Some("AB C"));
    assert_eq!(name("\u{202e}\u{0}"), None);
    assert_eq!(name(&"é".repeat(200)), Some("é".repeat(200)));
    assert_eq!(
        refused(json!({ "client_name": "x".repeat(201) })),
        ClientMetadataError::NameTooLong { member: "client_name" }
    );
}

#[test]
fn a_string_of_more_than_2000_bytes_is_refused() {
    for member in ["client_name", "software_id", "software_version", "client_uri"] {
        let error = refused(json!({ member: "x".repeat(MAXIMUM_STRING + 1) }));
        assert_eq!(error, ClientMetadataError::TooLong { member }, "{member}");
    }
    let contacts = json!({ "contacts": ["x".repeat(MAXIMUM_STRING + 1)] });
    assert_eq!(refused(contacts), ClientMetadataError::TooLong { member: "contacts" });
    let software_id = sound(json!({ "software_id": "x".repeat(MAXIMUM_STRING) })).software_id;
    assert_eq!(software_id.map(|id| id.len()), Some(MAXIMUM_STRING));
}

#[test]
fn rfc7591_2_2_translations_of_names_and_links_are_kept_under_the_same_rules() {
    let metadata = sound(json!({
        "client_name": "My Client",
        "client_name#ja-Jpan-JP": "クライアント名",
        "client_name#fr": "Mon\u{202e} client",
        "tos_uri#fr": "https://client.example/fr/tos",
        "client_name#": "no tag",
        "client_name#not a tag": "x",
        "client_name#a#b": "x",
        "redirect_uris#fr": ["x"],
        "software_id#fr": "x",
    }));
    let localized: Vec<_> = metadata.localized.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        localized,
        [
            ("client_name#fr", "Mon client"),
            ("client_name#ja-Jpan-JP", "クライアント名"),
            ("tos_uri#fr", "https://client.example/fr/tos"),
        ]
    );
    assert_eq!(metadata.to_members()["client_name#fr"], "Mon client");

    let cases = [
        (json!({ "logo_uri#fr": "javascript:alert(1)" }), "'logo_uri'"),
        (json!({ "client_name#fr": 1 }), "'client_name'"),
        (json!({ "client_name#fr": "x".repeat(201) }), "'client_name'"),
        (json!({ "client_uri#fr": format!("https://{}", "x".repeat(2000)) }), "'client_uri'"),
    ];
    for (changes, member) in cases {
        let reply = refused(changes).reply();
        assert_eq!(reply.code, ErrorCode::InvalidClientMetadata);
        assert!(reply.description.contains(member), "{}", reply.description);
    }
    let many: serde_json::Map<_, _> =
        (0..=MAXIMUM_ENTRIES).map(|n| (format!("client_name#x{n}"), json!("x"))).collect();
    assert_eq!(
        refused(Value::Object(many)),
        ClientMetadataError::TooMany { member: "client_name" }
    );
}

#[test]
fn rfc7591_2_keys_come_by_value_or_by_reference_and_only_public_ones() {
    let public = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "x", "y": "y" }] });
    assert_eq!(sound(json!({ "jwks": public })).jwks, Some(public.clone()));
    let cases = [
        (
            json!({ "jwks": public, "jwks_uri": "https://client.example/jwks" }),
            ClientMetadataError::KeySetTwice,
        ),
        (json!({ "jwks": [] }), ClientMetadataError::KeySetMalformed),
        (json!({ "jwks": { "keys": {} } }), ClientMetadataError::KeySetMalformed),
        (json!({ "jwks": { "keys": ["x"] } }), ClientMetadataError::KeySetMalformed),
        (
            json!({ "jwks": { "keys": [{ "kty": "EC", "d": "x" }] } }),
            ClientMetadataError::KeySetNotPublic,
        ),
        (
            json!({ "jwks": { "keys": [{ "kty": "oct", "k": "x" }] } }),
            ClientMetadataError::KeySetNotPublic,
        ),
        (
            json!({ "jwks": { "keys": vec![json!({}); 51] } }),
            ClientMetadataError::TooMany { member: "jwks" },
        ),
    ];
    for (changes, expected) in cases {
        let shown = changes.to_string();
        assert_eq!(refused(changes), expected, "{shown}");
    }
}

#[test]
fn application_type_never_refuses_a_registration_and_is_inferred_when_absent() {
    let loopback = json!(["http://127.0.0.1:33418/", CURSOR]);
    let mixed = json!(["https://vscode.dev/redirect", "http://127.0.0.1:33418/"]);
    let cases = [
        (json!("native"), &mixed, true),
        (json!("web"), &loopback, false),
        (json!("service"), &loopback, true),
        (json!(7), &mixed, false),
        (json!(null), &loopback, true),
    ];
    for (value, uris, native) in cases {
        let metadata = sound(json!({ "application_type": value, "redirect_uris": uris }));
        assert_eq!(metadata.runs_on_persons_machine(), native, "{value}");
    }
}

#[test]
fn stored_metadata_reads_back() {
    let metadata = sound(json!({
        "redirect_uris": [CURSOR, "http://localhost/"],
        "token_endpoint_auth_method": "none",
        "client_name": "Example",
        "client_name#fr": "Exemple",
        "scope": "b a",
        "jwks": { "keys": [] },
    }));
    let stored = serde_json::to_string(&metadata).expect("json");
    let read: ClientMetadata = serde_json::from_str(&stored).expect("reads back");
    assert_eq!(read, metadata);
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_accepted_reads_back(
        name in ".{0,220}",
        uri in "(|https://a\\.example/[a-z]{0,9}|(https?://)?[a-z@:/.#\\\\%]{0,20})",
        scope in "([a-z ]{0,20}|.{0,20})",
        grants in proptest::collection::vec("(authorization_code|implicit|.{0,3})", 0..4),
        extra in ".{0,30}",
    ) {
        let changes = json!({
            "redirect_uris": ["http://localhost/", uri],
            "client_name": name,
            "logo_uri": uri,
            "scope": scope,
            "grant_types": grants,
            (extra.as_str()): name,
            format!("client_name#{extra}"): name,
        });
        match read(changes) {
            Ok(metadata) => {
                let again = Value::Object(metadata.to_members()).to_string();
                prop_assert_eq!(ClientMetadata::parse(again.as_bytes(), &policy()), Ok(metadata));
            }
            Err(error) => prop_assert!(!error.reply().description.is_empty()),
        }
    }

    #[test]
    fn reading_bytes_never_panics(bytes in any::<Vec<u8>>()) {
        let _ = ClientMetadata::parse(&bytes, &policy());
    }
}
