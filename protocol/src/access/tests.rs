use super::*;
use crate::entropy::CountingEntropy;
use crate::error::ErrorCode;
use crate::jwt::JwtError;
use crate::mcp::MessageError;
use crate::test_support::{MCP, NOW, account, after, client_id, configuration_with};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

fn configuration() -> Configuration {
    configuration_with(&json!({
        "scopes": [
            { "name": "mcp", "title": "Use" },
            { "name": "read", "title": "Read" },
            { "name": "write", "title": "Write", "implies": ["read"] },
            { "name": "admin", "title": "All", "implies": ["write"] },
        ],
        "resources": [{
            "path": "/mcp", "kind": "mcp", "upstream": { "service": "MCP" }, "scopes": ["mcp"],
            "methods": { "GET": ["read"], "DELETE": ["write"] },
            "tools": { "delete_note": ["write"], "list_notes": ["read"], "*": ["admin"] },
        }],
    }))
}

fn resource(configuration: &Configuration) -> ProtectedResource {
    configuration.protected_resources.first().expect("a resource").clone()
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("scope")
}

fn indicator(text: &str) -> ResourceIndicator {
    ResourceIndicator::parse(text).expect("resource")
}

fn holder(held: &str) -> Holder {
    Holder {
        subject: account().into(),
        credential: Credential::AccessToken {
            client_id: client_id("client"),
            grant: GrantId::generate(&mut CountingEntropy::default()),
            token_id: "token".to_owned(),
        },
        label: None,
        scope: scope(held),
        resources: vec![indicator(MCP)],
        expires_at: after(60),
    }
}

#[test]
fn jat_05_who_calls_is_the_person_of_an_access_token_or_the_client_that_has_it_for_itself() {
    let grant = GrantId::generate(&mut CountingEntropy::default());
    let claims = |authority| AccessTokenClaims {
        issuer: "https://id.example".to_owned(),
        authority,
        audience: indicator(MCP),
        client_id: client_id("client"),
        scope: scope("mcp"),
        token_id: "token".to_owned(),
        issued_at: NOW,
        expires_at: after(60),
    };
    let person = Holder::of_access_token(claims(Authority::Person {
        account: account(),
        grant: grant.clone(),
        authenticated_at: NOW,
    }));
    assert_eq!(person, holder("mcp"));
    let client = Holder::of_access_token(claims(Authority::Client));
    assert_eq!(client.subject, Subject::Client(client_id("client")));
    let own =
        Credential::OwnAccessToken { client_id: client_id("client"), token_id: "token".to_owned() };
    assert_eq!(client.credential, own);
    assert_eq!(own.kind(), CredentialKind::AccessToken);
    assert_eq!(own.client_id(), Some(&client_id("client")));
}

#[test]
fn mrs_08_everything_a_request_needs_is_named_at_once() {
    let resource = resource(&configuration());
    let gateway = resource.gateway.as_ref().expect("a gateway");
    let cases: [(&str, &[&str], &str); 9] = [
        ("POST", &[], "mcp"),
        ("POST", &["list_notes"], "mcp read"),
        ("POST", &["delete_note", "list_notes"], "mcp write read"),
        ("POST", &["another"], "mcp admin"),
        ("POST", &["Delete_Note"], "mcp admin write"),
        ("DELETE", &["list_notes"], "mcp write read"),
        ("delete", &[], "mcp write"),
        ("GET", &[], "mcp read"),
        ("HEAD", &[], "mcp read"),
    ];
    for (method, tools, expected) in cases {
        let needed = needed_scope(&resource, gateway, method, tools);
        assert_eq!(needed.to_string(), expected, "{method} {tools:?}");
    }
}

#[test]
fn mrs_08_a_tool_that_a_careless_server_takes_for_a_listed_one_needs_what_that_one_needs() {
    let needed = |tools: &Value, called: &str| {
        let scopes =
            ["mcp", "read", "write", "admin"].map(|name| json!({ "name": name, "title": "x" }));
        let configuration = configuration_with(&json!({
            "scopes": scopes,
            "resources": [{
                "path": "/mcp", "kind": "mcp", "upstream": { "service": "MCP" }, "scopes": ["mcp"],
                "tools": tools,
            }],
        }));
        let resource = resource(&configuration);
        let gateway = resource.gateway.as_ref().expect("a gateway");
        needed_scope(&resource, gateway, "POST", &[called]).to_string()
    };
    let tools = json!({ "delete_note": ["write"], "Links": ["read"] });
    for called in [
        "DELETE_NOTE",
        "Delete_Note",
        " delete_note",
        "delete_note\u{a0}",
        "delete_note ",
        " Delete_Note ",
    ] {
        assert_eq!(needed(&tools, called), "mcp write", "{called:?}");
    }
    for called in ["links", "LINKS", "Lin\u{212a}s", "lin\u{212a}\u{17f}"] {
        assert_eq!(needed(&tools, called), "mcp read", "{called:?}");
    }
    for called in ["delete-note", "delete_notes", "deletenote", "other", ""] {
        assert_eq!(needed(&tools, called), "mcp", "{called:?}");
    }
    // Listed both ways, either needs both: which one runs is the server's choice.
    let both = json!({ "Purge": ["write"], "purge": ["admin"], "*": ["read"] });
    assert_eq!(needed(&both, "purge"), "mcp admin write");
    assert_eq!(needed(&both, "Purge"), "mcp write admin");
    assert_eq!(needed(&both, "PURGE"), "mcp read write admin");
    assert_eq!(needed(&both, "other"), "mcp read");
    assert_eq!(needed(&both, "*"), "mcp read");
}

#[test]
fn mrs_09_a_broader_scope_allows_what_it_implies() {
    let configuration = configuration();
    let resource = resource(&configuration);
    let check = |held: &str, needed: &str| {
        permit(&holder(held), &resource, &scope(needed), &configuration, NOW).is_ok()
    };
    assert!(check("mcp read", "mcp read"));
    assert!(check("mcp write", "mcp read"));
    assert!(check("mcp admin", "mcp read"), "also over two steps");
    assert!(!check("mcp read", "mcp write"), "never the other way");
    assert!(!check("admin", "mcp read"));
    assert!(check("", ""));
}

#[test]
fn mrs_11_mrs_12_mrs_07_each_failed_check_has_its_refusal() {
    let configuration = configuration();
    let resource = resource(&configuration);
    let needed = scope("mcp");
    let check = |holder: &Holder, now| permit(holder, &resource, &needed, &configuration, now);
    for found in [
        vec![],
        vec!["https://id.example"],
        vec!["https://id.example/mcp/", "https://api.example/v1"],
    ] {
        let found: Vec<_> = found.into_iter().map(indicator).collect();
        let other = Holder { resources: found.clone(), ..holder("mcp") };
        assert_eq!(check(&other, NOW), Err(Refusal::Token(TokenProblem::WrongAudience { found })));
    }
    assert_eq!(check(&holder("mcp"), after(59)), Ok(()));
    assert_eq!(check(&holder("mcp"), after(60)), Err(Refusal::Token(TokenProblem::Expired)));
    assert_eq!(
        check(&holder("read"), NOW),
        Err(Refusal::InsufficientScope { held: scope("read"), needed: scope("mcp") })
    );
    let several =
        Holder { resources: vec![indicator("https://a.example"), indicator(MCP)], ..holder("mcp") };
    assert_eq!(check(&several, NOW), Ok(()), "a personal access token for two resources");
}

/// Every refusal there is, once.
fn refusals() -> Vec<Refusal> {
    let problems = [
        TokenProblem::Malformed,
        TokenProblem::AnotherIssuer { found: Some("https://other.example".to_owned()) },
        TokenProblem::WrongAudience { found: vec![indicator("https://api.example/v1")] },
        TokenProblem::Expired,
        TokenProblem::NotYetValid,
        TokenProblem::Revoked,
        TokenProblem::ClientDisabled,
        TokenProblem::BadSignature,
        TokenProblem::RefreshToken,
        TokenProblem::AuthorizationCode,
        TokenProblem::KindNotAccepted(CredentialKind::AccessToken),
        TokenProblem::UnknownPersonalAccessToken,
        TokenProblem::DamagedPersonalAccessToken,
        TokenProblem::ApiKeyWithoutPersonalAccessToken,
        TokenProblem::NotAnAccessToken,
    ];
    let mut all = vec![
        Refusal::NoCredential,
        Refusal::TokenInQuery,
        Refusal::SeveralCredentials,
        Refusal::MalformedCredential,
        Refusal::ConfusingPath,
        Refusal::InsufficientScope { held: scope("a"), needed: scope("b") },
        Refusal::Message(MessageError::NotJson),
    ];
    all.extend(problems.map(Refusal::Token));
    all
}

#[test]
fn rfc6750_3_1_each_refusal_has_its_status_and_code() {
    for refusal in refusals() {
        let expected = match &refusal {
            Refusal::NoCredential | Refusal::TokenInQuery => (401, None),
            Refusal::Token(_) => (401, Some(ErrorCode::InvalidToken)),
            Refusal::InsufficientScope { .. } => (403, Some(ErrorCode::InsufficientScope)),
            _ => (400, Some(ErrorCode::InvalidRequest)),
        };
        assert_eq!((refusal.status(), refusal.code()), expected, "{refusal:?}");
    }
    assert_eq!(Refusal::Message(MessageError::TooLarge).status(), 413);
    assert_eq!(Refusal::Message(MessageError::ContentEncoded).status(), 415);
}

#[test]
fn each_refusal_has_a_reason_and_words_of_its_own() {
    let resource = resource(&configuration());
    let mut names = std::collections::BTreeSet::new();
    let mut texts = std::collections::BTreeSet::new();
    for refusal in refusals() {
        let text = refusal.description("https://id.example", &resource.identifier);
        assert!(refusal.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        assert!(names.insert(refusal.name()), "{refusal:?}");
        assert!(text.len() > 20 && texts.insert(text), "{refusal:?}");
    }
}

#[test]
fn a_token_of_another_issuer_says_which_was_found_and_which_is_expected() {
    let resource = resource(&configuration());
    let text = |found: &str| {
        let found = Some(found.to_owned());
        Refusal::Token(TokenProblem::AnotherIssuer { found })
            .description("https://id.example", &resource.identifier)
    };
    assert_eq!(
        text("https://other.example"),
        "The token was issued by https://other.example; this resource accepts tokens of https://id.example."
    );
    let long = format!("https://{}.example", "a".repeat(200));
    for hidden in [
        "",
        "other",
        "ftp://a.example",
        "https://",
        "https:///a",
        "https://a b",
        "https://a\"b",
        "https://a?b",
        "https://é",
        "http://u@h",
        &long,
    ] {
        assert_eq!(
            text(hidden),
            "The token was issued by another server; this resource accepts tokens of https://id.example.",
            "{hidden:?}"
        );
    }
}

#[test]
fn mrs_11_a_wrong_audience_names_what_was_found_and_what_is_expected() {
    let resource = resource(&configuration());
    let text = |found: &[&str]| {
        let found = found.iter().map(|text| indicator(text)).collect();
        Refusal::Token(TokenProblem::WrongAudience { found })
            .description("https://id.example", &resource.identifier)
    };
    let expected = "this resource is https://id.example/mcp.";
    assert_eq!(
        text(&["https://a.example/v1"]),
        format!("The token is for https://a.example/v1; {expected}")
    );
    assert_eq!(
        text(&["https://a.example", "https://b.example"]),
        format!("The token is for https://a.example, https://b.example; {expected}")
    );
    assert_eq!(text(&[]), format!("The token is for no resource; {expected}"));
    let long = format!("https://a.example/{}", "x".repeat(600));
    assert_eq!(text(&[&long]), format!("The token is for other resources; {expected}"));
}

#[test]
fn mrs_07_insufficient_scope_names_what_is_held_and_needed() {
    let resource = resource(&configuration());
    let text = |held: Scope, needed: Scope| {
        Refusal::InsufficientScope { held, needed }
            .description("https://id.example", &resource.identifier)
    };
    assert!(text(scope("a b"), scope("a c")).ends_with(" held: a b; needed: a c"));
    assert!(text(Scope::default(), scope("a")).ends_with(" held: none; needed: a"));
    let many = scope(&(0..200).map(|number| format!("scope{number} ")).collect::<String>());
    assert!(text(many, scope("a")).ends_with(" held: 200 scopes; needed: a"));
}

#[test]
fn jat_04_a_refused_jwt_says_what_is_wrong_and_names_another_issuer_first() {
    let token = |claims: Value| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let issuer = "https://id.example";
    let (ours, theirs) =
        (token(json!({ "iss": issuer })), token(json!({ "iss": "https://other.example" })));
    let another = TokenProblem::AnotherIssuer { found: Some("https://other.example".to_owned()) };
    let cases = [
        (JwtError::Malformed, TokenProblem::Malformed, another.clone()),
        (JwtError::WrongType, TokenProblem::NotAnAccessToken, another.clone()),
        (JwtError::WrongAlgorithm, TokenProblem::BadSignature, another.clone()),
        (JwtError::InvalidSignature, TokenProblem::BadSignature, another.clone()),
        (JwtError::WrongIssuer, TokenProblem::AnotherIssuer { found: None }, another),
        (JwtError::Expired, TokenProblem::Expired, TokenProblem::Expired),
        (JwtError::NotYetValid, TokenProblem::NotYetValid, TokenProblem::NotYetValid),
    ];
    for (error, of_ours, of_theirs) in cases {
        assert_eq!(TokenProblem::of_jwt(error, &ours, issuer), of_ours, "{error:?}");
        assert_eq!(TokenProblem::of_jwt(error, &theirs, issuer), of_theirs, "{error:?}");
    }
    assert_eq!(TokenProblem::of_jwt(JwtError::Malformed, "x", issuer), TokenProblem::Malformed);
}

#[test]
fn a_credential_reads_back_from_the_activity_log() {
    let id = PersonalAccessTokenId::generate(&mut CountingEntropy::default());
    for (credential, kind) in [
        (holder("mcp").credential, "access_token"),
        (Credential::PersonalAccessToken { id }, "personal_access_token"),
    ] {
        let json = serde_json::to_value(&credential).expect("json");
        assert_eq!((json["kind"].as_str(), credential.kind().as_str()), (Some(kind), kind));
        assert_eq!(crate::json::from_value::<Credential>(json).expect("reads back"), credential);
    }
}

proptest! {
    #[test]
    fn no_claimed_issuer_makes_a_description_panic_or_leave_the_allowed_characters(found in any::<String>()) {
        let resource = resource(&configuration());
        let refusal = Refusal::Token(TokenProblem::AnotherIssuer { found: Some(found) });
        let text = refusal.description("https://id.example", &resource.identifier);
        prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')));
        prop_assert!(text.len() < 400);
    }
}
