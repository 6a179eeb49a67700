use super::*;
use crate::client::ClientId;
use crate::entropy::CountingEntropy;
use crate::identifier::{AccountId, GrantId};
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::subject::Subject;
use proptest::prelude::*;
use serde_json::json;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn claims() -> AccessTokenClaims {
    let mut entropy = CountingEntropy::default();
    AccessTokenClaims {
        issuer: "https://id.example".to_owned(),
        authority: Authority::Person {
            account: AccountId::generate(&mut entropy),
            grant: GrantId::generate(&mut entropy),
            authenticated_at: UnixTime::from_seconds(1_699_999_000),
        },
        audience: ResourceIndicator::parse("https://api.example/mcp").expect("resource"),
        client_id: ClientId::parse("client").expect("client"),
        scope: Scope::parse("read write").expect("scope"),
        token_id: "token".to_owned(),
        issued_at: NOW,
        expires_at: UnixTime::from_seconds(1_700_003_600),
    }
}

/// The token that a client of this name has for itself.
fn own_claims(client_id: &str) -> AccessTokenClaims {
    let client_id = ClientId::parse(client_id).expect("client");
    AccessTokenClaims { client_id, authority: Authority::Client, ..claims() }
}

fn signed() -> String {
    signed_with(&claims())
}

fn signed_with(claims: &AccessTokenClaims) -> String {
    let unsigned = Unsigned::access_token(claims, "key-1").expect("writes");
    unsigned.with_signature(b"signature").expose().to_owned()
}

/// What reading a token with these claims instead comes to.
fn read_with(change: impl FnOnce(&mut serde_json::Value)) -> Result<AccessTokenClaims, JwtError> {
    let text = signed();
    let mut payload = part(&text, 1);
    change(&mut payload);
    let header = text.split('.').next().expect("header");
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let text = format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode("signature"));
    let received = Received::parse(&text).expect("parses");
    received.verify(SignatureVerdict::Valid, "https://id.example", NOW)
}

fn part(text: &str, index: usize) -> serde_json::Value {
    let part = text.split('.').nth(index).expect("part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("json")
}

#[test]
fn rfc9068_2_the_header_and_all_required_claims_are_there() {
    let text = signed();
    let header = part(&text, 0);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["kid"], "key-1");
    assert!(header.get("crit").is_none());
    let payload = part(&text, 1);
    for member in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time"] {
        assert!(payload.get(member).is_some(), "{member}");
    }
    assert_eq!(payload["aud"], "https://api.example/mcp");
    assert_eq!(payload["scope"], "read write");
}

#[test]
fn a_signed_token_reads_back_what_was_written() {
    let text = signed();
    let received = Received::parse(&text).expect("parses");
    assert_eq!(received.key_id(), Some("key-1"));
    assert_eq!(received.signature(), b"signature");
    let unsigned = Unsigned::access_token(&claims(), "key-1").expect("writes");
    assert_eq!(received.message(), unsigned.message());
    assert_eq!(received.verify(SignatureVerdict::Valid, "https://id.example", NOW), Ok(claims()));
}

#[test]
fn tok_12_jat_05_the_token_that_a_client_has_for_itself_names_the_client_and_no_person() {
    for client_id in ["nightly", "latchkey_client_a7AAAAAAAAAAAAAAAAAAAAAA", "https://a.example/c"]
    {
        let claims = own_claims(client_id);
        let text = signed_with(&claims);
        let payload = part(&text, 1);
        assert_eq!(
            (&payload["sub"], &payload["client_id"]),
            (&json!(client_id), &json!(client_id))
        );
        for member in ["grant_id", "auth_time"] {
            assert!(payload.get(member).is_none(), "{member}");
        }
        let received = Received::parse(&text).expect("parses");
        let read = received.verify(SignatureVerdict::Valid, "https://id.example", NOW);
        assert_eq!(read, Ok(claims));
    }
}

#[test]
fn a_token_as_it_was_issued_before_clients_had_tokens_of_their_own_still_reads() {
    let token = concat!(
        r#"{"iss":"https://id.example","sub":"AAAAAAAAAAAAAAAAAAAAAA","aud":"https://api.example/mcp","#,
        r#""client_id":"client","scope":"read write","jti":"token","#,
        r#""grant_id":"BBBBBBBBBBBBBBBBBBBBBA","auth_time":1699999000,"iat":1700000000,"exp":1700003600}"#,
    );
    let read = read_with(|payload| *payload = serde_json::from_str(token).expect("json"));
    let subject = read.expect("verifies").subject();
    assert_eq!((subject.kind(), subject.as_str()), ("person", "AAAAAAAAAAAAAAAAAAAAAA"));
}

#[test]
fn jat_05_claims_that_do_not_say_whether_it_is_a_person_or_a_client_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(&str, Change); 7] = [
        ("another client's id", |payload| payload["sub"] = json!("other")),
        ("an empty one", |payload| payload["sub"] = json!("")),
        ("a client with a grant", |payload| payload["sub"] = json!("client")),
        ("a person without a grant", |payload| drop(payload["grant_id"].take())),
        ("a person who never signed in", |payload| drop(payload["auth_time"].take())),
        ("an account as client", |payload| payload["client_id"] = payload["sub"].clone()),
        ("nobody", |payload| drop(payload["sub"].take())),
    ];
    for (name, change) in cases {
        assert_eq!(read_with(change), Err(JwtError::Malformed), "{name}");
    }
    assert!(read_with(|_| ()).is_ok());
}

#[test]
fn rfc9068_4_every_failed_check_refuses_the_token() {
    let text = signed();
    let received = Received::parse(&text).expect("parses");
    let check = |verdict, issuer, seconds| {
        received.verify(verdict, issuer, UnixTime::from_seconds(seconds))
    };
    let (valid, issuer) = (SignatureVerdict::Valid, "https://id.example");
    assert_eq!(
        check(SignatureVerdict::Invalid, issuer, NOW.seconds()),
        Err(JwtError::InvalidSignature)
    );
    assert_eq!(check(valid, "https://id.example/", NOW.seconds()), Err(JwtError::WrongIssuer));
    assert_eq!(check(valid, issuer, 1_700_003_631), Err(JwtError::Expired));
    assert!(check(valid, issuer, 1_700_003_629).is_ok(), "inside the leeway");
}

#[test]
fn rfc8725_3_1_another_typ_alg_or_a_critical_extension_is_refused() {
    let with_header = |header: &str| {
        let text = signed();
        let rest = text.split_once('.').expect("token").1;
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
    };
    let cases = [
        (r#"{"alg":"ES256","typ":"JWT"}"#, JwtError::WrongType),
        (r#"{"alg":"ES256"}"#, JwtError::WrongType),
        (r#"{"alg":"none","typ":"at+jwt"}"#, JwtError::WrongAlgorithm),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, JwtError::WrongAlgorithm),
        (r#"{"alg":"ES256","typ":"at+jwt","crit":["x"]}"#, JwtError::Malformed),
    ];
    for (header, expected) in cases {
        let text = with_header(header);
        assert_eq!(Received::parse(&text).err(), Some(expected), "{header}");
    }
    let text = with_header(r#"{"alg":"ES256","typ":"application/AT+JWT"}"#);
    assert!(Received::parse(&text).is_ok());
}

fn assertion(client_id: Option<&str>, scope: &str) -> String {
    let claims = AssertionClaims {
        issuer: "https://id.example".to_owned(),
        audience: ResourceIndicator::parse("https://api.example/mcp").expect("resource"),
        subject: claims().subject(),
        client_id: client_id.map(|id| ClientId::parse(id).expect("client")),
        scope: Scope::parse(scope).expect("scope"),
        token_id: "assertion".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(ASSERTION_LIFETIME),
    };
    let unsigned = Unsigned::assertion(&claims, "key-1").expect("writes");
    unsigned.with_signature(b"signature").expose().to_owned()
}

#[test]
fn an_assertion_says_who_calls_which_resource_for_a_minute() {
    let text = assertion(Some("client"), "read");
    let header = part(&text, 0);
    assert_eq!(header["typ"], "latchkey-assertion+jwt");
    assert_eq!((&header["alg"], &header["kid"]), (&json!("ES256"), &json!("key-1")));
    assert_eq!(
        part(&text, 1),
        json!({
            "iss": "https://id.example", "aud": "https://api.example/mcp", "client_id": "client", "scope": "read",
            "sub": claims().subject(), "subject_type": "person", "jti": "assertion", "iat": 1_700_000_000, "exp": 1_700_000_060,
        })
    );
    let without = part(&assertion(None, ""), 1);
    assert!(without.get("client_id").is_none() && without.get("scope").is_none());
}

#[test]
fn jat_05_an_assertion_says_that_a_client_calls_for_itself() {
    let client = ClientId::parse("nightly").expect("client");
    let claims = AssertionClaims {
        issuer: "https://id.example".to_owned(),
        audience: ResourceIndicator::parse("https://api.example/mcp").expect("resource"),
        subject: Subject::Client(client.clone()),
        client_id: Some(client),
        scope: Scope::default(),
        token_id: "assertion".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(ASSERTION_LIFETIME),
    };
    let unsigned = Unsigned::assertion(&claims, "key-1").expect("writes");
    let payload = part(unsigned.with_signature(b"signature").expose(), 1);
    for (claim, value) in [("sub", "nightly"), ("client_id", "nightly"), ("subject_type", "client")]
    {
        assert_eq!(payload[claim], value, "{claim}");
    }
}

#[test]
fn jat_01_an_assertion_never_passes_for_an_access_token() {
    let text = assertion(Some("client"), "read");
    assert_eq!(Received::parse(&text).err(), Some(JwtError::WrongType));
}

#[test]
fn the_claimed_issuer_of_a_jwt_is_read_whatever_else_it_is() {
    let token = |claims: &str| format!("x.{}.y", URL_SAFE_NO_PAD.encode(claims));
    assert_eq!(claimed_issuer(&signed()).as_deref(), Some("https://id.example"));
    assert_eq!(claimed_issuer(&token(r#"{"iss":"a","aud":[1]}"#)).as_deref(), Some("a"));
    for none in [
        String::new(),
        "a.b.c".to_owned(),
        "abc".to_owned(),
        token("{}"),
        token(r#"{"iss":1}"#),
        token("[]"),
        format!("{}.z", token(r#"{"iss":"a"}"#)),
        token(&format!(r#"{{"iss":"{}"}}"#, "a".repeat(20_000))),
    ] {
        assert_eq!(claimed_issuer(&none), None, "{none}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_claimed_issuer_panic(text in "[A-Za-z0-9_.-]{0,200}|.{0,60}", claims in any::<String>()) {
        let _ = claimed_issuer(&text);
        let _ = claimed_issuer(&format!("a.{}.b", URL_SAFE_NO_PAD.encode(claims)));
    }

    #[test]
    fn no_text_makes_parse_panic(text in "[A-Za-z0-9_.-]{0,200}|.{0,60}") {
        if let Ok(received) = Received::parse(&text) {
            let _ = received.verify(SignatureVerdict::Valid, "https://id.example", NOW);
        }
    }
}
