use super::*;
use crate::client::ClientOrigin;
use crate::client_authentication::{Credentials, authenticate};
use crate::jwt::Authority;
use crate::params::{Parameters, encode};
use crate::test_support::{
    API, MCP, NOW, after, client, client_id, confidential_client, configuration_with,
};
use proptest::prelude::*;
use serde_json::json;

/// The deployment: `write` implies `read`.
fn configuration() -> Configuration {
    configuration_with(&json!({"scopes": [
        { "name": "mcp", "title": "Use your tools", "default": true },
        { "name": "read", "title": "Read" },
        { "name": "write", "title": "Write", "implies": ["read"] },
    ]}))
}

fn own(scope: &str, resources: &[&str]) -> OwnAccess {
    let resource = |text: &&str| ResourceIndicator::parse(text).expect("resource");
    OwnAccess {
        scope: Scope::parse(scope).expect("scope"),
        resources: resources.iter().map(resource).collect(),
    }
}

/// A client with a secret that may have `own` for itself.
fn client_with(own: Option<OwnAccess>) -> ClientRecord {
    let mut record = confidential_client();
    record.origin = ClientOrigin::Configured;
    record.policy.client_credentials = own;
    record
}

fn authenticated(record: &ClientRecord) -> AuthenticatedClient {
    let pairs = [("client_id", "client"), ("client_secret", "client secret")];
    let pairs = if record.is_public() { &pairs[..1] } else { &pairs[..] };
    let form = Parameters::parse(encode(pairs).as_bytes()).expect("form");
    let credentials = Credentials::parse(None, &form).expect("credentials");
    let record = ClientRecord { any_secret_method: true, ..record.clone() };
    authenticate(Some(&record), &credentials, NOW).expect("authenticated")
}

fn request(scope: Option<&str>, resource: &[&str]) -> ClientCredentialsRequest {
    ClientCredentialsRequest {
        scope: scope.map(|scope| Scope::parse(scope).expect("scope")),
        resource: resource.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn decided(
    record: &ClientRecord,
    scope: Option<&str>,
    resource: &[&str],
    configuration: &Configuration,
) -> Result<(String, String), ClientCredentialsError> {
    let client = authenticated(record);
    decide(&client, record, &request(scope, resource), configuration)
        .map(|granted| (granted.scope.to_string(), granted.resource.to_string()))
}

#[test]
fn rfc6749_4_4_2_a_client_gets_what_the_operator_allowed_and_never_more() {
    let record = client_with(Some(own("write mcp", &[API, MCP])));
    type Case<'a> = (&'a str, Option<&'a str>, &'a [&'a str], (&'a str, &'a str));
    let cases: &[Case<'_>] = &[
        ("nothing asked for", None, &[], ("write mcp", API)),
        ("less", Some("mcp"), &[], ("mcp", API)),
        ("in the order asked for", Some("mcp write"), &[], ("mcp write", API)),
        ("what is implied", Some("read"), &[], ("read", API)),
        ("what does not exist is left out", Some("openid mcp"), &[], ("mcp", API)),
        ("one resource", None, &[MCP], ("write mcp", MCP)),
        ("the same twice", None, &[MCP, MCP], ("write mcp", MCP)),
        ("with a slash at the end", None, &["https://id.example/mcp/"], ("write mcp", MCP)),
    ];
    for (name, scope, resource, (granted, target)) in cases {
        let expected = Ok(((*granted).to_owned(), (*target).to_owned()));
        assert_eq!(decided(&record, *scope, resource, &configuration()), expected, "{name}");
    }
    let narrow = client_with(Some(own("mcp", &[MCP])));
    let granted = decided(&narrow, Some("mcp read write"), &[], &configuration());
    assert_eq!(granted, Ok(("mcp".to_owned(), MCP.to_owned())), "beyond it is left out");
    let without_scope = client_with(Some(own("", &[MCP])));
    let granted = decided(&without_scope, None, &[], &configuration());
    assert_eq!(granted, Ok((String::new(), MCP.to_owned())), "a resource that needs no scope");
}

#[test]
fn rfc6749_4_4_each_refusal_has_its_code() {
    use ClientCredentialsError as Error;
    use ErrorCode as Code;
    let allowed = || Some(own("mcp", &[MCP]));
    let public = ClientRecord { policy: client_with(allowed()).policy, ..client() };
    let other = "https://id.example/other";
    type Case<'a> = (&'a str, ClientRecord, Option<&'a str>, &'a [&'a str], Error, Code);
    let cases: &[Case<'_>] = &[
        ("public", public, None, &[], Error::PublicClient, Code::UnauthorizedClient),
        (
            "registered itself",
            confidential_client(),
            None,
            &[],
            Error::NotAllowed,
            Code::UnauthorizedClient,
        ),
        ("not allowed", client_with(None), None, &[], Error::NotAllowed, Code::UnauthorizedClient),
        (
            "another scope",
            client_with(allowed()),
            Some("read"),
            &[],
            Error::ScopeNotAllowed,
            Code::InvalidScope,
        ),
        (
            "unknown scopes",
            client_with(allowed()),
            Some("openid"),
            &[],
            Error::ScopeNotAllowed,
            Code::InvalidScope,
        ),
        (
            "no scope to have",
            client_with(Some(own("", &[MCP]))),
            Some("mcp"),
            &[],
            Error::ScopeNotAllowed,
            Code::InvalidScope,
        ),
        (
            "another resource",
            client_with(allowed()),
            None,
            &[API],
            Error::InvalidTarget,
            Code::InvalidTarget,
        ),
        (
            "an unknown one",
            client_with(allowed()),
            None,
            &[other],
            Error::InvalidTarget,
            Code::InvalidTarget,
        ),
        (
            "no URI",
            client_with(allowed()),
            None,
            &["mcp"],
            Error::InvalidTarget,
            Code::InvalidTarget,
        ),
        (
            "two",
            client_with(Some(own("mcp", &[MCP, API]))),
            None,
            &[MCP, API],
            Error::InvalidTarget,
            Code::InvalidTarget,
        ),
        (
            "removed since",
            client_with(Some(own("mcp", &[other]))),
            None,
            &[],
            Error::InvalidTarget,
            Code::InvalidTarget,
        ),
        (
            "removed and named",
            client_with(Some(own("mcp", &[other]))),
            None,
            &[other],
            Error::InvalidTarget,
            Code::InvalidTarget,
        ),
    ];
    for (name, record, scope, resource, expected, code) in cases {
        let error = decided(record, *scope, resource, &configuration()).expect_err(name);
        assert_eq!((error, error.reply().code), (*expected, *code), "{name}");
    }
}

#[test]
fn a_decision_is_about_the_client_that_authenticated() {
    let record = client_with(Some(own("mcp", &[MCP])));
    let client = authenticated(&record);
    let another = ClientRecord { client_id: client_id("another"), ..record };
    let error = decide(&client, &another, &request(None, &[]), &configuration());
    assert_eq!(error, Err(ClientCredentialsError::NotAllowed));
}

#[test]
fn under_strict_scopes_a_scope_that_does_not_exist_is_refused_and_one_that_is_not_allowed_left_out()
{
    let strict = configuration_with(&json!({"strict_scopes": true}));
    let record = client_with(Some(own("mcp", &[MCP])));
    let scope = |text| decided(&record, Some(text), &[], &strict).map(|(scope, _)| scope);
    assert_eq!(scope("mcp openid"), Err(ClientCredentialsError::UnknownScope));
    assert_eq!(ClientCredentialsError::UnknownScope.reply().code, ErrorCode::InvalidScope);
    assert_eq!(scope("mcp offline_access"), Ok("mcp".to_owned()));
    assert_eq!(scope("mcp read"), Ok("mcp".to_owned()));
}

#[test]
fn a_scope_that_was_removed_since_is_given_to_nobody() {
    let record = client_with(Some(own("mcp gone", &[MCP])));
    for requested in [None, Some("mcp gone")] {
        let granted = decided(&record, requested, &[], &configuration()).expect("granted");
        assert_eq!(granted.0, "mcp", "{requested:?}");
    }
}

#[test]
fn the_tokens_of_a_client_count_while_the_operator_allows_them() {
    let mut policy = ClientPolicy::default();
    assert!(!tokens_count(&policy));
    policy.client_credentials = Some(OwnAccess::default());
    assert!(tokens_count(&policy));
    policy.disabled = true;
    assert!(!tokens_count(&policy));
}

#[test]
fn rfc7009_2_1_only_the_client_itself_gives_its_token_back() {
    let claims = |client: &str| AccessTokenClaims {
        issuer: "https://id.example".to_owned(),
        authority: Authority::Client,
        audience: ResourceIndicator::parse(MCP).expect("resource"),
        client_id: client_id(client),
        scope: Scope::default(),
        token_id: "jti".to_owned(),
        issued_at: NOW,
        expires_at: after(60),
    };
    let caller = authenticated(&client_with(None));
    assert_eq!(revoke(&claims("client"), &caller, NOW), Ok(Some(after(60))));
    assert_eq!(revoke(&claims("client"), &caller, after(60)), Ok(None));
    assert_eq!(revoke(&claims("another"), &caller, NOW), Err(RevokeError::AnotherClient));
    assert_eq!(revoke(&claims("another"), &caller, after(60)), Err(RevokeError::AnotherClient));
}

proptest! {
    #[test]
    fn whatever_is_asked_for_nothing_beyond_the_policy_is_granted(
        requested in proptest::collection::vec("mcp|read|write|gone|[a-z]{1,4}", 0..6),
        allowed in proptest::collection::vec("mcp|read|write|gone", 0..4),
        resource in proptest::collection::vec("https://id.example/mcp|https://api.example/v1|.{0,20}", 0..3),
        strict in any::<bool>(),
    ) {
        let configuration = configuration_with(&json!({"strict_scopes": strict}));
        let own = own(&allowed.join(" "), &[API]);
        let record = client_with(Some(own.clone()));
        let client = authenticated(&record);
        let request = ClientCredentialsRequest {
            scope: Some(Scope::parse(&requested.join(" ")).expect("scope")),
            resource,
        };
        if let Ok(granted) = decide(&client, &record, &request, &configuration) {
            prop_assert!(granted.scope.is_subset_of(&own.scope));
            prop_assert!(granted.scope.is_subset_of(&configuration.known_scope()));
            prop_assert_eq!(granted.resource.as_str(), API);
        }
    }
}
