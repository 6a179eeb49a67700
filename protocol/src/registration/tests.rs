use super::*;
use crate::client::TokenEndpointAuthMethod;
use crate::client_id_metadata::Reach;
use crate::entropy::CountingEntropy;
use crate::error::ErrorCode;
use crate::time::Lifetime;
use serde_json::json;

const NOW: UnixTime = UnixTime::from_seconds(1_790_000_000);

fn default_policy() -> RedirectUriPolicy {
    RedirectUriPolicy {
        private_use: vec![
            "cursor://anysphere.cursor-mcp/oauth/callback".to_owned(),
            "claude://claude.ai/mcp-auth-callback/sdk".to_owned(),
        ],
        reverse_domain_schemes: false,
    }
}

fn register_with(
    body: &[u8],
    entropy: &mut CountingEntropy,
) -> Result<Registered, RegistrationError> {
    let prefixes = Prefixes {
        client_id: "jmpy_client_".to_owned(),
        client_secret: "jmpy_secret_".to_owned(),
        registration_access_token: "jmpy_rat_".to_owned(),
        ..Prefixes::default()
    };
    let context = RegistrationContext {
        prefixes: &prefixes,
        endpoint: "https://id.example/register".to_owned(),
        redirect_uri_policy: &default_policy(),
        lifetimes: ClientLifetimes::default(),
        rules: MetadataRules { auth_methods: &TokenEndpointAuthMethod::ALL, reach: Reach::Public },
    };
    register(
        ClientMetadata::object(body)?,
        None,
        &ClientPolicy::default(),
        &context,
        7,
        NOW,
        entropy,
    )
}

#[test]
fn dcr_06_a_client_that_signs_registers_its_keys_and_gets_no_secret() {
    let signing = |member: &str, value: Value| {
        let mut body = json!({
            "redirect_uris": ["https://app.example/callback"],
            "token_endpoint_auth_method": "private_key_jwt",
        });
        body[member] = value;
        register_with(body.to_string().as_bytes(), &mut CountingEntropy::default())
    };
    let jwks = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}]});
    let inline = signing("jwks", jwks).expect("registered");
    assert!(inline.response.client_secret.is_none());
    assert!(inline.record.client_secret_hash.is_none());
    assert_eq!(inline.response.members["token_endpoint_auth_method"], "private_key_jwt");
    assert!(!inline.response.members.contains_key("client_secret_expires_at"));
    assert!(signing("jwks_uri", json!("https://app.example.com/jwks.json")).is_ok());
    let inside = signing("jwks_uri", json!("https://10.0.0.1/jwks.json")).expect_err("inside");
    assert_eq!(inside, RegistrationError::WebUri { member: "jwks_uri" });
    let without = signing("x", json!(1)).expect_err("no key");
    assert_eq!(without, RegistrationError::KeyMissing);
}

fn registered(body: &Value) -> Registered {
    register_with(body.to_string().as_bytes(), &mut CountingEntropy::default()).expect("registered")
}

fn answer(registered: &Registered) -> Value {
    serde_json::to_value(&registered.response).expect("json")
}

/// The answer without what RFC 7592 adds to it, which is new each time.
fn described(registered: &Registered) -> Value {
    let mut answer = answer(registered);
    let members = answer.as_object_mut().expect("object");
    let uri = members.remove("registration_client_uri").expect("registration_client_uri");
    let client_id = registered.record.client_id.as_str();
    assert_eq!(uri, format!("https://id.example/register/{client_id}"));
    let token = members.remove("registration_access_token").expect("a token");
    let token = token.as_str().expect("text");
    assert!(token.starts_with("jmpy_rat_") && token.len() == 9 + 43, "{token}");
    let hash = registered.record.registration_access_token_hash.expect("hash");
    assert!(hash.matches(&Secret::new(token)));
    answer
}

#[test]
fn rfc7591_3_2_1_a_public_client_gets_an_identifier_all_its_metadata_and_no_secret() {
    let registered = registered(&json!({
        "redirect_uris": ["http://localhost:3000/callback"],
        "token_endpoint_auth_method": "none",
        "client_name": "Example",
        "client_name#fr": "Exemple",
        "logo_uri": "",
        "contacts": null,
        "client_id": "chosen-by-the-client",
        "client_secret": "chosen",
    }));
    let record = &registered.record;
    assert_eq!(
        described(&registered),
        json!({
            "client_id": record.client_id.as_str(),
            "client_id_issued_at": 1_790_000_000,
            "redirect_uris": ["http://localhost:3000/callback"],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "client_name": "Example",
            "client_name#fr": "Exemple",
        })
    );
    assert!(record.is_public() && record.client_secret_hash.is_none());
    assert_eq!(record.client_id.shard("jmpy_client_"), Some(7));
    assert_eq!(record.expires_at, Some(NOW.plus(Lifetime::days(1))));
}

#[test]
fn tok_12_a_client_that_registers_itself_never_gets_client_credentials() {
    let registered = registered(&json!({
        "redirect_uris": ["https://client.example/callback"],
        "grant_types": ["client_credentials", "authorization_code"],
    }));
    let both = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    assert_eq!(registered.record.metadata.grant_types, both);
    assert_eq!(registered.record.policy, ClientPolicy::default());
    let shown = &answer(&registered)["grant_types"];
    assert_eq!(*shown, json!(["authorization_code", "refresh_token"]));

    let only = br#"{"grant_types": ["client_credentials"]}"#;
    let error = register_with(only, &mut CountingEntropy::default()).expect_err("refused");
    assert_eq!(error, RegistrationError::NoUsableGrantType);
    assert_eq!(error.reply().code, ErrorCode::InvalidClientMetadata);
}

#[test]
fn rfc7591_3_2_1_a_confidential_client_gets_a_secret_that_lives_as_long_as_it_does() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let registered = registered(&json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": method,
        }));
        let answer = answer(&registered);
        let secret = answer["client_secret"].as_str().expect("secret");
        assert!(secret.starts_with("jmpy_secret_") && secret.len() == 12 + 43, "{secret}");
        assert_eq!(answer["client_secret_expires_at"], 0);
        assert_eq!(answer["token_endpoint_auth_method"], method);
        let hash = registered.record.client_secret_hash.expect("hash");
        assert!(hash.matches(&Secret::new(secret)));
        assert!(!registered.record.any_secret_method);
    }
}

#[test]
fn rfc7591_2_a_client_that_names_no_method_is_confidential_and_may_use_basic_or_post() {
    let registered = registered(&json!({ "redirect_uris": ["https://client.example/cb"] }));
    let answer = answer(&registered);
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert!(answer["client_secret"].is_string());
    for method in
        [TokenEndpointAuthMethod::ClientSecretBasic, TokenEndpointAuthMethod::ClientSecretPost]
    {
        assert!(registered.record.accepts_method(method), "{method:?}");
    }
}

#[test]
fn every_registration_has_an_identifier_and_a_secret_of_its_own() {
    let body = br#"{"redirect_uris":["https://client.example/cb"],"client_id":"same"}"#;
    let mut entropy = CountingEntropy::default();
    let first = register_with(body, &mut entropy).expect("first");
    let second = register_with(body, &mut entropy).expect("second");
    assert_ne!(first.record.client_id, second.record.client_id);
    let secret = second.response.client_secret.expect("secret");
    assert!(!first.record.client_secret_hash.expect("hash").matches(&secret));
}

#[test]
fn neither_the_record_nor_debug_output_has_the_secret() {
    let registered = registered(&json!({ "redirect_uris": ["https://client.example/cb"] }));
    let secret = registered.response.client_secret.clone().expect("secret");
    let stored = serde_json::to_string(&registered.record).expect("json");
    assert!(!stored.contains(secret.expose()));
    assert!(!format!("{registered:?}").contains(secret.expose()));
    let token = registered.response.registration_access_token.clone().expect("token");
    assert!(!stored.contains(token.expose()));
    assert!(!format!("{registered:?}").contains(token.expose()));
}

#[test]
fn a_stored_record_reads_back() {
    let registered = registered(&json!({
        "redirect_uris": ["https://client.example/cb"],
        "client_name#fr": "Exemple",
    }));
    let stored = serde_json::to_string(&registered.record).expect("json");
    let read: ClientRecord = crate::json::read(&stored).expect("reads back");
    assert_eq!(serde_json::to_string(&read).expect("json"), stored);
    assert_eq!(read.metadata, registered.record.metadata);
    assert!(read.any_secret_method);
}

#[test]
fn rfc7591_3_2_2_a_refusal_draws_no_randomness_and_has_one_of_the_two_codes() {
    let cases = [
        ("", ErrorCode::InvalidClientMetadata),
        ("{}", ErrorCode::InvalidRedirectUri),
        (r#"{"redirect_uris":["javascript:alert(1)"]}"#, ErrorCode::InvalidRedirectUri),
        (
            r#"{"redirect_uris":["https://a.example/"],"logo_uri":"javascript:alert(1)"}"#,
            ErrorCode::InvalidClientMetadata,
        ),
    ];
    for (body, code) in cases {
        let mut entropy = CountingEntropy::default();
        let error = register_with(body.as_bytes(), &mut entropy).expect_err(body);
        assert_eq!(error.reply().code, code, "{body}");
        let untouched = CountingEntropy::default().bytes::<8>();
        assert_eq!(entropy.bytes::<8>(), untouched, "{body}");
    }
}

/// The bodies that real clients send, in `tests/fixtures/registrations`.
fn fixtures() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/registrations");
    let mut fixtures: Vec<_> = std::fs::read_dir(folder)
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let body = std::fs::read(&path).expect("fixture");
            let name = path.file_stem().expect("name").to_string_lossy().into_owned();
            (name, serde_json::from_slice(&body).expect("fixture is JSON"))
        })
        .collect();
    fixtures.sort_by(|first, second| first.0.cmp(&second.0));
    fixtures
}

#[test]
fn every_real_client_registers_with_the_body_it_sends() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 24, "only {} fixtures", fixtures.len());
    for (name, body) in fixtures {
        let registered = registered(&body);
        let answer = answer(&registered);
        for member in ["redirect_uris", "client_name", "client_uri", "logo_uri", "software_id"] {
            assert_eq!(answer.get(member), body.get(member), "{name}: {member}");
        }
        // An absent scope and "" are the same, and neither is echoed.
        let scope = body.get("scope").filter(|scope| *scope != "");
        assert_eq!(answer.get("scope"), scope, "{name}");

        let mut grants = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
        if body["grant_types"].to_string().contains(GrantType::DeviceCode.as_str()) {
            grants.push(GrantType::DeviceCode);
        }
        assert_eq!(registered.record.metadata.grant_types, grants, "{name}");
        assert_eq!(answer["response_types"], json!(["code"]), "{name}");

        let method = body.get("token_endpoint_auth_method").and_then(Value::as_str);
        let expected = method.unwrap_or("client_secret_basic");
        assert_eq!(answer["token_endpoint_auth_method"], expected, "{name}");
        let secret = answer.get("client_secret").is_some();
        assert_eq!(secret, expected.starts_with("client_secret_"), "{name}");
        assert_eq!(answer.get("client_secret_expires_at").is_some(), secret, "{name}");

        for (member, value) in answer.as_object().expect("object") {
            let empty = value.is_null() || *value == json!("") || *value == json!([]);
            assert!(!empty, "{name}: {member}");
        }
        let uri = answer["registration_client_uri"].as_str().expect("a URI");
        assert!(uri.starts_with("https://id.example/register/"), "{name}: {uri}");
    }
}

#[test]
fn a_client_that_leaves_application_type_out_is_native_by_its_redirect_uris() {
    let native: Vec<String> = fixtures()
        .iter()
        .filter(|(_, body)| body.get("application_type").is_none())
        .filter(|(_, body)| registered(body).record.metadata.runs_on_persons_machine())
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(
        native,
        ["gemini-cli", "mcp-inspector", "mcp-remote-client", "mcp-remote-proxy", "opencode", "zed",]
    );
}
