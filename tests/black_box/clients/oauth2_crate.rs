//! The `oauth2` crate, the client library of most Rust programs.
//!
//! Everything is its own but the connection: it speaks through its documented function trait, so
//! that an https issuer is reached on loopback. The crate refuses to revoke at an http address, so
//! the whole walk runs against the deployment with an https issuer.

use latchkey_tests::{Client as Registered, Front, Server, jwt};
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicRequestTokenError};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, ConfigurationError, CsrfToken,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    TokenResponse as _, TokenUrl, http,
};
use std::time::Duration;

use super::sign_up_and_allow;
use crate::Case;

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet>;

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases: Vec<Case> = ["none", "client_secret_basic", "client_secret_post"]
        .into_iter()
        .map(|method| {
            let title = format!("issue 2: the oauth2 crate discovers, gets, refreshes and revokes tokens with {method}");
            Case::new(title, move |servers| whole_walk(servers.short_links(), method))
        })
        .collect();
    cases.push(Case::new(
        "issue 2: the oauth2 crate gets and refreshes tokens at an http issuer on loopback",
        |servers| loopback_walk(servers.standard()),
    ));
    cases.push(Case::new(
        "RFC 6749 section 5.2: the oauth2 crate understands what the token endpoint refuses",
        |servers| errors(servers.short_links()),
    ));
    cases.push(Case::new(
        "RFC 6749 section 4.4, TOK-12: the oauth2 crate gets a token for itself and calls with it",
        |servers| for_itself(servers.machines()),
    ));
    cases
}

/// What the crate knows of a client before it knows a server.
pub fn credentials_of(registered: &Registered) -> BasicClient {
    let mut client = BasicClient::new(ClientId::new(registered.id.clone()));
    if let Some(secret) = &registered.secret {
        client = client.set_client_secret(ClientSecret::new(secret.clone()));
    }
    if registered.method == "client_secret_post" {
        client = client.set_auth_type(AuthType::RequestBody);
    }
    client
}

/// Configures the crate from nothing but the metadata and the answer to the registration.
fn discovered(server: &Server, registered: &Registered) -> Client {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    let url = |member: &str| metadata[member].as_str().expect(member).to_owned();
    credentials_of(registered)
        .set_auth_uri(AuthUrl::new(url("authorization_endpoint")).expect("URL"))
        .set_token_uri(TokenUrl::new(url("token_endpoint")).expect("URL"))
        .set_revocation_url(RevocationUrl::new(url("revocation_endpoint")).expect("URL"))
        .set_redirect_uri(RedirectUrl::new(registered.redirect_uri.clone()).expect("URL"))
}

/// The crate's HTTP client: its requests to the server's origin, sent as they are.
pub fn connection(
    server: &Server,
) -> impl Fn(HttpRequest) -> Result<HttpResponse, http::Error> + use<'_> {
    move |request| {
        let url = request.uri().to_string();
        let path = server.local_path("/", &url).unwrap_or_else(|| panic!("elsewhere: {url}"));
        let fields: Vec<_> = form_urlencoded::parse(request.body()).into_owned().collect();
        server.secrets().remember_form(&fields);
        let mut call = server.call(request.method().as_str(), &path);
        for (name, value) in request.headers() {
            call = call.header(name.as_str(), value.to_str().expect("ASCII"));
        }
        let reply = call.body(request.body().as_slice()).send();
        let mut response = http::Response::builder().status(reply.status);
        for (name, value) in &reply.headers {
            response = response.header(name, value);
        }
        response.body(reply.body)
    }
}

/// Everything up to the code: the URL, the person, and what the client checks in the answer.
fn code(
    server: &Server,
    client: &Client,
    scopes: &[&str],
) -> (AuthorizationCode, PkceCodeVerifier) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let callback = sign_up_and_allow(server, url.as_str());
    assert_eq!(callback.get("state").as_deref(), Some(state.secret().as_str()));
    assert_eq!(callback.get("iss"), Some(server.issuer()));
    assert_eq!(callback.target(), client.redirect_uri().expect("redirect URI").as_str());
    (AuthorizationCode::new(callback.code()), verifier)
}

fn whole_walk(server: &Server, method: &str) {
    let registered = Registered::with_method(server, method);
    let client = discovered(server, &registered);
    let http = connection(server);

    let scopes = ["shorturl:read", "qrcode:create"];
    let (code, verifier) = code(server, &client, &scopes);
    let tokens =
        client.exchange_code(code).set_pkce_verifier(verifier).request(&http).expect("tokens");
    assert_eq!(tokens.expires_in(), Some(Duration::from_secs(3600)));
    let granted: Vec<&str> = tokens.scopes().expect("scope").iter().map(|s| s.as_str()).collect();
    assert_eq!(granted, scopes);

    let refresh_token = tokens.refresh_token().expect("refresh token");
    let narrowed = client
        .exchange_refresh_token(refresh_token)
        .add_scope(Scope::new("shorturl:read".to_owned()))
        .request(&http)
        .expect("new tokens");
    let successor = narrowed.refresh_token().expect("the next refresh token").clone();
    assert_ne!(successor.secret(), refresh_token.secret());
    assert_ne!(narrowed.access_token().secret(), tokens.access_token().secret());
    assert_eq!(narrowed.scopes().map(Vec::len), Some(1));

    let revoked = StandardRevocableToken::RefreshToken(successor.clone());
    client.revoke_token(revoked).expect("https").request(&http).expect("revoked");
    let after = client.exchange_refresh_token(&successor).request(&http);
    assert_eq!(refused(after), BasicErrorResponseType::InvalidGrant);
    // RFC 7009 section 2.2: a token that is gone already is no error.
    let again = StandardRevocableToken::AccessToken(narrowed.access_token().clone());
    client.revoke_token(again).expect("https").request(&http).expect("nothing to revoke");
}

fn loopback_walk(server: &Server) {
    let registered = Registered::public(server);
    let client = discovered(server, &registered);
    let http = connection(server);
    let (code, verifier) = code(server, &client, &[]);
    let tokens =
        client.exchange_code(code).set_pkce_verifier(verifier).request(&http).expect("tokens");
    let refresh_token = tokens.refresh_token().expect("refresh token");
    let next = client.exchange_refresh_token(refresh_token).request(&http).expect("new tokens");
    assert_eq!(next.scopes(), tokens.scopes());
    let revocation =
        client.revoke_token(StandardRevocableToken::RefreshToken(refresh_token.clone()));
    assert!(matches!(revocation.err(), Some(ConfigurationError::InsecureUrl("revocation"))));
}

fn errors(server: &Server) {
    let registered = Registered::with_method(server, "client_secret_basic");
    let client = discovered(server, &registered);
    let http = connection(server);

    let (first, _) = code(server, &client, &[]);
    let (_, other_verifier) = PkceCodeChallenge::new_random_sha256();
    let answer = client.exchange_code(first).set_pkce_verifier(other_verifier).request(&http);
    assert_eq!(refused(answer), BasicErrorResponseType::InvalidGrant);

    let (code, verifier) = code(server, &client, &["shorturl:read"]);
    let verifier = verifier.into_secret();
    let redeem = || {
        let verifier = PkceCodeVerifier::new(verifier.clone());
        client.exchange_code(code.clone()).set_pkce_verifier(verifier).request(&http)
    };
    let tokens = redeem().expect("tokens");
    let refresh_token = tokens.refresh_token().expect("refresh token");
    let more = client
        .exchange_refresh_token(refresh_token)
        .add_scope(Scope::new("shorturl:create".to_owned()))
        .request(&http);
    assert_eq!(refused(more), BasicErrorResponseType::InvalidScope);
    assert_eq!(refused(redeem()), BasicErrorResponseType::InvalidGrant);

    let unknown = RefreshToken::new("jmpy_rt_unknown".to_owned());
    let answer = client.exchange_refresh_token(&unknown).request(&http);
    assert_eq!(refused(answer), BasicErrorResponseType::InvalidGrant);
    let answer = client.exchange_client_credentials().request(&http);
    assert_eq!(refused(answer), BasicErrorResponseType::UnauthorizedClient);
    let impostor = client.set_client_secret(ClientSecret::new("jmpy_secret_guess".to_owned()));
    let answer = impostor.exchange_refresh_token(&unknown).request(&http);
    assert_eq!(refused(answer), BasicErrorResponseType::InvalidClient);
}

fn for_itself(front: &Front) {
    let server = &front.server;
    for id in ["nightly", "poster"] {
        let registered = Registered::configured(id);
        let client = discovered(server, &registered);
        let http = connection(server);
        let tokens = client.exchange_client_credentials().request(&http).expect("tokens");
        assert!(tokens.refresh_token().is_none());
        assert_eq!(tokens.expires_in(), Some(Duration::from_secs(3600)));
        let token = tokens.access_token().secret();
        assert_eq!(jwt::read(token).claims["sub"], id);
        let place = front.upstream.plain();
        if id == "nightly" {
            let granted: Vec<&str> =
                tokens.scopes().expect("scope").iter().map(|scope| scope.as_str()).collect();
            assert_eq!(granted, ["api", "api:write"]);
            let _ = front.get(&format!("/api/{}", place.name()), Some(token)).expect(200);
        } else {
            let message = crate::gateway::tool("list_notes");
            let _ = front.message(&place, token, &message).send().expect(200);
        }
        assert_eq!(place.only().header("latchkey-client-id"), Some(id));

        let narrowed = client
            .exchange_client_credentials()
            .add_scope(Scope::new("shorturl:read".to_owned()))
            .request(&http);
        assert_eq!(refused(narrowed), BasicErrorResponseType::InvalidScope);
    }
}

/// The error code that the crate made of a refusal, which has a description for the developer too.
#[track_caller]
fn refused<T>(answer: Result<T, BasicRequestTokenError<http::Error>>) -> BasicErrorResponseType {
    match answer {
        Err(RequestTokenError::ServerResponse(error)) => {
            let description = error.error_description().map(String::as_str).unwrap_or_default();
            assert!(description.contains("reference"), "{error}");
            error.error().clone()
        }
        Err(error) => panic!("the crate didn't understand the answer: {error:?}"),
        Ok(_) => panic!("the server didn't refuse"),
    }
}
