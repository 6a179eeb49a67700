//! What a client finds out about a resource before it has a token (RFC 9728).

use latchkey_tests::{Challenge, Front, Reply, jwt, raw};
use serde_json::{Value, json};

use crate::Case;

const PREFIX: &str = "/.well-known/oauth-protected-resource";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 9728 section 3.1, MRS-03, MRS-04: each resource has its own metadata where its path is inserted",
            |servers| {
                documents(servers.gateway());
            },
        ),
        Case::new(
            "RFC 9728 section 3: clients that look at the root find the first resource of the origin",
            |servers| {
                let front = servers.gateway();
                for path in [PREFIX.to_owned(), format!("{PREFIX}/")] {
                    let document = document(&front.get(&path, None));
                    assert_eq!(document["resource"], front.resource("/mcp"), "{path}");
                }
            },
        ),
        Case::new(
            "RFC 9728 section 3.3, MRS-05, needs 9: with a slash more the metadata says that variant, and a token for it works",
            |servers| {
                slash_variants(servers.gateway());
            },
        ),
        Case::new(
            "RFC 9728 section 3.1: a resource on another origin has its metadata on that origin",
            |servers| {
                other_origin(servers.gateway());
            },
        ),
        Case::new(
            "RFC 9728 section 3.2, MRS-10: nothing in the metadata is empty, null or offline_access",
            |servers| {
                nothing_empty(servers.gateway());
            },
        ),
        Case::new(
            "needs 11: what clients probe for and isn't there is 404 as JSON, never a page",
            |servers| {
                probes(servers.gateway());
            },
        ),
        Case::new(
            "CORS-02, CORS-06, needs 13: a preflight is answered without a credential and names every header",
            |servers| {
                preflights(servers.gateway());
            },
        ),
        Case::new(
            "RFC 9728 section 4: the server's metadata lists the resources, and where to introspect",
            |servers| {
                let front = servers.gateway();
                let metadata = front.get("/.well-known/oauth-authorization-server", None);
                let metadata = metadata.expect(200).json();
                let listed = metadata["protected_resources"].as_array().unwrap().clone();
                for path in ["/mcp", "/api", "/api/admin", "/plain", "https://notes.example/v1"] {
                    assert!(listed.contains(&json!(front.resource(path))), "{path} in {listed:?}");
                }
                assert_eq!(metadata["introspection_endpoint"], front.server.url("/introspect"));
                let methods = &metadata["introspection_endpoint_auth_methods_supported"];
                assert_eq!(
                    *methods,
                    json!(["client_secret_basic", "client_secret_post", "private_key_jwt"])
                );
            },
        ),
    ]
}

#[track_caller]
fn document(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.describe());
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{}", reply.describe());
    reply.json()
}

fn documents(front: &Front) {
    for (path, name, scopes) in [
        ("/mcp", "Tools", Some(json!(["mcp"]))),
        ("/api", "Notes", Some(json!(["api"]))),
        ("/api/admin", "Administration", Some(json!(["api:write"]))),
        ("/slow-bound", "Remembered", None),
        ("/plain", "Without a gateway", None),
    ] {
        let document = document(&front.get(&format!("{PREFIX}{path}"), None));
        // RFC 9728 section 3.3: identical, byte for byte.
        assert_eq!(document["resource"], front.resource(path));
        assert_eq!(document["authorization_servers"], json!([front.server.issuer()]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
        assert_eq!(document["resource_name"], name);
        assert_eq!(document.get("scopes_supported"), scopes.as_ref(), "{path}");
        let head = front.call("HEAD", &format!("{PREFIX}{path}")).send().expect(200);
        assert!(head.body.is_empty());
    }
    // What a challenge names leads to the same document.
    let challenge = Challenge::of(&front.get("/api/admin/x", None).expect(401));
    let url = challenge.get("resource_metadata").unwrap();
    assert_eq!(url, format!("{}{PREFIX}/api/admin", front.server.origin()));
}

fn slash_variants(front: &Front) {
    for (path, called) in [("/mcp", "/mcp/"), ("/api", "/api/")] {
        let challenge = Challenge::of(&front.get(called, None).expect(401));
        let url = challenge.get("resource_metadata").unwrap().to_owned();
        let local = front.server.local_path("/", &url).expect("on this origin");
        let document = document(&front.get(&local, None));
        let resource = document["resource"].as_str().unwrap();
        assert_eq!(resource, front.resource(called));
        let mut walk = latchkey_tests::Walk::begin(&front.server);
        let scope = path.trim_start_matches('/');
        let tokens = front.tokens(&mut walk, resource, scope);
        // Bound to one canonical audience, whatever was asked for.
        assert_eq!(jwt::read(&tokens.access).claims["aud"], front.resource(path));
        let place = front.upstream.plain();
        for target in [path, called] {
            let target = format!("{target}?at={}", place.name());
            let _ = front.get(&target, Some(&tokens.access)).expect(200);
        }
    }
}

fn other_origin(front: &Front) {
    for path in [format!("{PREFIX}/v1"), PREFIX.to_owned()] {
        let reply = front.call("GET", &path).header("host", "notes.example").send();
        assert_eq!(document(&reply)["resource"], "https://notes.example/v1", "{path}");
    }
    // It isn't at home here.
    let _ = front.get(&format!("{PREFIX}/v1"), None).expect(404);
    let challenge =
        Challenge::of(&front.call("GET", "/v1").header("host", "notes.example").send().expect(401));
    let url = format!("https://notes.example{PREFIX}/v1");
    assert_eq!(challenge.get("resource_metadata"), Some(url.as_str()));
    // Whatever stands in front may change Host, so it never takes a resource of the issuer away.
    let reply = raw::send_to(&front.server, "evil.example", "GET /api HTTP/1.1", b"");
    assert_eq!(reply.status, 401, "{}", reply.text);
    assert!(!reply.text.contains("evil.example"), "{}", reply.text);
}

fn nothing_empty(front: &Front) {
    for path in ["/mcp", "/api", "/both", "/slow-bound", "/keys-only", "/plain"] {
        let reply = front.get(&format!("{PREFIX}{path}"), None);
        assert!(!reply.text().contains("offline_access"), "{}", reply.describe());
        for (name, value) in document(&reply).as_object().unwrap() {
            let is_empty = value.is_null() || *value == json!("") || *value == json!([]);
            assert!(!is_empty, "{name} of {path}");
        }
    }
    let challenge = Challenge::of(&front.get("/both", None).expect(401));
    assert_eq!(challenge.scope(), ["mcp"]);
}

fn probes(front: &Front) {
    for path in [
        "/.well-known/oauth-protected-resource/nothing",
        "/.well-known/oauth-protected-resource/mcp/deeper",
        "/.well-known/oauth-protected-resource/MCP",
        "/.well-known/oauth-protected-resource//mcp",
        "/.well-known/oauth-protected-resourcemcp",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/openid-configuration/mcp",
        "/nothing/.well-known/oauth-protected-resource",
        // Below a resource they are nobody's: a 401 would end a client's search.
        "/mcp/.well-known/oauth-protected-resource",
        "/mcp/.well-known/oauth-authorization-server",
        "/mcp/.well-known/openid-configuration",
        "/api/admin/.well-known/openid-configuration",
    ] {
        let reply = front.get(path, None).expect(404);
        assert!(reply.json()["error"].is_string(), "{}", reply.describe());
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
    }
}

fn preflights(front: &Front) {
    let wanted = [
        "authorization",
        "content-type",
        "accept",
        "x-api-key",
        "last-event-id",
        "mcp-protocol-version",
        "mcp-session-id",
        "mcp-method",
        "mcp-name",
        "mcp-param-city",
    ];
    let place = front.upstream.plain();
    for (path, method) in [
        (format!("/mcp?at={}", place.name()), "POST"),
        (format!("/api/{}", place.name()), "DELETE"),
        (format!("{PREFIX}/mcp"), "GET"),
    ] {
        let reply = front
            .call("OPTIONS", &path)
            .header("origin", "https://app.example")
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization, mcp-param-city")
            .send()
            .expect(204);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(reply.header("access-control-allow-credentials"), None, "{path}");
        let list = |name: &str| -> Vec<String> {
            let text = reply.header(name).unwrap_or_default().to_ascii_lowercase();
            text.split(',').map(|item| item.trim().to_owned()).collect()
        };
        assert!(list("access-control-allow-methods").contains(&method.to_lowercase()), "{path}");
        for name in wanted {
            let is_metadata = path.starts_with(PREFIX);
            let is_for_documents = ["authorization", "mcp-protocol-version"].contains(&name);
            if !is_metadata || is_for_documents {
                assert!(
                    list("access-control-allow-headers").contains(&name.to_owned()),
                    "{name}: {path}"
                );
            }
        }
    }
    super::nothing_reached(&place);
    // Without the two headers it is no preflight, and nothing passes without a credential.
    let _ = front.call("OPTIONS", &format!("/api/{}", place.name())).send().expect(401);
    super::nothing_reached(&place);
}
