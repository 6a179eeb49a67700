use super::*;
use crate::client::{ClientOrigin, ClientPolicy};
use crate::client_authentication::{Credentials, authenticate};
use crate::configuration::Configuration;
use crate::error::ErrorCode;
use crate::jwt::SignatureAlgorithm;
use crate::params::{Parameters, encode};
use crate::test_support::{NOW, client, configuration, configuration_with};
use ClientAuthenticationFailure as Failure;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

fn signing_client() -> ClientRecord {
    ClientRecord {
        token_endpoint_auth_method: TokenEndpointAuthMethod::PrivateKeyJwt,
        origin: ClientOrigin::Document,
        policy: ClientPolicy::default(),
        ..client()
    }
}

fn good() -> Value {
    json!({
        "iss": "client", "sub": "client", "aud": "https://id.example",
        "exp": NOW.seconds() + 60, "iat": NOW.seconds(), "jti": "one",
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = good();
    claims[member] = value;
    claims
}

fn jwt(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 64]))
}

fn checked(claims: &Value, configuration: &Configuration) -> Result<SingleUse, Failure> {
    let text = jwt(&json!({"alg": "ES256", "kid": "k"}), claims);
    let assertion = ClientAssertion::parse(&text)?;
    assertion.verify(&signing_client(), SignatureVerdict::Valid, configuration, NOW)
}

fn refused(claims: &Value) -> Failure {
    checked(claims, &configuration()).expect_err("refused")
}

#[test]
fn cas_01_a_good_assertion_proves_the_client_once() {
    let once = checked(&good(), &configuration()).expect("good");
    assert_eq!(once.forget_at(), NOW.plus(Lifetime::seconds(90)));
    let hash = once.token_hash();
    assert_eq!(hash, checked(&good(), &configuration()).expect("good").token_hash());
    let other = checked(&with("jti", json!("two")), &configuration()).expect("good");
    assert_ne!(hash, other.token_hash());
    let authenticated = once.claimed(true).expect("the first use");
    assert_eq!(authenticated.client_id().as_str(), "client");
    assert!(!authenticated.is_public());
    // CAS-05.
    assert_eq!(other.claimed(false).expect_err("a replay"), Failure::AssertionReplayed);
}

#[test]
fn cas_01_iss_and_sub_are_the_client() {
    assert_eq!(refused(&with("iss", json!("other"))), Failure::AssertionOfAnother);
    assert_eq!(refused(&with("iss", json!(null))), Failure::AssertionMalformed);
    assert_eq!(refused(&with("sub", json!("other"))), Failure::UnknownClient);
    assert_eq!(refused(&with("sub", json!(7))), Failure::AssertionMalformed);
}

#[test]
fn cas_02_the_audience_is_the_issuer_alone() {
    assert!(checked(&with("aud", json!(["https://id.example"])), &configuration()).is_ok());
    for wrong in [
        json!("https://id.example/"),
        json!("https://id.example/token"),
        json!(["https://id.example", "https://other.example"]),
        json!(["https://id.example", "https://id.example"]),
        json!([]),
        json!(null),
        json!({"a": "https://id.example"}),
    ] {
        assert_eq!(refused(&with("aud", wrong.clone())), Failure::AssertionForAnother, "{wrong}");
    }
    let legacy = configuration_with(&json!({"legacy": {"token_endpoint_audience": true}}));
    assert!(checked(&with("aud", json!("https://id.example/token")), &legacy).is_ok());
    assert!(checked(&with("aud", json!("https://id.example/revoke")), &legacy).is_err());
}

#[test]
fn cas_05_an_assertion_lives_10_minutes_at_most_and_has_an_id() {
    let at = |offset: i64| json!(NOW.seconds().checked_add_signed(offset).expect("a time"));
    assert!(checked(&with("exp", at(600)), &configuration()).is_ok());
    assert!(checked(&with("exp", at(-29)), &configuration()).is_ok(), "clocks may differ");
    assert_eq!(refused(&with("exp", at(-30))), Failure::AssertionExpired);
    assert_eq!(refused(&with("exp", at(631))), Failure::AssertionTooLong);
    assert_eq!(refused(&with("exp", json!(null))), Failure::AssertionMalformed);
    assert_eq!(refused(&with("nbf", at(31))), Failure::AssertionNotYetValid);
    assert_eq!(refused(&with("iat", at(31))), Failure::AssertionNotYetValid);
    for id in [json!(null), json!(""), json!("x".repeat(257))] {
        assert_eq!(refused(&with("jti", id)), Failure::AssertionWithoutId);
    }
}

#[test]
fn cas_04_and_cas_06_other_algorithms_types_and_signatures_are_refused() {
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "ES256", "typ": "at+jwt"}),
        json!({"alg": "ES256", "typ": "dpop+jwt"}),
        json!({"alg": "ES256", "crit": ["exp"]}),
    ] {
        let refused = ClientAssertion::parse(&jwt(&header, &good())).expect_err("refused");
        assert_eq!(refused, Failure::AssertionMalformed, "{header}");
    }
    for typ in ["JWT", "client-authentication+jwt", "application/client-authentication+jwt"] {
        let text = jwt(&json!({"alg": "ES256", "typ": typ}), &good());
        assert!(ClientAssertion::parse(&text).is_ok(), "{typ}");
    }
    let assertion = ClientAssertion::parse(&jwt(&json!({"alg": "ES256"}), &good())).expect("JWT");
    let invalid =
        assertion.verify(&signing_client(), SignatureVerdict::Invalid, &configuration(), NOW);
    assert_eq!(invalid.expect_err("invalid"), Failure::AssertionSignatureInvalid);

    let mut fixed = signing_client();
    fixed.metadata.token_endpoint_auth_signing_alg = Some(SignatureAlgorithm::Rs256);
    let other = assertion.check_client(&fixed, NOW);
    assert_eq!(other.expect_err("another algorithm"), Failure::AssertionMalformed);
}

#[test]
fn issue_4_a_disabled_client_proves_nothing_whatever_it_signs() {
    let mut disabled = signing_client();
    disabled.policy.disabled = true;
    let assertion = ClientAssertion::parse(&jwt(&json!({"alg": "ES256"}), &good())).expect("JWT");
    assert_eq!(assertion.check_client(&disabled, NOW), Err(Failure::DisabledClient));
    let verified = assertion.verify(&disabled, SignatureVerdict::Valid, &configuration(), NOW);
    assert_eq!(verified.expect_err("disabled"), Failure::DisabledClient);
}

#[test]
fn cim_10_the_registered_method_is_the_only_one() {
    let assertion = ClientAssertion::parse(&jwt(&json!({"alg": "ES256"}), &good())).expect("JWT");
    let public = assertion.check_client(&client(), NOW);
    assert_eq!(public.expect_err("registered for none"), Failure::OtherMethodRegistered);
    let form = Parameters::parse(b"client_id=client").expect("form");
    let credentials = Credentials::parse(None, &form).expect("credentials");
    let error = authenticate(Some(&signing_client()), &credentials, NOW).expect_err("no assertion");
    assert_eq!(error.reason(), Failure::AssertionMissing);
    let mut expired = signing_client();
    expired.expires_at = Some(NOW);
    let ended = assertion.check_client(&expired, NOW);
    assert_eq!(ended.expect_err("expired"), Failure::ExpiredClient);
}

#[test]
fn rfc7521_4_2_the_form_has_one_assertion_and_nothing_that_contradicts_it() {
    let text = jwt(&json!({"alg": "ES256"}), &good());
    let type_and_text = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &*text)];
    let read = |authorization: Option<&str>, more: &[(&str, &str)]| {
        let pairs: Vec<_> = type_and_text.iter().chain(more).copied().collect();
        let form = Parameters::parse(encode(&pairs).as_bytes()).expect("form");
        Credentials::parse(authorization, &form)
    };
    for same in [&[][..], &[("client_id", "client")]] {
        let credentials = read(None, same).expect("credentials");
        assert_eq!(credentials.client_id().as_str(), "client");
        // Without the signature's check an assertion proves nothing.
        let error = authenticate(Some(&signing_client()), &credentials, NOW).expect_err("unproven");
        assert_eq!(error.reply().code, ErrorCode::InvalidClient);
    }
    let reason = |authorization, more: &[(&str, &str)]| {
        let error = read(authorization, more).expect_err("refused");
        // D-04: invalid_client when an assertion takes part.
        assert_eq!(error.reply().code, ErrorCode::InvalidClient);
        error.reason()
    };
    assert_eq!(reason(None, &[("client_id", "other")]), Failure::AssertionOfAnother);
    assert_eq!(reason(None, &[("client_secret", "x")]), Failure::AssertionAndSecret);
    assert_eq!(reason(Some("Basic YTpi"), &[]), Failure::AssertionAndSecret);

    let alone = |pairs: &[(&str, &str)]| {
        let form = Parameters::parse(encode(pairs).as_bytes()).expect("form");
        Credentials::parse(None, &form).expect_err("refused").reason()
    };
    assert_eq!(alone(&[("client_assertion", &text)]), Failure::UnsupportedAssertion);
    assert_eq!(alone(&[("client_assertion_type", ASSERTION_TYPE)]), Failure::AssertionMalformed);
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let other = [("client_assertion_type", saml), ("client_assertion", &*text)];
    assert_eq!(alone(&other), Failure::UnsupportedAssertion);
}
