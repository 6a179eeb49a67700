//! Forms and queries: parameters as such, and each request that is read from them.

use latchkey_protocol::administration::{ListRequest, Position};
use latchkey_protocol::authorize::{self, Refusal};
use latchkey_protocol::client_authentication::{self, AuthenticatedClient, Credentials};
use latchkey_protocol::device_authorization;
use latchkey_protocol::introspection::IntrospectionRequest;
use latchkey_protocol::params::{MAXIMUM_PARAMETERS, Parameters, encode};
use latchkey_protocol::redirect_uri::match_registered;
use latchkey_protocol::revocation::RevocationRequest;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::sealed::SealingKey;
use latchkey_protocol::time::Lifetime;
use latchkey_protocol::token_request::{self, GrantRequest, TokenRequest};

use crate::deployment::{CLIENT, CONFIGURATION, Counting, NOW};
use crate::optional;

/// A body or a query, read as whatever it may be, with an `Authorization` header behind it.
pub fn check(data: &[u8]) {
    let mut pieces = data.splitn(2, |byte| *byte == 0xff);
    let body = pieces.next().unwrap_or_default();
    let header = pieces.next().and_then(|piece| std::str::from_utf8(piece).ok());
    if let Ok(text) = std::str::from_utf8(body) {
        scope(text);
    }
    let Ok(parameters) = Parameters::parse(body) else { return };
    round_trip(&parameters);
    authorization_request(&parameters);
    token_request(&parameters, header);
    list(&parameters);
    if let Ok(request) = RevocationRequest::parse(&parameters) {
        assert_eq!(parameters.get("token"), Ok(Some(request.token.expose())));
    }
    if let Ok(request) = IntrospectionRequest::parse(&parameters) {
        assert_eq!(parameters.get("token"), Ok(Some(request.token.expose())));
    }
}

/// What was read is written so that it reads the same, and nothing comes twice.
fn round_trip(parameters: &Parameters) {
    let query = parameters.to_query();
    assert!(query.is_ascii());
    let again = Parameters::parse(query.as_bytes()).expect("what is written is read");
    assert_eq!(again, *parameters);
    let repeated = parameters.first_repeated(&[]).map(str::to_owned);
    for name in ["client_id", "scope", "state", "token", "code"] {
        assert!(parameters.get(name).is_ok() || repeated.is_some());
    }
    assert!(query.split('&').count() <= MAXIMUM_PARAMETERS);
}

/// A scope is a set of visible tokens, and reads back.
fn scope(text: &str) {
    let Ok(scope) = Scope::parse(text) else { return };
    let written = scope.to_string();
    assert_eq!(Scope::parse(&written).as_ref(), Ok(&scope));
    for token in scope.iter() {
        let visible = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(token.as_str().bytes().all(visible), "RFC 6749 appendix A.4");
        assert!(text.split(' ').any(|word| word == token.as_str()));
    }
}

/// An accepted authorization request goes to a registered redirect URI, is bound by S256, and asks for what
/// there is; a refused one is answered there or on our own page.
fn authorization_request(parameters: &Parameters) {
    let mut entropy = Counting::default();
    match authorize::check(parameters, &CLIENT, &CONFIGURATION, NOW, &mut entropy) {
        Ok(request) => {
            let uri = request.redirect_uri.as_str();
            assert!(match_registered(Some(uri), &CLIENT.metadata.redirect_uris).is_ok());
            let challenge = request.code_challenge.as_ref().expect("PKCE, always");
            assert_eq!(challenge.method().as_str(), "S256");
            assert_eq!(challenge.expose().len(), 43);
            assert!(!request.scope.is_empty());
            assert!(request.scope.is_subset_of(&CONFIGURATION.known_scope()));
            let known = |one| CONFIGURATION.resources.iter().any(|known| known == one);
            assert!(!request.resources.is_empty() && request.resources.iter().all(known));
            seals(&request, &mut entropy);
        }
        Err(Refusal::Redirect(error)) => {
            let uri = error.redirect_uri.as_str();
            assert!(match_registered(Some(uri), &CLIENT.metadata.redirect_uris).is_ok());
        }
        Err(Refusal::Local(_)) => {}
    }
}

/// The request between two pages: it opens to the same, and to nobody once one bit is another.
fn seals(request: &authorize::AuthorizationRequest, entropy: &mut Counting) {
    let key = [SealingKey::generate(entropy)];
    let ends = NOW.plus(Lifetime::minutes(10));
    let sealed = key[0].seal("request", request, ends, entropy).expect("it is sealed");
    let open = |purpose: &str, text: &str| {
        latchkey_protocol::sealed::open::<authorize::AuthorizationRequest>(&key, purpose, text, NOW)
    };
    let opened = open("request", &sealed).expect("it opens");
    assert_eq!(serde_json::to_string(&opened).ok(), serde_json::to_string(request).ok());
    assert!(open("another", &sealed).is_err());
    let place = sealed.len() / 2;
    let other = if sealed.as_bytes()[place] == b'A' { "B" } else { "A" };
    assert!(
        open("request", &format!("{}{other}{}", &sealed[..place], &sealed[place + 1..])).is_err()
    );
}

fn authenticated(parameters: &Parameters, header: Option<&str>) -> Option<AuthenticatedClient> {
    let credentials = Credentials::parse(header, parameters).ok()?;
    // Else the assertion's subject names it.
    if header.is_none() && credentials.assertion().is_none() {
        assert_eq!(parameters.get("client_id"), Ok(Some(credentials.client_id().as_str())));
    }
    client_authentication::authenticate(Some(&CLIENT), &credentials, NOW).ok()
}

/// The public client of the deployment has no secret, so that whoever sends one isn't it.
fn token_request(parameters: &Parameters, header: Option<&str>) {
    let header = header.and_then(optional);
    let Some(client) = authenticated(parameters, header) else { return };
    assert_eq!(client.client_id(), &CLIENT.client_id);
    assert!(client.is_public());
    assert_eq!(parameters.get("client_secret"), Ok(None));
    let _ = device_authorization::check(parameters, &client, &CLIENT, &CONFIGURATION);
    let Ok(request) = token_request::parse(parameters, &client, &CLIENT, &CONFIGURATION) else {
        return;
    };
    if let TokenRequest::OfPerson { request: GrantRequest::AuthorizationCode(request), .. } =
        request
    {
        assert_eq!(request.client_id, CLIENT.client_id);
        let sent = parameters.get("redirect_uri").expect("once");
        assert_eq!(request.redirect_uri.as_deref(), sent);
        let verifier = parameters.get("code_verifier").expect("once");
        assert_eq!(request.code_verifier.as_ref().map(|verifier| verifier.expose()), verifier);
    }
}

/// A cursor reads back.
fn list(parameters: &Parameters) {
    let Ok(request) = ListRequest::parse(parameters) else { return };
    let cursor = request.position.to_cursor();
    assert_eq!(Position::from_cursor(&cursor).as_ref(), Some(&request.position));
    let query = encode(&[("cursor", &cursor)]);
    let again = Parameters::parse(query.as_bytes()).expect("a query");
    assert_eq!(ListRequest::parse(&again).expect("a list").position, request.position);
}
