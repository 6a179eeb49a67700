use super::*;
use crate::client_metadata::GrantType;
use crate::redirect_uri::RedirectUriError;
use proptest::prelude::*;
use serde_json::json;

const URL: &str = "https://app.example.com/client.json";
const JSON: Option<&str> = Some("application/json");

fn document() -> Value {
    json!({
        "client_id": URL,
        "client_name": "App",
        "redirect_uris": ["https://app.example.com/callback"],
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut document = document();
    document[member] = value;
    document
}

fn read_as(
    content_type: Option<&str>,
    body: &[u8],
    offered: &[TokenEndpointAuthMethod],
) -> Result<ClientMetadata, DocumentError> {
    let url = DocumentUrl::parse(URL, Reach::Public).expect("URL");
    read(&url, content_type, body, &RedirectUriPolicy::default(), offered, Reach::Public)
}

fn read_value(document: &Value) -> Result<ClientMetadata, DocumentError> {
    read_as(JSON, document.to_string().as_bytes(), &TokenEndpointAuthMethod::ALL)
}

fn method_of(document: &Value) -> TokenEndpointAuthMethod {
    let metadata = read_value(document).expect("a good document");
    let id = ClientId::parse(URL).expect("client id");
    let record = record(&id, metadata, ClientPolicy::default(), UnixTime::from_seconds(1));
    assert_eq!(record.origin, ClientOrigin::Document);
    record.token_endpoint_auth_method
}

#[test]
fn cim_02_a_document_is_about_the_url_it_was_fetched_from() {
    let metadata = read_value(&document()).expect("a good document");
    assert_eq!(metadata.client_name.as_deref(), Some("App"));
    assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    for other in [
        json!("https://app.example.com/other.json"),
        json!("https://app.example.com/client.json/"),
        json!("HTTPS://app.example.com/client.json"),
        json!(""),
        json!(null),
        json!([URL]),
    ] {
        let refused = read_value(&with("client_id", other.clone()));
        assert_eq!(refused, Err(DocumentError::AnotherClientId), "{other}");
    }
}

#[test]
fn cim_03_a_document_has_no_secret_and_asks_for_none() {
    for (member, value) in [
        ("client_secret", json!("x")),
        ("client_secret_expires_at", json!(0)),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
    ] {
        let refused = read_value(&with(member, value));
        assert_eq!(refused, Err(DocumentError::Secret), "{member}");
    }
    let private = with("jwks", json!({"keys": [{"kty": "EC", "d": "x"}]}));
    let refused = read_value(&private);
    assert_eq!(refused, Err(DocumentError::Metadata(ClientMetadataError::KeySetNotPublic)));
}

#[test]
fn d_14_a_document_without_a_method_is_a_public_client_even_with_keys() {
    assert_eq!(method_of(&document()), TokenEndpointAuthMethod::None);
    let keys = with("jwks_uri", json!("https://app.example.com/jwks.json"));
    assert_eq!(method_of(&keys), TokenEndpointAuthMethod::None);
}

#[test]
fn needs_8_the_method_is_the_first_of_the_clients_own_that_the_deployment_offers() {
    let mut both = with("jwks_uri", json!("https://app.example.com/jwks.json"));
    both["token_endpoint_auth_method"] = json!("private_key_jwt");
    both["token_endpoint_auth_methods_supported"] = json!(["none", "private_key_jwt"]);
    assert_eq!(method_of(&both), TokenEndpointAuthMethod::PrivateKeyJwt);

    let body = both.to_string();
    let without = [TokenEndpointAuthMethod::None, TokenEndpointAuthMethod::ClientSecretBasic];
    let metadata = read_as(JSON, body.as_bytes(), &without).expect("the other method");
    assert_eq!(metadata.token_endpoint_auth_method, Some(TokenEndpointAuthMethod::None));

    let mut unknown = document();
    unknown["token_endpoint_auth_method"] = json!("tls_client_auth");
    unknown["token_endpoint_auth_methods_supported"] = json!(["tls_client_auth", "none"]);
    assert_eq!(method_of(&unknown), TokenEndpointAuthMethod::None);
    let only = with("token_endpoint_auth_method", json!("tls_client_auth"));
    let refused = read_value(&only);
    assert_eq!(refused, Err(DocumentError::Metadata(ClientMetadataError::UnsupportedAuthMethod)));
}

#[test]
fn cim_10_private_key_jwt_needs_a_key_that_may_be_fetched() {
    let signed = |member: &str, value: Value| {
        let mut document = with(member, value);
        document["token_endpoint_auth_method"] = json!("private_key_jwt");
        read_value(&document)
    };
    assert!(signed("jwks_uri", json!("https://app.example.com/jwks.json")).is_ok());
    assert!(signed("jwks", json!({"keys": [{"kty": "EC"}]})).is_ok());
    assert_eq!(signed("x", json!(1)), Err(DocumentError::NoKey(None)));
    for inside in ["https://10.0.0.1/jwks.json", "https://localhost/jwks.json"] {
        let refused = signed("jwks_uri", json!(inside));
        let expected = DocumentError::NoKey(Some(DocumentUrlError::SpecialUse));
        assert_eq!(refused, Err(expected), "{inside}");
    }
}

#[test]
fn cim_06_and_cim_07_what_is_too_long_or_no_json_is_not_read() {
    let body = document().to_string();
    for good in ["application/json", "Application/JSON; charset=utf-8", "application/cimd+json"] {
        assert!(read_as(Some(good), body.as_bytes(), &TokenEndpointAuthMethod::ALL).is_ok());
    }
    for wrong in [None, Some(""), Some("text/html"), Some("text/json"), Some("application/+json")] {
        let refused = read_as(wrong, body.as_bytes(), &TokenEndpointAuthMethod::ALL);
        assert_eq!(refused, Err(DocumentError::NotJson), "{wrong:?}");
    }
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    assert!(read_as(JSON, padded(5_120).as_bytes(), &TokenEndpointAuthMethod::ALL).is_ok());
    let refused = read_as(JSON, padded(5_121).as_bytes(), &TokenEndpointAuthMethod::ALL);
    assert_eq!(refused, Err(DocumentError::TooLong));
}

#[test]
fn d_13_a_name_may_be_missing_and_redirect_uris_may_not() {
    assert!(read_value(&with("client_name", json!(null))).is_ok());
    let refused = read_value(&with("redirect_uris", json!([])));
    assert_eq!(refused, Err(DocumentError::Metadata(ClientMetadataError::RedirectUrisMissing)));
    let refused = read_value(&with("redirect_uris", json!(["javascript:alert(1)"])));
    let Err(DocumentError::Metadata(ClientMetadataError::RedirectUri { reason, .. })) = refused
    else {
        panic!("{refused:?}");
    };
    assert_ne!(reason, RedirectUriError::Fragment);
}

proptest! {
    #[test]
    fn reading_never_panics(body in any::<Vec<u8>>(), kind in ".{0,30}") {
        let _ = read_as(Some(&kind), &body, &TokenEndpointAuthMethod::ALL);
        let _ = read_as(JSON, &body, &TokenEndpointAuthMethod::ALL);
    }
}
