//! What a person may want to know happened: the entries of their activity log.
//!
//! An entry has ids and fixed words only, never a secret and nothing of a call's content but the
//! names of its method and tool.

mod export;
mod group;

pub use export::{csv, json, rfc3339};
pub use group::Group;

use serde::Serialize;

use crate::access::Credential;
use crate::client::ClientId;
use crate::identifier::PersonalAccessTokenId;
use crate::json::FromJson;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::time::UnixTime;

/// One thing that happened. The names of the kinds are stored, so none may change.
///
/// It isn't `#[non_exhaustive]`: the compiler asks the page for the words of a new kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Activity {
    /// An account was created.
    SignedUp,
    /// A browser signed in.
    SignedIn,
    /// A browser signed out.
    SignedOut,
    /// Somebody entered a wrong password for the account.
    SignInRefused,
    /// The person ended another browser's session on the account page.
    SessionEnded,
    /// The person allowed a client.
    Consented {
        /// Which client.
        client_id: ClientId,
        /// What it may do.
        scope: Scope,
    },
    /// The person allowed a client more than before.
    Widened {
        /// Which client.
        client_id: ClientId,
        /// What is new.
        scope: Scope,
    },
    /// The person refused a client.
    Denied {
        /// Which client.
        client_id: ClientId,
    },
    /// The person allowed a device that showed a code.
    DeviceApproved {
        /// Which client.
        client_id: ClientId,
        /// What it may do.
        scope: Scope,
    },
    /// The person refused a device that showed a code.
    DeviceDenied {
        /// Which client.
        client_id: ClientId,
    },
    /// The person took back what a client may do.
    GrantRevoked {
        /// Which client.
        client_id: ClientId,
    },
    /// A client gave its grant or one of its access tokens back.
    Revoked {
        /// Which client.
        client_id: ClientId,
    },
    /// A client was removed, and what the person allowed it ended with it.
    ClientRemoved {
        /// Which client.
        client_id: ClientId,
    },
    /// A client had more grants than are kept, and those that were used least recently ended.
    LeastUsedEnded {
        /// Which client.
        client_id: ClientId,
    },
    /// A client got its first tokens.
    CodeRedeemed {
        /// Which client.
        client_id: ClientId,
    },
    /// A client got new tokens for its refresh token.
    Refreshed {
        /// Which client.
        client_id: ClientId,
    },
    /// The person made a personal access token.
    PersonalAccessTokenCreated {
        /// Which token.
        id: PersonalAccessTokenId,
        /// What the person calls it.
        label: String,
    },
    /// The person revoked a personal access token.
    PersonalAccessTokenRevoked {
        /// Which token.
        id: PersonalAccessTokenId,
        /// What the person called it.
        label: String,
    },
    /// A code was presented a second time; what it gave was ended.
    CodeReplayed {
        /// Which client.
        client_id: ClientId,
    },
    /// A code died of too many wrong verifiers.
    CodeExhausted {
        /// Which client.
        client_id: ClientId,
    },
    /// A used refresh token came back after its window; the family was ended.
    RefreshTokenReplayed {
        /// Which client.
        client_id: ClientId,
    },
    /// A call through the gateway that reached the upstream.
    Called(Call),
    /// A call that the gateway refused.
    Refused(RefusedCall),
}

/// A call through the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct Call {
    /// Which resource was called.
    pub resource: ResourceIndicator,
    /// What the caller presented.
    pub credential: Credential,
    /// What the person calls the personal access token that was presented, as it was then: the log
    /// outlives the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// The HTTP method.
    pub method: String,
    /// The JSON-RPC method, of a call to an MCP server.
    pub rpc: Option<String>,
    /// The tool, of an MCP `tools/call`.
    pub tool: Option<String>,
    /// The HTTP status of the answer, or [`Self::NO_ANSWER_YET`].
    pub status: u16,
    /// How long it took until the answer began, in milliseconds.
    pub duration_ms: u64,
    /// The reference id that the log line and the upstream have too.
    pub reference: String,
}

impl Call {
    /// Stands for the status of a call that was sent on and has no answer yet
    /// ([RFC 2518 section 10.1](https://www.rfc-editor.org/rfc/rfc2518#section-10.1), "Processing").
    pub const NO_ANSWER_YET: u16 = 102;
}

/// A call that the gateway refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct RefusedCall {
    /// Which resource was called.
    pub resource: ResourceIndicator,
    /// What the caller presented.
    pub credential: Credential,
    /// What the person calls the personal access token that was presented, as it was then: the log
    /// outlives the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// The HTTP method.
    pub method: String,
    /// The JSON-RPC method, of a call to an MCP server.
    pub rpc: Option<String>,
    /// The tool, of an MCP `tools/call`.
    pub tool: Option<String>,
    /// The name of the reason, [`crate::access::Refusal::name`].
    pub reason: String,
    /// The reference id that the log line and the answer have too.
    pub reference: String,
}

/// One stored entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct Entry {
    /// Its number; later entries have higher ones.
    pub id: u64,
    /// When it happened.
    pub at: UnixTime,
    /// What happened.
    pub activity: Activity,
}

impl Activity {
    /// The name under which this kind is stored: the serialized `kind`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::SignInRefused => "sign_in_refused",
            Self::SessionEnded => "session_ended",
            Self::Consented { .. } => "consented",
            Self::Widened { .. } => "widened",
            Self::Denied { .. } => "denied",
            Self::DeviceApproved { .. } => "device_approved",
            Self::DeviceDenied { .. } => "device_denied",
            Self::GrantRevoked { .. } => "grant_revoked",
            Self::Revoked { .. } => "revoked",
            Self::ClientRemoved { .. } => "client_removed",
            Self::LeastUsedEnded { .. } => "least_used_ended",
            Self::CodeRedeemed { .. } => "code_redeemed",
            Self::Refreshed { .. } => "refreshed",
            Self::PersonalAccessTokenCreated { .. } => "personal_access_token_created",
            Self::PersonalAccessTokenRevoked { .. } => "personal_access_token_revoked",
            Self::CodeReplayed { .. } => "code_replayed",
            Self::CodeExhausted { .. } => "code_exhausted",
            Self::RefreshTokenReplayed { .. } => "refresh_token_replayed",
            Self::Called(_) => "called",
            Self::Refused(_) => "refused",
        }
    }

    /// Which group of the log it belongs to.
    #[must_use]
    pub const fn group(&self) -> Group {
        match self {
            Self::SignedUp
            | Self::SignedIn
            | Self::SignedOut
            | Self::SignInRefused
            | Self::SessionEnded => Group::SignIns,
            Self::Consented { .. }
            | Self::Widened { .. }
            | Self::Denied { .. }
            | Self::DeviceApproved { .. }
            | Self::DeviceDenied { .. }
            | Self::GrantRevoked { .. }
            | Self::Revoked { .. }
            | Self::ClientRemoved { .. }
            | Self::LeastUsedEnded { .. } => Group::Consents,
            Self::CodeRedeemed { .. }
            | Self::Refreshed { .. }
            | Self::PersonalAccessTokenCreated { .. }
            | Self::PersonalAccessTokenRevoked { .. } => Group::Tokens,
            Self::CodeReplayed { .. }
            | Self::CodeExhausted { .. }
            | Self::RefreshTokenReplayed { .. }
            | Self::Refused(_) => Group::Refusals,
            Self::Called(_) => Group::Calls,
        }
    }

    /// The client that it is about; `None` when no client had to do with it.
    #[must_use]
    pub const fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::Consented { client_id, .. }
            | Self::Widened { client_id, .. }
            | Self::Denied { client_id }
            | Self::DeviceApproved { client_id, .. }
            | Self::DeviceDenied { client_id }
            | Self::GrantRevoked { client_id }
            | Self::Revoked { client_id }
            | Self::ClientRemoved { client_id }
            | Self::LeastUsedEnded { client_id }
            | Self::CodeRedeemed { client_id }
            | Self::Refreshed { client_id }
            | Self::CodeReplayed { client_id }
            | Self::CodeExhausted { client_id }
            | Self::RefreshTokenReplayed { client_id } => Some(client_id),
            Self::Called(Call { credential, .. })
            | Self::Refused(RefusedCall { credential, .. }) => credential.client_id(),
            Self::SignedUp
            | Self::SignedIn
            | Self::SignedOut
            | Self::SignInRefused
            | Self::SessionEnded
            | Self::PersonalAccessTokenCreated { .. }
            | Self::PersonalAccessTokenRevoked { .. } => None,
        }
    }

    /// The personal access token that it is about, if it is about one.
    #[must_use]
    pub const fn personal_access_token(&self) -> Option<&PersonalAccessTokenId> {
        match self {
            Self::PersonalAccessTokenCreated { id, .. }
            | Self::PersonalAccessTokenRevoked { id, .. }
            | Self::Called(Call { credential: Credential::PersonalAccessToken { id }, .. })
            | Self::Refused(RefusedCall {
                credential: Credential::PersonalAccessToken { id },
                ..
            }) => Some(id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
