//! Protected resource metadata: where it is and what it says.

use super::tests::{deployment, deployment_with};
use super::*;
use serde_json::{Value, json};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

fn document(configuration: &Configuration, host: &str, suffix: &str) -> Value {
    metadata(configuration, host, &format!("{WELL_KNOWN}{suffix}"))
        .map_or(Value::Null, |document| serde_json::to_value(document).expect("json"))
}

fn resource(configuration: &Configuration, host: &str, suffix: &str) -> Value {
    document(configuration, host, suffix)["resource"].clone()
}

#[test]
fn mrs_03_the_document_names_the_resource_its_issuer_and_how_to_send_tokens() {
    let settings = json!({
        "product": { "name": "Notes", "privacy_uri": "/privacy", "terms_uri": "https://a.example/t" },
        "scopes": [
            { "name": "mcp", "title": "x" },
            { "name": "notes:write", "title": "x" },
            { "name": "offline_access", "title": "x" },
        ],
        "resources": [{
            "path": "/mcp",
            "name": "Your notes",
            "kind": "mcp",
            "upstream": { "service": "S" },
            "scopes": ["mcp", "offline_access"],
            "methods": { "DELETE": ["notes:write"] },
            "tools": { "delete_note": ["notes:write"] },
        }],
    });
    let configuration = Configuration::parse("https://id.example/tenant", &settings).expect("good");
    assert_eq!(
        document(&configuration, "id.example", "/mcp"),
        json!({
            "resource": "https://id.example/mcp",
            "authorization_servers": ["https://id.example/tenant"],
            // MRS-10: the base scopes only, and never offline_access.
            "scopes_supported": ["mcp"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Your notes",
            "resource_policy_uri": "https://id.example/privacy",
            "resource_tos_uri": "https://a.example/t",
        })
    );
}

#[test]
fn mrs_03_mrs_10_what_is_absent_is_left_out_and_nothing_is_null_or_empty() {
    let only_offline_access = json!({
        "scopes": [{ "name": "offline_access", "title": "x" }],
        "resources": [{ "path": "/mcp", "scopes": ["offline_access"] }],
    });
    for configuration in [
        deployment("https://id.example", &["https://id.example/mcp"]),
        deployment_with("https://id.example", &[], &only_offline_access),
    ] {
        let document = document(&configuration, "id.example", "/mcp");
        let members = document.as_object().expect("an object");
        for name in ["scopes_supported", "resource_policy_uri", "resource_tos_uri"] {
            assert!(!members.contains_key(name), "{name}");
        }
        for (name, value) in members {
            assert!(!value.is_null() && *value != json!([]) && value != "", "{name}");
        }
    }
}

#[test]
fn mrs_02_mrs_04_the_document_is_at_the_root_and_with_the_path_inserted() {
    let configuration = deployment(
        "https://id.example",
        &["https://id.example/mcp", "-https://id.example/api/v1", "https://mcp.example/mcp"],
    );
    for (host, suffix, expected) in [
        ("id.example", "/mcp", json!("https://id.example/mcp")),
        ("id.example", "/api/v1", json!("https://id.example/api/v1")),
        ("anything", "/mcp", json!("https://id.example/mcp")),
        ("mcp.example", "/mcp", json!("https://mcp.example/mcp")),
        ("MCP.example:443", "/mcp", json!("https://mcp.example/mcp")),
        // D-01: a document for clients that look at the root only.
        ("id.example", "", json!("https://id.example/mcp")),
        ("id.example", "/", json!("https://id.example/mcp")),
        ("mcp.example", "", json!("https://mcp.example/mcp")),
    ] {
        assert_eq!(resource(&configuration, host, suffix), expected, "{host} {suffix}");
    }
    for suffix in [
        "/api", "/mcpx", "/MCP", "/mcp//", "//mcp", "//", "/mcp/x", "x", "/%6dcp", "/mcp%2f", "-x",
        "/../mcp", "/mcp/..", "/mcp;x", "\\mcp", "/mcp?x",
    ] {
        assert_eq!(document(&configuration, "id.example", suffix), Value::Null, "{suffix}");
    }
    for path in ["", "/", "/mcp", "/.well-known/", "/x/.well-known/oauth-protected-resource"] {
        assert_eq!(metadata(&configuration, "id.example", path), None, "{path}");
    }
}

#[test]
fn mrs_05_with_a_slash_more_or_less_the_resource_is_the_one_that_was_asked_for() {
    let configuration = deployment(
        "https://id.example",
        &["https://id.example/mcp", "https://id.example/api/", "https://mcp.example/mcp"],
    );
    for (host, suffix, expected) in [
        ("id.example", "/mcp/", "https://id.example/mcp/"),
        ("id.example", "/api/", "https://id.example/api/"),
        ("id.example", "/api", "https://id.example/api"),
        ("mcp.example", "/mcp/", "https://mcp.example/mcp/"),
    ] {
        assert_eq!(resource(&configuration, host, suffix), json!(expected), "{host} {suffix}");
        let resolved = configuration.resources.resolve(std::iter::once(expected));
        assert!(resolved.is_ok(), "RES: {expected} means the same audience");
    }
}

#[test]
fn mrs_05_two_resources_that_differ_by_a_slash_each_have_their_own_document() {
    let configuration =
        deployment("https://id.example", &["https://id.example/mcp", "-https://id.example/mcp/"]);
    for suffix in ["/mcp", "/mcp/"] {
        let expected = json!(format!("https://id.example{suffix}"));
        assert_eq!(resource(&configuration, "id.example", suffix), expected);
    }
    // The gateway is that of `/mcp`, so its challenge never names the other.
    let requested = find(&configuration, "id.example", "/mcp/").expect("found").expect("plain");
    let url = metadata_url(&configuration, &requested);
    assert_eq!(url, "https://id.example/.well-known/oauth-protected-resource/mcp");
}

#[test]
fn mrs_04_a_resource_that_is_an_origin_has_its_document_at_the_root() {
    let configuration =
        deployment("https://id.example", &["https://id.example/mcp", "https://id.example"]);
    assert_eq!(resource(&configuration, "id.example", ""), "https://id.example");
    assert_eq!(resource(&configuration, "id.example", "/"), "https://id.example/");
    for path in ["/", "/x"] {
        let requested = find(&configuration, "id.example", path).expect("found").expect("plain");
        let url = metadata_url(&configuration, &requested);
        assert_eq!(url, "https://id.example/.well-known/oauth-protected-resource");
    }
}

#[test]
fn without_any_configured_resource_the_issuer_has_the_document() {
    let configuration = deployment("https://id.example/tenant", &[]);
    for suffix in ["", "/tenant"] {
        let expected = json!("https://id.example/tenant");
        assert_eq!(resource(&configuration, "id.example", suffix), expected, "{suffix}");
    }
}

#[test]
fn a_resource_whose_identifier_has_a_query_has_no_document_under_its_path() {
    let configuration = deployment(
        "https://id.example",
        &["https://id.example/mcp", "-https://id.example/api?v=1"],
    );
    assert_eq!(resource(&configuration, "id.example", "/api"), Value::Null);
}

#[test]
fn mrs_05_a_challenge_leads_to_the_document_that_names_the_requested_url() {
    let configuration = deployment(
        "https://id.example",
        &["https://id.example/mcp", "https://id.example/api/", "https://mcp.example:8443/v1"],
    );
    for (host, path, suffix, origin) in [
        ("id.example", "/mcp", "/mcp", "https://id.example"),
        ("id.example", "/mcp/", "/mcp/", "https://id.example"),
        ("id.example", "/mcp/x", "/mcp", "https://id.example"),
        ("evil.example", "/mcp", "/mcp", "https://id.example"),
        ("id.example", "/api", "/api", "https://id.example"),
        ("id.example", "/api/", "/api/", "https://id.example"),
        ("id.example", "/api/x", "/api/", "https://id.example"),
        ("mcp.example:8443", "/v1/", "/v1/", "https://mcp.example:8443"),
    ] {
        let requested = find(&configuration, host, path).expect("found").expect("plain");
        let url = metadata_url(&configuration, &requested);
        assert_eq!(url, format!("{origin}{WELL_KNOWN}{suffix}"), "{host} {path}");
        let named = resource(&configuration, host, suffix);
        assert_eq!(named, format!("{origin}{suffix}"), "{host} {path}");
    }
}
