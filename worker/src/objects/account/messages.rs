//! What an account's object can be asked.

use latchkey_protocol::authorize::AuthorizationRequest;
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::grant::Granted;
use latchkey_protocol::grant::authorization_code::{Approval, CodeRequest, RedeemError};
use latchkey_protocol::grant::refresh_token::{RefreshError, RefreshRequest};
use latchkey_protocol::grant::revoke::{RevokeError, RevokeRequest};
use latchkey_protocol::identifier::{AccountId, GrantId, SessionId};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::UnixTime;
use serde::{Deserialize, Serialize};

use super::super::Message;

/// Creates the account, unless it exists.
#[derive(Debug, Serialize, Deserialize)]
pub struct Create {
    /// Its id, which is also the object's name.
    pub account: AccountId,
    /// The address that signs in.
    pub email: EmailAddress,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: Secret,
}

impl Message for Create {
    const NAME: &'static str = "create";
    /// Whether it was created by this message.
    type Reply = bool;
}

/// Asks for what a password is checked against.
#[derive(Debug, Serialize, Deserialize)]
pub struct Credentials {}

impl Message for Credentials {
    const NAME: &'static str = "credentials";
    /// The password's Argon2id hash, in PHC form; `None` when there is no such account.
    type Reply = Option<Secret>;
}

/// Begins a session for a person whose password was right.
#[derive(Debug, Serialize, Deserialize)]
pub struct BeginSession {
    /// The session that the browser had before and that the new one replaces.
    pub replaces: Option<SessionKey>,
}

impl Message for BeginSession {
    const NAME: &'static str = "begin-session";
    /// `None` when there is no such account.
    type Reply = Option<SessionKey>;
}

/// Which session, and the proof.
#[derive(Debug, Clone, Serialize, Deserialize)] // Cloned from the cookie into each message.
pub struct SessionKey {
    /// Which.
    pub session: SessionId,
    /// What only the browser has.
    pub secret: Secret,
}

/// Asks who is signed in.
#[derive(Debug, Serialize, Deserialize)]
pub struct CheckSession {
    /// The cookie.
    pub key: SessionKey,
}

impl Message for CheckSession {
    const NAME: &'static str = "check-session";
    type Reply = Option<Person>;
}

/// A signed-in person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// Their address, to be shown to themselves.
    pub email: EmailAddress,
    /// When they last entered their password in this browser.
    pub authenticated_at: UnixTime,
}

/// Ends a session.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndSession {
    /// The cookie.
    pub key: SessionKey,
}

impl Message for EndSession {
    const NAME: &'static str = "end-session";
    type Reply = ();
}

/// The person pressed Allow.
#[derive(Debug, Serialize, Deserialize)]
pub struct Approve {
    /// Whose account this is.
    pub account: AccountId,
    /// The cookie.
    pub key: SessionKey,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approved {
    /// The session is over.
    NotSignedIn,
    /// `only_if_allowed_before`, and they hadn't.
    NotAllowedBefore,
    /// Done.
    Done(Approval),
}

/// A token request with a code.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
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
