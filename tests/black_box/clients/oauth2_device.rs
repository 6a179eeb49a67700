//! The `oauth2` crate on a device without a browser (RFC 8628), polling in its own way, while a person
//! decides elsewhere.

use latchkey_tests::{Browser, Client as Registered, Person, Server};
use oauth2::basic::BasicClient;
use oauth2::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponseType, EndpointNotSet, EndpointSet,
    RequestTokenError, Scope, StandardDeviceAuthorizationResponse, TokenResponse as _, TokenUrl,
};
use std::cell::RefCell;
use std::time::Duration;

use super::oauth2_crate::{connection, credentials_of};
use crate::Case;

type Client = BasicClient<EndpointNotSet, EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases: Vec<Case> = ["none", "client_secret_basic", "client_secret_post"]
        .into_iter()
        .map(|method| {
            let title = format!(
                "RFC 8628, issue 4: the oauth2 crate connects a device with {method}, waiting in its own way"
            );
            Case::new(title, move |servers| connects(servers.short_links(), method))
        })
        .collect();
    cases.push(Case::new(
        "RFC 8628 section 3.5, issue 4: the oauth2 crate slows down when it is told to, and gets its tokens",
        |servers| slows_down(servers.standard()),
    ));
    cases.push(Case::new(
        "RFC 8628 section 3.5, issue 4: the oauth2 crate understands that a person did not allow it",
        |servers| denied(servers.standard()),
    ));
    cases
}

/// Configures the crate from nothing but the metadata and the answer to the registration.
fn discovered(server: &Server, registered: &Registered) -> Client {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    let url = |member: &str| metadata[member].as_str().expect(member).to_owned();
    let device = url("device_authorization_endpoint");
    credentials_of(registered)
        .set_device_authorization_url(DeviceAuthorizationUrl::new(device).expect("URL"))
        .set_token_uri(TokenUrl::new(url("token_endpoint")).expect("URL"))
}

/// The person's part, on another machine: types the code in at the address that the device shows.
fn decide(server: &Server, details: &StandardDeviceAuthorizationResponse, decision: &str) {
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    assert_eq!(details.verification_uri().as_str(), server.url("/device"));
    let page = browser.enter_code(details.user_code().secret()).expect(200);
    let _ = browser.decide_device(&page, decision).expect(200);
}

fn connects(server: &Server, method: &str) {
    let registered = Registered::of_device(server, method);
    let client = discovered(server, &registered);
    let http = connection(server);
    let details: StandardDeviceAuthorizationResponse = client
        .exchange_device_code()
        .add_scope(Scope::new("shorturl:read".to_owned()))
        .add_scope(Scope::new("qrcode:create".to_owned()))
        .request(&http)
        .expect("a device code");
    let complete = details.verification_uri_complete().expect("the whole address");
    assert!(complete.secret().ends_with(details.user_code().secret()));
    assert_eq!(details.interval(), Duration::from_secs(5));

    let waits = RefCell::new(Vec::new());
    let wait = |interval: Duration| {
        waits.borrow_mut().push(interval);
        // The client's own wait, which is what keeps it from being told to slow down.
        std::thread::sleep(interval);
        if waits.borrow().len() == 2 {
            decide(server, &details, "allow");
        }
    };
    let tokens =
        client.exchange_device_access_token(&details).request(&http, wait, None).expect("tokens");
    assert_eq!(*waits.borrow(), [Duration::from_secs(5); 2], "it never came too early");
    assert_eq!(tokens.expires_in(), Some(Duration::from_secs(3600)));
    let granted: Vec<&str> = tokens.scopes().expect("scope").iter().map(|s| s.as_str()).collect();
    assert_eq!(granted, ["shorturl:read", "qrcode:create"]);
    let refresh_token = tokens.refresh_token().expect("refresh token");
    let next = client.exchange_refresh_token(refresh_token).request(&http).expect("new tokens");
    assert_ne!(next.access_token().secret(), tokens.access_token().secret());
}

fn slows_down(server: &Server) {
    let client = discovered(server, &Registered::of_device(server, "none"));
    let http = connection(server);
    let details: StandardDeviceAuthorizationResponse =
        client.exchange_device_code().request(&http).expect("a device code");
    let waits = RefCell::new(Vec::new());
    let hurry = |interval: Duration| {
        // It doesn't wait at all, until the person has decided.
        waits.borrow_mut().push(interval.as_secs());
        assert!(waits.borrow().len() < 50, "it is never told to slow down");
        if interval > Duration::from_secs(10) {
            decide(server, &details, "allow");
        }
    };
    let tokens =
        client.exchange_device_access_token(&details).request(&http, hurry, None).expect("tokens");
    assert!(tokens.refresh_token().is_some());
    let mut waits = waits.into_inner();
    // Where the machine is slow, a request may have been in time.
    waits.dedup();
    assert_eq!(waits, [5, 10, 15]);
}

fn denied(server: &Server) {
    let client = discovered(server, &Registered::of_device(server, "none"));
    let http = connection(server);
    let details: StandardDeviceAuthorizationResponse =
        client.exchange_device_code().request(&http).expect("a device code");
    decide(server, &details, "deny");
    let answer = client.exchange_device_access_token(&details).request(&http, |_| {}, None);
    match answer {
        Err(RequestTokenError::ServerResponse(error)) => {
            assert_eq!(*error.error(), DeviceCodeErrorResponseType::AccessDenied);
        }
        other => panic!("{other:?}"),
    }
}
