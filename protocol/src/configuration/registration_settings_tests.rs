//! The settings of registration: what is read, and which key is named when something is wrong.

use serde_json::{Value, json};

use super::super::Configuration;
use super::*;

fn parse(registration: &Value) -> Result<Registration, ConfigurationError> {
    let settings = json!({ "resources": [{ "path": "/mcp" }], "registration": registration });
    Configuration::parse("https://id.example", &settings).map(|parsed| parsed.registration)
}

fn key(name: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": name })
}

#[test]
fn registration_is_open_unless_the_configuration_says_otherwise() {
    let default = parse(&json!({})).expect("default");
    assert_eq!(default.access, RegistrationAccess::Open);
    assert_eq!(default.shared_egress, [AddressRange::parse("160.79.104.0/21").expect("range")]);
    for (name, access) in [
        ("open", RegistrationAccess::Open),
        ("initial_access_token", RegistrationAccess::InitialAccessToken),
        ("closed", RegistrationAccess::Closed),
    ] {
        assert_eq!(parse(&json!({ "access": name })).expect(name).access, access);
    }
}

#[test]
fn a_trusted_issuer_has_public_keys_of_a_known_kind() {
    let issuer = json!({ "issuer": "https://a.example", "jwks": { "keys": [key("a"), key("b")] } });
    let parsed = parse(&json!({ "software_statements": [issuer] })).expect("parsed");
    let [trusted] = parsed.software_statements.as_slice() else { panic!("one issuer") };
    assert_eq!((trusted.issuer.as_str(), trusted.keys.len()), ("https://a.example", 2));
    assert_eq!(trusted.keys[1].key_id.as_deref(), Some("b"));
    assert!(!trusted.approved);
}

#[test]
fn a_wrong_setting_is_refused_by_its_key() {
    let statement = |issuer: &str, jwks: Value| json!({ "issuer": issuer, "jwks": jwks });
    let good = statement("https://a.example", json!({ "keys": [key("a")] }));
    let mut private = key("a");
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let cases = [
        (json!({ "access": "sometimes" }), "LATCHKEY.registration.access"),
        (json!({ "typo": 1 }), "LATCHKEY.registration.typo"),
        (json!({ "shared_egress": ["10.0.0.1/8"] }), "LATCHKEY.registration.shared_egress[0]"),
        (
            json!({ "software_statements": [good, good] }),
            "LATCHKEY.registration.software_statements[1].issuer",
        ),
        (
            json!({ "software_statements": [statement("", json!({ "keys": [key("a")] }))] }),
            "LATCHKEY.registration.software_statements[0].issuer",
        ),
        (
            json!({ "software_statements": [statement("a", json!({ "keys": [] }))] }),
            "LATCHKEY.registration.software_statements[0].jwks.keys",
        ),
        (
            json!({ "software_statements": [statement("a", json!({ "keys": [private] }))] }),
            "LATCHKEY.registration.software_statements[0].jwks.keys[0]",
        ),
        (
            json!({ "software_statements": [statement("a", json!({ "keys": [{ "kty": "oct", "k": "x" }] }))] }),
            "LATCHKEY.registration.software_statements[0].jwks.keys[0]",
        ),
    ];
    for (setting, expected) in cases {
        let error = parse(&setting).expect_err(expected);
        assert_eq!(error.key, expected, "{error}");
    }
}
