//! Dynamic client registration that succeeds.

use latchkey_tests::deployment::workspace_root;
use latchkey_tests::{Authorization, Browser, Callback, Client, Deployment, Server, Tokens, Walk};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases = vec![
        Case::new(
            "RFC 7591 section 2: absent members get their defaults, and a client that names no method a secret",
            |servers| {
                defaults(servers.standard());
            },
        ),
        Case::new(
            "RFC 7591 sections 2 and 2.2: every field comes back as registered, localised names included",
            |servers| {
                every_field(servers.standard());
            },
        ),
        Case::new("needs 13: what is absent, null or empty stays absent", |servers| {
            absent_stays_absent(servers.standard());
        }),
        Case::new(
            "RFC 7591 section 3.1, DCR-10: a client can not choose its identifier or secret",
            |servers| {
                identifier_is_the_servers(servers.standard());
            },
        ),
        Case::new(
            "RFC 7591 section 3.2.1, DCR-02: a secret per client, and none for a public one",
            |servers| {
                secrets(servers.standard());
            },
        ),
        Case::new(
            "DCR-07: unknown members and grants that don't exist here are no reason to refuse",
            |servers| {
                tolerant(servers.standard());
            },
        ),
        Case::new("MAS-09: application_type never makes a registration fail", |servers| {
            for kind in [json!("native"), json!("web"), json!("desktop"), json!(7)] {
                let metadata = json!({
                    "redirect_uris": ["http://127.0.0.1:1234/callback"],
                    "application_type": kind,
                });
                let _ =
                    servers.standard().post_json("/register", &metadata.to_string()).expect(201);
            }
        }),
        Case::new(
            "RFC 8252 section 7.1: reverse-domain schemes are accepted where the configuration says so",
            |servers| {
                let metadata =
                    json!({ "redirect_uris": ["com.example.app:/callback"] }).to_string();
                let _ = servers.quick().post_json("/register", &metadata).expect(201);
                let refused = servers.standard().post_json("/register", &metadata);
                refused.expect_error(400, "invalid_redirect_uri");
            },
        ),
    ];
    cases.push(Case::new(
        "SECURITY: a key set that is large or deep is refused before it costs anything",
        |servers| large_key_set(servers.standard()),
    ));
    cases.push(Case::new(
        "needs 4: a client that nobody allowed ends after its time, and one that was allowed lives on",
        |_| {
            let server = Server::start(Deployment::brief_clients());
            ends_unused(&server.unwrap_or_else(|error| panic!("{error}")));
        },
    ));
    for path in fixtures() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let title = format!(
            "needs H: {name} registers with the very body it sends, and gets a code at each of its addresses"
        );
        cases.push(Case::new(title, move |servers| fixture(servers.standard(), &path)));
    }
    cases
}

/// The bodies that real clients send.
fn fixtures() -> Vec<PathBuf> {
    let folder = workspace_root().join("tests/fixtures/registrations");
    let entries = std::fs::read_dir(&folder).expect("tests/fixtures/registrations");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 24, "only {} fixtures in {}", paths.len(), folder.display());
    paths
}

fn fixture(server: &Server, path: &PathBuf) {
    let body = std::fs::read_to_string(path).unwrap();
    let sent: Value = serde_json::from_str(&body).unwrap();
    let reply = server.post_json("/register", &body).expect(201);
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.describe());
    let answer = reply.json();

    for (name, value) in answer.as_object().unwrap() {
        let empty = value.is_null() || *value == json!("") || *value == json!([]);
        assert!(!empty, "{name} is empty in {answer}");
    }
    for name in ["redirect_uris", "client_name", "client_uri", "logo_uri", "software_id"] {
        assert_eq!(answer.get(name), sent.get(name), "{name}");
    }
    let scope = sent.get("scope").filter(|scope| **scope != json!(""));
    assert_eq!(answer.get("scope"), scope);
    // VS Code asks for the device grant too, since the metadata has it.
    let device = json!("urn:ietf:params:oauth:grant-type:device_code");
    let mut grants = vec![json!("authorization_code"), json!("refresh_token")];
    grants.extend(
        sent["grant_types"].as_array().filter(|all| all.contains(&device)).map(|_| device.clone()),
    );
    assert_eq!(answer["grant_types"], json!(grants));
    assert_eq!(answer["response_types"], json!(["code"]));
    let method = sent.get("token_endpoint_auth_method").and_then(Value::as_str);
    let method = method.unwrap_or("client_secret_basic");
    assert_eq!(answer["token_endpoint_auth_method"], method);
    let has_secret = method.starts_with("client_secret_");
    assert_eq!(answer.get("client_secret").is_some(), has_secret);
    assert_eq!(answer.get("client_secret_expires_at").is_some(), has_secret);

    let issued_at = answer["client_id_issued_at"].as_u64().unwrap();
    assert!((now() - 30..=now() + 5).contains(&issued_at), "{issued_at}");

    // needs 4: whoever has just registered is known at once.
    let client = Client::from_reply(&reply);
    let name = sent["client_name"].as_str().unwrap();
    let mut walk = Walk::with(server, client);
    for redirect_uri in answer["redirect_uris"].as_array().unwrap() {
        let redirect_uri = redirect_uri.as_str().unwrap();
        // RFC 8252 section 7.3: at loopback the port is chosen when the client starts.
        for redirect_uri in
            std::iter::once(redirect_uri.to_owned()).chain(another_port(redirect_uri))
        {
            let request = walk.request().with("redirect_uri", &redirect_uri);
            let page = Browser::new(server).page(&request.path(server)).expect(200);
            assert!(page.text().contains(name), "{}", page.reply.describe());
            let callback = allowed(&mut walk, &request);
            assert!(callback.location.starts_with(&redirect_uri), "{}", callback.location);
            assert_eq!(callback.get("state").as_deref(), request.get("state"));
            assert_eq!(callback.get("iss"), Some(server.issuer()));
            let tokens = walk.client.redeem(server, &request.code(&callback));
            if method == "private_key_jwt" {
                // Only the vendor has the key; `clients/replay.rs` signs with one of its own.
                let _ = tokens.expect_error(401, "invalid_client");
            } else {
                let _ = Tokens::from_reply(&tokens);
            }
        }
    }
}

/// The same loopback URI at another port.
fn another_port(redirect_uri: &str) -> Option<String> {
    let mut url = url::Url::parse(redirect_uri).unwrap();
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "http" || !is_loopback {
        return None;
    }
    url.set_port(Some(49_213)).unwrap();
    Some(url.into())
}

/// Allows a request: the browser is sent to the client, or gets a link where the address isn't one
/// that a form may lead to.
pub fn allowed(walk: &mut Walk<'_>, request: &Authorization) -> Callback {
    let redirect_uri = request.get("redirect_uri").unwrap();
    let page = walk.consent_page(request);
    let landing = walk.browser.decide(&page, "allow");
    if redirect_uri.starts_with("http") {
        let callback = landing.away();
        assert_eq!(callback.reply.status, 303, "{}", callback.reply.describe());
        return callback;
    }
    let page = landing.page().expect(200);
    let links = page.attributes("a", "href");
    let link = links.iter().find(|link| link.starts_with(redirect_uri));
    let link = link.unwrap_or_else(|| panic!("no link: {}", page.reply.describe()));
    Callback::new(link, page.reply.clone())
}

fn ends_unused(server: &Server) {
    let mut walk = Walk::begin(server);
    // Signing up may have taken longer than a client lives that nobody allowed.
    walk.client = Client::public(server);
    let tokens = walk.tokens();
    // This one is younger: when it has ended, so would the other one have, had nobody allowed it.
    let unused = Client::public(server);
    let deadline = Instant::now() + Duration::from_secs(60);
    let refused = loop {
        let reply = unused.refresh(server, "nobody-has-this");
        if reply.json()["error"] == "invalid_client" {
            break reply;
        }
        reply.expect_error(400, "invalid_grant");
        assert!(Instant::now() < deadline, "it never ends");
        std::thread::sleep(Duration::from_millis(200));
    };
    refused.expect_error(401, "invalid_client");
    let page = Browser::new(server).page(&Authorization::of(&unused).path(server)).expect(400);
    assert!(page.reference().len() >= 6);
    let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = Tokens::from_reply(&walk.client.refresh(server, &next.refresh));
    let _ = walk.code();
}

fn large_key_set(server: &Server) {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    let many: Vec<Value> =
        (0..1_000).map(|n| json!({ "kty": "EC", "kid": n.to_string() })).collect();
    for keys in [
        json!({ "keys": [{ "kty": "RSA", "n": "x".repeat(9_000) }] }),
        json!({ "keys": [], "x": "x".repeat(9_000) }),
        json!({ "keys": many }),
        json!({ "keys": [deep(12)] }),
        json!({ "keys": [], "x": deep(60) }),
        json!({ "keys": [], "x": deep(110) }),
    ] {
        let metadata =
            json!({ "redirect_uris": ["https://client.example/callback"], "jwks": keys });
        let refused = server.post_json("/register", &metadata.to_string());
        refused.expect_error(400, "invalid_client_metadata");
    }
    let jwks = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "a", "y": "b" }] });
    let metadata = json!({ "redirect_uris": ["https://client.example/callback"], "jwks": jwks });
    let _ = Client::register(server, &metadata);
}

fn defaults(server: &Server) {
    let metadata = json!({ "redirect_uris": ["https://client.example/callback"] });
    let before = now();
    let client = Client::register(server, &metadata).document;
    let issued_at = client["client_id_issued_at"].as_u64().unwrap();
    assert!((before - 5..=now() + 5).contains(&issued_at), "{issued_at}");
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(client["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(client["response_types"], json!(["code"]));
    assert_eq!(client["client_secret_expires_at"], 0);
    assert!(client["client_secret"].as_str().unwrap().len() >= 43, "256 bits");
}

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn every_field(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback", "http://127.0.0.1/", "http://[::1]:1/"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "Zeichenbrett",
        "client_name#en": "Drawing board",
        "client_name#ja-Jpan-JP": "クライアント名",
        "client_uri": "https://client.example/",
        "client_uri#de": "https://client.example/de",
        "logo_uri": "https://client.example/logo.png",
        "scope": "mcp mcp:write unknown",
        "contacts": ["ada@client.example", "Bureau <help@client.example>"],
        "tos_uri": "https://client.example/terms",
        "tos_uri#fr": "https://client.example/conditions",
        "policy_uri": "https://client.example/privacy",
        "jwks_uri": "https://client.example/jwks.json",
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1",
        "application_type": "web",
    });
    let answer = Client::register(server, &metadata).document;
    for (name, value) in metadata.as_object().unwrap() {
        assert_eq!(answer.get(name), Some(value), "{name}");
    }
}

fn absent_stays_absent(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
        "client_name": "",
        "client_uri": null,
        "logo_uri": "",
        "scope": "",
        "contacts": [],
        "tos_uri": null,
        "software_id": "",
        "jwks": null,
    });
    let answer = Client::register(server, &metadata).document;
    let mut names: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "client_id",
            "client_id_issued_at",
            "grant_types",
            "redirect_uris",
            "registration_access_token",
            "registration_client_uri",
            "response_types",
            "token_endpoint_auth_method",
        ]
    );
}

fn identifier_is_the_servers(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback"],
        "client_id": "chosen",
        "client_secret": "chosen-by-the-client",
        "client_id_issued_at": 1,
    });
    let (first, second) =
        (Client::register(server, &metadata), Client::register(server, &metadata));
    assert!(first.id != second.id && first.secret != second.secret);
    for client in [&first, &second] {
        assert!(!client.id.contains("chosen") && !client.id.starts_with("https://"));
        assert_ne!(client.secret.as_deref(), Some("chosen-by-the-client"));
        assert_ne!(client.document["client_id_issued_at"], 1);
    }
}

fn secrets(server: &Server) {
    for method in ["client_secret_basic", "client_secret_post"] {
        let client = Client::with_method(server, method);
        assert!(client.secret.is_some() && client.document["client_secret_expires_at"] == 0);
    }
    let public = Client::public(server).document;
    assert_eq!((public.get("client_secret"), public.get("client_secret_expires_at")), (None, None));
}

fn tolerant(server: &Server) {
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback"],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "x"],
        "response_types": ["code", "id_token"],
        "dpop_bound_access_tokens": true,
        "vendor": { "a": [1, 2, { "b": null }] },
        "software_statement": "ignored.by.design",
    });
    let answer = Client::register(server, &metadata).document;
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(answer["grant_types"], json!(["authorization_code", "refresh_token", device]));
    assert_eq!(answer["response_types"], json!(["code"]));
    assert_eq!((answer.get("vendor"), answer.get("dpop_bound_access_tokens")), (None, None));
}
