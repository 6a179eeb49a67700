//! What a document that changes, can't be fetched or is gone means for what was allowed before.

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::document_host::Answer;
use latchkey_tests::{Client, Device, Reply, Server, Signer, Tokens, Walk};
use serde_json::json;
use std::time::{Duration, Instant};

use super::{Published, REDIRECT_URI, stops};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "CIM-11, needs 21: keys that changed since the person allowed the client end its refresh",
            |servers| changed_keys(servers.brief_documents()),
        ),
        Case::new(
            "CIM-11: a document that changes from none to keys ends what its public client got",
            |servers| from_public_to_signing(servers.brief_documents()),
        ),
        Case::new(
            "CIM-11, needs 21: other redirect URIs are another installation, and no silent consent covers them",
            |servers| changed_redirect_uris(servers.brief_documents()),
        ),
        Case::new(
            "needs 5: the last good copy serves while the document can't be fetched",
            |servers| last_good_copy(servers.brief_documents()),
        ),
        Case::new(
            "CIM-08, needs 5: no copy stands in for a document that is another client's or gone, until the client describes itself again",
            |servers| no_stand_in(servers.brief_documents()),
        ),
        Case::new(
            "needs 5: a document that is withdrawn while a person decides stops an app and a device on a page, and Allow goes on once it is back",
            |servers| gone_meanwhile(servers.brief_documents()),
        ),
    ]
}

/// Refreshes until the server has seen what changed in the document, and answers something else.
#[track_caller]
fn refresh_until_refused(server: &Server, client: &Client, tokens: Tokens) -> Reply {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut refresh = tokens.refresh;
    while Instant::now() < deadline {
        let reply = client.refresh(server, &refresh);
        if reply.status != 200 {
            return reply;
        }
        refresh = Tokens::from_reply(&reply).refresh;
    }
    panic!("the change was not seen");
}

fn changed_keys(server: &Server) {
    let signer = Signer::new("ES256");
    let mut published = Published::new();
    published.document["token_endpoint_auth_method"] = json!("private_key_jwt");
    published.document["jwks"] = signer.jwks();
    published.publish();
    let mut walk = Walk::with(server, published.client());
    let code = walk.code();
    let issuer = server.issuer();
    let fields = signer.fields(&published.url, &issuer, &code.fields());
    let tokens = Tokens::from_reply(&server.call("POST", "/token").form(&fields).send());

    let other = Signer::new("ES256");
    published.document["jwks"] = other.jwks();
    published.publish();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.refresh)];
        let fields = other.fields(&published.url, &issuer, &refresh);
        let reply = server.call("POST", "/token").form(&fields).send();
        // Until the change is seen it is a signature by nobody's key; then it is the right key of
        // a client that the person never allowed.
        if reply.status == 400 {
            let _ = reply.expect_error(400, "invalid_grant");
            assert!(reply.text().contains("other keys"), "{}", reply.describe());
            return;
        }
        let _ = reply.expect_error(401, "invalid_client");
        assert!(Instant::now() < deadline, "the change was not seen");
    }
}

fn from_public_to_signing(server: &Server) {
    let mut published = Published::new();
    let mut walk = Walk::with(server, published.client());
    let tokens = walk.tokens();
    published.document["token_endpoint_auth_method"] = json!("private_key_jwt");
    published.document["jwks"] = Signer::new("ES256").jwks();
    published.publish();
    // CIM-10: from then on every request needs an assertion.
    let reply = refresh_until_refused(server, &walk.client, tokens);
    let _ = reply.expect_error(401, "invalid_client");
}

fn changed_redirect_uris(server: &Server) {
    let mut published = Published::new();
    let mut walk = Walk::with(server, published.client());
    let tokens = walk.tokens();
    let silent = |walk: &mut Walk<'_>| {
        let request = walk.request().and("prompt", "none");
        walk.browser.open(&request.path(server)).away()
    };
    assert!(silent(&mut walk).get("code").is_some());
    let added = "https://client.example/another";
    published.document["redirect_uris"] = json!([REDIRECT_URI, added]);
    published.publish();
    let deadline = Instant::now() + Duration::from_secs(60);
    while silent(&mut walk).get("error").as_deref() != Some("consent_required") {
        assert!(Instant::now() < deadline, "the change was not seen");
    }
    // Nothing of it is marked as allowed before, and what the client holds goes on.
    let page = walk.consent_page(&walk.request());
    assert!(!page.text().contains("Already allowed"), "{}", page.text());
    assert!(page.text().contains("You allowed this app before."), "{}", page.text());
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}

fn last_good_copy(server: &Server) {
    // The host is down, or something before it answers in its place.
    for answer in [
        Answer::of(503, "text/html", "Down"),
        Answer::of(404, "application/json", "{}"),
        Answer::of(200, "text/html", "<h1>Are you a robot?</h1>"),
    ] {
        let published = Published::new();
        let mut walk = Walk::with(server, published.client());
        let mut refresh = walk.tokens().refresh;
        let asked = published.host.count(&published.url);
        published.host.set(&published.url, Some(answer));
        let deadline = Instant::now() + Duration::from_secs(60);
        while published.host.count(&published.url) == asked {
            assert!(Instant::now() < deadline, "the document was not asked for again");
            refresh = Tokens::from_reply(&walk.client.refresh(server, &refresh)).refresh;
        }
        let _ = Tokens::from_reply(&walk.client.refresh(server, &refresh));
        let _ = walk.tokens();
    }
}

fn no_stand_in(server: &Server) {
    let other = json!({ "client_id": "https://other.example/client.json" });
    for (answer, statuses, error) in [
        (Answer::json(&other, "max-age=1"), [401, 400], "invalid_client"),
        (Answer::of(410, "text/plain", "Gone"), [401, 400], "invalid_client"),
    ] {
        let published = Published::on_busy_host();
        let mut walk = Walk::with(server, published.client());
        let tokens = walk.tokens();
        published.host.set(&published.url, Some(answer));
        let reply = refresh_until_refused(server, &walk.client, tokens);
        let _ = reply.expect_error(statuses[0], error);
        stops(server, &walk.client, statuses[1], error);
        // It is no grudge: once the client describes itself again, it is a client again.
        published.publish();
        let _ = walk.tokens();
    }
}

/// A client that a person or a device is just about to be asked about, and whose document is withdrawn.
fn gone_meanwhile(server: &Server) {
    let mut published = Published::on_busy_host();
    published.document["grant_types"] = json!(["authorization_code", DEVICE_GRANT]);
    published.publish();
    let mut walk = Walk::with(server, published.client());
    let consent = walk.consent_page(&walk.request());
    let device = Device::of(server, published.client(), &[]);
    let asks = walk.browser.enter_code(device.user_code()).expect(200);

    published.host.set(&published.url, Some(Answer::of(410, "text/plain", "Gone")));
    let deadline = Instant::now() + Duration::from_secs(60);
    while walk.client.refresh(server, "nobody's").status != 401 {
        assert!(Instant::now() < deadline, "the change was not seen");
    }
    let decided = walk.browser.decide(&consent, "allow").page();
    let entered = walk.browser.enter_code(device.user_code());
    let allowed = walk.browser.decide_device(&asks, "allow");
    for page in [decided, entered, allowed] {
        let page = page.expect(400);
        assert_eq!(page.reply.header("location"), None);
        assert!(page.text().contains("gone for good"), "{}", page.text());
        assert!(!page.text().contains("removed"), "{}", page.text());
    }
    // The device got nothing meanwhile; Allow again, or the code again, goes on from there.
    let _ = device.poll().expect_error(401, "invalid_client");
    published.publish();
    let page = walk.browser.enter_code(device.user_code()).expect(200);
    assert_eq!(page.heading(), "You can go back to your device");
    let _ = Tokens::from_reply(&device.poll());
    let _ = walk.browser.decide(&consent, "allow").away().code();
}
