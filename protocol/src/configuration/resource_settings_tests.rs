//! Protected resources as they are written in `wrangler.toml`.

use super::*;
use crate::client::ClientId;
use crate::time::Lifetime;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A deployment with these resources.
fn parse(resources: Value) -> Result<Configuration, ConfigurationError> {
    parse_with(&json!({ "resources": resources }))
}

/// A deployment with some settings replaced.
fn parse_with(replaced: &Value) -> Result<Configuration, ConfigurationError> {
    let mut settings = json!({
        "scopes": [
            { "name": "mcp", "title": "Use your tools", "default": true },
            { "name": "notes:read", "title": "Read" },
            { "name": "notes:write", "title": "Write", "implies": ["notes:read"] },
            { "name": "admin", "title": "Everything", "implies": ["notes:write", "mcp"] },
        ],
    });
    for (key, value) in replaced.as_object().expect("an object of settings") {
        settings[key] = value.clone();
    }
    Configuration::parse("https://id.example", &settings)
}

/// The one gateway of a deployment with this entry.
fn gateway(resource: Value) -> Gateway {
    let configuration = parse(json!([resource])).expect("configuration");
    configuration.protected_resources[0].gateway.clone().expect("a gateway")
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect(text)
}

fn with_upstream(more: &Value) -> Value {
    let mut resource = json!({ "path": "/mcp", "kind": "mcp", "upstream": { "service": "NOTES" } });
    for (key, value) in more.as_object().expect("an object") {
        resource[key] = value.clone();
    }
    resource
}

#[test]
fn a_resource_with_a_service_binding_gets_working_defaults() {
    let configuration =
        parse(json!([{ "path": "/mcp", "upstream": { "service": "NOTES" } }])).expect("good");
    let resource = &configuration.protected_resources[0];
    assert_eq!(resource.identifier.as_str(), "https://id.example/mcp");
    assert_eq!(resource.name, "Latchkey");
    assert!(resource.scopes.is_empty() && resource.introspectors.is_empty());
    let gateway = resource.gateway.as_ref().expect("a gateway");
    let upstream = Upstream::Service { binding: "NOTES".to_owned(), path: "/mcp".to_owned() };
    assert_eq!(gateway.upstream, upstream);
    assert_eq!(gateway.kind, ResourceKind::Http);
    assert!(gateway.methods.is_empty() && gateway.tools.is_empty());
    let both = AcceptedCredentials { access_token: true, personal_access_token: true };
    assert_eq!(gateway.credentials, both);
    assert_eq!(gateway.timeout, Lifetime::seconds(60));
    assert_eq!(gateway.revocation_bound, Lifetime::seconds(0));
}

#[test]
fn every_setting_of_a_resource_is_read() {
    let configuration = parse(json!([
        { "uri": "https://api.example/v1" },
        {
            "path": "/mcp",
            "name": "Notes",
            "kind": "mcp",
            "upstream": { "url": "https://internal.example/notes" },
            "scopes": ["mcp"],
            "methods": { "DELETE": ["notes:write"] },
            "tools": { "delete_note": ["notes:write", "admin"], "*": ["notes:read"] },
            "credentials": ["personal_access_token"],
            "timeout": 600,
            "revocation_bound": 300,
            "introspectors": ["latchkey_client_1"],
        },
    ]))
    .expect("configuration");
    assert_eq!(configuration.protected_resources[0].gateway, None);
    let resource = &configuration.protected_resources[1];
    assert_eq!(resource.name, "Notes");
    assert_eq!(resource.scopes, scope("mcp"));
    let gateway = resource.gateway.as_ref().expect("a gateway");
    let upstream =
        Upstream::Url { origin: "https://internal.example".to_owned(), path: "/notes".to_owned() };
    assert_eq!(gateway.upstream, upstream);
    assert_eq!(gateway.kind, ResourceKind::Mcp);
    assert_eq!(gateway.methods["DELETE"], scope("notes:write"));
    assert_eq!(gateway.tools["delete_note"], scope("notes:write admin"));
    assert_eq!(gateway.tools["*"], scope("notes:read"));
    let only = AcceptedCredentials { access_token: false, personal_access_token: true };
    assert_eq!(gateway.credentials, only);
    assert_eq!(gateway.timeout, Lifetime::minutes(10));
    assert_eq!(gateway.revocation_bound, Lifetime::minutes(5));
    let in_order: Vec<_> = configuration.resources.iter().cloned().collect();
    let identifiers =
        configuration.protected_resources.iter().map(|resource| resource.identifier.clone());
    assert_eq!(identifiers.collect::<Vec<_>>(), in_order);
}

#[test]
fn without_any_resource_the_issuer_is_the_only_one_and_has_no_gateway() {
    let configuration = parse(json!([])).expect("configuration");
    let [itself] = configuration.protected_resources.as_slice() else { panic!("one resource") };
    assert_eq!(itself.identifier.as_str(), "https://id.example");
    assert_eq!(itself.gateway, None);
}

#[test]
fn an_upstream_path_replaces_the_resources_own() {
    for (upstream, path) in [
        (json!({ "service": "S" }), "/mcp"),
        (json!({ "service": "S", "path": "/" }), ""),
        (json!({ "service": "S", "path": "/a/b" }), "/a/b"),
        (json!({ "service": "$_9", "path": "/a" }), "/a"),
        (json!({ "url": "https://u.example" }), ""),
        (json!({ "url": "https://u.example/" }), ""),
        (json!({ "url": "https://u.example:8443/a/b" }), "/a/b"),
        (json!({ "url": "http://127.0.0.1:9000/a" }), "/a"),
        (json!({ "url": "http://[::1]:9000/a" }), "/a"),
    ] {
        let gateway = gateway(json!({ "path": "/mcp/", "upstream": upstream.clone() }));
        let (Upstream::Service { path: found, .. } | Upstream::Url { path: found, .. }) =
            gateway.upstream;
        assert_eq!(found, path, "{upstream}");
    }
}

#[test]
fn a_wrong_resource_is_refused_with_its_key() {
    let unknown = json!(["nothing"]);
    let cases: &[(&str, Value, &str)] = &[
        ("an unknown key", json!({ "scope": ["mcp"] }), "resources[1]"),
        ("an unknown kind", json!({ "kind": "ftp" }), "resources[1].kind"),
        ("an unknown scope", json!({ "scopes": unknown }), "resources[1].scopes"),
        ("one for a method", json!({ "methods": { "PUT": unknown } }), "resources[1].methods.PUT"),
        ("one for a tool", json!({ "tools": { "a": unknown } }), "resources[1].tools.a"),
        ("a bad scope", json!({ "tools": { "a": ["a b"] } }), "resources[1].tools"),
        ("lower case", json!({ "methods": { "delete": [] } }), "resources[1].methods.delete"),
        ("mixed case", json!({ "methods": { "Delete": [] } }), "resources[1].methods.Delete"),
        ("no method", json!({ "methods": { "": [] } }), "resources[1].methods."),
        ("no token", json!({ "methods": { "A B": [] } }), "resources[1].methods.A B"),
        ("no tool", json!({ "tools": { "": [] } }), "resources[1].tools."),
        (
            "tools without MCP",
            json!({ "kind": "http", "tools": { "a": [] } }),
            "resources[1].tools",
        ),
        ("no credential", json!({ "credentials": [] }), "resources[1].credentials"),
        ("another credential", json!({ "credentials": ["basic"] }), "resources[1].credentials"),
        ("no time", json!({ "timeout": 0 }), "resources[1].timeout"),
        ("too much time", json!({ "timeout": 601 }), "resources[1].timeout"),
        ("negative time", json!({ "timeout": -1 }), "resources[1].timeout"),
        ("a long memory", json!({ "revocation_bound": 301 }), "resources[1].revocation_bound"),
        ("no client", json!({ "introspectors": [""] }), "resources[1].introspectors"),
        ("no name", json!({ "name": " " }), "resources[1].name"),
        ("a long name", json!({ "name": "n".repeat(101) }), "resources[1].name"),
        ("an empty upstream", json!({ "upstream": {} }), "resources[1].upstream"),
        (
            "two upstreams",
            json!({ "upstream": { "service": "S", "url": "https://u.example" } }),
            "resources[1].upstream",
        ),
        (
            "a path beside a url",
            json!({ "upstream": { "url": "https://u.example", "path": "/x" } }),
            "resources[1].upstream.path",
        ),
        ("both places", json!({ "uri": "https://id.example/x" }), "resources[1]"),
    ];
    for (name, more, key) in cases {
        let error = parse(json!([{ "uri": "https://api.example/v1" }, with_upstream(more)]))
            .expect_err(name);
        assert!(error.key.starts_with(&format!("LATCHKEY.{key}")), "{name}: {error}");
    }
}

#[test]
fn what_only_the_gateway_acts_on_is_refused_without_an_upstream() {
    for (key, value) in [
        ("kind", json!("http")),
        ("methods", json!({})),
        ("tools", json!({})),
        ("credentials", json!(["access_token"])),
        ("timeout", json!(60)),
        ("revocation_bound", json!(0)),
    ] {
        let error = parse(json!([{ "path": "/mcp", key: value }])).expect_err(key);
        assert_eq!(error.key, format!("LATCHKEY.resources[0].{key}"));
    }
    let metadata_only = json!([{ "path": "/mcp", "scopes": ["mcp"], "introspectors": ["c"] }]);
    assert!(parse(metadata_only).is_ok());
}

#[test]
fn an_upstream_that_could_be_read_in_two_ways_is_refused() {
    for binding in ["", "1S", "a-b", "a.b", "a b", "é", &"S".repeat(65)] {
        let resource = with_upstream(&json!({ "upstream": { "service": binding } }));
        let error = parse(json!([resource])).expect_err(binding);
        assert_eq!(error.key, "LATCHKEY.resources[0].upstream.service", "{binding}");
    }
    for path in
        ["", "x", "//", "/x/", "//x", "/x//y", "/.", "/../x", "/%2e", "/a;b", "/a?b", "/a\\b"]
    {
        let resource = with_upstream(&json!({ "upstream": { "service": "S", "path": path } }));
        let error = parse(json!([resource])).expect_err(path);
        assert_eq!(error.key, "LATCHKEY.resources[0].upstream.path", "{path}");
    }
    for url in [
        "",
        "/x",
        "internal.example",
        "ftp://u.example",
        "http://u.example",
        "http://127.0.0.1.u.example",
        "http://localhost.u.example",
        "https://u.example/x?y",
        "https://u.example/x#y",
        "https://user@u.example/x",
        "https://:secret@u.example/x",
        "https://u.example/x/",
        "https://u.example//x",
        "https://u.example/x/../y",
        "https://u.example/%2e%2e/y",
        "https://u.example/a%2fb",
        "https://u.example/a;b",
        "https://u.example\\x",
        "https://U.example/x",
        "https://u.example:443/x",
        " https://u.example/x",
    ] {
        let error =
            parse(json!([with_upstream(&json!({ "upstream": { "url": url } }))])).expect_err(url);
        assert_eq!(error.key, "LATCHKEY.resources[0].upstream.url", "{url}");
    }
}

#[test]
fn a_resource_with_an_upstream_has_a_path_that_is_free_and_reads_in_one_way_only() {
    let refused = [
        "/",
        "/token",
        "/token/",
        "/authorize",
        "/introspect",
        "/account",
        "/account/tokens",
        "/account/activity.csv",
        "/.well-known",
        "/.well-known/",
        "/.well-known/oauth-protected-resource",
        "/.well-known/mcp",
        "//",
        "//mcp",
        "/mcp//",
        "/a//b",
        "/.",
        "/a/..",
        "/a/../token",
        "/a/./b",
        "/%74oken",
        "/a%2fb",
        "/%2e%2e/a",
        "/a\\b",
        "/a;b",
        "/a?b",
        "/a#b",
        "/a b",
        "mcp",
    ];
    for path in refused {
        let resource = json!({ "path": path, "upstream": { "service": "S" } });
        let error = parse(json!([resource])).expect_err(path);
        assert_eq!(error.key, "LATCHKEY.resources[0].path", "{path}");
    }
    for path in
        ["/mcp", "/mcp/", "/a/b.c/d-e_f~g", "/tokens", "/account/x", "/Token", "/.x", "/..."]
    {
        let resource = json!({ "path": path, "upstream": { "service": "S" } });
        assert!(parse(json!([resource])).is_ok(), "{path}");
    }
    for path in ["/playground", "/playground/mcp"] {
        let resources = json!([{ "path": path, "upstream": { "service": "S" } }]);
        let asked = json!({ "playground": true, "resources": resources });
        let error = parse_with(&asked).expect_err(path);
        assert_eq!(error.key, "LATCHKEY.resources[0].path", "{path}");
        assert!(parse_with(&json!({ "resources": resources })).is_ok(), "{path}");
    }
    // Endpoints answer first, whatever the host.
    let elsewhere = json!([{ "uri": "https://mcp.example", "upstream": { "service": "S" } }]);
    let error = parse(elsewhere.clone()).expect_err("the landing page is there");
    assert_eq!(error.key, "LATCHKEY.resources[0].uri");
    let moved = json!({ "base_path": "/oauth", "resources": elsewhere });
    assert!(parse_with(&moved).is_ok());
    // Without an upstream nothing is served there, so any identifier will do.
    assert!(
        parse(json!([{ "path": "/token" }, { "uri": "https://api.example/v1?x=%2f" }])).is_ok()
    );
}

#[test]
fn one_place_has_one_upstream() {
    let upstream = json!({ "service": "S" });
    for (first, second) in [
        ("https://id.example/mcp", "https://id.example/mcp/"),
        ("https://id.example/mcp", "http://id.example/mcp"),
        ("https://api.example/v1", "http://api.example/v1/"),
    ] {
        let both = json!([
            { "uri": first, "upstream": upstream },
            { "uri": second, "upstream": upstream },
        ]);
        let error = parse(both).expect_err(second);
        assert_eq!(error.key, "LATCHKEY.resources[1]", "{first} {second}");
        let one = json!([{ "uri": first, "upstream": upstream }, { "uri": second }]);
        assert!(parse(one).is_ok(), "{first} {second}");
    }
    let apart = json!([
        { "path": "/mcp", "upstream": upstream },
        { "path": "/mcp/admin", "upstream": upstream },
        { "uri": "https://api.example/mcp", "upstream": upstream },
    ]);
    assert!(parse(apart).is_ok());
}

#[test]
fn mrs_09_a_scope_implies_others_and_what_those_imply() {
    let configuration = parse(json!([])).expect("configuration");
    for (held, implied) in [
        ("", ""),
        ("mcp", "mcp"),
        ("notes:write", "notes:write notes:read"),
        ("admin", "admin notes:write mcp notes:read"),
        ("gone notes:write", "gone notes:write notes:read"),
        ("Admin", "Admin"),
    ] {
        assert_eq!(configuration.implied(&scope(held)).to_string(), implied, "{held}");
    }
}

#[test]
fn mrs_09_scopes_that_imply_each_other_are_one_and_unknown_ones_are_refused() {
    let circle = json!({ "scopes": [
        { "name": "a", "title": "A", "implies": ["b"] },
        { "name": "b", "title": "B", "implies": ["a", "b"] },
    ] });
    let configuration = parse_with(&circle).expect("configuration");
    assert_eq!(configuration.implied(&scope("b")), scope("a b"));
    let unknown = json!({ "scopes": [
        { "name": "a", "title": "A" },
        { "name": "b", "title": "B", "implies": ["a", "c"] },
    ] });
    let error = parse_with(&unknown).expect_err("no scope c");
    assert_eq!(error.key, "LATCHKEY.scopes[1].implies");
}

#[test]
fn int_01_only_the_clients_that_are_listed_may_introspect_and_only_for_that_resource() {
    let configuration = parse(json!([
        { "path": "/mcp", "introspectors": ["server"] },
        { "path": "/api" },
    ]))
    .expect("configuration");
    let client = |text| ClientId::parse(text).expect("client id");
    let resource = |text| ResourceIndicator::parse(text).expect("resource");
    let mcp = resource("https://id.example/mcp");
    assert!(configuration.may_introspect(&client("server"), &mcp));
    assert!(!configuration.may_introspect(&client("Server"), &mcp));
    for other in ["https://id.example/api", "https://id.example/mcp/", "https://id.example"] {
        assert!(!configuration.may_introspect(&client("server"), &resource(other)), "{other}");
    }
}

/// Anything that a key of a resource may hold, and things that it may not.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-zA-Z:/.%*;_ -]{0,12}", "https?://[a-z.:/?#@]{0,16}", ".{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..1000).prop_map(Value::from),
        text.clone().prop_map(Value::from),
        Just(json!("mcp")),
        Just(json!("access_token")),
    ];
    leaf.prop_recursive(2, 12, 3, move |inner| {
        let key = prop_oneof![Just("service".to_owned()), Just("url".to_owned()), text.clone()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_resource_makes_parse_panic(
        path in "(/[a-z.;%\\\\]{0,4}){0,4}|.{0,12}",
        key in "kind|upstream|scopes|methods|tools|credentials|timeout|revocation_bound|name|uri",
        value in any_value(),
        has_upstream in any::<bool>(),
    ) {
        let mut resource = json!({ "path": path });
        if has_upstream {
            resource["upstream"] = json!({ "service": "S" });
        }
        resource[key] = value;
        if let Ok(configuration) = parse(json!([resource])) {
            prop_assert_eq!(configuration.protected_resources.len(), 1);
            for resource in &configuration.protected_resources {
                prop_assert_eq!(
                    configuration.protected_resource(&resource.identifier),
                    Some(resource)
                );
            }
        }
    }

    #[test]
    fn mrs_09_implied_never_takes_away_and_ends(
        implies in proptest::collection::vec((0usize..6, 0usize..6), 0..20),
        held in proptest::collection::vec(0usize..6, 0..6),
    ) {
        let scopes: Vec<_> = (0..6)
            .map(|from| {
                let to: Vec<_> = implies
                    .iter()
                    .filter(|(own, _)| *own == from)
                    .map(|(_, to)| format!("s{to}"))
                    .collect();
                json!({ "name": format!("s{from}"), "title": "x", "implies": to })
            })
            .collect();
        let configuration = parse_with(&json!({ "scopes": scopes })).expect("configuration");
        let held = scope(&held.iter().map(|n| format!("s{n} ")).collect::<String>());
        let implied = configuration.implied(&held);
        prop_assert!(held.is_subset_of(&implied));
        prop_assert_eq!(configuration.implied(&implied), implied);
    }
}
