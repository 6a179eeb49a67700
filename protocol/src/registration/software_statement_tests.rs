//! Software statements: which are read, which are believed, and what they change.

use serde_json::json;

use super::*;
use crate::test_support::{NOW, after, configuration_with};

const ISSUER: &str = "https://vouch.example";

fn deployment() -> Configuration {
    let key = |kid: &str| json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": kid });
    let ec = json!({ "kty": "EC", "crv": "P-256", "x": "a", "y": "b" });
    configuration_with(&json!({ "registration": { "software_statements": [
        { "issuer": ISSUER, "jwks": { "keys": [key("a"), key("b"), ec] }, "approved": true },
        { "issuer": "https://other.example", "jwks": { "keys": [key("a")] } },
    ] } }))
}

fn jwt(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 64]))
}

fn statement(claims: &Value) -> String {
    jwt(&json!({ "alg": "EdDSA", "kid": "a" }), claims)
}

fn accepted(claims: &Value) -> AcceptedStatement {
    let text = statement(claims);
    let received = ReceivedStatement::parse(&text).expect("parsed");
    let deployment = deployment();
    let issuer = received.issuer(&deployment, NOW).expect("issuer");
    received.accept(SignatureVerdict::Valid, issuer).expect("accepted")
}

#[test]
fn dcr_08_what_is_no_signed_jwt_is_invalid() {
    let claims = json!({ "iss": ISSUER });
    let good = statement(&claims);
    let twice = URL_SAFE_NO_PAD.encode(r#"{"iss":"a","iss":"b"}"#);
    let (header, _) = good.split_once('.').expect("parts");
    for wrong in [
        "x".to_owned(),
        "a.b".to_owned(),
        "....".to_owned(),
        good.replace('.', ""),
        format!("{header}.{twice}.AAAA"),
        format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode("[]")),
        jwt(&json!({ "alg": "EdDSA", "crit": ["b64"], "b64": false }), &claims),
    ] {
        let error = ReceivedStatement::parse(&wrong).expect_err(&wrong);
        assert_eq!(error, StatementError::Malformed, "{wrong}");
        assert_eq!(error.reply().code, ErrorCode::InvalidSoftwareStatement);
    }
    let long = statement(&json!({ "iss": ISSUER, "x": "x".repeat(9_000) }));
    assert_eq!(ReceivedStatement::parse(&long).expect_err("long"), StatementError::TooLong);
}

#[test]
fn dcr_08_a_statement_counts_from_a_trusted_issuer_for_this_server_and_in_its_time() {
    use StatementError::{Expired, ForAnother, Malformed, NoIssuer, NotTrusted, NotYetValid};
    let now = NOW.seconds();
    let cases = [
        (json!({ "iss": ISSUER }), Ok(())),
        (json!({ "iss": ISSUER, "exp": now + 1, "nbf": now, "iat": now }), Ok(())),
        (json!({ "iss": ISSUER, "exp": now as f64 + 0.5 }), Ok(())),
        (json!({ "iss": ISSUER, "aud": "https://id.example" }), Ok(())),
        (json!({ "iss": ISSUER, "aud": ["x", "https://id.example/register"] }), Ok(())),
        (json!({}), Err(NoIssuer)),
        (json!({ "iss": 7 }), Err(NoIssuer)),
        (json!({ "iss": "https://vouch.example/" }), Err(NotTrusted)),
        (json!({ "iss": ISSUER, "aud": "https://elsewhere.example" }), Err(ForAnother)),
        (json!({ "iss": ISSUER, "aud": 7 }), Err(ForAnother)),
        (json!({ "iss": ISSUER, "exp": now - 60 }), Err(Expired)),
        (json!({ "iss": ISSUER, "exp": "soon" }), Err(Malformed)),
        (json!({ "iss": ISSUER, "exp": -1 }), Err(Malformed)),
        (json!({ "iss": ISSUER, "nbf": now + 60 }), Err(NotYetValid)),
    ];
    let deployment = deployment();
    for (claims, expected) in cases {
        let text = statement(&claims);
        let received = ReceivedStatement::parse(&text).expect("parsed");
        let found = received.issuer(&deployment, NOW).map(|_| ());
        assert_eq!(found, expected, "{claims}");
    }
    assert_eq!(NotTrusted.reply().code, ErrorCode::UnapprovedSoftwareStatement);
    let text = statement(&json!({ "iss": ISSUER, "exp": now }));
    let received = ReceivedStatement::parse(&text).expect("parsed");
    assert!(received.issuer(&deployment, after(29)).is_ok(), "clocks may disagree");
}

#[test]
fn rfc8725_3_1_only_a_key_of_the_named_algorithm_and_id_is_tried() {
    let deployment = deployment();
    let keys = |header: Value| {
        let text = jwt(&header, &json!({ "iss": ISSUER }));
        let received = ReceivedStatement::parse(&text).expect("parsed");
        let issuer = received.issuer(&deployment, NOW).expect("issuer");
        received
            .keys(issuer)
            .map(|keys| keys.iter().map(|key| key.key_id.clone()).collect::<Vec<_>>())
    };
    assert_eq!(keys(json!({ "alg": "EdDSA", "kid": "b" })), Ok(vec![Some("b".to_owned())]));
    assert_eq!(keys(json!({ "alg": "EdDSA" })).expect("both").len(), 2);
    assert_eq!(keys(json!({ "alg": "ES256", "kid": "whatever" })), Ok(vec![None]));
    assert_eq!(keys(json!({ "alg": "EdDSA", "kid": "c" })), Err(StatementError::NoSuchKey));
    assert_eq!(keys(json!({ "alg": "RS256" })), Err(StatementError::NoSuchKey));
    for algorithm in ["none", "HS256", "RS1", "es256"] {
        assert_eq!(keys(json!({ "alg": algorithm })), Err(StatementError::WrongAlgorithm));
    }
}

#[test]
fn dcr_08_its_values_win_and_nothing_else_of_it_counts() {
    let statement = accepted(&json!({
        "iss": ISSUER, "sub": "x", "exp": NOW.seconds() + 60, "software_id": "vouched",
        "client_name": "Vouched", "jwks_uri": "https://vouch.example/keys",
        "client_id": "chosen", "software_statement": "inner", "policy": { "approved": true },
    }));
    let plain = json!({
        "client_name": "Claimed", "client_name#de": "Behauptet", "client_namesake": "x",
        "jwks": { "keys": [] }, "scope": "mcp",
    });
    let over = statement.over(plain.as_object().cloned().expect("object"));
    assert_eq!(
        Value::Object(over),
        json!({
            "client_name": "Vouched", "client_namesake": "x", "scope": "mcp",
            "software_id": "vouched", "jwks_uri": "https://vouch.example/keys",
        })
    );
}

#[test]
fn security_a_statement_approves_only_a_client_whose_name_grants_and_addresses_it_says() {
    let whole = json!({
        "iss": ISSUER, "client_name": "Vouched", "grant_types": ["authorization_code"],
        "redirect_uris": ["https://vouched.example/cb"],
    });
    assert!(accepted(&whole).is_approval());
    for unsaid in ["client_name", "grant_types", "redirect_uris"] {
        let mut part = whole.clone();
        part.as_object_mut().expect("object").remove(unsaid);
        assert!(!accepted(&part).is_approval(), "{unsaid}");
    }
    let mut of_another = whole;
    of_another["iss"] = json!("https://other.example");
    assert!(!accepted(&of_another).is_approval());
}

#[test]
fn security_an_approved_client_shows_nothing_that_the_statement_does_not_say() {
    let mut claims = json!({
        "iss": ISSUER, "client_name": "Vouched", "grant_types": ["authorization_code"],
        "redirect_uris": ["https://vouched.example/cb"], "client_uri": "https://vouched.example",
    });
    let plain = json!({
        "client_uri": "https://evil.example", "client_uri#de": "https://evil.example/de",
        "tos_uri": "https://evil.example/tos", "policy_uri#fr": "https://evil.example/policy",
        "logo_uri": "https://evil.example/logo", "scope": "mcp",
    });
    let over = |claims: &Value| accepted(claims).over(plain.as_object().cloned().expect("object"));
    let mut members = over(&claims);
    members.retain(|name, _| name.contains("_uri") && name != "redirect_uris");
    assert_eq!(Value::Object(members), json!({ "client_uri": "https://vouched.example" }));
    // Of a client that isn't approved the page says that nobody checked it.
    claims.as_object_mut().expect("object").remove("grant_types");
    assert!(over(&claims).contains_key("tos_uri"));
}

#[test]
fn rfc8725_3_11_a_jwt_of_another_kind_is_no_statement() {
    let of_kind = |header: &Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}.AAAA", part(header), part(&json!({ "iss": ISSUER })));
        ReceivedStatement::parse(&text).map(|_| ())
    };
    for header in [
        json!({ "alg": "ES256" }),
        json!({ "alg": "ES256", "typ": "JWT" }),
        json!({ "alg": "ES256", "typ": "software-statement+jwt" }),
        json!({ "alg": "ES256", "typ": "application/software-statement+jwt" }),
    ] {
        assert_eq!(of_kind(&header), Ok(()), "{header}");
    }
    for kind in ["at+jwt", "dpop+jwt", "token-introspection+jwt", ""] {
        let header = json!({ "alg": "ES256", "typ": kind });
        assert_eq!(of_kind(&header), Err(StatementError::Malformed), "{kind}");
    }
}

#[test]
fn dcr_08_a_bad_signature_is_invalid() {
    let text = statement(&json!({ "iss": ISSUER }));
    let received = ReceivedStatement::parse(&text).expect("parsed");
    let deployment = deployment();
    let issuer = received.issuer(&deployment, NOW).expect("issuer");
    let error = received.accept(SignatureVerdict::Invalid, issuer).expect_err("refused");
    assert_eq!(error, StatementError::BadSignature);
}

#[test]
fn rfc7591_3_1_1_statements_are_ignored_where_nobody_is_trusted() {
    let members = json!({ "software_statement": 7 });
    let members = members.as_object().expect("object");
    let without = configuration_with(&json!({}));
    assert_eq!(presented(members, &without), Ok(None));
    assert_eq!(presented(members, &deployment()), Err(StatementError::Malformed));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_a_statement_panic(text in ".{0,200}", claims in "[a-z0-9\":{},.\\[\\]-]{0,80}") {
        let _ = ReceivedStatement::parse(&text);
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
        let text = format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode(claims));
        if let Ok(received) = ReceivedStatement::parse(&text) {
            let _ = received.issuer(&deployment(), NOW);
        }
    }
}
