//! How the keys are stored: sealed, where the deployment has the secret for it.

use latchkey_tests::{Client, Deployment, Tokens, Walk};
use serde_json::{Value, json};

use super::{Keyed, kid, signer};
use crate::Case;

const SECRET: &str = "the-keyring-secret-of-the-tests-0123456789";
const BOTH: &str =
    "another-keyring-secret-of-the-tests-987654 the-keyring-secret-of-the-tests-0123456789";
const OTHER: &str = "another-keyring-secret-of-the-tests-987654";
const LOST: &str = "a-third-keyring-secret-of-the-tests-555555";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: with KEYRING_SECRET no private key is stored in the clear, keys of before are sealed, the secret can be replaced, and tokens go on",
            |_| sealed(),
        ),
        Case::new(
            "issue 7: with the wrong KEYRING_SECRET nothing is signed, the log says what to do, and dropping the keys helps",
            |_| lost(),
        ),
        Case::new(
            "issue 7: health warns while the keys of a public server are stored unsealed",
            |_| {
                warned();
            },
        ),
    ]
}

/// Restarts the server with another secret.
fn with_secret(keyed: &Keyed, secret: &'static str) {
    let deployment = keyed.server.deployment().clone().sealed(secret);
    keyed.server.restart_as(&deployment).unwrap_or_else(|error| panic!("{error}"));
}

/// Whether each key that counts says it is stored sealed.
fn are_sealed(keyed: &Keyed) -> Vec<bool> {
    keyed.keys().iter().map(|key| key["sealed"] == true).collect()
}

/// The parts of the keyring's rows by which a key would be known in the clear.
fn in_the_clear(keyed: &Keyed) -> bool {
    // A member of each private key as the runtime writes it; what it stands for is looked for when the server ends.
    keyed.server.stored().has("key_ops")
}

fn sealed() {
    let keyed = Keyed::start();
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    let page = walk.consent_page(&walk.request().and("prompt", "consent"));
    assert_eq!(are_sealed(&keyed), [false, false]);
    assert!(in_the_clear(&keyed), "without the secret there is nothing to seal them with");

    with_secret(&keyed, SECRET);
    keyed.expect_good(&tokens.access);
    assert_eq!(are_sealed(&keyed), [true, true]);
    assert!(!in_the_clear(&keyed));
    // The same keys: a page of before opens, and a token is signed by the same key.
    let _ = walk.browser.decide(&page, "allow").away();
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &tokens.refresh));
    assert_eq!(signer(&tokens.access), kid(&keyed.key("sig", "current")));
    for usage in ["sig", "enc"] {
        let made = keyed.act(&json!({ "action": "rotate", "use": usage })).expect(200).json();
        assert_eq!(made["sealed"], true, "{made}");
    }

    with_secret(&keyed, BOTH);
    keyed.expect_good(&tokens.access);
    with_secret(&keyed, OTHER);
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &tokens.refresh));
    keyed.expect_good(&tokens.access);
    assert_eq!(are_sealed(&keyed), [true; 4]);
    assert!(!in_the_clear(&keyed));
}

fn lost() {
    let keyed = Keyed::start_as(|deployment| deployment.sealed(SECRET));
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    with_secret(&keyed, LOST);
    walk.client
        .refresh(&keyed.server, &tokens.refresh)
        .expect_error(503, "temporarily_unavailable");
    let _ = keyed.server.log().wait_for_lines(&["\"failed\"", "KEYRING_SECRET", "drop the keys"]);
    for usage in ["sig", "enc"] {
        keyed.drop_key(&keyed.key(usage, "current"));
    }
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &tokens.refresh));
    keyed.expect_good(&tokens.access);

    // One that could be guessed opens nothing.
    with_secret(&keyed, "short");
    let client = Client::public(&keyed.server);
    let _ = client.refresh(&keyed.server, &tokens.refresh);
    keyed.server.get("/jwks").expect_error(503, "temporarily_unavailable");
    let _ = keyed.server.log().wait_for_lines(&["\"failed\"", "KEYRING_SECRET", "openssl rand"]);
}

fn warned() {
    let warns = |deployment: Deployment| {
        let keyed = Keyed::start_as(|_| deployment.clone());
        let health = keyed.server.admin("GET", "/admin/health").send().expect(200).json();
        let warnings = health["configuration"]["warnings"].as_array().expect("warnings").clone();
        let is_bound = health["configuration"]["bindings"]["KEYRING_SECRET"] == true;
        let is_it = |warning: &&Value| warning["key"] == "KEYRING_SECRET";
        (warnings.iter().filter(is_it).count(), is_bound)
    };
    assert_eq!(warns(Deployment::public_with_admin()), (1, false));
    assert_eq!(warns(Deployment::public_with_admin().sealed(SECRET)), (0, true));
}
