//! Signing up, in and out.

use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::identifier::{AccountId, SessionId};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::UnixTime;
use serde::Serialize;

use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// Creates the account, unless it exists.
#[derive(Debug, Serialize, FromJson)]
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
#[derive(Debug, Serialize, FromJson)]
pub struct Credentials {}

impl Message for Credentials {
    const NAME: &'static str = "credentials";
    /// The password's Argon2id hash, in PHC form; `None` when there is no such account.
    type Reply = Option<Secret>;
}

/// Begins a session for a person whose password was right.
#[derive(Debug, Serialize, FromJson)]
pub struct BeginSession {
    /// The session that the browser had before and that the new one replaces.
    pub replaces: Option<SessionKey>,
    /// What the browser says it is, in a few words, for the person's list.
    pub device: Option<String>,
}

impl Message for BeginSession {
    const NAME: &'static str = "begin-session";
    /// `None` when there is no such account.
    type Reply = Option<SessionKey>;
}

/// Which session, and the proof.
#[derive(Debug, Clone, Serialize, FromJson)] // Cloned from the cookie into each message.
pub struct SessionKey {
    /// Which.
    pub session: SessionId,
    /// What only the browser has.
    pub secret: Secret,
}

/// Asks who is signed in.
#[derive(Debug, Serialize, FromJson)]
pub struct CheckSession {
    /// The cookie.
    pub key: SessionKey,
}

impl Message for CheckSession {
    const NAME: &'static str = "check-session";
    type Reply = Option<Person>;
}

/// A signed-in person.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct Person {
    /// Their address, to be shown to themselves.
    pub email: EmailAddress,
    /// When they last entered their password in this browser.
    pub authenticated_at: UnixTime,
}

/// Ends a session.
#[derive(Debug, Serialize, FromJson)]
pub struct EndSession {
    /// The cookie.
    pub key: SessionKey,
}

impl Message for EndSession {
    const NAME: &'static str = "end-session";
    type Reply = ();
}
