//! What the keyring is asked. A private key is in a message only as it is stored: sealed, where the deployment has the secret for it.

use latchkey_protocol::administration::{KeyUse, KeyView};
use latchkey_protocol::secret::Secret;
use serde::Serialize;
use serde_json::Value;

use crate::objects::Message;
use latchkey_protocol::json::FromJson;

/// Asks for all keys, unless they are what the asker has.
#[derive(Debug, Serialize, FromJson)]
pub struct Get {
    /// Which keys the asker has.
    pub known: Option<String>,
}

impl Message for Get {
    const NAME: &'static str = "keys";
    type Reply = Answer;
}

/// Which keys count.
#[derive(Debug, Serialize, FromJson)]
pub struct Answer {
    /// Names these keys; others have another name.
    pub version: String,
    /// The keys; nothing when the asker has them.
    pub keys: Option<Keys>,
}

/// The keys, as an isolate keeps them in memory.
#[derive(Debug, Serialize, FromJson)]
pub struct Keys {
    /// The key that signs now.
    pub signing: StoredKey,
    /// Everything that is published, the signing key included.
    pub published: Vec<PublishedKey>,
    /// What seals (first) and opens, newest first.
    pub sealing: Vec<StoredKey>,
    /// The signing keys that were dropped lately.
    pub dropped: Vec<String>,
}

/// What is secret of a key, as it is stored.
#[derive(Debug, Serialize, FromJson)]
pub struct StoredKey {
    /// Its id.
    pub key_id: String,
    /// The private JWK as JSON text, or the sealing key; sealed or in the clear.
    pub secret: Secret,
}

/// A public key of the JWKS.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct PublishedKey {
    /// `kid`.
    pub key_id: String,
    /// The public JWK.
    pub public_jwk: Value,
}

/// What an operator asks for. One message, since each kind of message is code of its own. No secret is in the answer, which has
/// the keys that it is about; none when there is no such key, or its id is taken.
#[derive(Debug, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum Operate {
    /// Shows every key.
    Look,
    /// Lets another key take over, and shows it.
    Rotate {
        /// From which key.
        usage: KeyUse,
        /// As soon as can be, not after the notice.
        at_once: bool,
    },
    /// Lets a signing key that the operator brings take over, and shows it.
    Import {
        /// The key.
        key: StoredKey,
        /// The public JWK.
        public_jwk: Value,
        /// Now, not after the notice.
        at_once: bool,
    },
    /// Ends a key at once, and shows it.
    Drop {
        /// Which key.
        key_id: String,
    },
}

impl Message for Operate {
    const NAME: &'static str = "operate";
    type Reply = Vec<KeyView>;
}
