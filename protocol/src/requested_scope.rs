//! Which scope a request comes to, at whichever endpoint it arrives
//! ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).

use crate::configuration::Configuration;
use crate::metadata::OFFLINE_ACCESS;
use crate::scope::Scope;

/// Why no scope comes of a request. Always `invalid_scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedScopeError {
    /// It has characters that a scope can't have.
    Malformed,
    /// Under `strict_scopes`: one of its scopes doesn't exist.
    Unknown,
    /// None was asked for or none of them exists, and there is no default.
    Empty,
}

impl RequestedScopeError {
    /// What the client is told.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Malformed => {
                "scope has a character that a scope can not have (RFC 6749 section 3.3)."
            }
            Self::Unknown => {
                "scope names a scope that does not exist here. scopes_supported in the metadata \
                 lists those that do."
            }
            Self::Empty => {
                "scope names none that exists here, and there is no default. Send scope with some of \
                 scopes_supported in the metadata."
            }
        }
    }
}

/// The part of the requested scope that exists; the default when none is requested.
///
/// # Errors
///
/// `invalid_scope`, see [`RequestedScopeError`].
pub fn requested_scope(
    requested: Option<&str>,
    configuration: &Configuration,
) -> Result<Scope, RequestedScopeError> {
    let requested =
        Scope::parse(requested.unwrap_or_default()).map_err(|_| RequestedScopeError::Malformed)?;
    let known = requested.intersection(&configuration.known_scope());
    let unknown = requested.difference(&known);
    // Every interactive client gets a refresh token, so asking for one is never an error.
    if configuration.strict_scopes && unknown.iter().any(|token| token.as_str() != OFFLINE_ACCESS) {
        return Err(RequestedScopeError::Unknown);
    }
    if !known.is_empty() {
        return Ok(known);
    }
    // Clients add scopes by habit (`openid`, `claudeai`, `offline_access`). When nothing else was
    // asked for, that is as good as asking for nothing, and RFC 6749 section 3.3 answers it with a
    // documented default or `invalid_scope`.
    if configuration.default_scope.is_empty() && !configuration.scopes.is_empty() {
        return Err(RequestedScopeError::Empty);
    }
    Ok(configuration.default_scope.clone())
}
