//! A visit to the page for a device's code, while the person signs in: sealed, in a hidden field or the
//! query, so that the code isn't lost on the way.

use latchkey_protocol::identifier::SessionId;
use latchkey_protocol::sealed::{self, OpenError};
use latchkey_protocol::time::UnixTime;
use latchkey_protocol::user_code::UserCode;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::keys::KeySet;
use crate::platform::RuntimeEntropy;
use latchkey_protocol::json::FromJson;

const PURPOSE: &str = "device visit";

/// What the person came with.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct DeviceVisit {
    /// The code that they sent by the form.
    pub user_code: UserCode,
    /// When.
    pub created_at: UnixTime,
    /// The session that was begun to go on with it. Only in it the code is looked up without another
    /// press of the button, so that no link makes a signed-in person look a code up.
    pub signed_in_for: Option<SessionId>,
}

impl DeviceVisit {
    /// A visit that begins with this code.
    pub fn new(context: &Context, user_code: &UserCode) -> Self {
        Self { user_code: user_code.clone(), created_at: context.now, signed_in_for: None }
    }

    /// Seals the visit for the next page.
    pub fn seal(&self, context: &Context, keys: &KeySet) -> Result<String, Failure> {
        let lifetime = context.configuration.lifetimes.authorization_request;
        keys.sealing_key()?
            .seal(PURPOSE, self, self.created_at.plus(lifetime), &mut RuntimeEntropy)
            .map_err(|_| Failure::unavailable("sealing a visit", "it can't be written"))
    }

    /// Opens what [`Self::seal`] made.
    pub fn open(context: &Context, keys: &KeySet, text: &str) -> Result<Self, OpenError> {
        sealed::open(keys.sealing(), PURPOSE, text, context.now)
    }

    /// The same visit, in the session that was begun for it.
    pub fn signed_in_for(&self, session: &SessionId) -> Self {
        Self { signed_in_for: Some(session.clone()), ..self.clone() }
    }
}
