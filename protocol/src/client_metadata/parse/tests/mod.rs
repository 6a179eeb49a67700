use super::*;
use crate::error::ErrorCode;
use crate::redirect_uri::RedirectUriKind;
use proptest::prelude::*;
use serde_json::json;

mod texts;

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
    for method in ["client_secret_jwt", "tls_client_auth", "None", "x"] {
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
                "token_endpoint_auth_method": "tls_client_auth",
                "token_endpoint_auth_methods_supported": ["tls_client_auth", "none"],
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
fn a_method_that_the_deployment_does_not_offer_is_passed_over() {
    use TokenEndpointAuthMethod::{ClientSecretPost, None as Public, PrivateKeyJwt};
    let both = sound(json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
    }));
    let chosen = |offered: &[TokenEndpointAuthMethod]| both.choose_auth_method(offered);
    assert_eq!(chosen(&TokenEndpointAuthMethod::ALL), Ok(Some(PrivateKeyJwt)));
    assert_eq!(chosen(&[Public, ClientSecretPost]), Ok(Some(Public)));
    assert_eq!(chosen(&[ClientSecretPost]), Err(ClientMetadataError::UnsupportedAuthMethod));
    assert_eq!(sound(json!({})).choose_auth_method(&[ClientSecretPost]), Ok(None));
}

#[test]
fn the_algorithm_of_a_clients_assertions_is_one_of_ours() {
    use crate::jwt::SignatureAlgorithm;
    for algorithm in SignatureAlgorithm::ALL {
        let metadata = sound(json!({ "token_endpoint_auth_signing_alg": algorithm.as_str() }));
        assert_eq!(metadata.token_endpoint_auth_signing_alg, Some(algorithm));
    }
    for name in ["none", "HS256", "PS512"] {
        let error = refused(json!({ "token_endpoint_auth_signing_alg": name }));
        assert_eq!(error, ClientMetadataError::UnsupportedSigningAlgorithm, "{name}");
    }
}

#[test]
fn grants_that_do_not_exist_here_are_left_out_and_refresh_token_is_added() {
    let both = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    for names in [
        json!([]),
        json!(["authorization_code"]),
        json!(["refresh_token", "authorization_code"]),
        json!(["authorization_code", "implicit", "password"]),
    ] {
        assert_eq!(sound(json!({ "grant_types": names })).grant_types, both, "{names}");
    }
    // Without a person there is nothing to refresh.
    for names in [json!(["client_credentials"]), json!(["client_credentials", "refresh_token"])] {
        let only = [GrantType::ClientCredentials];
        assert_eq!(sound(json!({ "grant_types": names })).grant_types, only, "{names}");
    }
    for names in [json!(["implicit"]), json!(["refresh_token"])] {
        let error = refused(json!({ "grant_types": names }));
        assert_eq!(error, ClientMetadataError::NoUsableGrantType, "{names}");
    }
}

#[test]
fn needs_23_a_client_with_the_device_grant_only_needs_no_redirect_uri_and_has_no_response_type() {
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let alone = [GrantType::RefreshToken, GrantType::DeviceCode];
    for changes in [
        json!({ "grant_types": [device], "redirect_uris": null }),
        json!({ "grant_types": [device, "refresh_token"], "redirect_uris": [] }),
        json!({ "grant_types": [device], "redirect_uris": [], "response_types": ["code"] }),
        json!({ "grant_types": [device, "implicit"], "redirect_uris": "", "response_types": [] }),
    ] {
        let shown = changes.to_string();
        let metadata = sound(changes);
        assert_eq!(metadata.grant_types, alone, "{shown}");
        assert!(metadata.redirect_uris.is_empty() && metadata.response_types.is_empty(), "{shown}");
        let members = metadata.to_members();
        assert!(!members.contains_key("redirect_uris") && !members.contains_key("response_types"));
    }
    let kept = sound(json!({ "grant_types": [device], "redirect_uris": ["http://localhost/"] }));
    assert_eq!(registered(&kept), ["http://localhost/"]);
    let error =
        refused(json!({ "grant_types": [device], "redirect_uris": ["javascript:alert(1)"] }));
    assert_eq!(error.code(), crate::error::ErrorCode::InvalidRedirectUri);
}

#[test]
fn needs_23_a_client_that_redirects_too_needs_a_redirect_uri_and_keeps_its_response_type() {
    let both = json!(["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]);
    let metadata = sound(json!({ "grant_types": both }));
    let expected = [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode];
    assert_eq!(metadata.grant_types, expected);
    assert_eq!(metadata.response_types, [ResponseType::Code]);
    let error = refused(json!({ "grant_types": both, "redirect_uris": [] }));
    assert_eq!(error, ClientMetadataError::RedirectUrisMissing);
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
    let read: ClientMetadata = crate::json::read(&stored).expect("reads back");
    assert_eq!(read, metadata);
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_accepted_reads_back(
        name in ".{0,220}",
        uri in "(|https://a\\.example/[a-z]{0,9}|(https?://)?[a-z@:/.#\\\\%]{0,20})",
        scope in "([a-z ]{0,20}|.{0,20})",
        grants in proptest::collection::vec(
            "(authorization_code|urn:ietf:params:oauth:grant-type:device_code|implicit|.{0,3})", 0..4
        ),
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
                let stored = crate::json::write(&metadata).expect("json");
                let copy: ClientMetadata = crate::json::read(&stored).expect("reads back");
                prop_assert_eq!(&copy, &metadata);
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
