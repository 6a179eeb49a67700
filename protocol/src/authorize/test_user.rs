//! Requests that are decided for a test user, without a person and a page: the development switch
//! `development.consent_as`.

use super::error::RedirectReason;
use crate::configuration::Configuration;
use crate::email::EmailAddress;
use crate::params::Parameters;

/// The parameter by which a test asks for a denial. Where there is no test user it is one that nobody
/// knows, and so is ignored
/// ([RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
pub const TEST_DECISION: &str = "latchkey_test_decision";

/// What a deployment with a test user does with an authorization request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestUserDecision<'a> {
    /// Nothing: a person decides, on pages.
    LeaveToPerson,
    /// It is allowed for this user, at once, whatever `prompt` and `max_age` say: the user has signed
    /// in and consented at this moment.
    Allow(&'a EmailAddress),
    /// It is denied.
    Deny(&'a EmailAddress),
    /// The client is told what was wrong.
    Refuse(RedirectReason),
}

/// What the server is told about where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The host that was asked for, without its port.
    pub host: &'a str,
    /// Which site made a browser come, as the browser says
    /// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)).
    pub sec_fetch_site: Option<&'a str>,
    /// Whether a proxy or a tunnel says that it passed the request on for somebody
    /// ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239), `X-Forwarded-For`).
    pub is_forwarded: bool,
}

/// Decides for the test user, if there is one.
#[must_use]
pub fn test_user_decision<'a>(
    parameters: &Parameters,
    configuration: &'a Configuration,
    arrival: Arrival<'_>,
) -> TestUserDecision<'a> {
    let Some(user) = &configuration.development.consent_as else {
        return TestUserDecision::LeaveToPerson;
    };
    // The issuer is loopback, and still a tunnel or a forgotten deployment may be reached by a name.
    let is_here = matches!(arrival.host, "127.0.0.1" | "[::1]" | "localhost");
    // Any website that the developer visits could send the browser here and have the code sent to
    // itself. A client without a browser says nothing of the kind.
    if !is_here || arrival.is_forwarded || arrival.sec_fetch_site == Some("cross-site") {
        return TestUserDecision::LeaveToPerson;
    }
    match parameters.get(TEST_DECISION) {
        Ok(None | Some("allow")) => TestUserDecision::Allow(user),
        Ok(Some("deny")) => TestUserDecision::Deny(user),
        // A test that misspells its wish has to fail and not get a token.
        Ok(Some(_)) => TestUserDecision::Refuse(RedirectReason::TestDecisionUnknown),
        Err(_) => TestUserDecision::Refuse(RedirectReason::ParameterRepeated),
    }
}
