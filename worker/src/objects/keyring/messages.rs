//! What the keyring is asked. A private key is in a message only as it is stored: sealed, where the deployment has the secret for it.

use latchkey_protocol::administration::{KeyUse, KeyView};
use latchkey_protocol::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::objects::Message;

/// Asks for all keys, unless they are what the asker has.
#[derive(Debug, Serialize, Deserialize)]
pub struct Get {
    /// Which keys the asker has.
    pub known: Option<String>,
}

impl Message for Get {
    const NAME: &'static str = "keys";
    type Reply = Answer;
}

/// Which keys count.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Names these keys; others have another name.
    pub version: String,
    /// The keys; nothing when the asker has them.
    pub keys: Option<Keys>,
}

/// The keys, as an isolate keeps them in memory.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredKey {
    /// Its id.
    pub key_id: String,
    /// The private JWK as JSON text, or the sealing key; sealed or in the clear.
    pub secret: Secret,
}

/// A public key of the JWKS.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedKey {
    /// `kid`.
    pub key_id: String,
    /// The public JWK.
    pub public_jwk: Value,
}

/// Asks which keys there are and when the schedule next has something to do. No secret is in the answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Look {}

impl Message for Look {
    const NAME: &'static str = "look";
    type Reply = Vec<KeyView>;
}

/// Lets another key take over. Answers which one, and `None` when it was dropped meanwhile.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rotate {
    /// From which key.
    pub usage: KeyUse,
    /// As soon as can be, not after the notice.
    pub at_once: bool,
}

impl Message for Rotate {
    const NAME: &'static str = "rotate";
    type Reply = Option<KeyView>;
}

/// Lets a signing key that the operator brings take over. `None` when its id is taken.
#[derive(Debug, Serialize, Deserialize)]
pub struct Import {
    /// The key.
    pub key: StoredKey,
    /// The public JWK.
    pub public_jwk: Value,
    /// Now, not after the notice.
    pub at_once: bool,
}

impl Message for Import {
    const NAME: &'static str = "import";
    type Reply = Option<KeyView>;
}

/// Ends a key at once. Answers what it was for, or `None` when there is no such key.
#[derive(Debug, Serialize, Deserialize)]
pub struct DropKey {
    /// Which key.
    pub key_id: String,
}

impl Message for DropKey {
    const NAME: &'static str = "drop";
    type Reply = Option<KeyUse>;
}
