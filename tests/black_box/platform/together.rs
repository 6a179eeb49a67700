//! What a message writes is written as a whole, where a statement of it fails.

use latchkey_tests::{Browser, Landing, Person, Tokens, Walk};
use serde_json::{Value, json};

use super::{Faulty, unavailable_page};
use crate::failures::unavailable;

pub fn whole_or_not_at_all() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let mut walk = Walk::with(
        server,
        server.administered_client(&json!({
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": "none",
        })),
    );
    let kinds = |browser: &mut Browser<'_>, kind: &str| {
        browser.activity(&[]).iter().filter(|entry| entry["kind"] == kind).count()
    };

    // A consent without its entry in the log.
    let request = walk.request();
    let page = walk.consent_page(&request);
    server.fail_statements("Account", "INSERT INTO activity");
    unavailable_page(&walk.browser.decide(&page, "allow").page());
    server.mend();
    assert_eq!(kinds(&mut walk.browser, "consented"), 0);
    let callback = walk.browser.decide(&page, "allow").away();
    let tokens = Tokens::from_reply(&walk.client.redeem(server, &request.code(&callback)));
    assert_eq!(kinds(&mut walk.browser, "consented"), 1);

    // A session of which the log knows nothing.
    let mut elsewhere = Browser::new(server);
    let sign_in = elsewhere.page("/sign-in").expect(200);
    server.fail_statements("Account", "INSERT INTO activity");
    unavailable_page(&elsewhere.sign_in(&sign_in, &walk.person).page());
    server.mend();
    let before = kinds(&mut walk.browser, "signed_in");
    let _ = elsewhere.sign_in(&sign_in, &walk.person);
    assert_eq!(kinds(&mut walk.browser, "signed_in"), before + 1);

    // A client that is gone, of which no account is ever told.
    let path = format!("/admin/clients/{}", walk.client.id);
    server.fail_statements("ClientRegistry", "INSERT INTO removals");
    unavailable(&server.admin("DELETE", &path).send());
    server.mend();
    let tokens = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    let _ = server.admin("DELETE", &path).send().expect(204);
    assert_eq!(kinds(&mut walk.browser, "client_removed"), 1);
    walk.client.refresh(server, &tokens.refresh).expect_error(401, "invalid_client");

    // A key that took over from one that was to be dropped, and wasn't.
    let keys = || server.admin("GET", "/admin/keys").send().expect(200).json()["keys"].clone();
    let listed = keys();
    let signs = |key: &&Value| key["use"] == "sig" && key["state"] == "current";
    let stolen = listed.as_array().expect("keys").iter().find(signs).expect("a key");
    let path = format!("/admin/keys/{}", stolen["kid"].as_str().expect("a kid"));
    server.fail_statements("Keyring", "UPDATE keys SET dropped_at");
    unavailable(&server.admin("DELETE", &path).send());
    server.mend();
    assert_eq!(keys(), listed);
    let _ = server.admin("DELETE", &path).send().expect(204);
    assert_ne!(keys(), listed);
}

pub fn tables() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let (person, mut browser) = (Person::new(), Browser::new(server));
    let sign_up = browser.page("/sign-up").expect(200);
    // The last statement of a schema. Tables without their version would be made anew each time, and stand in the way.
    for class in ["Directory", "Account"] {
        server.fail_statements(class, "INSERT INTO schema_version");
        unavailable_page(&browser.sign_up(&sign_up, &person).page());
    }
    server.mend();
    let _ = browser.sign_up(&sign_up, &person).page().expect(200);
    assert_eq!(browser.activity(&[]).len(), 2, "the person signed up, and so signed in");
}

pub fn least_used() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let mut walk = Walk::begin(server);
    let mut tokens = vec![walk.tokens()];
    // With one new grant in sixteen others end, so within 500 more for all but one run in 10^13.
    let failed = loop {
        assert!(tokens.len() < 600, "no others ended");
        // Allowing it again without a page writes nothing else to the log.
        let request = walk.request().and("prompt", "none");
        if tokens.len() >= 128 {
            server.fail_statements("Account", "INSERT INTO activity");
        }
        let landing = walk.browser.open(&request.path(server));
        server.mend();
        match landing {
            Landing::Page(page) => break page,
            Landing::Away(callback) => {
                let code = request.code(&callback);
                tokens.push(Tokens::from_reply(&walk.client.redeem(server, &code)));
            }
        }
    };
    unavailable_page(&failed);
    let works = |tokens: &&Tokens| walk.client.refresh(server, &tokens.refresh).status == 200;
    assert_eq!(tokens.iter().filter(works).count(), tokens.len(), "none has ended");
}

pub fn replayed() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let mut walk = Walk::begin(server);
    let first = walk.tokens().refresh;
    let next = Tokens::from_reply(&walk.client.refresh(server, &first)).refresh;
    // Past the time in which it would be a retry.
    let late = |statement: &str| {
        server.fail(&json!({ "clock": 61, "sql": { "class": "Account", "statement": statement } }));
    };
    late("INSERT INTO activity");
    unavailable(&walk.client.refresh(server, &first));
    late("nothing");
    walk.client.refresh(server, &first).expect_error(400, "invalid_grant");
    walk.client.refresh(server, &next).expect_error(400, "invalid_grant");
    let log = walk.browser.activity(&[]);
    let noted = log.iter().filter(|entry| entry["kind"] == "refresh_token_replayed");
    assert_eq!(noted.count(), 1, "{log:?}");
}
