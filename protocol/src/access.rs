//! Whether a credential that was checked may do what a request asks for.
//!
//! [RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1),
//! [RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4). A refusal is one enum with
//! one map to status, code and words; [`crate::challenge`] writes its header.

mod refusal;

pub use refusal::{Refusal, TokenProblem};

use serde::Serialize;
use std::borrow::Cow;

use crate::bearer::CredentialKind;
use crate::client::ClientId;
use crate::configuration::{Configuration, Gateway, ProtectedResource};
use crate::identifier::{GrantId, PersonalAccessTokenId};
use crate::json::FromJson;
use crate::jwt::{AccessTokenClaims, Authority};
use crate::letter_case::folded;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::subject::Subject;
use crate::time::UnixTime;

/// Who calls, as proved by a credential whose signature or secret was checked, and which was not
/// revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person, or the client itself.
    pub subject: Subject,
    /// By which credential.
    pub credential: Credential,
    /// What the person calls it, if it is a personal access token.
    pub label: Option<Box<str>>,
    /// What it allows, as granted.
    pub scope: Scope,
    /// Which resources it is for.
    pub resources: Vec<ResourceIndicator>,
    /// When it ends.
    pub expires_at: UnixTime,
}

impl Holder {
    /// Who calls by an access token with these claims.
    #[must_use]
    pub fn of_access_token(claims: AccessTokenClaims) -> Self {
        let subject = claims.subject();
        let AccessTokenClaims { client_id, token_id, .. } = claims;
        let credential = match claims.authority {
            Authority::Person { grant, .. } => {
                Credential::AccessToken { client_id, grant, token_id }
            }
            Authority::Client => Credential::OwnAccessToken { client_id, token_id },
        };
        Self {
            subject,
            credential,
            label: None,
            scope: claims.scope,
            resources: vec![claims.audience],
            expires_at: claims.expires_at,
        }
    }
}

/// A credential by its ids; nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Credential {
    /// A JWT access token that a person allowed.
    AccessToken {
        /// Which client it was given to.
        client_id: ClientId,
        /// Under which grant.
        grant: GrantId,
        /// Its `jti`.
        token_id: String,
    },
    /// A JWT access token that a client has for itself. No person's log has one.
    OwnAccessToken {
        /// Which client.
        client_id: ClientId,
        /// Its `jti`.
        token_id: String,
    },
    /// A personal access token.
    PersonalAccessToken {
        /// Which one.
        id: PersonalAccessTokenId,
    },
}

impl Credential {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::AccessToken { .. } | Self::OwnAccessToken { .. } => CredentialKind::AccessToken,
            Self::PersonalAccessToken { .. } => CredentialKind::PersonalAccessToken,
        }
    }

    /// Which client it was given to; `None` for a personal access token.
    #[must_use]
    pub const fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::AccessToken { client_id, .. } | Self::OwnAccessToken { client_id, .. } => {
                Some(client_id)
            }
            Self::PersonalAccessToken { .. } => None,
        }
    }
}

/// The scopes that a request needs: the resource's own, those of the HTTP method, and those of every
/// tool it calls. All at once, so that a person is asked once (MRS-08).
///
/// Names of methods are compared without regard to case, because some servers do; `HEAD` also
/// needs what `GET` needs, because it says the same about the resource. A tool whose name is a listed
/// one but for case or spaces around it also needs what that one needs.
#[must_use]
pub fn needed_scope(
    resource: &ProtectedResource,
    gateway: &Gateway,
    method: &str,
    tools: &[&str],
) -> Scope {
    let method = method.to_ascii_uppercase();
    let like_get = (method == "HEAD").then_some("GET");
    let by_method = [Some(method.as_str()), like_get];
    let by_method = by_method.into_iter().flatten().filter_map(|name| gateway.methods.get(name));
    let listed: Vec<_> =
        gateway.tools.iter().map(|(name, scope)| (careless(name), name.as_str(), scope)).collect();
    let by_tool = tools.iter().flat_map(|tool| {
        let own = gateway.tools.get(*tool).or_else(|| gateway.tools.get("*"));
        let read = careless(tool);
        let alike = listed.iter().filter(move |(other, name, _)| *other == read && name != tool);
        own.into_iter().chain(alike.map(|(_, _, scope)| *scope))
    });
    by_method.chain(by_tool).fold(resource.scopes.clone(), |needed, more| needed.union(more))
}

/// A tool's name as a server may read it that trims and folds it.
fn careless(name: &str) -> Cow<'_, str> {
    folded(name.trim())
}

/// Passes when the credential is for this resource, still lives, and holds every needed scope or one
/// that implies it (MRS-09).
///
/// # Errors
///
/// - `invalid_token`: it is for another resource (MRS-11), or its time is over (MRS-12).
/// - `insufficient_scope`: a needed scope is neither held nor implied (MRS-07).
pub fn permit(
    holder: &Holder,
    resource: &ProtectedResource,
    needed: &Scope,
    configuration: &Configuration,
    now: UnixTime,
) -> Result<(), Refusal> {
    // RFC 9068 section 4: "The resource server MUST validate that the 'aud' claim contains a
    // resource indicator value corresponding to an identifier the resource server expects".
    if !holder.resources.contains(&resource.identifier) {
        let found = holder.resources.clone();
        return Err(Refusal::Token(TokenProblem::WrongAudience { found }));
    }
    // RFC 7519 section 4.1.4: not "on or after" the expiration time.
    if holder.expires_at.has_passed(now) {
        return Err(Refusal::Token(TokenProblem::Expired));
    }
    if !needed.is_subset_of(&configuration.implied(&holder.scope)) {
        return Err(Refusal::InsufficientScope {
            held: holder.scope.clone(),
            needed: needed.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
