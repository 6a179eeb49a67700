//! Whether a token is good, and what was done with it.

use latchkey_protocol::access::Credential;
use latchkey_protocol::activity::Activity;
use latchkey_protocol::grant::refresh_token::RefreshTokenState;
use latchkey_protocol::identifier::{GrantId, PersonalAccessTokenId};
use latchkey_protocol::personal_access_token::TokenGrant;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::UnixTime;
use serde::Serialize;

use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// Asks about an access token whose signature and times were checked.
#[derive(Debug, Serialize, FromJson)]
pub struct CheckAccess {
    /// Its grant.
    pub grant: GrantId,
    /// Its `jti`.
    pub token_id: String,
}

impl Message for CheckAccess {
    const NAME: &'static str = "check-access";
    type Reply = AccessState;
}

/// Whether an access token still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum AccessState {
    /// Its grant goes on, and nobody gave the token back.
    Live,
    /// The token was given back, or its grant is over.
    Revoked,
}

/// Asks about a credential that was good when a stream began that is still open.
#[derive(Debug, Serialize, FromJson)]
pub struct StillGood {
    /// Which.
    pub credential: Credential,
}

impl Message for StillGood {
    const NAME: &'static str = "still-good";
    /// An access token's own end doesn't count: its stream lives as long as its grant.
    type Reply = AccessState;
}

/// Asks about a personal access token.
#[derive(Debug, Serialize, FromJson)]
pub struct CheckPersonalAccessToken {
    /// Which.
    pub id: PersonalAccessTokenId,
    /// What only its holder has.
    pub secret: Secret,
}

impl Message for CheckPersonalAccessToken {
    const NAME: &'static str = "check-personal-access-token";
    type Reply = Result<TokenGrant, PersonalAccessTokenProblem>;
}

/// Why a personal access token isn't good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum PersonalAccessTokenProblem {
    /// No such token: never made, taken back, or the secret is another one.
    Unknown,
    /// Its time is over.
    Expired,
}

/// Adds to the person's activity log. A [`Activity::Called`] also notes the last use of its
/// credential, and the object fills in a token's label. Of an account or a credential that doesn't exist nothing is written.
#[derive(Debug, Serialize, FromJson)]
pub struct Log {
    /// What happened, in the order in which it did.
    pub entries: Vec<LogEntry>,
}

/// One thing that happened.
#[derive(Debug, PartialEq, Eq, Serialize, FromJson)]
pub struct LogEntry {
    /// What.
    pub activity: Activity,
    /// When.
    pub at: UnixTime,
}

impl Message for Log {
    const NAME: &'static str = "log";
    type Reply = ();
}

/// Asks about a refresh token without using it
/// ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).
#[derive(Debug, Serialize, FromJson)]
pub struct InspectRefreshToken {
    /// Its grant.
    pub grant: GrantId,
    /// Its secret part.
    pub secret: Secret,
}

impl Message for InspectRefreshToken {
    const NAME: &'static str = "inspect-refresh-token";
    /// `None` when it isn't good.
    type Reply = Option<RefreshTokenState>;
}
