//! Where a secret must not be. Every server of these tests is looked through when it ends
//! (`latchkey_tests::leaks`); here is one that has had every kind of secret, and one that leaks.

use latchkey_tests::{ADMIN_TOKEN, Client, Deployment, Device, Server, Signer, Tokens, Walk};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![Case::new(
        "issue 7: of secrets of every kind none is in log, errors or storage, and one that is planted there is found",
        |_| {
            every_kind();
        },
    )]
}

fn every_kind() {
    let server = Server::start(Deployment::observed()).unwrap_or_else(|error| panic!("{error}"));
    // Codes, verifiers, tokens, a client's secret, a password and cookies.
    let mut walk = Walk::with(&server, Client::with_method(&server, "client_secret_basic"));
    let tokens = walk.tokens();
    let next = Tokens::from_reply(&walk.client.refresh(&server, &tokens.refresh));
    let unused = walk.code();
    let wrong = unused.fields().map(|(name, value)| match name {
        "redirect_uri" => (name, "https://elsewhere.example/callback"),
        _ => (name, value),
    });
    let _ = walk.client.token(&server, &wrong).expect(400);
    // An assertion and the key behind it, a device code, the operator's tokens.
    let signing = crate::private_key_jwt::register(&server, &Signer::new("ES256"));
    let _ = signing.token(&server, &[("grant_type", "refresh_token")]).expect(400);
    let device = Device::new(&server);
    walk.browser.allow_device(&device);
    let invited = server.initial_access_token(&json!({ "label": "For a client" }));
    assert!(invited["token"].is_string());
    let managed = Client::public(&server);
    let token = managed.document["registration_access_token"].as_str().expect("a token");
    let uri = managed.document["registration_client_uri"].as_str().expect("an address");
    let path = server.local_path("/", uri).expect("a path of this server");
    let _ = server.call("GET", &path).bearer(token).send().expect(200);
    // Each of them where it doesn't belong: what a client sends is not repeated either.
    for secret in [next.access.as_str(), &next.refresh, &unused.code, ADMIN_TOKEN, token] {
        let fields = [("grant_type", secret), ("client_id", secret), ("scope", secret)];
        for endpoint in ["/token", "/revoke", "/introspect", "/device_authorization", "/consent"] {
            let refused = server.post_form(endpoint, &fields);
            assert!((400..500).contains(&refused.status), "{}", refused.describe());
        }
        // Not as a segment of a path: `wrangler dev` itself prints the path of each request.
        for path in ["/authorize?client_id=", "/consent?request=", "/device?user_code="] {
            let _ = server.get(&format!("{path}{secret}"));
        }
        let _ = server
            .post_json("/register", &json!({ "client_name": 1, "scope": secret }).to_string())
            .expect(400);
    }
    let (_, known) = server.secrets().found_in("");
    assert!(known >= 20, "only {known} secrets were noticed");
    let found = server.look_for_secrets();
    let lines = |secret: &String| {
        let log = server.log().text();
        let words = secret.rsplit(' ').next().unwrap_or_default();
        log.lines().filter(|line| line.contains(words)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found, [""; 0], "{:?}", found.iter().map(lines).collect::<Vec<_>>());

    let planted = server.storage().join("planted");
    std::fs::write(&planted, format!("x{}", next.refresh)).expect("a file");
    let found = server.look_for_secrets();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with(&next.refresh), "{found:?}");
    // The server is looked through again when it is dropped.
    std::fs::remove_file(&planted).expect("a file");
}
