//! What a shard of clients can be asked.

use latchkey_protocol::administration::{Filter, RefusedRequest};
use latchkey_protocol::client::{ClientId, ClientPolicy, ClientRecord};
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::registration::initial_access_token::{
    InitialAccessToken, InitialAccessTokenError, InitialAccessTokenId, InitialAccessTokenRecord,
};
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;

use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// Stores a new client.
#[derive(Debug, Serialize, FromJson)]
pub struct Register {
    /// The client.
    pub record: ClientRecord,
}

impl Message for Register {
    const NAME: &'static str = "register";
    type Reply = ();
}

/// Stores a new client that an initial access token of the same shard lets in, and counts that.
#[derive(Debug, Serialize, FromJson)]
pub struct RegisterWithToken {
    /// The client.
    pub record: ClientRecord,
    /// The token.
    pub token: InitialAccessToken,
}

impl Message for RegisterWithToken {
    const NAME: &'static str = "register-with-token";
    /// The client as it is stored: with what the operator decided about those with this token.
    type Reply = Result<ClientRecord, InitialAccessTokenError>;
}

/// Asks for a client.
#[derive(Debug, Serialize, FromJson)]
pub struct Find {
    /// Which.
    pub client_id: ClientId,
}

impl Message for Find {
    const NAME: &'static str = "find";
    type Reply = Option<ClientRecord>;
}

/// Asks for a client that is going to be changed.
#[derive(Debug, Serialize, FromJson)]
pub struct Read {
    /// Which.
    pub client_id: ClientId,
}

impl Message for Read {
    const NAME: &'static str = "read";
    type Reply = Option<StoredClient>;
}

/// A client, and the number of its last change.
#[derive(Debug, Serialize, FromJson)]
pub struct StoredClient {
    /// The client.
    pub record: ClientRecord,
    /// How often it was written.
    pub version: u64,
}

/// Replaces a client, unless it changed since it was read.
#[derive(Debug, Serialize, FromJson)]
pub struct Change {
    /// The client as it was read.
    pub version: u64,
    /// The client as it is to be.
    pub record: ClientRecord,
}

impl Message for Change {
    const NAME: &'static str = "change";
    /// Whether it was replaced.
    type Reply = bool;
}

/// Notes that a client was used, which prolongs its life.
#[derive(Debug, Serialize, FromJson)]
pub struct Touch {
    /// Which.
    pub client_id: ClientId,
    /// For how long a client lives unused.
    pub unused: Lifetime,
    /// For how long it lives after it was used.
    pub idle: Lifetime,
    /// Whose account it is about to get access to, when a person allows it.
    #[serde(default)]
    pub account: Option<AccountId>,
}

impl Message for Touch {
    const NAME: &'static str = "touch";
    type Reply = Option<ClientRecord>;
}

/// Removes a client. What people allowed it is ended by [`EndGrants`], or else by the alarm.
#[derive(Debug, Serialize, FromJson)]
pub struct Remove {
    /// Which.
    pub client_id: ClientId,
}

impl Message for Remove {
    const NAME: &'static str = "remove";
    /// Whether it was there.
    type Reply = bool;
}

/// Ends what people allowed a removed client, of at most 100 accounts.
#[derive(Debug, Serialize, FromJson)]
pub struct EndGrants {
    /// Which client.
    pub client_id: ClientId,
}

impl Message for EndGrants {
    const NAME: &'static str = "end-grants";
    /// How many accounts are left, which the alarm goes on with.
    type Reply = u64;
}

/// Asks for clients in the order of their ids.
#[derive(Debug, Serialize, FromJson)]
pub struct List {
    /// Only those behind this id.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
    /// Which of them.
    pub filter: Filter,
}

impl Message for List {
    const NAME: &'static str = "list";
    type Reply = Vec<ClientRecord>;
}

/// Stores a new initial access token.
#[derive(Debug, Serialize, FromJson)]
pub struct AddToken {
    /// The token.
    pub record: InitialAccessTokenRecord,
}

impl Message for AddToken {
    const NAME: &'static str = "add-token";
    type Reply = ();
}

/// Asks whether an initial access token would let a client in. Nothing is counted.
#[derive(Debug, Serialize, FromJson)]
pub struct CheckToken {
    /// The token.
    pub token: InitialAccessToken,
}

impl Message for CheckToken {
    const NAME: &'static str = "check-token";
    /// What is decided about clients that register with it.
    type Reply = Result<ClientPolicy, InitialAccessTokenError>;
}

/// Asks for initial access tokens in the order of their ids.
#[derive(Debug, Serialize, FromJson)]
pub struct ListTokens {
    /// Only those behind this id.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

impl Message for ListTokens {
    const NAME: &'static str = "list-tokens";
    type Reply = Vec<StoredToken>;
}

/// An initial access token, and how often it was used.
#[derive(Debug, Serialize, FromJson)]
pub struct StoredToken {
    /// The token.
    pub record: InitialAccessTokenRecord,
    /// How many clients registered with it.
    pub uses: u32,
}

/// Takes an initial access token back. Clients that registered with it stay.
#[derive(Debug, Serialize, FromJson)]
pub struct RemoveToken {
    /// Which.
    pub id: InitialAccessTokenId,
}

impl Message for RemoveToken {
    const NAME: &'static str = "remove-token";
    /// Whether it was there.
    type Reply = bool;
}

/// Claims the one use of an assertion by which a client proves itself
/// ([RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).
#[derive(Debug, Serialize, FromJson)]
pub struct ClaimAssertion {
    /// Whose it is.
    pub client_id: ClientId,
    /// The hash of its `jti`.
    pub token_hash: String,
    /// When it has expired, so that it needn't be remembered.
    pub forget_at: UnixTime,
}

impl Message for ClaimAssertion {
    const NAME: &'static str = "claim-assertion";
    /// Whether this was its first use.
    type Reply = bool;
}

/// Keeps the last refusals of clients.
#[derive(Debug, Serialize, FromJson)]
pub struct KeepRefusals {
    /// Of each client those that have come since.
    pub refusals: Vec<RefusalsOf>,
}

/// Refusals of one client.
#[derive(Debug, Serialize, FromJson)]
pub struct RefusalsOf {
    /// Which; `None` for whoever named no client that anybody knows.
    pub client_id: Option<ClientId>,
    /// In the order of time.
    pub refused: Vec<RefusedRequest>,
}

impl Message for KeepRefusals {
    const NAME: &'static str = "keep-refusals";
    type Reply = ();
}

/// Asks for the last refusals of a client.
#[derive(Debug, Serialize, FromJson)]
pub struct FindRefusals {
    /// Which; `None` for those of clients that the shard doesn't know.
    pub client_id: Option<ClientId>,
}

impl Message for FindRefusals {
    const NAME: &'static str = "find-refusals";
    /// In the order of time.
    type Reply = Vec<RefusedRequest>;
}
