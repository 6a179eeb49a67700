use super::*;
use proptest::prelude::*;

fn found(authorization: Option<&str>, api_key: Option<&str>, query: &str) -> String {
    match presented(authorization, api_key, query) {
        Ok(Presented::Bearer(secret)) => format!("bearer {}", secret.expose()),
        Ok(Presented::ApiKey(secret)) => format!("api key {}", secret.expose()),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn mrs_17_the_scheme_is_bearer_in_any_case() {
    for header in
        ["Bearer abc", "bearer abc", "BEARER abc", "bEaReR   abc", " Bearer abc ", "Bearer\tabc"]
    {
        assert_eq!(found(Some(header), None, ""), "bearer abc", "{header:?}");
    }
}

#[test]
fn mrs_01_a_request_without_a_bearer_has_no_credential() {
    for header in
        ["", "  ", "Basic dXNlcjpwYXNz", "Bearerabc", "Digest realm=\"a\", nonce=\"b\"", "DPoP abc"]
    {
        assert_eq!(found(Some(header), None, "a=b"), "Nothing", "{header:?}");
    }
    assert_eq!(found(None, None, ""), "Nothing");
    assert_eq!(found(None, Some(" "), ""), "Nothing");
}

#[test]
fn rfc6750_2_1_a_token_has_the_characters_of_b64token() {
    for token in ["a", "A.b-c_d~e+f/g", "abc==", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"] {
        let header = format!("Bearer {token}");
        assert_eq!(found(Some(&header), None, ""), format!("bearer {token}"));
        assert_eq!(found(None, Some(token), ""), format!("api key {token}"));
    }
    for token in ["", "a b", "a=b", "==", "a\"", "é", "a\u{0}", "a;b", "<a>"] {
        let header = format!("Bearer {token}");
        assert_eq!(found(Some(&header), None, ""), "Malformed", "{token:?}");
    }
    assert_eq!(found(None, Some("a b"), ""), "Malformed");
    assert_eq!(found(Some("Bearer"), None, ""), "Malformed");
}

#[test]
fn mrs_13_a_token_in_the_query_never_counts() {
    for query in [
        "access_token=abc",
        "?access_token=abc",
        "a=b&access_token=",
        "access%5Ftoken=a",
        "access_token",
    ] {
        assert_eq!(found(None, None, query), "OnlyInQuery", "{query}");
        assert_eq!(found(Some("Basic abc"), None, query), "OnlyInQuery", "{query}");
        assert_eq!(found(Some("Bearer abc"), None, query), "Several", "{query}");
        assert_eq!(found(None, Some("abc"), query), "Several", "{query}");
    }
    assert_eq!(found(Some("Bearer abc"), None, "token=x&q=access_token"), "bearer abc");
}

#[test]
fn mrs_14_a_credential_in_two_ways_or_two_headers_is_refused() {
    for header in [
        "Bearer a, Bearer b",
        "Bearer a,Bearer a",
        "Basic a, Bearer b",
        "Bearer a, Basic b",
        "bearer a,",
    ] {
        assert_eq!(found(Some(header), None, ""), "Several", "{header:?}");
    }
    assert_eq!(found(Some("Bearer a"), Some("b"), ""), "Several");
    assert_eq!(found(Some("Bearer a"), Some("a"), ""), "Several", "also when it is the same");
    assert_eq!(found(None, Some("a, b"), ""), "Several");
    assert_eq!(found(Some("Basic abc"), Some("a"), ""), "api key a", "Basic is nobody's here");
}

#[test]
fn mrs_12_a_credential_is_what_its_prefix_says() {
    use CredentialKind::{AccessToken, PersonalAccessToken};
    let prefixes = Prefixes::default();
    let problem = |problem: TokenProblem| Err(problem);
    let cases = [
        (
            "eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
            Ok(AccessToken),
            problem(TokenProblem::ApiKeyWithoutPersonalAccessToken),
        ),
        ("undefined", Ok(AccessToken), problem(TokenProblem::ApiKeyWithoutPersonalAccessToken)),
        ("latchkey_pat_x", Ok(PersonalAccessToken), Ok(PersonalAccessToken)),
        ("latchkey_rt_x", problem(TokenProblem::RefreshToken), problem(TokenProblem::RefreshToken)),
        (
            "latchkey_ac_x",
            problem(TokenProblem::AuthorizationCode),
            problem(TokenProblem::AuthorizationCode),
        ),
        (
            "latchkey_secret_x",
            problem(TokenProblem::NotAnAccessToken),
            problem(TokenProblem::NotAnAccessToken),
        ),
        (
            "latchkey_client_x",
            problem(TokenProblem::NotAnAccessToken),
            problem(TokenProblem::NotAnAccessToken),
        ),
        (
            "LATCHKEY_PAT_x",
            Ok(AccessToken),
            problem(TokenProblem::ApiKeyWithoutPersonalAccessToken),
        ),
    ];
    for (text, as_bearer, as_api_key) in cases {
        assert_eq!(classify(&Presented::Bearer(Secret::new(text)), &prefixes), as_bearer, "{text}");
        assert_eq!(
            classify(&Presented::ApiKey(Secret::new(text)), &prefixes),
            as_api_key,
            "{text}"
        );
    }
}

#[test]
fn of_two_prefixes_that_fit_the_longer_one_counts() {
    let prefixes = Prefixes {
        refresh_token: "lk_".to_owned(),
        personal_access_token: "lk_pat_".to_owned(),
        ..Prefixes::default()
    };
    let kind = |text: &str| classify(&Presented::Bearer(Secret::new(text)), &prefixes);
    assert_eq!(kind("lk_pat_x"), Ok(CredentialKind::PersonalAccessToken));
    assert_eq!(kind("lk_x"), Err(TokenProblem::RefreshToken));
}

#[test]
fn a_resource_takes_the_kinds_it_is_configured_for() {
    let accepted = AcceptedCredentials { access_token: true, personal_access_token: false };
    assert_eq!(CredentialKind::AccessToken.accepted_by(&accepted), Ok(()));
    let kind = CredentialKind::PersonalAccessToken;
    assert_eq!(kind.accepted_by(&accepted), Err(TokenProblem::KindNotAccepted(kind)));
}

proptest! {
    #[test]
    fn no_input_panics_and_what_is_presented_is_one_token(
        authorization in proptest::option::of(prop_oneof![any::<String>(), "(?i:bearer)[ ,]{0,2}[a-z=. ,]{0,20}"]),
        api_key in proptest::option::of(prop_oneof![any::<String>(), "[a-z=. ,]{0,12}"]),
        query in prop_oneof![any::<String>(), "(a=b&)?access_token=[a-z]{0,3}"],
    ) {
        if let Ok(presented) = presented(authorization.as_deref(), api_key.as_deref(), &query) {
            let text = presented.secret().expose();
            prop_assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(!text.contains([',', ' ']));
            let _ = classify(&presented, &Prefixes::default());
        }
    }
}
