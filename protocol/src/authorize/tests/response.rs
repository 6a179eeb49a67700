//! What is sent back, and that it can be read back exactly.

use crate::authorize::{RedirectError, RedirectReason, error_location, success_location};
use crate::configuration::Configuration;
use crate::params::Parameters;
use crate::secret::Secret;
use crate::test_support::Change::{Set, Without};
use crate::test_support::{
    Change, authorization_request, check, client_with, configuration, configuration_with,
};
use proptest::prelude::*;
use serde_json::json;

fn error_for(changes: &[Change<'_>], registered: &str, reason: RedirectReason) -> RedirectError {
    let client = client_with(&[registered]);
    let changes = [changes, &[Set("redirect_uri", registered)][..]].concat();
    let request = check(&changes, &client, &configuration()).expect("a good request");
    RedirectError {
        redirect_uri: request.redirect_uri,
        state: request.state,
        reason,
        silent: false,
    }
}

fn query(location: &str) -> Parameters {
    let (_, query) = location.split_once('?').expect("a query");
    Parameters::parse(query.as_bytes()).expect("a readable query")
}

#[test]
fn rfc6749_4_1_2_success_has_code_state_and_iss_after_the_clients_own_query() {
    let request = authorization_request(&[]);
    let location = success_location(&request, &Secret::new("the.code"), &configuration());
    assert_eq!(
        location,
        "https://app.example/callback?tenant=1&code=the.code\
         &state=state+%26%3D%2B%25%2F%C3%A9&iss=https%3A%2F%2Fid.example"
    );
}

#[test]
fn rfc6749_4_1_2_1_an_error_has_error_description_state_and_iss() {
    let error = error_for(&[], "https://app.example/callback?tenant=1", RedirectReason::Denied);
    assert_eq!(
        error_location(&error, &configuration()),
        "https://app.example/callback?tenant=1&error=access_denied\
         &error_description=The+person+did+not+allow+it.\
         &state=state+%26%3D%2B%25%2F%C3%A9&iss=https%3A%2F%2Fid.example"
    );
}

#[test]
fn rfc6749_4_1_2_no_state_came_so_none_goes_back() {
    let request = authorization_request(&[Without("state")]);
    let location = success_location(&request, &Secret::new("c"), &configuration());
    assert_eq!(query(&location).all("state").count(), 0);
    assert!(!location.contains("state"));
    let error = error_for(&[Without("state")], "https://a.example/", RedirectReason::LoginRequired);
    assert!(!error_location(&error, &configuration()).contains("state="));
}

#[test]
fn rfc9207_2_iss_is_the_issuer_in_success_and_error_unless_switched_off() {
    let off = configuration_with(&json!({"authorization_response_iss_parameter": false}));
    let issuer = |configuration: &Configuration, location: String| {
        let iss = query(&location).get("iss").expect("once").map(str::to_owned);
        assert!(iss.as_deref().is_none_or(|iss| iss == configuration.issuer.as_str()));
        iss.is_some()
    };
    let request = authorization_request(&[]);
    let error = error_for(&[], "https://a.example/cb", RedirectReason::ConsentRequired);
    for (configuration, expected) in [(configuration(), true), (off, false)] {
        let success = success_location(&request, &Secret::new("c"), &configuration);
        assert_eq!(issuer(&configuration, success), expected);
        assert_eq!(issuer(&configuration, error_location(&error, &configuration)), expected);
    }
}

#[test]
fn rfc6749_3_1_2_an_answer_never_has_a_fragment_and_goes_to_the_uri_that_was_named() {
    for registered in [
        "https://app.example",
        "https://app.example/callback",
        "https://app.example/callback?a=1&b=%20",
        "https://app.example/callback?",
        "http://127.0.0.1:5123/callback",
        "http://[::1]/",
        "com.example.app:/callback",
    ] {
        let error = error_for(&[], registered, RedirectReason::Denied);
        let location = error_location(&error, &configuration());
        assert!(location.starts_with(registered), "{location}");
        assert!(!location.contains('#'), "{location}");
        assert_eq!(query(&location).get("error"), Ok(Some("access_denied")), "{location}");
        assert_eq!(location.matches('?').count(), 1, "{location}");
    }
}

proptest! {
    #[test]
    fn rfc6749_4_1_2_any_state_goes_back_exactly_and_adds_no_parameter(state in ".{1,200}") {
        let request = authorization_request(&[Set("state", &state)]);
        let success = success_location(&request, &Secret::new("c"), &configuration());
        let error = error_for(&[Set("state", &state)], "https://a.example/", RedirectReason::Denied);
        let error = error_location(&error, &configuration());
        for (location, name, value) in [(success, "code", "c"), (error, "error", "access_denied")] {
            prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
            let query = query(&location);
            prop_assert_eq!(query.get("state"), Ok(Some(state.as_str())));
            prop_assert_eq!(query.get(name), Ok(Some(value)));
            prop_assert_eq!(query.first_repeated(&[]), None);
        }
    }
}
