//! What is decided for a test user.

use serde_json::json;

use crate::authorize::{Arrival, RedirectReason, TestUserDecision, test_user_decision};
use crate::configuration::Configuration;
use crate::error::ErrorCode;
use crate::params::Parameters;

fn configuration(development: &serde_json::Value) -> Configuration {
    let settings = json!({ "development": development });
    Configuration::parse("http://127.0.0.1:8787", &settings).expect("configuration")
}

/// A request to this machine.
const fn here(sec_fetch_site: Option<&'static str>) -> Arrival<'static> {
    Arrival { host: "127.0.0.1", sec_fetch_site, is_forwarded: false }
}

fn parameters(query: &str) -> Parameters {
    Parameters::parse(query.as_bytes()).expect(query)
}

#[test]
fn issue_4_a_test_user_allows_each_request_but_one_that_asks_for_a_denial() {
    let configuration = configuration(&json!({ "consent_as": "ci@example.com" }));
    let user = configuration.development.consent_as.as_ref().expect("a user");
    let (allow, deny) = (TestUserDecision::Allow(user), TestUserDecision::Deny(user));
    let refuse = TestUserDecision::Refuse;
    let cases = [
        ("", allow.clone()),
        ("prompt=none", allow.clone()),
        ("prompt=login&max_age=0", allow.clone()),
        ("prompt=consent", allow.clone()),
        ("login_hint=somebody%40example.com", allow.clone()),
        ("login_hint=deny&decision=deny", allow.clone()),
        ("latchkey_test_decision=allow", allow),
        ("latchkey_test_decision=deny", deny.clone()),
        ("latchkey_test_decision=deny&prompt=none", deny),
        ("latchkey_test_decision=denied", refuse(RedirectReason::TestDecisionUnknown)),
        ("latchkey_test_decision=Deny", refuse(RedirectReason::TestDecisionUnknown)),
        (
            "latchkey_test_decision=deny&latchkey_test_decision=deny",
            refuse(RedirectReason::ParameterRepeated),
        ),
    ];
    for (query, expected) in cases {
        for site in [None, Some("none"), Some("same-origin"), Some("same-site")] {
            assert_eq!(
                test_user_decision(&parameters(query), &configuration, here(site)),
                expected,
                "{query} {site:?}"
            );
        }
    }
    assert_eq!(RedirectReason::TestDecisionUnknown.reply().code, ErrorCode::InvalidRequest);
}

#[test]
fn issue_4_a_browser_that_another_site_sent_gets_the_pages() {
    let configuration = configuration(&json!({ "consent_as": "ci@example.com" }));
    for query in ["", "latchkey_test_decision=allow", "latchkey_test_decision=deny"] {
        let decision =
            test_user_decision(&parameters(query), &configuration, here(Some("cross-site")));
        assert_eq!(decision, TestUserDecision::LeaveToPerson, "{query}");
    }
}

#[test]
fn rfc6749_3_1_without_a_test_user_nothing_is_decided_and_its_parameter_is_ignored() {
    let configuration = configuration(&json!({}));
    for query in ["", "latchkey_test_decision=deny", "latchkey_test_decision=x"] {
        let decision = test_user_decision(&parameters(query), &configuration, here(None));
        assert_eq!(decision, TestUserDecision::LeaveToPerson, "{query}");
    }
}

#[test]
fn issue_4_whoever_reaches_the_server_by_a_name_gets_the_pages() {
    let configuration = configuration(&json!({ "consent_as": "ci@example.com" }));
    let decision = |host| {
        let arrival = Arrival { host, sec_fetch_site: None, is_forwarded: false };
        test_user_decision(&parameters(""), &configuration, arrival)
    };
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        assert!(matches!(decision(host), TestUserDecision::Allow(_)), "{host}");
    }
    for host in ["id.example", "localhost.example", "127.0.0.1.example", "192.168.0.2", ""] {
        assert_eq!(decision(host), TestUserDecision::LeaveToPerson, "{host}");
    }
}

#[test]
fn security_whoever_comes_by_a_tunnel_gets_the_pages() {
    let configuration = configuration(&json!({ "consent_as": "ci@example.com" }));
    let arrival = Arrival { is_forwarded: true, ..here(None) };
    let decision = test_user_decision(&parameters(""), &configuration, arrival);
    assert_eq!(decision, TestUserDecision::LeaveToPerson);
}
