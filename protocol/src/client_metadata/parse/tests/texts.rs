//! Scopes, links, names, translations and keys.

use super::*;

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
