use super::*;
use proptest::prelude::*;

#[test]
fn rfc7517_5_keys_that_sign_no_access_token_are_ignored() {
    let good = jwk("current", 7);
    let cases = [
        ("RSA", json!({ "kty": "RSA", "kid": "current", "n": "AQAB", "e": "AQAB" })),
        ("Ed25519", json!({ "kty": "OKP", "crv": "Ed25519", "kid": "current", "x": "AA" })),
        ("another curve", with(good.clone(), "crv", json!("P-384"))),
        ("no curve", with(good.clone(), "crv", Value::Null)),
        ("for encryption", with(good.clone(), "use", json!("enc"))),
        ("for other operations", with(good.clone(), "key_ops", json!(["sign"]))),
        ("for another algorithm", with(good.clone(), "alg", json!("ES384"))),
        ("without a kid", with(good.clone(), "kid", Value::Null)),
        ("with a kid that is no text", with(good.clone(), "kid", json!(1))),
        ("no point of the curve", with(good.clone(), "y", good["x"].clone())),
        ("a short coordinate", with(good.clone(), "x", json!("AQAB"))),
        ("half a point", with(good.clone(), "y", Value::Null)),
        ("no object", json!("key")),
    ];
    for (name, key) in cases {
        let error = KeySet::parse(&jwks(std::slice::from_ref(&key)), NOW).expect_err(name);
        assert_eq!(error, KeySetError::NoUsableKey, "{name}");
        // Beside a good one it does no harm, and takes nobody's place.
        let set = KeySet::parse(&jwks(&[key, good.clone()]), NOW).expect(name);
        assert!(verifier().verify(&token(), &set, NOW).is_ok(), "{name}");
    }
    let plain = with(with(good.clone(), "use", Value::Null), "alg", Value::Null);
    for usable in [good.clone(), plain, with(good, "key_ops", json!(["verify"]))] {
        let set = KeySet::parse(&jwks(&[usable]), NOW).expect("a key");
        assert!(set.contains("current") && set.fetched_at() == NOW);
    }
}

#[test]
fn rfc7517_4_5_of_two_keys_with_one_id_the_first_counts() {
    let set = KeySet::parse(&jwks(&[jwk("current", 9), jwk("current", 7)]), NOW).expect("keys");
    assert!(verifier().verify(&token(), &set, NOW).is_err());
}

#[test]
fn what_is_no_key_set_is_refused() {
    let huge = jwks(&[jwk(&"k".repeat(300_000), 7)]);
    for (text, expected) in [
        ("", KeySetError::NotAKeySet),
        ("[]", KeySetError::NotAKeySet),
        ("{}", KeySetError::NotAKeySet),
        ("<html>", KeySetError::NotAKeySet),
        (r#"{"keys":{}}"#, KeySetError::NotAKeySet),
        (r#"{"keys":[]}"#, KeySetError::NoUsableKey),
        (&huge, KeySetError::TooLarge),
    ] {
        assert_eq!(KeySet::parse(text, NOW).err(), Some(expected), "{text:.20}");
    }
    let many: Vec<_> = (0..100).map(|index| jwk(&index.to_string(), 7)).collect();
    let set = KeySet::parse(&jwks(&many), NOW).expect("keys");
    assert!(set.contains("63") && !set.contains("64"));
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(text in r#"([{}\[\]:,]|"keys"|"kty"|"EC"|"kid"|"x"|.){0,40}"#) {
        let _ = KeySet::parse(&text, NOW);
    }
}
