use super::*;
use crate::configuration::Configuration;
use crate::resource::ResourceIndicator;
use crate::secret::Secret;
use serde_json::json;

/// printf %s value | sha256sum
const HASH: &str = "cd42404d52ad55ccfa9aca4adc828aa5800ad9d385a0671fbcbf724118320619";

fn configured(clients: Value) -> Result<Configuration, ConfigurationError> {
    let settings = json!({
        "scopes": [{ "name": "mcp", "title": "Use your tools", "default": true }],
        "resources": [{ "path": "/mcp" }, { "uri": "https://api.example/v1" }],
        "clients": clients,
    });
    Configuration::parse("https://id.example", &settings)
}

fn id(text: &str) -> ClientId {
    ClientId::parse(text).expect("client id")
}

#[test]
fn rfc6749_2_a_client_that_the_operator_wrote_down_is_known_whole_and_approved() {
    let configuration = configured(json!([{
        "client_id": "console",
        "client_name": "Console",
        "client_secret_sha256": HASH,
        "redirect_uris": ["https://console.example/callback"],
    }]))
    .expect("configuration");
    let client = configuration.configured_client(&id("console")).expect("the client");
    assert_eq!(client.origin, ClientOrigin::Configured);
    assert!(client.policy.approved && client.policy.refresh_token_rotation);
    assert_eq!(client.metadata.client_name.as_deref(), Some("Console"));
    assert!(client.any_secret_method);
    assert!(client.client_secret_hash.expect("a hash").matches(&Secret::new("value")));
    assert_eq!(client.expires_at, None);
    assert!(configuration.configured_client(&id("other")).is_none());
}

#[test]
fn what_a_client_may_have_for_itself_names_scopes_and_resources_that_exist() {
    let configuration = configured(json!([{
        "client_id": "nightly",
        "client_secret_sha256": HASH,
        "redirect_uris": ["https://nightly.example/callback"],
        "client_credentials": { "scopes": ["mcp"], "resources": ["/mcp", "https://api.example/v1"] },
    }]))
    .expect("configuration");
    let client = configuration.configured_client(&id("nightly")).expect("the client");
    let own = client.policy.client_credentials.as_ref().expect("something");
    assert_eq!(own.scope.to_string(), "mcp");
    let resources: Vec<_> = own.resources.iter().map(ResourceIndicator::as_str).collect();
    assert_eq!(resources, ["https://id.example/mcp", "https://api.example/v1"]);
}

#[test]
fn rfc6749_4_4_a_client_that_only_acts_for_itself_needs_no_redirect_uri_and_no_grant_types() {
    use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
    let grants = |more: Value| {
        let mut client = json!({
            "client_id": "nightly", "client_secret_sha256": HASH, "client_credentials": {"scopes": ["mcp"]},
        });
        client.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        let configuration = configured(json!([client])).expect("configuration");
        let client = configuration.configured_client(&id("nightly")).expect("the client").clone();
        let own = client.policy.client_credentials.expect("something");
        let resources: Vec<_> = own.resources.iter().map(ResourceIndicator::as_str).collect();
        assert_eq!(resources, ["https://id.example/mcp"], "the first resource is the default");
        client.metadata.grant_types
    };
    assert_eq!(grants(json!({})), [ClientCredentials]);
    assert_eq!(grants(json!({"grant_types": ["client_credentials"]})), [ClientCredentials]);
    let both = [AuthorizationCode, RefreshToken, ClientCredentials];
    let uris = json!(["https://nightly.example/callback"]);
    assert_eq!(grants(json!({"redirect_uris": uris})), both);
    let named = json!(["client_credentials", "authorization_code"]);
    assert_eq!(grants(json!({"redirect_uris": uris, "grant_types": named})), both);
}

#[test]
fn what_the_operator_decided_is_known_for_every_configured_client() {
    let configuration = configured(json!([
        {"client_id": "off", "redirect_uris": ["https://off.example/callback"], "disabled": true},
        {"client_id": "https://app.example/client.json", "disabled": true},
    ]))
    .expect("configuration");
    for known in ["off", "https://app.example/client.json"] {
        assert!(configuration.configured_policy(&id(known)).expect("a policy").disabled, "{known}");
    }
    assert!(configuration.configured_policy(&id("other")).is_none());
}

#[test]
fn of_a_client_with_a_metadata_document_the_configuration_only_has_what_the_operator_decides() {
    let url = "https://app.example/client.json";
    let configuration = configured(json!([{ "client_id": url }])).expect("configuration");
    assert!(configuration.configured_client(&id(url)).is_none());
    assert!(configuration.document_policy(&id(url)).approved);
    assert!(!configuration.document_policy(&id("https://else.example/client.json")).approved);
}

#[test]
fn a_wrong_entry_is_refused_with_its_key() {
    let uris = json!(["https://console.example/callback"]);
    let cases: &[(&str, Value, &str)] = &[
        ("no id", json!({}), "client_id"),
        (
            "an unknown key",
            json!({"client_id": "a", "redirect_uri": "x"}),
            "clients[0].redirect_uri",
        ),
        ("bad metadata", json!({"client_id": "a", "redirect_uris": ["http://x"]}), "clients[0]"),
        (
            "an id of ours",
            json!({"client_id": "latchkey_client_a", "redirect_uris": uris}),
            "clients[0].client_id",
        ),
        (
            "a secret that is no hash",
            json!({"client_id": "a", "redirect_uris": uris, "client_secret_sha256": "secret"}),
            "clients[0].client_secret_sha256",
        ),
        (
            "a public client with a secret",
            json!({"client_id": "a", "redirect_uris": uris, "client_secret_sha256": HASH,
                   "token_endpoint_auth_method": "none"}),
            "clients[0].client_secret_sha256",
        ),
        (
            "a method without its secret",
            json!({"client_id": "a", "redirect_uris": uris,
                   "token_endpoint_auth_method": "client_secret_post"}),
            "clients[0].client_secret_sha256",
        ),
        (
            "DCR-06: a method that signs without a key",
            json!({"client_id": "a", "redirect_uris": uris,
                   "token_endpoint_auth_method": "private_key_jwt"}),
            "clients[0].jwks_uri",
        ),
        (
            "CIM-05: keys that may not be fetched",
            json!({"client_id": "a", "redirect_uris": uris,
                   "jwks_uri": "https://10.0.0.1/keys",
                   "token_endpoint_auth_method": "private_key_jwt"}),
            "clients[0].jwks_uri",
        ),
        (
            "RFC 6749 section 4.4: a public client for itself",
            json!({"client_id": "a", "redirect_uris": uris, "client_credentials": {}}),
            "clients[0].client_credentials",
        ),
        (
            "jat_05: what could be the id of an account",
            json!({"client_id": "AAAAAAAAAAAAAAAAAAAAAA", "redirect_uris": uris}),
            "clients[0].client_id",
        ),
        (
            "grants without the one that the table is for",
            json!({"client_id": "a", "redirect_uris": uris, "client_secret_sha256": HASH,
                   "client_credentials": {}, "grant_types": ["authorization_code"]}),
            "clients[0].grant_types",
        ),
        (
            "the grant without the table",
            json!({"client_id": "a", "client_secret_sha256": HASH,
                   "grant_types": ["client_credentials"]}),
            "clients[0].client_credentials",
        ),
        (
            "a scope that does not exist",
            json!({"client_id": "a", "redirect_uris": uris, "client_secret_sha256": HASH,
                   "client_credentials": {"scopes": ["typo"]}}),
            "clients[0].client_credentials.scopes",
        ),
        (
            "a resource that does not exist",
            json!({"client_id": "a", "redirect_uris": uris, "client_secret_sha256": HASH,
                   "client_credentials": {"resources": ["/typo"]}}),
            "clients[0].client_credentials.resources",
        ),
        (
            "metadata beside a document",
            json!({"client_id": "https://app.example/client.json", "redirect_uris": uris}),
            "clients[0].redirect_uris",
        ),
    ];
    for (name, client, key) in cases {
        let error = configured(json!([client])).expect_err(name);
        assert!(error.to_string().contains(key), "{name}: {error}");
    }
    let twice = json!([
        {"client_id": "a", "redirect_uris": uris}, {"client_id": "a", "redirect_uris": uris},
    ]);
    let error = configured(twice).expect_err("twice");
    assert!(error.to_string().contains("clients[1].client_id"), "{error}");
}

#[test]
fn a_client_whose_method_is_not_offered_is_refused_with_its_key() {
    let settings = json!({
        "token_endpoint_auth_methods": ["private_key_jwt"],
        "clients": [{"client_id": "a", "redirect_uris": ["https://console.example/callback"]}],
    });
    let error = Configuration::parse("https://id.example", &settings).expect_err("not offered");
    assert!(error.to_string().contains("clients[0].token_endpoint_auth_method"), "{error}");
}
