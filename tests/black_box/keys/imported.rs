//! A key that the operator brings.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_tests::{Deployment, Tokens, Walk, jwt};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use super::{Keyed, kid, signer};
use crate::Case;

const SECRET: &str = "the-keyring-secret-of-the-tests-0123456789";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a team's own ES256 key is imported, called by its thumbprint, signs, and is nowhere to be read back",
            |_| imports(),
        ),
        Case::new(
            "issue 7: an isolate that meets a token by a key that has just taken over asks at once, and made-up keys make no flood of questions",
            |_| elsewhere(),
        ),
        Case::new(
            "issue 7: a key that can't sign ES256 is not imported, and the answer says why",
            |_| {
                refused();
            },
        ),
    ]
}

/// A key, and its private JWK.
fn own_key(seed: u8) -> (SigningKey, Value) {
    let key = SigningKey::from_slice(&[seed; 32]).expect("key");
    let point = key.verifying_key().to_encoded_point(false);
    let [x, y] = [point.x(), point.y()].map(|part| URL_SAFE_NO_PAD.encode(part.expect("a point")));
    let d = URL_SAFE_NO_PAD.encode(key.to_bytes());
    (key, json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d }))
}

/// The claims of a token, signed by another key.
fn signed_by(key: &SigningKey, kid: &str, token: &str) -> String {
    let read = jwt::read(token);
    let mut header = read.header;
    header["kid"] = kid.into();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(&read.claims));
    let signature: Signature = key.sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn imports() {
    let keyed = Keyed::start_as(|deployment| deployment.sealed(SECRET));
    let (key, jwk) = own_key(21);
    let private = jwk["d"].as_str().expect("d");
    // From here on each server's end looks for it in log, errors and storage.
    keyed.server.secrets().remember(private);
    let mut walk = Walk::begin(&keyed.server);
    let before = keyed.tokens(&mut walk, "/api");

    let body = json!({ "action": "import", "jwk": jwk, "at_once": true });
    let reply = keyed.act(&body).expect(201);
    assert!(!reply.text().contains(private), "{}", reply.describe());
    let imported = reply.json();
    let expected = (json!("imported"), json!("current"), json!(true));
    let found = (&imported["origin"], &imported["state"], &imported["sealed"]);
    assert_eq!(found, (&expected.0, &expected.1, &expected.2), "{imported}");
    // RFC 7638 section 3, of the same key by another implementation.
    assert_eq!(kid(&imported), "vgoUCaK0tuvtRZ81hRXwtbDLdSvT7QCe1udBDSDwmbM");

    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &before.refresh));
    assert_eq!(signer(&tokens.access), kid(&imported));
    for token in [&before.access, &tokens.access] {
        keyed.expect_good(token);
    }
    // It is that key: what its owner signs elsewhere is believed here.
    keyed.expect_good(&signed_by(&key, &kid(&imported), &before.access));
    let published = keyed.server.get("/jwks").expect(200).text();
    let listed = keyed.server.admin("GET", "/admin/keys").send().expect(200).text();
    let health = keyed.server.admin("GET", "/admin/health").send().expect(200).text();
    for text in [published, listed, health] {
        assert!(!text.contains(private) && !text.contains("\"d\""), "{text}");
    }
    let _ = keyed.server.log().wait_for_lines(&[
        "\"key imported\"",
        "\"who\":\"admin\"",
        &kid(&imported),
    ]);

    // Twice is no second key; dropped, it isn't brought back by mistake.
    keyed.act(&body).expect_error(409, "conflict");
    keyed.drop_key(&imported);
    keyed.act(&body).expect_error(409, "conflict");
    keyed.expect_refused(&tokens.access);

    // With a name of one's own, and with notice.
    let (_, mut named) = own_key(22);
    keyed.server.secrets().remember(named["d"].as_str().expect("d"));
    named["kid"] = "ours-2026".into();
    let next = keyed.act(&json!({ "action": "import", "jwk": named })).expect(201).json();
    assert_eq!((kid(&next).as_str(), &next["state"]), ("ours-2026", &json!("next")), "{next}");
    assert!(keyed.published().contains(&"ours-2026".to_owned()));
}

fn elsewhere() {
    let keyed = Keyed::start_as(Deployment::traced);
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    keyed.expect_good(&tokens.access);
    let (key, mut jwk) = own_key(23);
    let secret = jwk.to_string();
    jwk.as_object_mut().expect("a key").remove("d");
    jwk["kid"] = "elsewhere".into();
    let import = json!({ "import": {
        "key": { "key_id": "elsewhere", "secret": secret }, "public_jwk": jwk, "at_once": true,
    } });
    assert_eq!(keyed.server.tell_keyring("operate", &import)[0]["state"], "current");
    keyed.expect_good(&signed_by(&key, "elsewhere", &tokens.access));

    let asked: u64 = (0..30)
        .map(|number| {
            let token = signed_by(&key, &format!("made-up-{number}"), &tokens.access);
            let counted = keyed.server.count(keyed.server.call("GET", "/api").bearer(&token));
            counted.reply.expect_error(401, "invalid_token");
            counted.waited.of("keyring_calls")
        })
        .sum();
    // Ten a minute, and this may take more than one.
    assert!((1..=20).contains(&asked), "{asked} questions");
    keyed.expect_good(&tokens.access);
}

fn refused() {
    let keyed = Keyed::start();
    let before = keyed.keys();
    let (_, other) = own_key(25);
    for (name, value, said) in [
        ("crv", json!("P-384"), "jwk.crv"),
        ("kty", json!("RSA"), "jwk.kty"),
        ("alg", json!("RS256"), "jwk.alg"),
        ("d", Value::Null, "jwk.d"),
        ("kid", json!("a/b"), "jwk.kid"),
        // A point of the curve that isn't this key's, and one that isn't on it.
        ("x", other["x"].clone(), "jwk"),
        ("y", json!("A".repeat(43)), "jwk"),
    ] {
        let (_, mut jwk) = own_key(24);
        jwk[name] = value;
        let reply = keyed.act(&json!({ "action": "import", "jwk": jwk }));
        reply.expect_error(400, "invalid_request");
        assert!(reply.text().contains(said), "{name}: {}", reply.describe());
    }
    let (_, pair) = own_key(26);
    let mut mixed = pair.clone();
    (mixed["x"], mixed["y"]) = (other["x"].clone(), other["y"].clone());
    let reply = keyed.act(&json!({ "action": "import", "jwk": mixed }));
    reply.expect_error(400, "invalid_request");
    keyed.act(&json!({ "action": "import", "jwk": "x" })).expect_error(400, "invalid_request");
    assert_eq!(keyed.keys(), before);
}
