//! Consent, and the tokens that come of it.

use latchkey_protocol::authorize::AuthorizationRequest;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::grant::Granted;
use latchkey_protocol::grant::authorization_code::{Approval, CodeRequest, RedeemError};
use latchkey_protocol::grant::refresh_token::{RefreshError, RefreshRequest};
use latchkey_protocol::grant::revoke::{RevokeError, RevokeRequest};
use latchkey_protocol::identifier::{AccountId, GrantId};
use latchkey_protocol::scope::Scope;
use serde::Serialize;

use super::{Person, SessionKey};
use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// A browser that may be signed in brings an authorization request: who it is, and what the answer needs
/// to know of the account, in one message.
#[derive(Debug, Serialize, FromJson)]
pub struct BringRequest {
    /// Whose account this is.
    pub account: AccountId,
    /// The cookie.
    pub key: SessionKey,
    /// What is asked for.
    pub request: AuthorizationRequest,
    /// The client's name, to be shown to them later.
    pub client_name: Option<String>,
}

impl Message for BringRequest {
    const NAME: &'static str = "bring-request";
    /// The person, and what comes next for them.
    type Reply = Option<(Person, Next)>;
}

/// What comes next for a person who is signed in.
#[derive(Debug, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// They are asked, and see what the installation may do already.
    Ask(EarlierAccess),
    /// There is an answer without a page (`prompt=none`), if they allowed just this before.
    Silent(Approved),
    /// Neither: they have to sign in anew, or the client is told why there is no answer.
    Other,
}

/// What the installation that asks may do already.
#[derive(Debug, Default, Serialize, FromJson)]
pub struct EarlierAccess {
    /// `None` when it may do nothing yet.
    pub scope: Option<Scope>,
    /// The client was allowed before, as its metadata document described it then.
    pub client_has_changed: bool,
}

/// How it is known that it is the person who approves.
#[derive(Debug, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum ApprovedBy {
    /// By the cookie of a browser in which they are signed in.
    Session(SessionKey),
    /// They are the test user of a development server (`development.consent_as`), and nobody asks.
    TestUser,
}

/// The person pressed Allow.
#[derive(Debug, Serialize, FromJson)]
pub struct Approve {
    /// Whose account this is.
    pub account: AccountId,
    /// How they are known.
    pub by: ApprovedBy,
    /// What they allowed.
    pub request: AuthorizationRequest,
    /// The client's name, to be shown to them later.
    pub client_name: Option<String>,
    /// Only if they allowed just this before (`prompt=none`).
    pub only_if_allowed_before: bool,
}

impl Message for Approve {
    const NAME: &'static str = "approve";
    type Reply = Approved;
}

/// What came of [`Approve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum Approved {
    /// The session is over, or the account isn't the test user's.
    NotSignedIn,
    /// `only_if_allowed_before`, and they hadn't.
    NotAllowedBefore,
    /// Done.
    Done(Approval),
}

/// A token request with a code.
#[derive(Debug, Serialize, FromJson)]
pub struct Redeem {
    /// Which grant.
    pub grant: GrantId,
    /// The request.
    pub request: CodeRequest,
}

impl Message for Redeem {
    const NAME: &'static str = "redeem";
    type Reply = Result<Granted, RedeemError>;
}

/// A token request with a refresh token.
#[derive(Debug, Serialize, FromJson)]
pub struct Refresh {
    /// Which grant.
    pub grant: GrantId,
    /// The request.
    pub request: RefreshRequest,
}

impl Message for Refresh {
    const NAME: &'static str = "refresh";
    type Reply = Result<Granted, RefreshError>;
}

/// A revocation request.
#[derive(Debug, Serialize, FromJson)]
pub struct Revoke {
    /// Which grant.
    pub grant: GrantId,
    /// The request.
    pub request: RevokeRequest,
}

impl Message for Revoke {
    const NAME: &'static str = "revoke";
    type Reply = Result<(), RevokeError>;
}

/// A client was removed: ends all that the person allowed it.
#[derive(Debug, Serialize, FromJson)]
pub struct EndGrantsOf {
    /// Which client.
    pub client_id: ClientId,
}

impl Message for EndGrantsOf {
    const NAME: &'static str = "end-grants-of";
    type Reply = ();
}
