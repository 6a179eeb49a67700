//! Credentials of every kind by their text: headers, our own tokens, codes that people type, cookies.

use latchkey_protocol::bearer::{self, Presented};
use latchkey_protocol::client_authentication::Credentials;
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::forwarding::{request_headers, response_headers};
use latchkey_protocol::params::Parameters;
use latchkey_protocol::personal_access_token::PersonalAccessToken;
use latchkey_protocol::pkce::{CodeChallenge, CodeVerifier};
use latchkey_protocol::registration::admission;
use latchkey_protocol::registration::initial_access_token::InitialAccessToken;
use latchkey_protocol::sealed::{self, OpenError, SealingKey};
use latchkey_protocol::token::{DeviceCode, GrantToken, SessionToken};
use latchkey_protocol::user_code::UserCode;

use crate::deployment::{CONFIGURATION, Counting, NOW};
use crate::{optional, texts};

/// A header `Authorization`, a header `X-API-Key`, a query; the first of them as everything else too.
pub fn check(data: &[u8]) {
    let Some([text, api_key, query]) = texts(data) else { return };
    presented(text, api_key, query);
    basic(text);
    tokens(text);
    verifier(text);
    user_code(text);
    email(text);
    cookies(text);
    let key = [SealingKey::generate(&mut Counting::default())];
    let opened = sealed::open::<serde_json::Value>(&key, "request", text, NOW);
    assert_eq!(opened, Err(OpenError::Invalid), "nobody can seal but us");
    if let Some(key) = SealingKey::from_secret(&latchkey_protocol::secret::Secret::new(text)) {
        assert_eq!(key.to_secret().expose(), text);
    }
}

/// RFC 6750 section 2: one credential, in a header, whole and by characters that a token has.
fn presented(authorization: &str, api_key: &str, query: &str) {
    let Ok(found) = bearer::presented(optional(authorization), optional(api_key), query) else {
        return;
    };
    let text = found.secret().expose();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    assert!(!text.is_empty() && text.bytes().all(allowed));
    let header = match &found {
        Presented::Bearer(_) => authorization,
        Presented::ApiKey(_) => api_key,
    };
    assert!(header.trim_end_matches([' ', '\t']).ends_with(text));
    let _ = bearer::classify(&found, &CONFIGURATION.prefixes);
    let _ = admission::presented_token(
        Some(authorization),
        query,
        &CONFIGURATION.prefixes.initial_access_token,
    );
}

/// RFC 6749 section 2.3.1: an accepted header names the client that its own encoding gives.
fn basic(header: &str) {
    let empty = Parameters::parse(b"").expect("nothing");
    let Ok(credentials) = Credentials::parse(Some(header), &empty) else { return };
    // RFC 9110 section 5.5: white space around a header's value is none of it, and HTTP takes it off before anybody reads it.
    let scheme = header.trim_start().get(..6);
    assert!(scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")));
    let id = credentials.client_id().as_str();
    let same = latchkey_protocol::params::encode(&[("client_id", id)]);
    let same = Parameters::parse(same.as_bytes()).expect("a form");
    assert!(Credentials::parse(Some(header), &same).is_ok(), "the same id beside it is no other");
    let other = Parameters::parse(b"client_id=somebody-else").expect("a form");
    assert!(id == "somebody-else" || Credentials::parse(Some(header), &other).is_err());
}

/// What is read as a token is written as the same text, so that no two texts are one token.
fn tokens(text: &str) {
    let prefixes = &CONFIGURATION.prefixes;
    for prefix in [&prefixes.authorization_code, &prefixes.refresh_token] {
        if let Some(token) = GrantToken::parse(prefix, text) {
            assert_eq!(token.to_wire(prefix).expose(), text);
        }
    }
    if let Some(code) = DeviceCode::parse(&prefixes.device_code, text) {
        assert_eq!(code.to_wire(&prefixes.device_code).expose(), text);
    }
    if let Some(token) = SessionToken::parse(text) {
        assert_eq!(token.to_wire().expose(), text);
    }
    if let Ok(token) = PersonalAccessToken::parse(&prefixes.personal_access_token, text) {
        assert_eq!(token.to_wire(&prefixes.personal_access_token).expose(), text);
    }
    if let Some(token) = InitialAccessToken::parse(&prefixes.initial_access_token, text) {
        assert_eq!(token.to_wire(&prefixes.initial_access_token).expose(), text);
    }
}

/// RFC 7636 section 4.1: a verifier proves the challenge that is made of it, and no other.
fn verifier(text: &str) {
    if let Ok(verifier) = CodeVerifier::parse(text) {
        assert!((43..=128).contains(&text.len()));
        assert!(verifier.challenge().verify(&verifier).is_ok());
        let another = CodeVerifier::parse(&format!("{}~", &text[..text.len() - 1]));
        let another = another.expect("one character is another");
        assert_eq!(verifier.challenge().verify(&another).is_ok(), text.ends_with('~'));
    }
    let challenge = CodeChallenge::parse(Some(text), Some("S256"), false);
    if let Ok(Some(challenge)) = challenge {
        assert_eq!(challenge.expose(), text);
        assert_eq!(text.len(), 43);
    }
    for method in [None, Some("plain"), Some("s256"), Some("S256 ")] {
        assert!(CodeChallenge::parse(Some(text), method, false).is_err(), "no downgrade");
    }
}

/// RFC 8628 section 6.1: what was meant is one code, however it was typed.
fn user_code(text: &str) {
    let Ok(code) = UserCode::parse(text) else {
        assert!(UserCode::from_canonical(text).is_none());
        return;
    };
    assert_eq!(code.as_str().len(), 8);
    assert_eq!(UserCode::from_canonical(code.as_str()).as_ref(), Some(&code));
    assert_eq!(UserCode::parse(&code.to_string()).as_ref(), Ok(&code), "as a device shows it");
    assert_eq!(UserCode::parse(&code.as_str().to_lowercase()).as_ref(), Ok(&code));
}

fn email(text: &str) {
    let Some(address) = EmailAddress::parse(text) else { return };
    let again = EmailAddress::parse(address.as_str()).expect("it reads back");
    assert_eq!(again.as_str(), address.as_str());
    assert_eq!(again.directory_key(), address.directory_key(), "one account for one address");
    assert!(!address.as_str().chars().any(char::is_control));
}

/// Our own cookies never reach the server behind the gateway, nor come from it.
fn cookies(text: &str) {
    let is_ours = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        name.starts_with("latchkey_") || name.starts_with("__host-latchkey_")
    };
    if let Some(others) = request_headers::other_cookies(text) {
        for pair in others.split([';', ',']) {
            assert!(!is_ours(pair.split('=').next().unwrap_or_default()), "{others:?}");
        }
        assert_eq!(request_headers::other_cookies(&others).as_ref(), Some(&others));
    }
    if response_headers::may_set_cookie(text) {
        assert!(text.contains('=') && !is_ours(text.split('=').next().unwrap_or_default()));
    }
}
