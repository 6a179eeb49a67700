//! What has gone wrong in servers and clients like this one, each by its name. The one that a browser package
//! could have, CVE-2025-6514, is in `web_client/metadata.rs`.

use latchkey_tests::client::Code;
use latchkey_tests::{Authorization, Client, Device, Landing, Server, Tokens, Walk, pkce};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "CVE-2025-4143: a redirect URI that isn't this client's gets nothing, also from a person who allowed the client before",
            |servers| redirect_uri_not_checked(servers.standard()),
        ),
        Case::new(
            "CVE-2025-4144: PKCE can't be left out, neither the challenge nor the verifier",
            |servers| {
                pkce_left_out(servers.standard());
                pkce_left_out_where_it_may_be(servers.quick());
            },
        ),
        Case::new(
            "confused deputy by remembered consent: a new client with a known one's name and redirect URI shows the page, and prompt=none is refused",
            |servers| remembered_consent(servers.standard()),
        ),
        Case::new(
            "known failure: a client can't revoke another's token, of whatever kind, and learns nothing of it",
            |servers| revoking_for_others(servers.standard()),
        ),
        Case::new(
            "known failure: a code is bound to its client and its redirect URI, also where all else is known",
            |servers| unbound_code(servers.standard()),
        ),
    ]
}

/// Cloudflare's provider took any `redirect_uri` at the authorization endpoint, and a person who was signed in
/// and had allowed the client before sent their code to whoever had made the link.
fn redirect_uri_not_checked(server: &Server) {
    let mut walk = Walk::begin(server);
    let _ = walk.tokens();
    let metadata = json!({
        "redirect_uris": ["https://attacker.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    let attacker = Client::register(server, &metadata);
    for uri in [
        attacker.redirect_uri.as_str(),
        "https://attacker.example/",
        "https://client.example.attacker.example/callback",
        "https://client.example@attacker.example/callback",
        "https://client.example/callback/../../attacker",
        "http://client.example/callback",
        "http://127.0.0.1:1/callback",
        "javascript:alert(1)",
    ] {
        let request = walk.request().with("redirect_uri", uri);
        for request in [request.clone(), request.clone().and("prompt", "none")] {
            let page = walk.browser.page(&request.path(server)).expect(400);
            let links = page.attributes("a, form", "href");
            assert!(links.iter().all(|link| link.starts_with('/')), "{uri}: {links:?}");
            assert!(!page.reply.text().contains("name=\"decision\""), "{}", page.reply.describe());
        }
        // Posted, it is the same request.
        let landing = walk.browser.post(&server.at("/authorize"), request.fields());
        let _ = landing.page().expect(400);
    }
}

/// The same provider forgot the challenge when the token request left the verifier out, and took requests without
/// a challenge.
fn pkce_left_out(server: &Server) {
    for method in ["none", "client_secret_basic"] {
        let mut walk = Walk::with(server, Client::with_method(server, method));
        let code = walk.code();
        let mut fields = code.fields().to_vec();
        fields.retain(|(name, _)| *name != "code_verifier");
        walk.client.token(server, &fields).expect_error(400, "invalid_grant");
        fields.push(("code_verifier", ""));
        walk.client.token(server, &fields).expect_error(400, "invalid_grant");
        let _ = Tokens::from_reply(&walk.client.redeem(server, &code));

        let bare = walk.request().without("code_challenge").without("code_challenge_method");
        for request in [bare.clone(), bare.with("code_challenge", "")] {
            let silent = request.clone().and("prompt", "none").path(server);
            let callback = walk.browser.open(&silent).away();
            assert_eq!(callback.get("error").as_deref(), Some("invalid_request"));
            let page = walk.browser.page(&request.path(server)).expect(400);
            assert!(!page.reply.text().contains("name=\"decision\""), "{}", page.reply.describe());
        }
    }
}

/// Where the configuration lets clients with a secret leave PKCE out, one that didn't can't be made to afterwards:
/// whoever has caught its code has no use for it without the verifier.
fn pkce_left_out_where_it_may_be(server: &Server) {
    let mut walk = Walk::with(server, Client::with_method(server, "client_secret_basic"));
    let code = walk.code();
    let stripped = Code { verifier: String::new(), ..code.clone() };
    walk.client.redeem(server, &stripped).expect_error(400, "invalid_grant");
    let _ = Tokens::from_reply(&walk.client.redeem(server, &code));
    // The other way round: the attacker took the challenge out of the request, so no verifier fits.
    let request = walk.request().without("code_challenge").without("code_challenge_method");
    let callback = walk.approve(&request);
    let downgraded = Code { verifier: pkce::verifier(), ..request.code(&callback) };
    walk.client.redeem(server, &downgraded).expect_error(400, "invalid_request");
}

/// Proxies for MCP remembered a person's consent by a name or in a cookie that every client shares, so that a
/// client which an attacker had registered a moment ago got a code without a page.
fn remembered_consent(server: &Server) {
    let metadata = json!({
        "client_name": "A well-known app",
        "client_uri": "https://client.example",
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    let mut walk = Walk::with(server, Client::register(server, &metadata));
    let _ = walk.tokens();
    // This very client is remembered.
    let request = walk.request().and("prompt", "none");
    let _ = walk.browser.open(&request.path(server)).away().code();

    let mut elsewhere = metadata.clone();
    elsewhere["redirect_uris"] = json!(["https://client.example/other"]);
    for twin in [metadata, elsewhere] {
        let twin = Client::register(server, &twin);
        let request = Authorization::of(&twin);
        let callback =
            walk.browser.open(&request.clone().and("prompt", "none").path(server)).away();
        assert_eq!(callback.get("error").as_deref(), Some("consent_required"));
        assert_eq!(callback.get("code"), None, "{}", callback.location);
        let page = walk.consent_page(&request);
        assert!(page.text().contains("client.example"), "{}", page.reply.describe());
        // And the page of one client decides nothing for the other.
        let other = walk.consent_page(&walk.request());
        let mut fields = page.form("/consent").filled(&[("decision", "allow")]);
        let token = other.form("/consent").field("csrf").expect("csrf").to_owned();
        fields
            .iter_mut()
            .filter(|(name, _)| name == "csrf")
            .for_each(|(_, own)| own.clone_from(&token));
        let landing = walk.browser.post(&server.at("/consent"), &fields);
        assert!(matches!(landing, Landing::Page(_)), "another page's token counted");
    }
}

/// RFC 7009 section 2.1: a server has to look whose token it is.
fn revoking_for_others(server: &Server) {
    let mut walk = Walk::begin(server);
    let first = walk.tokens();
    let tokens = Tokens::from_reply(&walk.client.refresh(server, &first.refresh));
    let unused = walk.code();
    let device = Device::new(server);
    walk.browser.allow_device(&device);
    let of_device = Tokens::from_reply(&device.poll());

    for method in ["none", "client_secret_basic", "client_secret_post"] {
        // Of the same redirect URI, and allowed by the same person.
        let mut attacker = Walk { client: Client::with_method(server, method), ..walk.clone() };
        let own = attacker.tokens();
        for token in [&tokens.refresh, &tokens.access, &of_device.refresh, &of_device.access] {
            for hint in ["refresh_token", "access_token", "nonsense"] {
                let fields = [("token", token.as_str()), ("token_type_hint", hint)];
                let reply = attacker.client.call(server, "/revoke", &fields).send();
                reply.expect_error(400, "invalid_grant");
                assert!(!reply.text().contains(&walk.client.id), "{}", reply.describe());
            }
        }
        for token in [&first.refresh, &unused.code] {
            let reply = attacker.client.revoke(server, token);
            assert!(matches!(reply.status, 200 | 400), "{}", reply.describe());
        }
        let _ = Tokens::from_reply(&attacker.client.refresh(server, &own.refresh));
    }
    // In the owner's name, but without what proves it.
    let confidential = Client::with_method(server, "client_secret_basic");
    let owned = Walk { client: confidential.clone(), ..walk.clone() }.tokens();
    for secret in [None, Some("a guess")] {
        let mut fields = vec![("token", owned.refresh.as_str()), ("client_id", &confidential.id)];
        fields.extend(secret.map(|secret| ("client_secret", secret)));
        server.post_form("/revoke", &fields).expect_error(401, "invalid_client");
    }

    let _ = Tokens::from_reply(&walk.client.redeem(server, &unused));
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = Tokens::from_reply(&device.client.refresh(server, &of_device.refresh));
    let _ = Tokens::from_reply(&confidential.refresh(server, &owned.refresh));
}

/// RFC 6749 section 4.1.3: a server has to look to whom a code was issued, and for which redirect URI. The one who
/// tries has the code, the verifier, and a client with the same redirect URI and the same person's consent.
fn unbound_code(server: &Server) {
    let mut walk = Walk::begin(server);
    let code = walk.code();
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let mut attacker = Walk { client: Client::with_method(server, method), ..walk.clone() };
        let _ = attacker.tokens();
        attacker.client.redeem(server, &code).expect_error(400, "invalid_grant");
        let mut fields = code.fields().to_vec();
        fields.retain(|(name, _)| *name != "redirect_uri");
        attacker.client.token(server, &fields).expect_error(400, "invalid_grant");
    }
    for redirect_uri in ["https://attacker.example/callback", "https://client.example/callback?x"] {
        let elsewhere = Code { redirect_uri: redirect_uri.to_owned(), ..code.clone() };
        walk.client.redeem(server, &elsewhere).expect_error(400, "invalid_grant");
    }
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &code));

    // And whose code it is: an attacker's own code, put into a victim's callback, fits no verifier of the victim.
    let mut attacker = Walk::with(server, walk.client.clone());
    let injected = Code { verifier: pkce::verifier(), ..attacker.code() };
    walk.client.redeem(server, &injected).expect_error(400, "invalid_grant");
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}
