//! The `WWW-Authenticate` header of a refusal.
//!
//! [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3),
//! [RFC 9728 section 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1).

use crate::access::Refusal;
use crate::error::{ErrorCode, ErrorReply};
use crate::resource::ResourceIndicator;
use crate::scope::Scope;

/// The longest `scope` that also names what is held, in bytes; clients limit the whole of an answer's
/// headers.
const MAXIMUM_SCOPE: usize = 2000;

/// Writes the challenge of a refusal; `None` when another credential would not help.
///
/// `needed` is what the request needs, `metadata_url` where the resource's metadata is. The `scope`
/// of a 401 is what is needed (MRS-06). That of a 403 is what is held and what is needed: clients
/// ask for exactly what it says, and would lose what they held.
#[must_use]
pub fn challenge(
    refusal: &Refusal,
    needed: &Scope,
    metadata_url: &str,
    issuer: &str,
    resource: &ResourceIndicator,
) -> Option<String> {
    let scope = match refusal {
        // What is wrong lies in the path or the body.
        Refusal::ConfusingPath | Refusal::Message(_) => return None,
        Refusal::NoCredential
        | Refusal::TokenInQuery
        | Refusal::SeveralCredentials
        | Refusal::MalformedCredential
        | Refusal::Token(_) => needed.clone(),
        Refusal::InsufficientScope { held, needed } => {
            let both = held.union(needed);
            if both.to_string().len() <= MAXIMUM_SCOPE { both } else { needed.clone() }
        }
    };
    let mut parameters = Vec::new();
    // RFC 6750 section 3.1: no code and no description without a credential (MRS-01).
    if let Some(code) = refusal.code() {
        parameters.push(parameter("error", code.as_str()));
        parameters.push(parameter("error_description", &refusal.description(issuer, resource)));
    }
    // RFC 6749 appendix A.4: a scope has at least one token.
    let scope = requestable(scope);
    if !scope.is_empty() {
        parameters.push(parameter("scope", &scope.to_string()));
    }
    parameters.push(parameter("resource_metadata", metadata_url));
    Some(format!("Bearer {}", parameters.join(", ")))
}

/// MRS-10: a refresh token is the client's wish, never a resource's need.
fn requestable(scope: Scope) -> Scope {
    let tokens = scope.iter().filter(|token| token.as_str() != "offline_access");
    Scope::from_tokens(tokens.cloned())
}

/// RFC 9110 section 5.6.4: a quoted string. What would need an escape can't occur in it: not every
/// client reads one.
fn parameter(name: &str, value: &str) -> String {
    let value = ErrorReply::new(ErrorCode::InvalidRequest, value).description;
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests;
