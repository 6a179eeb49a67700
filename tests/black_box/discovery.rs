//! Metadata and keys: what a client finds before it knows anything.

use latchkey_tests::{Server, raw};
use serde_json::{Value, json};

use crate::Case;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 8414 section 2, META-04, META-05: the metadata says all that a client needs",
            |servers| {
                everything_a_client_needs(servers.standard());
            },
        ),
        Case::new(
            "RFC 8414 section 3.3, MAS-04: issuer and endpoints come from the configuration, never from Host",
            |servers| {
                host_header_changes_nothing(servers.short_links());
            },
        ),
        Case::new(
            "MAS-02: an issuer without a path has one document at both well-known places",
            |servers| {
                one_document(servers.standard(), &[OAUTH, OPENID]);
                one_document(servers.short_links(), &[OAUTH, OPENID]);
            },
        ),
        Case::new(
            "RFC 8414 section 3.1, META-02: an issuer with a path has it at the inserted and the appended places",
            |servers| {
                let inserted = [OAUTH, OPENID].map(|place| format!("{place}/tenant1"));
                let appended = [OAUTH, OPENID].map(|place| format!("/tenant1{place}"));
                let places: Vec<&str> =
                    inserted.iter().chain(&appended).map(String::as_str).collect();
                one_document(servers.tenant(), &places);
                for elsewhere in [OAUTH, OPENID, "/.well-known/oauth-authorization-server/tenant2"]
                {
                    let _ = servers.tenant().get(elsewhere).expect(404);
                }
            },
        ),
        Case::new(
            "RFC 9207 section 3: without iss in responses the metadata does not promise it",
            |servers| {
                let metadata =
                    servers.tenant().get("/.well-known/oauth-authorization-server/tenant1");
                let member = "authorization_response_iss_parameter_supported";
                assert_eq!(metadata.expect(200).json().get(member), None);
            },
        ),
        Case::new(
            "RFC 7517 section 5, META-08: the JWK set has public ES256 keys with ids of their own",
            |servers| {
                jwks(servers.standard());
            },
        ),
        Case::new("RFC 9110 section 9.3.2: HEAD answers like GET, without the body", |servers| {
            for path in [OAUTH, OPENID, "/jwks", "/", "/sign-in"] {
                head_like_get(servers.standard(), path);
            }
        }),
        Case::new(
            "CORS-02, CORS-03, CORS-04: scripts of any origin may read and call the endpoints without cookies",
            |servers| {
                cors_is_open(servers.standard());
            },
        ),
        Case::new("CORS-01: pages never send a CORS header, to OPTIONS neither", |servers| {
            cors_is_closed(servers.standard());
        }),
        Case::new("RFC 9110 section 15.5.6: a wrong method is 405 with Allow", |servers| {
            wrong_methods(servers.standard());
        }),
        Case::new("issue 2: a person who asks for what isn't there gets a page", |servers| {
            let server = servers.standard();
            for (method, path, status) in
                [("GET", "/nowhere", 404), ("GET", "/token", 405), ("GET", "/register", 405)]
            {
                let call = server.call(method, path);
                let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
                let reply = call.header("accept", accept).send().expect(status);
                let kind = reply.header("content-type").unwrap_or_default();
                assert!(kind.starts_with("text/html"), "{}", reply.describe());
                assert_eq!(reply.header("allow").is_some(), status == 405, "{}", reply.describe());
                let reply = server.get(path).expect(status);
                assert!(reply.json()["error"].is_string(), "{}", reply.describe());
                assert_eq!(reply.header("allow").is_some(), status == 405, "{}", reply.describe());
            }
        }),
        Case::new(
            "needs 13: what clients probe for and isn't there is a small JSON 404",
            |servers| {
                probes(servers.standard());
            },
        ),
    ]
}

fn everything_a_client_needs(server: &Server) {
    let reply = server.get(OAUTH).expect(200);
    let cache = reply.header("cache-control").unwrap_or_default();
    assert!(cache.contains("max-age=") && !cache.contains("no-store"), "{}", reply.describe());
    let metadata = reply.json();
    let expected = json!({
        "issuer": server.issuer(),
        "authorization_endpoint": server.url("/authorize"),
        "token_endpoint": server.url("/token"),
        "registration_endpoint": server.url("/register"),
        "revocation_endpoint": server.url("/revoke"),
        "jwks_uri": server.url("/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "device_authorization_endpoint": server.url("/device_authorization"),
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "token_endpoint_auth_methods_supported":
            ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
        "revocation_endpoint_auth_methods_supported":
            ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "client_id_metadata_document_supported": true,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "request_uri_parameter_supported": false,
        "request_parameter_supported": false,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(metadata.get(name), Some(value), "{name}");
    }
    let scopes = metadata["scopes_supported"].as_array().unwrap();
    for scope in ["mcp", "mcp:write", "offline_access"] {
        assert!(scopes.contains(&json!(scope)), "{scope} in {scopes:?}");
    }
    for (name, value) in metadata.as_object().unwrap() {
        // RFC 8414 section 3.2: what has no elements is left out.
        assert!(!value.is_null() && *value != json!("") && *value != json!([]), "{name}");
    }
}

fn host_header_changes_nothing(server: &Server) {
    let expected = server.get(OAUTH).expect(200).text();
    let forged =
        "X-Forwarded-Host: evil.example\nX-Forwarded-Proto: http\nForwarded: host=evil.example";
    let reply = raw::send(server, &format!("GET {OAUTH} HTTP/1.1\n{forged}"), b"");
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!reply.text.contains("evil.example"), "{}", reply.text);
    assert!(reply.text.contains("https://links.example/mcp/oauth/token"), "{}", reply.text);
    let other_host = server.call("GET", OAUTH).header("host", "evil.example").send().expect(200);
    assert_eq!(other_host.text(), expected);
}

fn one_document(server: &Server, places: &[&str]) {
    let mut documents: Vec<Value> = Vec::new();
    for place in places {
        let reply = server.get(place).expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{place}");
        documents.push(reply.json());
    }
    assert_eq!(documents[0]["issuer"], server.issuer());
    assert!(documents.iter().all(|document| *document == documents[0]), "{places:?}");
}

fn jwks(server: &Server) {
    let reply = server.get("/jwks").expect(200);
    let cache = reply.header("cache-control").unwrap_or_default();
    assert!(cache.contains("max-age="), "{}", reply.describe());
    let keys = reply.json()["keys"].as_array().unwrap().clone();
    assert!(!keys.is_empty());
    for key in &keys {
        assert_eq!((&key["kty"], &key["crv"]), (&json!("EC"), &json!("P-256")), "{key}");
        assert_eq!((&key["alg"], &key["use"]), (&json!("ES256"), &json!("sig")), "{key}");
        for private in ["d", "k", "p", "q", "key_ops"] {
            let public_operation = *key.get(private).unwrap_or(&Value::Null) == json!(["verify"]);
            assert!(key.get(private).is_none() || public_operation, "{private} in {key}");
        }
        let id = key["kid"].as_str().unwrap();
        assert_eq!(keys.iter().filter(|other| other["kid"] == id).count(), 1, "{id}");
    }
}

fn head_like_get(server: &Server, path: &str) {
    let get = server.get(path).expect(200);
    let head = server.call("HEAD", path).send().expect(200);
    assert!(head.body.is_empty(), "{path}");
    assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    assert_eq!(head.header("cache-control"), get.header("cache-control"), "{path}");
    if let Some(length) = head.header("content-length") {
        assert_eq!(length, get.body.len().to_string(), "{path}");
    }
}

fn cors_is_open(server: &Server) {
    let origin = "https://app.example";
    for (method, path) in [
        ("GET", OAUTH),
        ("GET", OPENID),
        ("GET", "/jwks"),
        ("POST", "/token"),
        ("POST", "/register"),
        ("POST", "/revoke"),
        ("POST", "/device_authorization"),
        ("GET", "/device/qr"),
    ] {
        let preflight = server
            .call("OPTIONS", path)
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization, mcp-protocol-version")
            .send();
        assert_eq!(preflight.status, 204, "{}", preflight.describe());
        let list = |name: &str| preflight.header(name).unwrap_or_default().to_ascii_lowercase();
        assert!(list("access-control-allow-methods").contains(&method.to_lowercase()), "{path}");
        // `*` doesn't cover Authorization, so each is named.
        for header in ["authorization", "content-type", "mcp-protocol-version"] {
            assert!(list("access-control-allow-headers").contains(header), "{path}: {header}");
        }
        let answer = server.call(method, path).header("origin", origin).send();
        for reply in [&preflight, &answer] {
            assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
            assert_eq!(reply.header("access-control-allow-credentials"), None, "{path}");
        }
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Retry-After"), "{path}");
    }
}

fn cors_is_closed(server: &Server) {
    for path in ["/", "/authorize", "/sign-in", "/sign-up", "/sign-out", "/consent", "/device"] {
        for method in ["GET", "POST", "OPTIONS"] {
            let reply = server.call(method, path).header("origin", "https://evil.example").send();
            let cors = reply.headers.iter().find(|(name, _)| name.starts_with("access-control"));
            assert_eq!(cors, None, "{}", reply.describe());
        }
    }
}

fn wrong_methods(server: &Server) {
    let cases = [
        ("/token", "POST", ["GET", "HEAD", "PUT", "DELETE", "PATCH"]),
        ("/register", "POST", ["GET", "HEAD", "PUT", "DELETE", "PATCH"]),
        ("/revoke", "POST", ["GET", "HEAD", "PUT", "DELETE", "PATCH"]),
        ("/device_authorization", "POST", ["GET", "HEAD", "PUT", "DELETE", "PATCH"]),
        ("/device/qr", "GET", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]),
        ("/device", "GET, POST", ["PUT", "DELETE", "PATCH", "PROPFIND", "MKCOL"]),
        ("/sign-out", "POST", ["GET", "HEAD", "PUT", "DELETE", "PATCH"]),
        ("/jwks", "GET", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]),
        (OAUTH, "GET", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]),
        ("/", "GET", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]),
        ("/authorize", "GET, POST", ["PUT", "DELETE", "PATCH", "PROPFIND", "MKCOL"]),
        ("/consent", "GET, POST", ["PUT", "DELETE", "PATCH", "PROPFIND", "MKCOL"]),
    ];
    for (path, allowed, wrong) in cases {
        for method in wrong {
            let reply = server.call(method, path).send();
            assert_eq!(reply.status, 405, "{}", reply.describe());
            let allow = reply.header("allow").unwrap_or_default();
            assert!(allow.starts_with(allowed) && allow.contains("OPTIONS"), "{path}: {allow}");
            assert!(!allow.contains(method), "{path}: {allow}");
            let options = server.call("OPTIONS", path).send();
            assert_eq!(options.header("allow"), Some(allow), "OPTIONS says the same: {path}");
        }
    }
}

fn probes(server: &Server) {
    for path in [
        "/.well-known/oauth-protected-resource/nothing",
        "/.well-known/oauth-authorization-server/",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/webfinger?resource=acct%3Aa%40b.example",
        "/favicon.ico",
        "/robots.txt",
        "/mcp",
        "/token/",
        "/Token",
        "//token",
        "/%74oken",
        "/authorize/x",
        "/introspect/",
        "/assets/",
        "/assets/unknown.css",
        "/.env",
        "/%00",
        "/%ff",
    ] {
        let reply = server.get(path).expect(404);
        assert!(reply.json()["error"].is_string(), "{}", reply.describe());
        assert!(reply.body.len() < 500, "{path}");
    }
}
