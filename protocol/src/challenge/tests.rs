use super::*;
use crate::access::TokenProblem;
use crate::configuration::ProtectedResource;
use crate::mcp::MessageError;
use crate::resource::ResourceIndicator;
use crate::test_support::configuration_with;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const ISSUER: &str = "https://id.example";
const METADATA: &str = "https://id.example/.well-known/oauth-protected-resource/mcp";

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("scope")
}

fn resource() -> ProtectedResource {
    let settings = json!({ "resources": [{ "path": "/mcp", "upstream": { "service": "MCP" } }] });
    configuration_with(&settings).protected_resources.first().expect("a resource").clone()
}

fn written(refusal: &Refusal, needed: &str) -> Option<String> {
    challenge(refusal, &scope(needed), METADATA, ISSUER, &resource().identifier)
}

/// RFC 9110 section 11.6.1: `Bearer 1*SP name="value" *( OWS "," OWS name="value" )`; `None` when
/// the header isn't that, or names a parameter twice.
fn parameters(header: &str) -> Option<BTreeMap<String, String>> {
    let mut rest = header.strip_prefix("Bearer ")?;
    let mut found = BTreeMap::new();
    loop {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        let sound = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\');
        if !sound || found.insert(name.to_owned(), value.to_owned()).is_some() {
            return None;
        }
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return after.is_empty().then_some(found),
        }
    }
}

#[test]
fn mrs_01_mrs_02_mrs_06_without_a_credential_there_is_scope_and_metadata_but_no_error() {
    for refusal in [Refusal::NoCredential, Refusal::TokenInQuery] {
        assert_eq!(
            written(&refusal, "mcp read").expect("a challenge"),
            format!("Bearer scope=\"mcp read\", resource_metadata=\"{METADATA}\"")
        );
    }
    assert_eq!(
        written(&Refusal::NoCredential, "").expect("a challenge"),
        format!("Bearer resource_metadata=\"{METADATA}\""),
        "a scope has at least one token"
    );
}

#[test]
fn mrs_12_a_bad_token_is_invalid_token_with_the_reason() {
    assert_eq!(
        written(&Refusal::Token(TokenProblem::Expired), "mcp").expect("a challenge"),
        format!(
            "Bearer error=\"invalid_token\", error_description=\"The token is expired; get a new one.\", \
             scope=\"mcp\", resource_metadata=\"{METADATA}\""
        )
    );
}

#[test]
fn mrs_07_mrs_08_insufficient_scope_asks_for_what_is_held_and_what_is_needed() {
    let refusal = Refusal::InsufficientScope { held: scope("mcp a"), needed: scope("mcp b c") };
    let header = written(&refusal, "ignored").expect("a challenge");
    let found = parameters(&header).expect("well-formed");
    assert_eq!(found["error"], "insufficient_scope");
    assert_eq!(found["scope"], "mcp a b c");
    assert_eq!(found["resource_metadata"], METADATA);
    assert!(found["error_description"].ends_with("held: mcp a; needed: mcp b c"));
}

#[test]
fn mrs_10_offline_access_is_never_asked_for() {
    let header = written(&Refusal::NoCredential, "mcp offline_access").expect("a challenge");
    assert_eq!(parameters(&header).expect("well-formed")["scope"], "mcp");
    let refusal =
        Refusal::InsufficientScope { held: scope("offline_access"), needed: scope("mcp") };
    let header = written(&refusal, "mcp").expect("a challenge");
    assert_eq!(parameters(&header).expect("well-formed")["scope"], "mcp");
}

#[test]
fn mrs_14_two_credentials_are_invalid_request_and_other_faults_have_no_challenge() {
    for refusal in [Refusal::SeveralCredentials, Refusal::MalformedCredential] {
        let header = written(&refusal, "mcp").expect("a challenge");
        assert_eq!(parameters(&header).expect("well-formed")["error"], "invalid_request");
    }
    for refusal in [Refusal::ConfusingPath, Refusal::Message(MessageError::NotJson)] {
        assert_eq!(written(&refusal, "mcp"), None, "{refusal:?}");
    }
}

#[test]
fn a_long_list_of_held_scopes_does_not_make_a_header_that_clients_refuse() {
    let held = (0..200).map(|number| format!("a-rather-long-scope-{number} ")).collect::<String>();
    let refusal = Refusal::InsufficientScope { held: scope(&held), needed: scope("mcp") };
    let header = written(&refusal, "mcp").expect("a challenge");
    assert_eq!(parameters(&header).expect("well-formed")["scope"], "mcp");
    assert!(header.len() < 1000);
}

proptest! {
    #[test]
    fn a_challenge_is_always_a_well_formed_header(
        issuer in any::<String>(),
        metadata_url in any::<String>(),
        claimed in proptest::option::of(any::<String>()),
        held in "([!#-\\[\\]-~]{1,9} ){0,5}",
        needed in "([!#-\\[\\]-~]{1,9} ){0,5}",
        path in "[a-z0-9:@!$&'()*,;=/._~-]{0,20}",
    ) {
        let (held, needed) = (scope(&held), scope(&needed));
        let found = ResourceIndicator::parse(&format!("https://a.example/{path}")).expect("resource");
        for refusal in [
            Refusal::NoCredential,
            Refusal::SeveralCredentials,
            Refusal::Token(TokenProblem::AnotherIssuer { found: claimed.clone() }),
            Refusal::Token(TokenProblem::WrongAudience { found: vec![found.clone()] }),
            Refusal::InsufficientScope { held: held.clone(), needed: needed.clone() },
        ] {
            let header = challenge(&refusal, &needed, &metadata_url, &issuer, &resource().identifier);
            let header = header.expect("a challenge");
            prop_assert!(parameters(&header).is_some(), "{}", header);
        }
    }
}
