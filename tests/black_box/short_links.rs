//! The second configuration: a public short-link service that other clients already know.

use latchkey_tests::{Client, Server, Tokens, Walk, jwt};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: base path, prefixes, scopes and lifetimes are configuration: the whole walk of a short-link service",
            |servers| {
                whole_walk(servers.short_links());
            },
        ),
        Case::new(
            "issue 2: the short-link service's metadata is all under its base path, with plain after S256",
            |servers| {
                metadata(servers.short_links());
            },
        ),
        Case::new(
            "RFC 7636 section 4.2: plain PKCE works where the configuration allows it, and only as plain",
            |servers| {
                plain(servers.short_links());
            },
        ),
        Case::new(
            "issue 2: below the base path only; the root has nothing but the metadata",
            |servers| {
                for path in
                    ["/", "/authorize", "/token", "/register", "/jwks", "/mcp", "/mcp/oauth2"]
                {
                    let _ = servers.short_links().get(path).expect(404);
                }
            },
        ),
    ]
}

const SCOPE: &str = "shorturl:read shorturl:create qrcode:read qrcode:create analytics:read";

fn client(server: &Server) -> Client {
    let metadata = json!({
        "client_name": "Link maker",
        "redirect_uris": ["https://maker.example/callback"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    Client::register(server, &metadata)
}

fn whole_walk(server: &Server) {
    let mut walk = Walk::with(server, client(server));
    assert!(walk.client.id.starts_with("jmpy_client_"), "{}", walk.client.id);
    let secret = walk.client.secret.clone().unwrap();
    assert!(secret.starts_with("jmpy_secret_"));

    let request = walk.request().and("scope", SCOPE);
    let page = walk.consent_page(&request);
    let text = page.text();
    for wanted in [
        "Short Links",
        "See your short links",
        "Create short links",
        "See your QR codes",
        "Create QR codes",
        "See how often your links are opened",
        "30 days",
    ] {
        assert!(text.contains(wanted), "{wanted:?} in {text}");
    }
    assert_eq!(page.attributes("img", "src"), ["https://cdn.links.example/logo.png"]);
    let policy = page.reply.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self' https://cdn.links.example"), "{policy}");

    let callback = walk.browser.decide(&page, "allow").away();
    assert_eq!(callback.get("iss").as_deref(), Some("https://links.example"));
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
    assert_eq!(tokens.scope, SCOPE);
    assert_eq!(tokens.document["expires_in"], 3600);
    assert!(tokens.refresh.starts_with("jmpy_rt_"));
    let claims = jwt::verify(&tokens.access, &jwt::keys(server)).unwrap().claims;
    assert_eq!(claims["iss"], "https://links.example");
    assert_eq!(claims["aud"], "https://links.example/mcp");

    let next = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = walk.client.revoke(server, &next.refresh).expect(200);
    walk.client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");

    // Nothing asked for is the default, in the order of the configuration.
    assert_eq!(walk.tokens().scope, "shorturl:read shorturl:create");
}

fn metadata(server: &Server) {
    let metadata = server.get("/.well-known/oauth-authorization-server").expect(200).json();
    assert_eq!(metadata["issuer"], "https://links.example");
    for (member, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("registration_endpoint", "/register"),
        ("revocation_endpoint", "/revoke"),
        ("jwks_uri", "/jwks"),
    ] {
        assert_eq!(metadata[member], format!("https://links.example/mcp/oauth{path}"));
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256", "plain"]));
    for scope in SCOPE.split(' ') {
        assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!(scope)));
    }
}

fn plain(server: &Server) {
    let mut walk = Walk::with(server, client(server));
    let verifier = latchkey_tests::pkce::verifier();
    // RFC 7636 section 4.3: without a method it is plain.
    for method in [Some("plain"), None] {
        let mut request = walk.request().with("code_challenge", &verifier);
        request = request.without("code_challenge_method");
        if let Some(method) = method {
            request = request.and("code_challenge_method", method);
        }
        request.verifier.clone_from(&verifier);
        let callback = walk.approve(&request);
        let code = request.code(&callback);
        let mut wrong = code.clone();
        wrong.verifier = latchkey_tests::pkce::verifier();
        walk.client.redeem(server, &wrong).expect_error(400, "invalid_grant");
        let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
    }
    // An S256 challenge isn't its own verifier.
    let request = walk.request();
    let callback = walk.approve(&request);
    let mut downgraded = request.code(&callback);
    downgraded.verifier = request.get("code_challenge").unwrap().to_owned();
    walk.client.redeem(server, &downgraded).expect_error(400, "invalid_grant");
}
