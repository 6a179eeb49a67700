//! What the account page shows and changes.

use latchkey_protocol::activity::{Entry, Group};
use latchkey_protocol::client::ClientId;
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::grant::Asked;
use latchkey_protocol::identifier::{AccountId, GrantId, PersonalAccessTokenId, SessionId};
use latchkey_protocol::personal_access_token::{CreateError, NewToken};
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::UnixTime;
use serde::Serialize;

use super::SessionKey;
use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// Asks for what has access to the account.
#[derive(Debug, Serialize, FromJson)]
pub struct Overview {
    /// The cookie.
    pub key: SessionKey,
    /// The last client of the part before.
    #[serde(default)]
    pub after: Option<ClientId>,
}

impl Message for Overview {
    const NAME: &'static str = "overview";
    type Reply = Option<AccountOverview>;
}

/// What has access to the account.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct AccountOverview {
    /// The person's address.
    pub email: EmailAddress,
    /// When they signed up.
    pub created_at: UnixTime,
    /// The apps, last used first: all of them but where there are very many grants.
    pub apps: Vec<ConnectedApp>,
    /// The last client of these, if there are more.
    #[serde(default)]
    pub more: Option<ClientId>,
    /// The personal access tokens, newest first, expired ones too.
    pub tokens: Vec<TokenLine>,
    /// The signed-in browsers: this one first, then last used first.
    pub sessions: Vec<SessionLine>,
}

/// One installation of an app that has access.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct ConnectedApp {
    /// Its newest grant, which stands for all of them.
    pub grant: GrantId,
    /// Which client.
    pub client_id: ClientId,
    /// The name the client had when it was allowed.
    pub client_name: Option<String>,
    /// How the person was asked, and so where it is.
    pub asked: Asked,
    /// What it may do.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// When the person first allowed it.
    pub first_used_at: UnixTime,
    /// When it last got tokens or called a resource.
    pub last_used_at: UnixTime,
    /// When it ends if it isn't used; never later than its absolute end.
    pub ends_at: UnixTime,
    /// When it ends if it gets no tokens.
    pub idle_until: UnixTime,
}

/// One personal access token.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct TokenLine {
    /// Which.
    pub id: PersonalAccessTokenId,
    /// What the person called it.
    pub label: String,
    /// What it may do.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends, or ended.
    pub expires_at: UnixTime,
    /// When a resource was last called with it.
    pub last_used_at: Option<UnixTime>,
}

/// One signed-in browser.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct SessionLine {
    /// Which.
    pub id: SessionId,
    /// What the browser said it is.
    pub device: Option<String>,
    /// When the person entered their password in it.
    pub authenticated_at: UnixTime,
    /// When it was last used, to the nearest hour.
    pub last_used_at: UnixTime,
    /// When it ends if it isn't used; never later than its absolute end.
    pub ends_at: UnixTime,
    /// Whether it is the one that asks.
    pub is_this_one: bool,
}

/// Takes access from one installation of an app.
#[derive(Debug, Serialize, FromJson)]
pub struct RevokeApp {
    /// The cookie.
    pub key: SessionKey,
    /// Any grant of it.
    pub grant: GrantId,
}

impl Message for RevokeApp {
    const NAME: &'static str = "revoke-app";
    /// Whether it had access until now.
    type Reply = Option<bool>;
}

/// Takes a personal access token back.
#[derive(Debug, Serialize, FromJson)]
pub struct RevokeToken {
    /// The cookie.
    pub key: SessionKey,
    /// Which.
    pub id: PersonalAccessTokenId,
}

impl Message for RevokeToken {
    const NAME: &'static str = "revoke-token";
    /// Whether it was there.
    type Reply = Option<bool>;
}

/// Signs one browser out.
#[derive(Debug, Serialize, FromJson)]
pub struct EndSessionOf {
    /// The cookie of the browser that asks.
    pub key: SessionKey,
    /// The session that ends; it may be the one that asks.
    pub session: SessionId,
}

impl Message for EndSessionOf {
    const NAME: &'static str = "end-session-of";
    /// Whether it was there.
    type Reply = Option<bool>;
}

/// Signs out every browser but the one that asks.
#[derive(Debug, Serialize, FromJson)]
pub struct EndOtherSessions {
    /// The cookie of the browser that asks.
    pub key: SessionKey,
}

impl Message for EndOtherSessions {
    const NAME: &'static str = "end-other-sessions";
    /// How many there were.
    type Reply = Option<u32>;
}

/// Makes a personal access token.
#[derive(Debug, Serialize, FromJson)]
pub struct CreateToken {
    /// The cookie.
    pub key: SessionKey,
    /// Whose account this is.
    pub account: AccountId,
    /// What was asked for.
    pub new: NewToken,
}

impl Message for CreateToken {
    const NAME: &'static str = "create-token";
    /// The token as it is used. It is in this reply and nowhere else.
    type Reply = Option<Result<Secret, CreateError>>;
}

/// Asks for a part of the activity log.
#[derive(Debug, Serialize, FromJson)]
pub struct ReadActivity {
    /// The cookie.
    pub key: SessionKey,
    /// Which part.
    pub filter: ActivityFilter,
}

impl Message for ReadActivity {
    const NAME: &'static str = "read-activity";
    /// Newest first.
    type Reply = Option<Vec<Entry>>;
}

/// Asks for the apps that the activity log is about.
#[derive(Debug, Serialize, FromJson)]
pub struct LoggedApps {
    /// The cookie.
    pub key: SessionKey,
}

impl Message for LoggedApps {
    const NAME: &'static str = "logged-apps";
    /// The latest first, at most 100.
    type Reply = Option<Vec<LoggedApp>>;
}

/// An app that the activity log is about; it may have no access any more.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct LoggedApp {
    /// Which.
    pub client_id: ClientId,
    /// When its newest entry was written.
    pub last_at: UnixTime,
}

/// Which part of the activity log.
#[derive(Debug, Clone, Default, Serialize, FromJson)]
pub struct ActivityFilter {
    /// Only these kinds.
    pub group: Option<Group>,
    /// Only what this client did, or what was done about it.
    pub client_id: Option<ClientId>,
    /// Only what is older than this entry.
    pub before: Option<u64>,
    /// How many at most; never more than 1,000.
    pub limit: u32,
}
