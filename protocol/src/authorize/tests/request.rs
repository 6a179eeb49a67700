//! What a good request becomes, and which clients and redirect URIs there is no way back to.

use crate::authorize::{LocalError, Refusal, identify};
use crate::configuration::Configuration;
use crate::error::ErrorCode;
use crate::params::Parameters;
use crate::test_support::Change::{Also, Set, Without};
use crate::test_support::{
    API, Change, MCP, NOW, REDIRECT_URI, account, authorization_request, check, client, client_id,
    client_with, configuration, configuration_with, entropy_after, parameters, same,
};
use serde_json::json;

fn local(changes: &[Change<'_>], configuration: &Configuration) -> LocalError {
    local_of(&[REDIRECT_URI], changes, configuration)
}

fn local_of(
    registered: &[&str],
    changes: &[Change<'_>],
    configuration: &Configuration,
) -> LocalError {
    match check(changes, &client_with(registered), configuration) {
        Err(Refusal::Local(error)) => error,
        other => panic!("{changes:?}: {other:?}"),
    }
}

#[test]
fn rfc6749_4_1_1_a_good_request_is_read_whole() {
    let request = authorization_request(&[
        Set("prompt", "login consent"),
        Set("max_age", "300"),
        Set("login_hint", "person@example.com"),
    ]);
    assert_eq!(request.client_id, client_id("client"));
    assert_eq!(request.redirect_uri.as_str(), REDIRECT_URI);
    assert!(request.redirect_uri.was_sent());
    assert_eq!(request.state.as_deref(), Some("state &=+%/é"));
    assert_eq!(request.scope.to_string(), "mcp read");
    assert_eq!(request.resources.iter().map(|one| one.as_str()).collect::<Vec<_>>(), [MCP]);
    assert!(request.code_challenge.is_some());
    assert!(request.prompt.login && !request.prompt.none && !request.prompt.create);
    assert_eq!(request.max_age.map(|age| age.as_seconds()), Some(300));
    assert_eq!(request.login_hint.as_deref(), Some("person@example.com"));
    assert_eq!(request.created_at, NOW);
    assert_eq!(request.signed_in_for, None);
}

#[test]
fn a_disabled_client_gets_no_answer_whatever_it_asks() {
    let mut disabled = client();
    disabled.policy.disabled = true;
    for changes in [&[][..], &[Set("prompt", "none")], &[Set("redirect_uri", "https://x.example/")]]
    {
        match check(changes, &disabled, &configuration()) {
            Err(Refusal::Local(error)) => assert_eq!(error, LocalError::ClientDisabled),
            other => panic!("{changes:?}: {other:?}"),
        }
    }
    assert_eq!(LocalError::ClientDisabled.code(), ErrorCode::UnauthorizedClient);
}

#[test]
fn a_request_too_long_to_travel_between_the_pages_is_refused_at_once() {
    let just_fits = "s".repeat(8_000);
    assert_eq!(authorization_request(&[Set("state", &just_fits)]).state, Some(just_fits));
    let configuration = configuration();
    // A control character is six bytes in JSON.
    for long in ["s".repeat(10_000), "\u{1}".repeat(2_000)] {
        assert_eq!(local(&[Set("state", &long)], &configuration), LocalError::TooLong);
        assert_eq!(local(&[Set("login_hint", &long)], &configuration), LocalError::TooLong);
    }
}

#[test]
fn rfc6749_10_10_each_request_gets_a_grant_and_a_code_of_its_own() {
    let mut entropy = entropy_after(0);
    let mut one = || {
        crate::authorize::check(&parameters(&[]), &client(), &configuration(), NOW, &mut entropy)
            .expect("a good request")
    };
    let (first, second) = (one(), one());
    assert_ne!(first.grant, second.grant);
    assert!(!same(&first.code_secret(&account()), &second.code_secret(&account())));
}

#[test]
fn a_checked_request_survives_its_way_through_the_browser() {
    let request = authorization_request(&[Set("prompt", "login"), Set("max_age", "0")]);
    let text = serde_json::to_string(&request).expect("json");
    let back: crate::authorize::AuthorizationRequest =
        crate::json::read(&text).expect("reads back");
    assert_eq!(serde_json::to_string(&back).expect("json"), text);
    assert!(same(&back.code_secret(&account()), &request.code_secret(&account())));
}

#[test]
fn rfc6749_3_1_a_parameter_without_a_value_counts_as_omitted_and_unknown_ones_are_ignored() {
    let plain = authorization_request(&[]);
    let request = authorization_request(&[
        Also("prompt", ""),
        Also("max_age", ""),
        Also("request", ""),
        Also("request_uri", ""),
        Also("registration", ""),
        Also("response_mode", ""),
        Also("login_hint", ""),
        Also("resource", ""),
        Also("unheard_of", "value"),
        // OpenID Connect Core section 3.1.2.1: no error for their presence.
        Also("display", "popup"),
        Also("ui_locales", "de en"),
        Also("claims_locales", "de"),
        Also("acr_values", "0"),
        Also("id_token_hint", "x.y.z"),
        Also("nonce", "n"),
        Also("access_type", "offline"),
    ]);
    let (left, right) = (serde_json::to_value(&request), serde_json::to_value(&plain));
    assert_eq!(left.expect("json"), right.expect("json"));
}

#[test]
fn rfc6749_4_1_2_1_a_missing_repeated_or_malformed_client_id_stays_here() {
    let cases = [
        ("missing", parameters(&[Without("client_id")]), LocalError::ClientIdMissing),
        ("empty", parameters(&[Set("client_id", "")]), LocalError::ClientIdMissing),
        ("twice", parameters(&[Also("client_id", "client")]), LocalError::ClientIdRepeated),
        ("once empty", parameters(&[Also("client_id", "")]), LocalError::ClientIdRepeated),
        (
            "a control character",
            parameters(&[Set("client_id", "a\nb")]),
            LocalError::ClientIdMalformed,
        ),
        ("not ASCII", parameters(&[Set("client_id", "é")]), LocalError::ClientIdMalformed),
        (
            "513 characters",
            parameters(&[Set("client_id", &"x".repeat(513))]),
            LocalError::ClientIdMalformed,
        ),
        ("nothing at all", Parameters::parse(b"").expect("empty"), LocalError::ClientIdMissing),
    ];
    for (name, parameters, expected) in cases {
        assert_eq!(identify(&parameters), Err(expected), "{name}");
    }
    assert_eq!(identify(&parameters(&[])), Ok(client_id("client")));
}

#[test]
fn rfc6749_3_1_2_4_a_redirect_uri_that_is_not_the_clients_gets_nothing() {
    use LocalError::{RedirectUriMismatch as Mismatch, RedirectUriMissing, RedirectUriRepeated};
    let two = [REDIRECT_URI, "https://app.example/other"];
    let cases: &[(&str, &[&str], &[Change<'_>], LocalError)] = &[
        ("another", &two, &[Set("redirect_uri", "https://evil.example/")], Mismatch),
        ("its beginning", &two, &[Set("redirect_uri", "https://app.example/")], Mismatch),
        ("more path", &two, &[Set("redirect_uri", "https://app.example/other/x")], Mismatch),
        ("more query", &two, &[Set("redirect_uri", "https://app.example/other?x=1")], Mismatch),
        ("a fragment", &two, &[Set("redirect_uri", "https://app.example/other#x")], Mismatch),
        (
            "user information",
            &two,
            &[Set("redirect_uri", "https://app.example@evil.example/other")],
            Mismatch,
        ),
        ("another port", &two, &[Set("redirect_uri", "https://app.example:8443/other")], Mismatch),
        ("http", &two, &[Set("redirect_uri", "http://app.example/other")], Mismatch),
        ("script", &two, &[Set("redirect_uri", "javascript:alert(1)")], Mismatch),
        ("not a URI", &two, &[Set("redirect_uri", "callback")], Mismatch),
        ("none of two", &two, &[Without("redirect_uri")], RedirectUriMissing),
        ("an empty one of two", &two, &[Set("redirect_uri", "")], RedirectUriMissing),
        ("none registered", &[], &[], Mismatch),
        ("none registered, none sent", &[], &[Without("redirect_uri")], Mismatch),
        ("the same twice", &two, &[Also("redirect_uri", REDIRECT_URI)], RedirectUriRepeated),
        ("a second empty one", &two, &[Also("redirect_uri", "")], RedirectUriRepeated),
    ];
    for (name, registered, changes, expected) in cases {
        assert_eq!(local_of(registered, changes, &configuration()), *expected, "{name}");
        // Whatever else is wrong with the request, it is still not redirected.
        let broken =
            [changes, &[Without("response_type"), Set("scope", "\""), Also("state", "2")][..]];
        let broken = broken.concat();
        assert_eq!(local_of(registered, &broken, &configuration()), *expected, "{name}, broken");
    }
}

#[test]
fn rfc6749_3_1_2_3_the_only_registered_redirect_uri_may_be_left_out() {
    let request = authorization_request(&[Without("redirect_uri")]);
    assert_eq!(request.redirect_uri.as_str(), REDIRECT_URI);
    assert!(!request.redirect_uri.was_sent());
}

#[test]
fn rfc8252_7_3_only_the_port_of_a_loopback_redirect_uri_may_differ() {
    let cases = [
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:51004/cb", true),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1/cb", true),
        ("http://127.0.0.1/cb", "http://127.0.0.1:3000/cb", true),
        ("http://[::1]:3000/cb", "http://[::1]:51004/cb", true),
        ("http://localhost/callback", "http://localhost:3118/callback", true),
        ("http://127.0.0.1:33418/", "http://127.0.0.1:51004/", true),
        ("http://127.0.0.1/cb?a=1", "http://127.0.0.1:3000/cb?a=1", true),
        ("http://127.0.0.1/cb?a=1", "http://127.0.0.1:3000/cb", false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:3000/cb/", false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:3000/CB", false),
        ("http://127.0.0.1/cb", "https://127.0.0.1:3000/cb", false),
        ("http://127.0.0.1/cb", "http://localhost:3000/cb", false),
        ("http://localhost/cb", "http://127.0.0.1:3000/cb", false),
        ("http://[::1]/cb", "http://127.0.0.1:3000/cb", false),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
        ("http://127.0.0.1/cb", "http://127.1/cb", false),
        ("http://127.0.0.1/cb", "http://[::ffff:127.0.0.1]/cb", false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:3000@evil.example/cb", false),
        ("https://localhost:1/cb", "https://localhost:2/cb", false),
        ("com.example.app:/cb", "com.example.app:/cb", true),
        ("com.example.app:/cb", "com.example.app:/other", false),
    ];
    for (registered, requested, good) in cases {
        let client = client_with(&[registered]);
        match check(&[Set("redirect_uri", requested)], &client, &configuration()) {
            Ok(request) => {
                assert!(good, "{requested} for {registered}");
                assert_eq!(request.redirect_uri.as_str(), requested);
            }
            Err(Refusal::Local(LocalError::RedirectUriMismatch)) => {
                assert!(!good, "{requested} for {registered}");
            }
            Err(other) => panic!("{requested} for {registered}: {other:?}"),
        }
    }
}

#[test]
fn oauth_multiple_response_types_2_1_another_response_mode_stays_here() {
    let cases: &[(&str, &[Change<'_>])] = &[
        ("fragment", &[Set("response_mode", "fragment")]),
        ("form_post", &[Set("response_mode", "form_post")]),
        ("in other case", &[Set("response_mode", "Query")]),
        ("twice", &[Set("response_mode", "query"), Also("response_mode", "query")]),
        ("with other errors", &[Set("response_mode", "fragment"), Without("response_type")]),
    ];
    for (name, changes) in cases {
        let error = local(changes, &configuration());
        assert_eq!(error, LocalError::ResponseModeUnsupported, "{name}");
    }
    assert!(check(&[Set("response_mode", "query")], &client(), &configuration()).is_ok());
}

#[test]
fn rfc6749_4_1_2_1_each_local_error_has_a_code_and_tells_what_to_do() {
    use LocalError as Error;
    let codes = [
        (Error::Unreadable, ErrorCode::InvalidRequest),
        (Error::ClientIdMissing, ErrorCode::InvalidRequest),
        (Error::ClientIdRepeated, ErrorCode::InvalidRequest),
        (Error::ClientIdMalformed, ErrorCode::InvalidClient),
        (Error::ClientUnknown, ErrorCode::InvalidClient),
        (Error::RedirectUriRepeated, ErrorCode::InvalidRequest),
        (Error::RedirectUriMissing, ErrorCode::InvalidRequest),
        (Error::RedirectUriMismatch, ErrorCode::InvalidRequest),
        (Error::ResponseModeUnsupported, ErrorCode::InvalidRequest),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code, "{error:?}");
        for text in [error.what_happened(), error.what_to_do()] {
            assert!(text.ends_with('.') && !text.contains("  "), "{error:?}: {text}");
        }
    }
}

#[test]
fn rfc6749_3_3_what_exists_of_the_scope_is_granted_and_the_rest_is_left_out() {
    let with_default = json!({});
    let cases = [
        ("as asked", Set("scope", "write mcp"), "write mcp"),
        ("absent", Without("scope"), "mcp"),
        ("empty", Set("scope", ""), "mcp"),
        ("only spaces", Set("scope", "  "), "mcp"),
        ("mcp-remote's default", Set("scope", "openid profile email"), "mcp"),
        ("claude.ai's", Set("scope", "claudeai"), "mcp"),
        ("offline_access", Set("scope", "offline_access"), "mcp"),
        ("one known", Set("scope", "openid read offline_access"), "read"),
        ("a repeated one", Set("scope", "read read mcp"), "read mcp"),
        ("scopes are case-sensitive", Set("scope", "READ"), "mcp"),
    ];
    for (name, change, expected) in cases {
        let request = check(&[change], &client(), &configuration_with(&with_default)).expect(name);
        assert_eq!(request.scope.to_string(), expected, "{name}");
    }

    // Strict or not, offline_access is no error; a deployment may also make it a scope of its own.
    let strict = configuration_with(&json!({"strict_scopes": true}));
    for scope in ["mcp read offline_access", "offline_access", "mcp"] {
        assert!(check(&[Set("scope", scope)], &client(), &strict).is_ok(), "{scope}");
    }
    let own = configuration_with(&json!({"scopes": [{"name": "offline_access", "title": "x"}]}));
    let request = check(&[Set("scope", "offline_access")], &client(), &own).expect("request");
    assert_eq!(request.scope.to_string(), "offline_access");

    // Without any scope in the configuration there is nothing to choose from.
    let none = configuration_with(&json!({"scopes": []}));
    for change in [Without("scope"), Set("scope", "openid")] {
        let request = check(&[change], &client(), &none).expect("request");
        assert!(request.scope.is_empty());
    }
}

#[test]
fn rfc8707_2_1_each_resource_is_granted_once_and_none_means_the_default() {
    let cases: &[(&str, &[Change<'_>], &[&str])] = &[
        ("none", &[Without("resource")], &[MCP]),
        ("empty", &[Set("resource", "")], &[MCP]),
        ("the other", &[Set("resource", API)], &[API]),
        ("both, in their order", &[Set("resource", API), Also("resource", MCP)], &[API, MCP]),
        ("the same twice", &[Also("resource", MCP)], &[MCP]),
        ("the same in two ways", &[Also("resource", "https://id.example/mcp/")], &[MCP]),
        ("with a default port", &[Set("resource", "https://ID.example:443/mcp")], &[MCP]),
    ];
    for (name, changes, expected) in cases {
        let request = check(changes, &client(), &configuration()).expect(name);
        let resources: Vec<_> = request.resources.iter().map(|one| one.as_str()).collect();
        assert_eq!(resources, *expected, "{name}");
    }
}
