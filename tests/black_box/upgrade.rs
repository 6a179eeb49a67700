//! Storage that earlier releases wrote opens in this one, and what they issued goes on working.

use latchkey_tests::release::{Held, Kept};
use latchkey_tests::upstream::Place;
use latchkey_tests::{
    Browser, Call, Client, Deployment, Reply, Server, Tokens, Upstream, Walk, device::DEVICE_GRANT,
};
use serde_json::json;

use crate::Case;

/// The cases: one for each storage that is kept.
pub fn trials() -> Vec<Case> {
    let kept = Kept::all();
    let cases = kept.into_iter().map(|kept| {
        let title = format!(
            "issue 7: storage of {} opens, and its sessions, codes, tokens and clients go on working",
            kept.name
        );
        Case::new(title, move |_| opens(&kept))
    });
    cases.collect()
}

/// The new release on the old storage, at the moment at which the old one ended.
struct Upgraded {
    server: Server,
    place: Place,
    _upstream: Upstream,
}

impl Upgraded {
    fn start(kept: &Kept) -> Self {
        let upstream = Upstream::start();
        let deployment = Deployment::upgraded(&upstream);
        let server = Server::start_on(deployment, |storage| kept.put_into(storage));
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        server.fail(&kept.held.clock());
        Self { server, place: upstream.plain(), _upstream: upstream }
    }

    /// A call of the resource.
    fn call(&self, token: &str) -> Reply {
        let path = format!("/mcp?at={}", self.place.name());
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let call = self.server.call("POST", &path).bearer(token);
        let call = call.header("content-type", "application/json");
        call.header("accept", "application/json").body(message.to_string()).send()
    }
}

fn opens(kept: &Kept) {
    let upgraded = Upgraded::start(kept);
    let (server, held) = (&upgraded.server, &kept.held);
    let client = held.client();

    // Tokens, by keys that the old release made.
    let _ = upgraded.call(&held.access_token).expect(200);
    let _ = upgraded.call(&held.revoked_access_token).expect(401);
    Client::from_document(held.other_client.clone())
        .refresh(server, &held.revoked_refresh_token)
        .expect_error(400, "invalid_grant");
    // A retry of the last refresh gives what it gave; the next one goes on.
    let retried = Tokens::from_reply(&client.refresh(server, &held.refresh_token_before));
    assert_eq!(retried.refresh, held.refresh_token);
    let next = Tokens::from_reply(&client.refresh(server, &held.refresh_token));
    let _ = upgraded.call(&next.access).expect(200);

    // A code, once.
    let tokens = Tokens::from_reply(&client.redeem(server, &held.code()));
    let _ = upgraded.call(&tokens.access).expect(200);
    client.redeem(server, &held.code()).expect_error(400, "invalid_grant");
    let _ = upgraded.call(&tokens.access).expect(401);

    if let Some(token) = &held.personal_access_token {
        let _ = upgraded.call(token).expect(200);
    }
    if let Some((document, code)) = &held.device {
        let device = Client::from_document(document.clone());
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", code.as_str())];
        let tokens = Tokens::from_reply(&device.token(server, &fields));
        let _ = upgraded.call(&tokens.access).expect(200);
    }
    manages_its_registration(server, &client);
    person(&upgraded, held);
}

/// Of a release that gave out the token for it.
fn manages_its_registration(server: &Server, client: &Client) {
    let Some(token) = client.document["registration_access_token"].as_str() else {
        return;
    };
    let managed = |method: &str| -> Call<'_> {
        let call = server.call(method, &format!("/register/{}", client.id)).bearer(token);
        call.header("content-type", "application/json")
    };
    assert_eq!(managed("GET").send().expect(200).json()["client_id"], client.id.as_str());
    let body = json!({
        "client_id": client.id, "client_name": "Renamed",
        "redirect_uris": client.document["redirect_uris"],
        "token_endpoint_auth_method": client.method,
    });
    let changed = managed("PUT").body(body.to_string()).send().expect(200).json();
    assert_eq!(changed["client_name"], "Renamed");
}

fn person(upgraded: &Upgraded, held: &Held) {
    let server = &upgraded.server;
    // The session of the browser goes on, and the log has what was before.
    let mut browser = Browser::new(server);
    for pair in held.cookies.split("; ") {
        let (name, value) = pair.split_once('=').expect("a cookie");
        browser.jar.set(name, value);
    }
    assert!(browser.account().text().contains(&held.email));
    let entries = browser.activity(&[]);
    let has = |kind: &str| entries.iter().any(|entry| entry["kind"] == kind);
    for kind in ["signed_up", "consented", "code_redeemed", "refreshed", "revoked"] {
        assert!(has(kind), "{kind} is not in {entries:?}");
    }
    // They sign in, allow the same app something new, and take everything back.
    let mut browser = Browser::new(server);
    let page = browser.page("/sign-in").expect(200);
    let _ = browser.sign_in(&page, &held.person()).page().expect(200);
    let mut walk = Walk { server, client: held.client(), person: held.person(), browser };
    let tokens = walk.tokens();
    let _ = upgraded.call(&tokens.access).expect(200);
    let app = |page: &latchkey_tests::Page| {
        let forms = page.forms();
        let mut forms = forms.iter().filter(|form| form.field("action") == Some("revoke-app"));
        forms.next().and_then(|form| form.field("id")).map(str::to_owned)
    };
    // However many installations that are.
    for _ in 0..5 {
        let Some(id) = app(&walk.browser.account()) else { break };
        let _ = walk.browser.take_back("revoke-app", Some(&id));
    }
    assert_eq!(app(&walk.browser.account()), None);
    let _ = upgraded.call(&tokens.access).expect(401);
    walk.client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
}
