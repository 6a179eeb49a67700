//! What the operator decides about a client, whatever the client says of itself.

use serde::Serialize;

use crate::json::FromJson;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;

/// What the operator decides about a client. Nothing in here is ever taken from the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
#[serde(default)]
pub struct ClientPolicy {
    /// People are told that the operator knows this client.
    pub approved: bool,
    /// The client gets nothing any more until this is taken back; its tokens don't count meanwhile.
    pub disabled: bool,
    /// Whether each refresh gives a new refresh token. Off only for a client that can't store the
    /// new one ([RFC 9700 section 4.14.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2)
    /// wants it on for public clients).
    pub refresh_token_rotation: bool,
    /// What the client may have for itself, without a person; `None` for nothing.
    pub client_credentials: Option<OwnAccess>,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self {
            approved: false,
            disabled: false,
            refresh_token_rotation: true,
            client_credentials: None,
        }
    }
}

impl ClientPolicy {
    /// Whether nothing was decided, so that nothing needs to be stored.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a client may have for itself by `client_credentials`
/// ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, FromJson)]
pub struct OwnAccess {
    /// The most that its tokens may do.
    pub scope: Scope,
    /// The resources that they may be for; the first is the default.
    pub resources: Vec<ResourceIndicator>,
}
