use super::*;
use crate::client_authentication::{Credentials, authenticate};
use crate::configuration::Configuration;
use crate::device::Origin;
use crate::entropy::CountingEntropy;
use crate::test_support::{API, MCP, NOW, client, configuration, configuration_with};
use serde_json::json;

/// The fields of a request.
type Fields<'a> = &'a [(&'a str, &'a str)];

fn checked(
    pairs: &[(&str, &str)],
    record: &ClientRecord,
    configuration: &Configuration,
) -> Result<DeviceAuthorizationRequest, DeviceAuthorizationError> {
    let form = Parameters::parse(encode(pairs).as_bytes()).expect("form");
    let id = Parameters::parse(b"client_id=client").expect("form");
    let credentials = Credentials::parse(None, &id).expect("credentials");
    let authenticated = authenticate(Some(record), &credentials, NOW).expect("public client");
    check(&form, &authenticated, record, configuration)
}

#[test]
fn rfc8628_3_1_scope_and_resource_are_read_as_at_the_authorization_endpoint() {
    let cases: &[(Fields<'_>, &str, &[&str])] = &[
        (&[], "mcp", &[MCP]),
        (&[("scope", "openid offline_access")], "mcp", &[MCP]),
        (&[("scope", "write openid read")], "write read", &[MCP]),
        (&[("resource", "HTTPS://api.example:443/v1")], "mcp", &[API]),
        (&[("resource", MCP), ("resource", API), ("resource", MCP)], "mcp", &[MCP, API]),
        (&[("unknown", "ignored"), ("scope", "")], "mcp", &[MCP]),
    ];
    for (pairs, scope, resources) in cases {
        let request = checked(pairs, &client(), &configuration()).expect("a good request");
        assert_eq!(request.scope.to_string(), *scope, "{pairs:?}");
        let found: Vec<&str> = request.resources.iter().map(ResourceIndicator::as_str).collect();
        assert_eq!(found, *resources, "{pairs:?}");
        assert_eq!(request.client_id.as_str(), "client");
    }
}

#[test]
fn rfc8628_3_1_each_bad_request_has_its_code() {
    use ErrorCode as Code;
    let strict = configuration_with(&json!({ "strict_scopes": true }));
    let bare = configuration_with(&json!({ "scopes": [{ "name": "a", "title": "A" }] }));
    let usual = configuration();
    let cases: &[(&str, Fields<'_>, &Configuration, Code)] = &[
        ("a bad scope", &[("scope", "a\"b")], &usual, Code::InvalidScope),
        ("scope twice", &[("scope", "mcp"), ("scope", "mcp")], &usual, Code::InvalidRequest),
        ("strict", &[("scope", "mcp openid")], &strict, Code::InvalidScope),
        ("no default", &[], &bare, Code::InvalidScope),
        ("no resource of ours", &[("resource", "https://a.example")], &usual, Code::InvalidTarget),
        ("no resource", &[("resource", "a")], &usual, Code::InvalidTarget),
    ];
    for (name, pairs, configuration, code) in cases {
        let error = checked(pairs, &client(), configuration).expect_err(name);
        assert_eq!(error.reply().code, *code, "{name}");
    }
}

#[test]
fn needs_23_a_client_that_did_not_register_the_device_grant_is_told_how_to() {
    let mut record = client();
    record.metadata.grant_types.retain(|grant| *grant != GrantType::DeviceCode);
    let error = checked(&[], &record, &configuration()).expect_err("not registered");
    let reply = error.reply();
    assert_eq!(reply.code, ErrorCode::UnauthorizedClient);
    assert!(reply.description.contains(GrantType::DeviceCode.as_str()), "{}", reply.description);
}

#[test]
fn rfc8628_3_2_dev_01_the_answer_has_both_codes_both_addresses_and_both_times() {
    let configuration = configuration();
    let request = checked(&[], &client(), &configuration).expect("a good request");
    let (record, code) = DeviceAuthorizationRecord::begin(
        request,
        Origin::default(),
        &configuration.lifetimes,
        NOW,
        &mut CountingEntropy::default(),
    );
    let response = DeviceAuthorizationResponse::new(&record, &code, &configuration);
    let shown = record.user_code.to_string();
    assert_eq!(
        serde_json::to_value(&response).expect("json"),
        json!({
            "device_code": code.to_wire("latchkey_dc_").expose(),
            "user_code": shown,
            "verification_uri": "https://id.example/device",
            "verification_uri_complete": format!("https://id.example/device?user_code={shown}"),
            "expires_in": 600,
            "interval": 5,
        })
    );
    let stored = serde_json::to_string(&record).expect("json");
    assert!(!stored.contains(code.secret.expose()) && !format!("{response:?}").contains("dc_"));
}
