//! The client credentials grant
//! ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)): a token that a client
//! has for itself, without a person.
//!
//! What a client may have is the operator's decision ([`crate::client::ClientPolicy`]) and nothing
//! else: a client that registers itself has no such decision, so it gets nothing here.

use super::revoke::RevokeError;
use crate::client::{ClientPolicy, ClientRecord, OwnAccess};
use crate::client_authentication::AuthenticatedClient;
use crate::configuration::Configuration;
use crate::error::{ErrorCode, ErrorReply};
use crate::jwt::AccessTokenClaims;
use crate::metadata::OFFLINE_ACCESS;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::time::UnixTime;

/// A token request of a client for itself, taken apart.
#[derive(Debug)]
pub struct ClientCredentialsRequest {
    /// `scope`, if sent.
    pub scope: Option<Scope>,
    /// Every `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: Vec<String>,
}

/// What a client was granted for itself. There is no refresh token: RFC 6749 section 4.4.3 says that
/// one SHOULD NOT be included, and the client can ask again at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGranted {
    /// What the access token may do.
    pub scope: Scope,
    /// Which resource it is for.
    pub resource: ResourceIndicator,
}

/// Why a client gets nothing for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCredentialsError {
    /// Anybody can say that they are this client.
    PublicClient,
    /// The operator allows the client nothing for itself.
    NotAllowed,
    /// Under `strict_scopes`: a scope that doesn't exist.
    UnknownScope,
    /// Nothing of `scope` is allowed.
    ScopeNotAllowed,
    /// `resource` is unknown, not allowed, or more than one.
    InvalidTarget,
}

impl ClientCredentialsError {
    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        let (code, description) = match self {
            Self::PublicClient => (
                ErrorCode::UnauthorizedClient,
                "client_credentials is for clients that can prove who they are. Send the person to \
                 the authorization endpoint instead.",
            ),
            Self::NotAllowed => (
                ErrorCode::UnauthorizedClient,
                "The operator of this server has not allowed this client to act for itself. Ask them \
                 for client_credentials, or send the person to the authorization endpoint.",
            ),
            Self::UnknownScope => (
                ErrorCode::InvalidScope,
                "scope names a scope that does not exist here. scopes_supported in the metadata \
                 lists those that do.",
            ),
            Self::ScopeNotAllowed => (
                ErrorCode::InvalidScope,
                "scope names nothing that this client may have for itself. Leave it out for all \
                 that the client may have.",
            ),
            Self::InvalidTarget => (
                ErrorCode::InvalidTarget,
                "resource names a resource that this client may not use for itself, or more than \
                 one. Send one that it may use, or none for its default.",
            ),
        };
        ErrorReply::new(code, description)
    }
}

/// Decides what an authenticated client, whose record is `record`, gets for itself. Nothing is stored
/// for it.
///
/// Without `scope` it is everything that the operator allowed; of what is asked for, that which doesn't
/// exist or isn't allowed is left out, and the answer's `scope` says so
/// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)). Without `resource` it
/// is the first that the operator allowed.
///
/// # Errors
///
/// - `unauthorized_client`: the client is public, or the operator allowed it nothing for itself.
/// - `invalid_scope`: nothing that is asked for is allowed or, under `strict_scopes`, one scope
///   doesn't exist.
/// - `invalid_target`: the resource isn't allowed, or there are several.
pub fn decide(
    client: &AuthenticatedClient,
    record: &ClientRecord,
    request: &ClientCredentialsRequest,
    configuration: &Configuration,
) -> Result<OwnGranted, ClientCredentialsError> {
    use ClientCredentialsError as Error;
    // RFC 6749 section 4.4: "The client credentials grant type MUST only be used by confidential
    // clients."
    if client.is_public() || record.is_public() {
        return Err(Error::PublicClient);
    }
    let own = match &record.policy.client_credentials {
        Some(own) if record.client_id == *client.client_id() => own,
        Some(_) | None => return Err(Error::NotAllowed),
    };
    Ok(OwnGranted {
        scope: scope(request.scope.as_ref(), own, configuration)?,
        resource: resource(&request.resource, own, configuration)?,
    })
}

fn scope(
    requested: Option<&Scope>,
    own: &OwnAccess,
    configuration: &Configuration,
) -> Result<Scope, ClientCredentialsError> {
    // A scope that the deployment has removed since is given to nobody.
    let known = configuration.known_scope();
    let Some(requested) = requested.filter(|scope| !scope.is_empty()) else {
        return Ok(own.scope.intersection(&known));
    };
    let unknown = requested.difference(&known);
    // Clients add `offline_access` by habit; elsewhere that is never an error either.
    if configuration.strict_scopes && unknown.iter().any(|token| token.as_str() != OFFLINE_ACCESS) {
        return Err(ClientCredentialsError::UnknownScope);
    }
    let granted = requested.intersection(&configuration.implied(&own.scope)).intersection(&known);
    if granted.is_empty() { Err(ClientCredentialsError::ScopeNotAllowed) } else { Ok(granted) }
}

fn resource(
    requested: &[String],
    own: &OwnAccess,
    configuration: &Configuration,
) -> Result<ResourceIndicator, ClientCredentialsError> {
    let refused = ClientCredentialsError::InvalidTarget;
    if requested.is_empty() {
        // A resource that the deployment has removed since gets no more tokens.
        let exists = |id: &&ResourceIndicator| configuration.protected_resource(id).is_some();
        return own.resources.iter().find(exists).cloned().ok_or(refused);
    }
    let resolved = configuration.resources.resolve(requested.iter().map(String::as_str));
    match resolved.map_err(|_| refused)?.as_slice() {
        [one] if own.resources.contains(one) => Ok(one.clone()),
        _ => Err(refused),
    }
}

/// Whether the tokens that a client has for itself still count, going by what the operator says about
/// the client now. That it exists is for the caller to know.
#[must_use]
pub const fn tokens_count(policy: &ClientPolicy) -> bool {
    !policy.disabled && policy.client_credentials.is_some()
}

/// Decides whether `caller`, an authenticated client, may give back a token that a client has for
/// itself ([RFC 7009 section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1)). What is
/// returned is until when that has to be remembered; `None` when the token is over anyway.
///
/// # Errors
///
/// [`RevokeError::AnotherClient`]: the token belongs to another client and stays as it is.
pub fn revoke(
    claims: &AccessTokenClaims,
    caller: &AuthenticatedClient,
    now: UnixTime,
) -> Result<Option<UnixTime>, RevokeError> {
    if claims.client_id != *caller.client_id() {
        return Err(RevokeError::AnotherClient);
    }
    Ok((!claims.expires_at.has_passed(now)).then_some(claims.expires_at))
}

#[cfg(test)]
#[path = "client_credentials_tests.rs"]
mod tests;
