//! `GET /admin/health`.

use latchkey_tests::{ADMIN_TOKEN, Deployment, Server};
use serde_json::{Value, json};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: GET /admin/health is 200 when all is well, and says what there is",
            |all| {
                well(all.observed());
            },
        ),
        Case::new(
            "issue 7: GET /admin/health is 503 with the same body when something isn't well",
            |_| {
                failing();
            },
        ),
        Case::new(
            "issue 7: GET /admin/health answers nobody but the operator, and has no secret",
            |all| {
                for_the_operator(all.observed());
            },
        ),
    ]
}

fn names(value: &Value) -> Vec<&String> {
    value.as_object().map(|members| members.keys().collect()).unwrap_or_default()
}

fn well(server: &Server) {
    let health = server.admin("GET", "/admin/health").send().expect(200).json();
    assert_eq!(health["status"], "ok", "{health}");
    assert!(health["version"].as_str().is_some_and(|version| version.contains('.')), "{health}");

    let published = server.get("/jwks").expect(200).json();
    let (kid, signing) = (&published["keys"][0]["kid"], &health["keys"]["signing"]);
    assert_eq!(&signing["kid"], kid, "{health}");
    assert!(signing["age"].is_u64(), "{health}");
    // 90 days after the first key began.
    let from = signing["signs_from"].as_u64().expect("a time");
    assert_eq!(health["keys"]["next_rotation_at"], from + 90 * 86_400, "{health}");
    assert_eq!((&health["keys"]["next"], &health["keys"]["retiring"]), (&Value::Null, &json!([])));

    let storage = health["storage"].as_array().expect("places");
    for binding in ["ACCOUNT", "DIRECTORY", "DEVICE_AUTHORIZATION", "KEYRING", "CACHE"] {
        let places: Vec<_> = storage.iter().filter(|place| place["binding"] == binding).collect();
        assert_eq!(places.len(), 1, "{binding}: {health}");
        assert_eq!(places[0]["ok"], true, "{binding}: {health}");
    }
    let shards = storage.iter().filter(|place| place["binding"] == "CLIENT_REGISTRY");
    assert_eq!(shards.count(), 16, "{health}");
    let keyring = storage.iter().find(|place| place["binding"] == "KEYRING").expect("a place");
    assert_eq!(keyring["schema"]["stored"], keyring["schema"]["newest"], "{health}");

    // A module has more than a megabyte from the start, and the platform ends an isolate with 128 MB.
    let memory = health["isolate"]["memory_bytes"].as_u64().expect("a number");
    assert!((1_000_001..134_217_728).contains(&memory), "{health}");

    let configuration = &health["configuration"];
    assert_eq!(configuration["issuer"], server.issuer());
    assert_eq!(configuration["bindings"]["METRICS"], true, "{health}");
    assert_eq!(configuration["bindings"]["LOG_KEY"], false, "{health}");
    let warned: Vec<_> = configuration["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .map(|warning| warning["key"].as_str().expect("a key"))
        .collect();
    assert_eq!(warned, ["ISSUER"], "{health}");
    assert!(configuration["warnings"][0]["do"].is_string(), "{health}");
}

fn failing() {
    let server = Server::start(Deployment::administered_without_cache());
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    let reply = server.admin("GET", "/admin/health").send().expect(503);
    let health = reply.json();
    assert_eq!(health["status"], "failing", "{health}");
    assert_eq!(
        names(&health),
        ["configuration", "isolate", "keys", "status", "storage", "version"]
    );
    let is_cache = |place: &&Value| place["binding"] == "CACHE";
    let cache = health["storage"].as_array().expect("places").iter().find(is_cache);
    let cache = cache.expect("a place");
    assert_eq!(cache["ok"], false, "{health}");
    assert!(
        cache["problem"].as_str().is_some_and(|text| text.contains("wrangler.toml")),
        "{health}"
    );
    assert_eq!(health["keys"]["ok"], true, "{health}");
    let lines = server.log().wait_for("unhealthy");
    assert!(lines.iter().all(|line| line.contains("CACHE")), "{lines:?}");
}

fn for_the_operator(server: &Server) {
    server.get("/admin/health").expect_error(401, "invalid_token");
    let call =
        server.call("GET", "/admin/health").bearer("another token of the same length 0123456");
    call.send().expect_error(401, "invalid_token");
    let reply = server.admin("GET", "/admin/health").send().expect(200);
    assert!(reply.header("cache-control").is_some_and(|text| text.contains("no-store")));
    let text = reply.text();
    assert!(!text.contains(ADMIN_TOKEN), "{text}");
    // Of a private key (RFC 7518 section 6.2.2) and of a sealing key there is nothing.
    for secret in ["\"d\"", "private", "sealing"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
