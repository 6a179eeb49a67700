//! Registrations that are refused, and names that try to be more than names.

use latchkey_tests::{Authorization, Browser, Client, Server, Walk, raw};
use serde_json::{Value, json};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 7591 section 3.2.2: bad metadata is invalid_client_metadata, and the description names the member",
            |servers| {
                bad_metadata(servers.standard());
            },
        ),
        Case::new(
            "needs 15, RFC 9700 section 4.1.3: hostile redirect URIs are invalid_redirect_uri",
            |servers| {
                hostile_redirect_uris(servers.standard());
            },
        ),
        Case::new(
            "DCR-04: a registration without a redirect URI is invalid_redirect_uri",
            |servers| {
                for redirect_uris in [json!(null), json!([]), json!([""])] {
                    let body = json!({ "redirect_uris": redirect_uris, "client_name": "x" });
                    let reply = servers.standard().post_json("/register", &body.to_string());
                    reply.expect_error(400, "invalid_redirect_uri");
                }
            },
        ),
        Case::new(
            "issue 2, bad input: what is no JSON object in UTF-8 is invalid_client_metadata",
            |servers| {
                no_json_object(servers.standard());
            },
        ),
        Case::new("issue 2, bad input: deep, huge and ambiguous JSON is refused", |servers| {
            hostile_json(servers.standard());
        }),
        Case::new(
            "issue 2, bad input: a registration of over 64 KB is refused, announced or not",
            |servers| {
                too_large(servers.standard());
            },
        ),
        Case::new(
            "RFC 7591 section 3.1: a registration is application/json and nothing else",
            |servers| {
                content_types(servers.standard());
            },
        ),
        Case::new("DCR-11: markup in a name is shown as text on every page", |servers| {
            markup_is_text(servers.standard());
        }),
        Case::new("needs 29: characters that turn or hide text never reach a page", |servers| {
            no_turned_text(servers.standard());
        }),
    ]
}

fn base() -> Value {
    json!({ "redirect_uris": ["https://client.example/callback"] })
}

fn bad_metadata(server: &Server) {
    let long = "x".repeat(2_001);
    let key = json!({ "kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "secret" });
    let many: Vec<String> = (0..51).map(|n| format!("https://client.example/{n}")).collect();
    for (member, value) in [
        ("client_name", json!(7)),
        ("client_name", json!(["a"])),
        ("client_name", json!("n".repeat(201))),
        ("redirect_uris", json!("https://client.example/callback")),
        ("redirect_uris", json!([1])),
        ("redirect_uris", json!({ "0": "https://client.example/callback" })),
        ("redirect_uris", json!(many)),
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!(["token"])),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
        ("token_endpoint_auth_method", json!(true)),
        ("client_uri", json!("javascript:alert(1)")),
        ("client_uri", json!("http://client.example/")),
        ("logo_uri", json!("data:image/png;base64,AAAA")),
        ("tos_uri", json!("https://user:password@client.example/")),
        ("policy_uri", json!("//client.example/privacy")),
        ("policy_uri", json!(format!("https://client.example/{long}"))),
        ("scope", json!("a\u{0}b")),
        ("scope", json!(["mcp"])),
        ("contacts", json!("ada@client.example")),
        ("contacts", json!([[]])),
        ("software_id", json!(long)),
        ("jwks", json!("{}")),
        ("jwks", json!({ "keys": 1 })),
        ("jwks", json!({ "keys": [key] })),
    ] {
        let mut body = base();
        body[member] = value;
        let reply = server.post_json("/register", &body.to_string());
        reply.expect_error(400, "invalid_client_metadata");
        let answer = reply.json();
        let description = answer["error_description"].as_str().unwrap();
        assert!(description.contains(member), "{member}: {description}");
        assert_eq!(answer.get("client_id"), None);
    }
    // A client that signs has to have a key, so that is what the description names.
    let mut body = base();
    body["token_endpoint_auth_method"] = json!("private_key_jwt");
    let reply = server.post_json("/register", &body.to_string());
    reply.expect_error(400, "invalid_client_metadata");
    assert!(reply.text().contains("jwks"), "{}", reply.describe());
    // RFC 7591 section 2: not both.
    let mut body = base();
    body["jwks"] = json!({ "keys": [] });
    body["jwks_uri"] = json!("https://client.example/jwks");
    server.post_json("/register", &body.to_string()).expect_error(400, "invalid_client_metadata");
}

fn hostile_redirect_uris(server: &Server) {
    for uri in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://client.example/1",
        "view-source:https://client.example/",
        "ws://127.0.0.1/",
        "/callback",
        "//client.example/callback",
        "client.example/callback",
        "https:",
        "https:///callback",
        "https://client.example/callback#",
        "https://client.example/callback#fragment",
        "https://client.example@evil.example/",
        "https://client.example%25@evil.example/",
        "https://client.example%2fevil.example/",
        "https://client.example\\@evil.example/",
        "https://client.example/..//callback",
        "https://client.example/a/../callback",
        "https://client.example/callback\r\nLocation: https://evil.example",
        " https://client.example/callback",
        "https://bücher.example/",
        "https://client.example\u{202e}/",
        "https://*.client.example/",
        "http://client.example/callback",
        "http://127.0.0.1.evil.example/",
        "http://127.1/callback",
        "http://2130706433/callback",
        "http://[::ffff:127.0.0.1]/callback",
        "http://0.0.0.0/callback",
        "http://localhost.evil.example/",
        "urn:ietf:wg:oauth:2.0:oob",
        "myapp://callback",
        "cursor://anysphere.cursor-mcp/oauth/callback/../x",
    ] {
        let body = json!({ "redirect_uris": [uri] });
        let reply = server.post_json("/register", &body.to_string());
        reply.expect_error(400, "invalid_redirect_uri");
        // One bad URI among good ones is no better, unless its scheme just isn't offered here.
        let scheme_not_offered = ["urn:", "myapp:", "cursor:"].iter().any(|s| uri.starts_with(s));
        if !scheme_not_offered {
            let body = json!({ "redirect_uris": ["https://client.example/callback", uri] });
            let reply = server.post_json("/register", &body.to_string());
            reply.expect_error(400, "invalid_redirect_uri");
        }
    }
}

fn no_json_object(server: &Server) {
    for body in ["", "null", "[]", "7", "\"text\"", "{", "{\"redirect_uris\":}", "a=b&c=d", "{}{}"]
    {
        let reply = server.post_json("/register", body);
        reply.expect_error(400, "invalid_client_metadata");
    }
    let mut bytes = br#"{"redirect_uris":["https://client.example/"],"client_name":""#.to_vec();
    bytes.extend_from_slice(b"\xff\xfe\"}");
    for bytes in [bytes, b"\xef\xbb\xbf\xff".to_vec(), b"{\"a\":\"\\ud800\"}".to_vec()] {
        let call = server.call("POST", "/register").header("content-type", "application/json");
        call.body(bytes).send().expect_error(400, "invalid_client_metadata");
    }
}

fn hostile_json(server: &Server) {
    let uris = r#""redirect_uris":["https://client.example/callback"]"#;
    let deep = |open: &str, close: &str, depth: usize| {
        format!("{{{uris},\"x\":{}1{}}}", open.repeat(depth), close.repeat(depth))
    };
    for body in [
        deep("[", "]", 20_000),
        deep("{\"a\":", "}", 8_000),
        "[".repeat(60_000),
        format!("{{{uris},{uris}}}"),
        format!("{{{uris},\"redirect_uris\":[\"https://evil.example/\"]}}"),
        format!("{{{uris},\"client_name\":\"a\",\"client_name\":\"b\"}}"),
        format!("{{{uris},\"client_name\":\"a\",\"client\\u005fname\":\"b\"}}"),
    ] {
        let reply = server.post_json("/register", &body);
        reply.expect_error(400, "invalid_client_metadata");
    }
    // A number that no type can hold is no reason to fall over.
    let body = format!("{{{uris},\"x\":1e999999,\"y\":{}}}", "9".repeat(5_000));
    assert!(matches!(server.post_json("/register", &body).status, 201 | 400));
}

fn too_large(server: &Server) {
    let body = |length: usize| {
        let start = r#"{"redirect_uris":["https://client.example/callback"],"x":""#;
        let filler = "x".repeat(length - start.len() - 2);
        format!("{start}{filler}\"}}")
    };
    let _ = server.post_json("/register", &body(64 * 1024)).expect(201);
    for length in [64 * 1024 + 1, 65 * 1024, 1024 * 1024] {
        let reply = server.post_json("/register", &body(length));
        reply.expect_error(413, "invalid_client_metadata");
    }
    let head =
        "POST /register HTTP/1.1\nContent-Type: application/json\nTransfer-Encoding: chunked";
    let reply = raw::send(server, head, &raw::chunked(body(65 * 1024).as_bytes()));
    assert_eq!(reply.status, 413, "{}", reply.text);
    assert!(!reply.text.contains("client_id\""), "{}", reply.text);
}

fn content_types(server: &Server) {
    let body = base().to_string();
    for accepted in ["application/json", "Application/JSON", "application/json; charset=utf-8"] {
        let call = server.call("POST", "/register").header("content-type", accepted);
        let _ = call.body(body.as_str()).send().expect(201);
    }
    for refused in ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", ";", ""]
    {
        let call = server.call("POST", "/register").header("content-type", refused);
        call.body(body.as_str()).send().expect_error(400, "invalid_client_metadata");
    }
    let missing = server.call("POST", "/register").body(body.as_str()).send();
    missing.expect_error(400, "invalid_client_metadata");
}

/// Registers a client of this name, and returns the sign-in page and the consent page that name it.
fn pages_naming(server: &Server, name: &str) -> [latchkey_tests::Page; 2] {
    let metadata = json!({
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
        "client_name": name,
    });
    let client = Client::register(server, &metadata);
    let path = Authorization::of(&client).path(server);
    let sign_in = Browser::new(server).page(&path).expect(200);
    let mut walk = Walk::with(server, client);
    let request = walk.request();
    [sign_in, walk.consent_page(&request)]
}

fn markup_is_text(server: &Server) {
    let name = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;</title>";
    for page in pages_naming(server, name) {
        assert!(page.text().contains(name), "{}", page.reply.describe());
        assert_eq!(page.texts("script").len() + page.texts("img[src=x]").len(), 0);
        assert_eq!(page.attributes("[onerror]", "onerror").len(), 0);
    }
}

fn no_turned_text(server: &Server) {
    let name = "Acme\u{202e}moc.live\u{202c}\u{2066}\u{200b}\u{0}\u{1b}[31m Inc\u{feff}\n\n\nx";
    for page in pages_naming(server, name) {
        assert!(page.text().contains("Acme"), "{}", page.reply.describe());
        let turned = |character: char| {
            matches!(
                character,
                '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\0' | '\u{1b}'
            )
        };
        assert!(!page.reply.text().contains(turned), "{}", page.reply.describe());
    }
}
