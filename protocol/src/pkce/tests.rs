//! Vectors and tables for PKCE.

use super::*;
use crate::{
    entropy::CountingEntropy,
    error::{ErrorCode, ErrorReply},
};
use proptest::prelude::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn challenge(text: &str, method: &str) -> CodeChallenge {
    CodeChallenge::parse(Some(text), Some(method), true).expect("parses").expect("present")
}

fn verifier(text: &str) -> CodeVerifier {
    CodeVerifier::parse(text).expect("parses")
}

#[test]
fn rfc7636_appendix_b_the_vector_verifies() {
    assert_eq!(verifier(VERIFIER).challenge().expose(), CHALLENGE);
    let verified = challenge(CHALLENGE, "S256").verify(&verifier(VERIFIER)).expect("verifies");
    assert_eq!(verified.method(), CodeChallengeMethod::S256);
}

#[test]
fn rfc7636_4_6_another_verifier_is_refused() {
    let last_changed = VERIFIER.replace("jXk", "jXl");
    for wrong in [&last_changed, CHALLENGE, &VERIFIER.to_lowercase(), &format!("{VERIFIER}A")] {
        let result = challenge(CHALLENGE, "S256").verify(&verifier(wrong));
        assert_eq!(result.err(), Some(PkceMismatch), "{wrong:?}");
    }
    // PKCE downgrade: an S256 challenge is not its own verifier, a plain one is not a hash.
    assert!(challenge(VERIFIER, "plain").verify(&verifier(VERIFIER)).is_ok());
    assert!(challenge(CHALLENGE, "plain").verify(&verifier(VERIFIER)).is_err());
    assert!(challenge(VERIFIER, "plain").verify(&verifier(&format!("{VERIFIER}A"))).is_err());
}

#[test]
fn rfc7636_4_3_the_method_decides_and_plain_needs_permission() {
    let longest = "~".repeat(128);
    let too_long = "~".repeat(129);
    let short = "a".repeat(42);
    use CodeChallengeMethod::{Plain, S256};
    for (text, method, plain_allowed, expected) in [
        (None, None, false, Ok(None)),
        (None, Some("S256"), false, Err(PkceError::MethodWithoutChallenge)),
        (None, Some("plain"), true, Err(PkceError::MethodWithoutChallenge)),
        (Some(CHALLENGE), Some("S256"), false, Ok(Some(S256))),
        (Some(CHALLENGE), Some("S256"), true, Ok(Some(S256))),
        (Some(CHALLENGE), None, false, Err(PkceError::MethodMissing)),
        (Some(CHALLENGE), None, true, Ok(Some(Plain))),
        (Some(CHALLENGE), Some("plain"), false, Err(PkceError::PlainNotAllowed)),
        (Some(CHALLENGE), Some("plain"), true, Ok(Some(Plain))),
        (Some(CHALLENGE), Some("s256"), true, Err(PkceError::UnknownMethod)),
        (Some(CHALLENGE), Some("S512"), true, Err(PkceError::UnknownMethod)),
        (Some(CHALLENGE), Some(""), true, Err(PkceError::UnknownMethod)),
        (Some(&longest), Some("plain"), true, Ok(Some(Plain))),
        (Some(&too_long), Some("plain"), true, Err(PkceError::MalformedPlainChallenge)),
        (Some(&short), Some("plain"), true, Err(PkceError::MalformedPlainChallenge)),
        (Some(""), Some("S256"), true, Err(PkceError::MalformedS256Challenge)),
    ] {
        let parsed = CodeChallenge::parse(text, method, plain_allowed);
        let parsed = parsed.map(|challenge| challenge.map(|challenge| challenge.method()));
        assert_eq!(parsed, expected, "{text:?} {method:?} {plain_allowed}");
    }
}

#[test]
fn rfc7636_4_2_an_s256_challenge_is_43_characters_of_base64url() {
    let (head, _) = CHALLENGE.split_at(42);
    for wrong in [
        head.to_owned(),
        format!("{CHALLENGE}A"),
        format!("{CHALLENGE}="),
        format!("{head}="),
        format!("{head}+"),
        format!("{head}/"),
        format!("{head}."),
        format!("{head}~"),
        format!("{head} "),
        "é".repeat(22),
    ] {
        let parsed = CodeChallenge::parse(Some(&wrong), Some("S256"), true);
        assert_eq!(parsed.err(), Some(PkceError::MalformedS256Challenge), "{wrong:?}");
    }
}

#[test]
fn rfc7636_4_1_a_verifier_is_43_to_128_unreserved_characters() {
    for length in [43, 44, 127, 128] {
        assert!(CodeVerifier::parse(&"a".repeat(length)).is_ok(), "{length}");
    }
    for length in [0, 1, 42, 129, 5000] {
        let error = CodeVerifier::parse(&"a".repeat(length)).err();
        assert_eq!(error, Some(CodeVerifierError::WrongLength), "{length}");
    }
    assert!(CodeVerifier::parse(&format!("-._~{VERIFIER}")).is_ok());
    for character in ["=", "+", "/", " ", "%", "\n", "\0", "é"] {
        let error = CodeVerifier::parse(&format!("{VERIFIER}{character}")).err();
        assert_eq!(error, Some(CodeVerifierError::ForbiddenCharacter), "{character:?}");
    }
}

#[test]
fn rfc7636_7_1_a_generated_verifier_is_fresh_well_formed_and_verifies() {
    let mut entropy = CountingEntropy::default();
    let (first, second) =
        (CodeVerifier::generate(&mut entropy), CodeVerifier::generate(&mut entropy));
    assert_eq!(verifier(first.expose()).expose().len(), 43);
    assert!(first.challenge().verify(&first).is_ok());
    assert!(first.challenge().verify(&second).is_err());
}

#[test]
fn rfc7636_4_4_neither_verifier_nor_challenge_shows_in_debug_output() {
    assert_eq!(format!("{:?}", verifier(VERIFIER)), "CodeVerifier(Secret(redacted))");
    let shown = format!("{:?}", challenge(VERIFIER, "plain"));
    assert_eq!(shown, "CodeChallenge(plain, redacted)");
}

#[test]
fn issue_7_a_plain_challenge_is_stored_as_the_hash_of_the_verifier_and_is_checked_the_same() {
    let json = serde_json::to_string(&challenge(VERIFIER, "plain")).expect("json");
    assert!(!json.contains(VERIFIER), "{json}");
    let back: CodeChallenge = crate::json::read(&json).expect("reads back");
    assert!(back.verify(&verifier(VERIFIER)).is_ok());
    for other in [CHALLENGE, &format!("{VERIFIER}A")] {
        assert!(back.verify(&verifier(other)).is_err(), "{other}");
    }
}

#[test]
fn a_stored_challenge_reads_back_and_a_damaged_one_does_not() {
    let json = serde_json::to_string(&challenge(CHALLENGE, "S256")).expect("json");
    assert_eq!(
        json,
        format!(r#"{{"code_challenge":"{CHALLENGE}","code_challenge_method":"S256"}}"#)
    );
    let back: CodeChallenge = crate::json::read(&json).expect("reads back");
    assert!(back.verify(&verifier(VERIFIER)).is_ok());
    assert!(crate::json::read::<CodeChallenge>(&json.replace("S256", "plain")).is_ok());
    for damaged in [json.replace("cM", "c"), json.replace("S256", "S1")] {
        assert!(crate::json::read::<CodeChallenge>(&damaged).is_err(), "{damaged}");
    }
    let json = serde_json::to_string(&verifier(VERIFIER)).expect("json");
    assert_eq!(crate::json::read::<CodeVerifier>(&json).expect("reads").expose(), VERIFIER);
    assert!(crate::json::read::<CodeVerifier>("\"short\"").is_err());
    for method in [CodeChallengeMethod::S256, CodeChallengeMethod::Plain] {
        let json = serde_json::to_string(&method).expect("json");
        assert_eq!(json, format!("\"{}\"", method.as_str()));
    }
}

#[test]
fn rfc6749_5_2_every_description_uses_only_the_allowed_characters() {
    let descriptions = [
        PkceError::MethodWithoutChallenge.to_string(),
        PkceError::MethodMissing.to_string(),
        PkceError::PlainNotAllowed.to_string(),
        PkceError::UnknownMethod.to_string(),
        PkceError::MalformedS256Challenge.to_string(),
        PkceError::MalformedPlainChallenge.to_string(),
        CodeVerifierError::WrongLength.to_string(),
        CodeVerifierError::ForbiddenCharacter.to_string(),
        PkceMismatch.to_string(),
    ];
    for description in descriptions {
        let reply = ErrorReply::new(ErrorCode::InvalidRequest, &description);
        assert_eq!(reply.description, description);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(
        text in any::<String>(), method in proptest::option::of(any::<String>()), plain: bool,
    ) {
        let _ = CodeVerifier::parse(&text);
        let _ = CodeChallenge::parse(Some(&text), method.as_deref(), plain);
    }

    #[test]
    fn every_verifier_verifies_its_own_challenge_and_no_other(
        one in "[A-Za-z0-9._~-]{43,128}", other in "[A-Za-z0-9._~-]{43,128}",
    ) {
        let challenge = verifier(&one).challenge();
        let parsed = CodeChallenge::parse(Some(challenge.expose()), Some("S256"), false);
        prop_assert!(parsed.expect("parses").expect("present").verify(&verifier(&one)).is_ok());
        prop_assert_eq!(challenge.verify(&verifier(&other)).is_ok(), one == other);
    }
}
