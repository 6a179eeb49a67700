//! Errors that go to the client.

use crate::authorize::{RedirectError, RedirectReason as Reason, Refusal};
use crate::client::{ClientRecord, GrantType};
use crate::configuration::Configuration;
use crate::test_support::Change::{Also, Set, Without};
use crate::test_support::{
    CHALLENGE, Change, REDIRECT_URI, VERIFIER, check, client, confidential_client, configuration,
    configuration_with,
};
use proptest::prelude::*;
use serde_json::json;

fn refused(
    changes: &[Change<'_>],
    client: &ClientRecord,
    configuration: &Configuration,
) -> RedirectError {
    match check(changes, client, configuration) {
        Err(Refusal::Redirect(error)) => *error,
        other => panic!("{changes:?}: {other:?}"),
    }
}

#[test]
fn rfc6749_4_1_2_1_each_error_goes_to_the_client_with_its_reason() {
    let cases: &[(&str, &[Change<'_>], Reason)] = &[
        ("no response_type", &[Without("response_type")], Reason::ResponseTypeMissing),
        ("empty response_type", &[Set("response_type", "")], Reason::ResponseTypeMissing),
        ("token", &[Set("response_type", "token")], Reason::ResponseTypeUnsupported),
        ("id_token", &[Set("response_type", "id_token")], Reason::ResponseTypeUnsupported),
        ("code token", &[Set("response_type", "code token")], Reason::ResponseTypeUnsupported),
        ("Code", &[Set("response_type", "Code")], Reason::ResponseTypeUnsupported),
        ("scope twice", &[Also("scope", "mcp")], Reason::ParameterRepeated),
        ("scope and an empty one", &[Also("scope", "")], Reason::ParameterRepeated),
        ("state twice", &[Also("state", "2")], Reason::ParameterRepeated),
        ("code_challenge twice", &[Also("code_challenge", CHALLENGE)], Reason::ParameterRepeated),
        (
            "code_challenge_method twice",
            &[Also("code_challenge_method", "S256")],
            Reason::ParameterRepeated,
        ),
        ("response_type twice", &[Also("response_type", "code")], Reason::ParameterRepeated),
        (
            "prompt twice",
            &[Set("prompt", "none"), Also("prompt", "login")],
            Reason::ParameterRepeated,
        ),
        ("an unknown one twice", &[Also("x", "1"), Also("x", "2")], Reason::ParameterRepeated),
        ("scope with a quotation mark", &[Set("scope", "mcp \"")], Reason::ScopeMalformed),
        ("scope with a line break", &[Set("scope", "mcp\nread")], Reason::ScopeMalformed),
        (
            "unknown resource",
            &[Set("resource", "https://id.example/other")],
            Reason::ResourceUnknown,
        ),
        ("relative resource", &[Set("resource", "/mcp")], Reason::ResourceUnknown),
        (
            "resource with a fragment",
            &[Set("resource", "https://id.example/mcp#x")],
            Reason::ResourceUnknown,
        ),
        ("resource that is no URI", &[Set("resource", "mcp")], Reason::ResourceUnknown),
        (
            "one resource of two unknown",
            &[Also("resource", "https://evil.example")],
            Reason::ResourceUnknown,
        ),
        ("none and login", &[Set("prompt", "none login")], Reason::PromptContradiction),
        ("none and something", &[Set("prompt", "x none")], Reason::PromptContradiction),
        ("max_age in words", &[Set("max_age", "soon")], Reason::MaxAgeMalformed),
        ("negative max_age", &[Set("max_age", "-1")], Reason::MaxAgeMalformed),
        ("max_age with a fraction", &[Set("max_age", "1.5")], Reason::MaxAgeMalformed),
        (
            "max_age beyond 64 bits",
            &[Set("max_age", "18446744073709551616")],
            Reason::MaxAgeMalformed,
        ),
        ("request", &[Set("request", "x.y.z")], Reason::RequestObject),
        ("request_uri", &[Set("request_uri", "https://app.example/r")], Reason::RequestUri),
        ("registration", &[Set("registration", "{}")], Reason::Registration),
    ];
    for (name, changes, expected) in cases {
        let error = refused(changes, &client(), &configuration());
        assert_eq!(error.reason, *expected, "{name}");
        assert_eq!(error.redirect_uri.as_str(), REDIRECT_URI, "{name}");
        let repeated = changes.iter().any(|change| matches!(change, Also("state", _)));
        let state = (!repeated).then_some("state &=+%/é");
        assert_eq!(error.state.as_deref(), state, "{name}: exactly as it came");
    }
}

#[test]
fn rfc7636_4_4_1_a_missing_weak_or_malformed_challenge_is_refused() {
    const LONG: &str = "a234567890a234567890a234567890a234567890a23";
    let of = |length: usize| LONG.repeat(3).chars().take(length).collect::<String>();
    let (of_42, of_44, of_128, of_129) = (of(42), of(44), of(128), of(129));
    let with = |character: &str| format!("{}{character}", of(42));
    let (padded, plus, slash, dot) = (with("="), with("+"), with("/"), with("."));
    let cases: &[(&str, &[Change<'_>], Reason)] = &[
        (
            "neither",
            &[Without("code_challenge"), Without("code_challenge_method")],
            Reason::CodeChallengeMissing,
        ),
        (
            "both empty",
            &[Set("code_challenge", ""), Set("code_challenge_method", "")],
            Reason::CodeChallengeMissing,
        ),
        ("only the method", &[Without("code_challenge")], Reason::CodeChallengeMissing),
        (
            "no method means plain",
            &[Without("code_challenge_method")],
            Reason::CodeChallengeMethodPlain,
        ),
        ("plain", &[Set("code_challenge_method", "plain")], Reason::CodeChallengeMethodPlain),
        ("s256", &[Set("code_challenge_method", "s256")], Reason::CodeChallengeMalformed),
        ("S512", &[Set("code_challenge_method", "S512")], Reason::CodeChallengeMalformed),
        ("42 characters", &[Set("code_challenge", &of_42)], Reason::CodeChallengeMalformed),
        ("44 characters", &[Set("code_challenge", &of_44)], Reason::CodeChallengeMalformed),
        ("128 characters", &[Set("code_challenge", &of_128)], Reason::CodeChallengeMalformed),
        ("129 characters", &[Set("code_challenge", &of_129)], Reason::CodeChallengeMalformed),
        ("padding", &[Set("code_challenge", &padded)], Reason::CodeChallengeMalformed),
        ("a plus", &[Set("code_challenge", &plus)], Reason::CodeChallengeMalformed),
        ("a slash", &[Set("code_challenge", &slash)], Reason::CodeChallengeMalformed),
        ("a dot", &[Set("code_challenge", &dot)], Reason::CodeChallengeMalformed),
    ];
    for (name, changes, expected) in cases {
        for client in [client(), confidential_client()] {
            let error = refused(changes, &client, &configuration());
            assert_eq!(error.reason, *expected, "{name}");
        }
    }
    let of_43 = of(43);
    assert!(check(&[Set("code_challenge", &of_43)], &client(), &configuration()).is_ok());
}

#[test]
fn rfc9700_2_1_1_what_is_legacy_never_lets_a_public_client_leave_pkce_out() {
    let without = [Without("code_challenge"), Without("code_challenge_method")];
    let legacy = configuration_with(&json!({"legacy": {"confidential_without_pkce": true}}));
    let request = check(&without, &confidential_client(), &legacy).expect("confidential");
    assert!(request.code_challenge.is_none());
    let error = refused(&without, &client(), &legacy);
    assert_eq!(error.reason, Reason::CodeChallengeMissing);

    let plain = configuration_with(&json!({"legacy": {"plain_pkce": true}}));
    let changes = [Set("code_challenge", VERIFIER), Set("code_challenge_method", "plain")];
    assert!(check(&changes, &client(), &plain).is_ok());
    let error = refused(&without, &client(), &plain);
    assert_eq!(error.reason, Reason::CodeChallengeMissing);
}

#[test]
fn rfc6749_4_1_2_1_a_client_without_the_grant_is_unauthorized() {
    let mut other = client();
    other.metadata.grant_types = vec![GrantType::RefreshToken];
    assert_eq!(refused(&[], &other, &configuration()).reason, Reason::GrantTypeNotRegistered);
}

#[test]
fn rfc6749_3_3_no_usable_scope_and_no_default_is_an_error_asked_for_or_not() {
    let scopes = json!([{ "name": "mcp", "title": "x" }]);
    let none_by_default = configuration_with(&json!({ "scopes": scopes }));
    for change in [Without("scope"), Set("scope", ""), Set("scope", "openid offline_access")] {
        let error = refused(&[change], &client(), &none_by_default);
        assert_eq!(error.reason, Reason::ScopeEmpty, "{change:?}");
    }
    assert!(check(&[Set("scope", "mcp")], &client(), &none_by_default).is_ok());
}

#[test]
fn rfc6749_3_3_strict_scopes_refuse_what_does_not_exist() {
    let strict = configuration_with(&json!({"strict_scopes": true}));
    for scope in ["nonsense", "mcp nonsense", "openid"] {
        let error = refused(&[Set("scope", scope)], &client(), &strict);
        assert_eq!(error.reason, Reason::ScopeUnknown, "{scope}");
    }
}

#[test]
fn rfc6749_4_1_2_1_no_state_is_invented() {
    for change in [Without("state"), Set("state", "")] {
        let error = refused(&[change, Without("response_type")], &client(), &configuration());
        assert_eq!(error.state, None);
    }
}

#[test]
fn openid_core_3_1_2_1_an_error_is_silent_only_when_prompt_none_asked_for_it() {
    let cases: &[(&str, &[Change<'_>], bool)] = &[
        ("no prompt", &[], false),
        ("login", &[Set("prompt", "login")], false),
        ("none", &[Set("prompt", "none")], true),
        ("none with another", &[Set("prompt", "login none")], true),
        ("nonesuch", &[Set("prompt", "nonesuch")], false),
        ("twice", &[Set("prompt", "none"), Also("prompt", "none")], false),
    ];
    for (name, changes, silent) in cases {
        let changes = [changes, &[Without("response_type")][..]].concat();
        let error = refused(&changes, &client(), &configuration());
        assert_eq!(error.silent, *silent, "{name}");
    }
}

#[test]
fn rfc6749_4_1_2_1_each_reason_has_its_code() {
    let codes = [
        (Reason::ParameterRepeated, "invalid_request"),
        (Reason::ResponseTypeMissing, "invalid_request"),
        (Reason::ResponseTypeUnsupported, "unsupported_response_type"),
        (Reason::GrantTypeNotRegistered, "unauthorized_client"),
        (Reason::CodeChallengeMissing, "invalid_request"),
        (Reason::CodeChallengeMethodPlain, "invalid_request"),
        (Reason::CodeChallengeMalformed, "invalid_request"),
        (Reason::ScopeMalformed, "invalid_scope"),
        (Reason::ScopeUnknown, "invalid_scope"),
        (Reason::ScopeEmpty, "invalid_scope"),
        (Reason::ResourceUnknown, "invalid_target"),
        (Reason::PromptContradiction, "invalid_request"),
        (Reason::MaxAgeMalformed, "invalid_request"),
        (Reason::RequestObject, "request_not_supported"),
        (Reason::RequestUri, "request_uri_not_supported"),
        (Reason::Registration, "registration_not_supported"),
        (Reason::LoginRequired, "login_required"),
        (Reason::ConsentRequired, "consent_required"),
        (Reason::Denied, "access_denied"),
    ];
    for (reason, code) in codes {
        let reply = reason.reply();
        assert_eq!(reply.code.as_str(), code, "{reason:?}");
        assert!(
            reply.description.ends_with('.') && !reply.description.contains("  "),
            "{reason:?}"
        );
    }
}

fn any_change() -> impl Strategy<Value = (bool, &'static str, String)> {
    let name = prop::sample::select(vec![
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "response_mode",
        "prompt",
        "max_age",
        "login_hint",
        "request",
        "request_uri",
        "registration",
    ]);
    let value = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "",
            "code",
            "plain",
            "S256",
            "none",
            "mcp",
            REDIRECT_URI,
            CHALLENGE
        ])
        .prop_map(str::to_owned),
    ];
    (any::<bool>(), name, value)
}

proptest! {
    /// Whatever is sent: nothing panics, and what isn't the client's own is never redirected to.
    #[test]
    fn rfc6749_4_1_2_1_any_request_is_answered_at_the_registered_uri_or_here(
        changes in prop::collection::vec(any_change(), 0..6),
    ) {
        let changes: Vec<_> = changes
            .iter()
            .map(|(set, name, value)| if *set { Set(name, value) } else { Also(name, value) })
            .collect();
        match check(&changes, &client(), &configuration()) {
            Ok(request) => {
                prop_assert_eq!(request.redirect_uri.as_str(), REDIRECT_URI);
                prop_assert!(request.code_challenge.is_some());
                prop_assert!(request.scope.is_subset_of(&configuration().known_scope()));
                prop_assert!(!request.scope.is_empty() && !request.resources.is_empty());
            }
            Err(Refusal::Redirect(error)) => {
                prop_assert_eq!(error.redirect_uri.as_str(), REDIRECT_URI);
            }
            Err(Refusal::Local(_)) => {}
        }
    }
}
