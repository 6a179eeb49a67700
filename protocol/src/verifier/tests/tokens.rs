use super::*;
use proptest::prelude::*;

fn keys() -> KeySet {
    KeySet::parse(&jwks(&[jwk("old", 8), jwk("current", 7)]), NOW).expect("keys")
}

fn verify_at(token: &str, now: UnixTime) -> Result<AccessToken, VerifyError> {
    verifier().verify(token, &keys(), now)
}

#[test]
fn rfc9068_4_a_good_token_says_who_calls_by_which_client_and_for_what() {
    let verified = verify_at(&token(), NOW).expect("good");
    let claims = verified.claims();
    assert_eq!((claims.issuer.as_str(), claims.audience.as_str()), (ISSUER, API));
    assert_eq!((claims.client_id.as_str(), claims.token_id.as_str()), ("app", "1"));
    assert_eq!(claims.subject().as_str(), "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!((claims.issued_at, claims.expires_at), (NOW, after(3600)));
    for good in ["at+JWT", "application/at+jwt"] {
        let token = signed(7, &with(header(), "typ", json!(good)), &super::claims());
        assert!(verify_at(&token, NOW).is_ok(), "{good}");
    }
}

#[test]
fn jat_01_jat_04_rfc8725_3_every_failed_check_is_invalid_token_with_its_reason() {
    let header_with = |name: &str, value: Value| signed(7, &with(header(), name, value), &claims());
    let claims_with = |name: &str, value: Value| signed(7, &header(), &with(claims(), name, value));
    let good = token();
    let (message, signature) = good.rsplit_once('.').expect("token");
    let other = signed(7, &header(), &with(claims(), "scope", json!("admin")));
    let other_signature = other.rsplit_once('.').expect("token").1;
    let altered = other.rsplit_once('.').expect("token").0;
    let cases = [
        ("no typ", header_with("typ", Value::Null), "not_an_access_token"),
        ("an ID token", header_with("typ", json!("JWT")), "not_an_access_token"),
        (
            "an assertion",
            header_with("typ", json!("latchkey-assertion+jwt")),
            "not_an_access_token",
        ),
        (
            "an introspection response",
            header_with("typ", json!("token-introspection+jwt")),
            "not_an_access_token",
        ),
        ("alg none", header_with("alg", json!("none")), "bad_signature"),
        ("alg HS256", header_with("alg", json!("HS256")), "bad_signature"),
        ("alg ES384", header_with("alg", json!("ES384")), "bad_signature"),
        ("alg RS256", header_with("alg", json!("RS256")), "bad_signature"),
        ("an extension", header_with("crit", json!(["b64"])), "malformed_token"),
        ("no kid", header_with("kid", Value::Null), "bad_signature"),
        ("an unknown kid", header_with("kid", json!("made-up")), "bad_signature"),
        ("another key's kid", header_with("kid", json!("old")), "bad_signature"),
        ("another's signature", signed(9, &header(), &claims()), "bad_signature"),
        ("changed claims", format!("{altered}.{signature}"), "bad_signature"),
        ("a changed signature", format!("{message}.{other_signature}"), "bad_signature"),
        ("no signature", format!("{message}."), "bad_signature"),
        ("a signature of zeros", format!("{message}.{}", "A".repeat(86)), "bad_signature"),
        ("another issuer", claims_with("iss", json!("https://evil.example")), "another_issuer"),
        ("a slash more", claims_with("iss", json!("https://id.example/")), "another_issuer"),
        ("another resource", claims_with("aud", json!("https://api.example/v2")), "wrong_audience"),
        ("no audience", claims_with("aud", Value::Null), "malformed_token"),
        ("no exp", claims_with("exp", Value::Null), "expired"),
        ("an end long ago", claims_with("exp", json!(NOW.seconds() - 31)), "expired"),
        ("not yet", claims_with("nbf", json!(NOW.seconds() + 31)), "not_yet_valid"),
        ("no client", claims_with("client_id", Value::Null), "malformed_token"),
        ("no sub", claims_with("sub", Value::Null), "malformed_token"),
        ("a refresh token", "latchkey_rt_abc".to_owned(), "malformed_token"),
        ("nothing", String::new(), "malformed_token"),
        ("too much", "a".repeat(20_000), "malformed_token"),
    ];
    for (name, token, reason) in cases {
        let error = verify_at(&token, NOW).expect_err(name);
        assert_eq!((error.name(), error.status()), (reason, 401), "{name}");
    }
}

#[test]
fn jat_04_the_end_has_a_small_leeway() {
    assert!(verify_at(&token(), after(3600 + 29)).is_ok());
    assert_eq!(verify_at(&token(), after(3600 + 31)).expect_err("over").name(), "expired");
    let early = signed(7, &header(), &with(claims(), "nbf", json!(NOW.seconds() + 29)));
    assert!(verify_at(&early, NOW).is_ok());
}

#[test]
fn mrs_07_mrs_08_a_missing_scope_is_403_and_names_all_that_are_needed() {
    let scope = |text: &str| Scope::parse(text).expect("scope");
    let token = verify_at(&token(), NOW).expect("good");
    for enough in ["read", "write", "write read"] {
        assert_eq!(token.require(&scope(enough)), Ok(()), "{enough}");
    }
    assert_eq!(token.require(&Scope::default()), Ok(()));
    let needed = scope("read admin delete");
    let error = token.require(&needed).expect_err("lacks two");
    assert_eq!((error.status(), error.name()), (403, "insufficient_scope"));
    let challenge = verifier().challenge(&error, &needed, "https://api.example/m").expect("header");
    assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"read write admin delete\""), "{challenge}");
    assert!(challenge.ends_with("resource_metadata=\"https://api.example/m\""), "{challenge}");
}

#[test]
fn mrs_11_mrs_12_the_challenge_says_what_is_wrong_and_where_to_go() {
    let needed = Scope::parse("read").expect("scope");
    let told = |token: &str| {
        let error = verify_at(token, NOW).expect_err("bad");
        verifier().challenge(&error, &needed, "https://api.example/m").expect("header")
    };
    let elsewhere = signed(7, &header(), &with(claims(), "aud", json!("https://other.example/x")));
    let challenge = told(&elsewhere);
    assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
    assert!(challenge.contains("https://other.example/x; this resource is https://api.example/v1"));
    assert!(told("x").contains("get a new one from https://id.example"));
}

#[test]
fn without_keys_the_server_is_to_blame_and_no_token_would_help() {
    let error = VerifyError::NoKeys;
    assert_eq!((error.status(), error.name()), (503, "no_keys"));
    assert_eq!(verifier().challenge(&error, &Scope::default(), "https://api.example/m"), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9_.-]{0,200}|.{0,60}") {
        prop_assert!(verify_at(&text, NOW).is_err());
    }

    /// Any one byte of the message or of the signature.
    #[test]
    fn no_changed_token_is_believed(at in 0_usize..600, to in "[A-Za-z0-9_.-]") {
        let good = token();
        let mut changed = good.clone();
        let at = at % good.len();
        changed.replace_range(at..=at, &to);
        // The last character of 64 bytes has 4 bits that say nothing, and must be zero.
        prop_assert!(changed == good || verify_at(&changed, NOW).is_err(), "{changed}");
    }
}
