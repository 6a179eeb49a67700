use super::*;
use crate::time::Lifetime;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn minimal() -> Value {
    json!({ "scopes": [{ "name": "mcp", "title": "Use your tools", "default": true }] })
}

#[test]
fn a_deployment_with_one_scope_gets_working_defaults() {
    let configuration =
        Configuration::parse("https://id.example", &minimal()).expect("configuration");
    assert_eq!(configuration.issuer.as_str(), "https://id.example");
    assert_eq!(configuration.endpoints.url(Endpoint::Token), "https://id.example/token");
    assert_eq!(configuration.default_scope.to_string(), "mcp");
    assert_eq!(configuration.resources.default_resource().as_str(), "https://id.example");
    assert_eq!(configuration.lifetimes.refresh_retry_window.as_seconds(), 60);
    assert!(configuration.sign_up);
    assert!(!configuration.legacy.plain_pkce);
}

#[test]
fn a_wrong_setting_is_refused_with_its_key() {
    let cases: &[(&str, &str, Value, &str)] = &[
        ("issuer not a URI", "id.example", minimal(), "ISSUER"),
        ("http issuer off loopback", "http://id.example", minimal(), "ISSUER"),
        ("issuer with a trailing slash", "https://id.example/", minimal(), "ISSUER"),
        ("issuer with a query", "https://id.example?x", minimal(), "ISSUER"),
        ("issuer with a fragment", "https://id.example/#x", minimal(), "ISSUER"),
        ("unknown key", "https://id.example", json!({"scops": []}), "scops"),
        ("wrong type", "https://id.example", json!({"sign_up": "yes"}), "LATCHKEY.sign_up"),
        (
            "wrong type inside",
            "https://id.example",
            json!({"lifetimes": {"access_token": -5}}),
            "LATCHKEY.lifetimes.access_token",
        ),
        (
            "zero lifetime",
            "https://id.example",
            json!({"lifetimes": {"access_token": 0}}),
            "LATCHKEY.lifetimes.access_token",
        ),
        (
            "bad scope name",
            "https://id.example",
            json!({"scopes": [{"name": "a b", "title": "x"}]}),
            "LATCHKEY.scopes[0].name",
        ),
        (
            "scope twice",
            "https://id.example",
            json!({"scopes": [{"name": "a", "title": "x"}, {"name": "a", "title": "y"}]}),
            "LATCHKEY.scopes[1].name",
        ),
        (
            "base path without slash",
            "https://id.example",
            json!({"base_path": "oauth"}),
            "LATCHKEY.base_path",
        ),
        (
            "accent that is no colour",
            "https://id.example",
            json!({"product": {"accent": "red"}}),
            "LATCHKEY.product.accent",
        ),
        (
            "logo over http",
            "https://id.example",
            json!({"product": {"logo": "http://id.example/logo.png"}}),
            "LATCHKEY.product.logo",
        ),
        (
            "prefix with a dot",
            "https://id.example",
            json!({"prefixes": {"refresh_token": "a.b"}}),
            "LATCHKEY.prefixes.refresh_token",
        ),
        (
            "resource without path and uri",
            "https://id.example",
            json!({"resources": [{}]}),
            "LATCHKEY.resources[0]",
        ),
        (
            "resource twice",
            "https://id.example",
            json!({"resources": [{"path": "/mcp"}, {"uri": "https://ID.example:443/mcp"}]}),
            "LATCHKEY.resources[1]",
        ),
        (
            "no shards",
            "https://id.example",
            json!({"client_registry_shards": 0}),
            "LATCHKEY.client_registry_shards",
        ),
    ];
    for (name, issuer, settings, key) in cases {
        let error = Configuration::parse(issuer, settings).expect_err(name);
        assert!(error.to_string().contains(key), "{name}: {error}");
    }
}

#[test]
fn issue_5_the_playground_is_for_development_and_for_whoever_asks_for_it() {
    let cases = [
        ("http://127.0.0.1:8787", None, true),
        ("http://localhost:8787/tenant", None, true),
        ("http://127.0.0.1:8787", Some(false), false),
        ("https://id.example", None, false),
        // https on loopback is what stands behind a proxy or a tunnel.
        ("https://127.0.0.1:8787", None, false),
        ("https://id.example", Some(true), true),
        ("https://id.example", Some(false), false),
    ];
    for (issuer, asked, expected) in cases {
        let mut settings = minimal();
        if let Some(asked) = asked {
            settings["playground"] = json!(asked);
        }
        let configuration = Configuration::parse(issuer, &settings).expect(issuer);
        assert_eq!(configuration.playground, expected, "{issuer} {asked:?}");
    }
    let error = Configuration::parse("https://id.example", &json!({ "playground": "yes" }));
    assert_eq!(error.expect_err("no switch").key, "LATCHKEY.playground");
}

#[test]
fn a_resource_given_by_path_lies_on_the_issuers_origin() {
    let mut settings = minimal();
    settings["resources"] = json!([{ "path": "/mcp" }, { "uri": "https://api.example/v1" }]);
    let configuration =
        Configuration::parse("https://id.example/tenant", &settings).expect("configuration");
    assert_eq!(configuration.resources.default_resource().as_str(), "https://id.example/mcp");
    assert_eq!(configuration.protected_resources.len(), 2);
}

/// Any JSON, a few levels deep, whose keys are mostly those of settings.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("product".to_owned()),
        Just("lifetimes".to_owned()),
        Just("access_token".to_owned()),
        Just("scopes".to_owned()),
        Just("name".to_owned()),
        Just("title".to_owned()),
        Just("resources".to_owned()),
        Just("uri".to_owned()),
        "[a-z_]{0,8}",
    ];
    leaf.prop_recursive(3, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_settings_make_parse_panic(settings in any_json()) {
        let _ = Configuration::parse("https://id.example", &settings);
    }
}

#[test]
fn personal_access_tokens_have_a_prefix_and_a_longest_life_of_their_own() {
    let configuration =
        Configuration::parse("https://id.example", &minimal()).expect("configuration");
    assert_eq!(configuration.prefixes.personal_access_token, "latchkey_pat_");
    assert_eq!(configuration.lifetimes.personal_access_token, Lifetime::days(366));
    let most = 3660 * 24 * 60 * 60;
    for (setting, accepted) in [
        (json!({ "lifetimes": { "personal_access_token": 0 } }), false),
        (json!({ "lifetimes": { "personal_access_token": most + 1 } }), false),
        (json!({ "lifetimes": { "personal_access_token": most } }), true),
        (json!({ "prefixes": { "personal_access_token": "" } }), false),
        (json!({ "prefixes": { "personal_access_token": "a.b" } }), false),
        (json!({ "prefixes": { "personal_access_token": "latchkey_rt_" } }), false),
        (json!({ "prefixes": { "personal_access_token": "latchkey_rt_x" } }), false),
        (json!({ "prefixes": { "personal_access_token": "latchkey_" } }), false),
        (json!({ "prefixes": { "refresh_token": "latchkey_" } }), false),
        (json!({ "prefixes": { "personal_access_token": "acme_pat_" } }), true),
    ] {
        let mut settings = minimal();
        for (key, value) in setting.as_object().expect("an object of settings") {
            settings[key] = value.clone();
        }
        match Configuration::parse("https://id.example", &settings) {
            Ok(_) => assert!(accepted, "{setting}"),
            Err(error) => {
                assert!(!accepted, "{setting}");
                assert!(error.key.ends_with(".personal_access_token"), "{setting}: {error}");
            }
        }
    }
}

#[test]
fn a_configured_address_becomes_absolute_on_the_issuers_origin() {
    let configuration =
        Configuration::parse("https://id.example", &minimal()).expect("configuration");
    assert_eq!(configuration.absolute("/privacy"), "https://id.example/privacy");
    assert_eq!(configuration.absolute("https://a.example/x"), "https://a.example/x");
}
