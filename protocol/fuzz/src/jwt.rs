//! JWTs and key sets of strangers: nothing is believed that none of our keys signed.

use latchkey_protocol::client_assertion::ClientAssertion;
use latchkey_protocol::configuration::Issuer;
use latchkey_protocol::jwt::{self, ForeignJwt, Received, SignatureVerdict};
use latchkey_protocol::registration::software_statement::ReceivedStatement;
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::verifier::{KeySet, Verifier};

use crate::deployment::{CLIENT, CONFIGURATION, NOW};
use crate::texts;

/// A public key whose private half nobody has any more.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"1",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

/// A token, and a key set.
pub fn check(data: &[u8]) {
    let Some([token, keys]) = texts(data) else { return };
    access_token(token);
    foreign(token, keys);
    key_set(keys);
}

fn access_token(token: &str) {
    let issuer = Issuer::parse("https://id.example").expect("an issuer");
    let audience = ResourceIndicator::parse("https://id.example/mcp").expect("a resource");
    let keys = KeySet::parse(KEYS, NOW).expect("a key");
    let verifier = Verifier::new(issuer, audience);
    assert!(verifier.verify(token, &keys, NOW).is_err(), "nobody has the key: {token:?}");
    let Ok(received) = Received::parse(token) else { return };
    // RFC 8725 section 3.1: what it says of itself decides nothing.
    assert_eq!(received.algorithm(), "ES256");
    assert!(token.as_bytes().starts_with(received.message()));
    let refused = received.verify(SignatureVerdict::Invalid, "https://id.example", NOW);
    assert!(refused.is_err());
    // Were it signed, its claims would be of this issuer and of this time.
    if let Ok(claims) = received.verify(SignatureVerdict::Valid, "https://id.example", NOW) {
        assert_eq!(claims.issuer, "https://id.example");
        assert!(claims.expires_at.seconds() + 31 > NOW.seconds());
    }
}

fn foreign(token: &str, keys: &str) {
    let _ = jwt::claimed_issuer(token);
    if let Ok(assertion) = ClientAssertion::parse(token) {
        assert!(assertion.check_client(&CLIENT, NOW).is_err(), "this client signs nothing");
        let verdict = SignatureVerdict::Invalid;
        assert!(assertion.verify(&CLIENT, verdict, &CONFIGURATION, NOW).is_err());
    }
    if let Ok(statement) = ReceivedStatement::parse(token) {
        assert!(statement.issuer(&CONFIGURATION, NOW).is_err(), "nobody is trusted here");
        assert!(token.as_bytes().starts_with(statement.message()));
    }
    let Ok(foreign) = ForeignJwt::parse(token) else { return };
    assert!(matches!(foreign.algorithm().as_str(), "ES256" | "RS256" | "EdDSA"));
    assert!(token.as_bytes().starts_with(foreign.message()));
    assert!(foreign.claims::<serde_json::Value>(SignatureVerdict::Invalid).is_err());
    if let Ok(jwks) = latchkey_protocol::json::parse(keys) {
        let candidates = foreign.candidates(&jwks);
        assert!(candidates.len() <= 4, "few keys are tried");
        for key in candidates {
            assert!(foreign.algorithm().suits(key), "a key is used with its own algorithm");
        }
    }
}

fn key_set(text: &str) {
    let Ok(keys) = KeySet::parse(text, NOW) else { return };
    assert!(text.contains("kid") && !keys.contains("a key that it does not have"));
}
