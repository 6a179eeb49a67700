//! The Durable Objects, and how to talk to them.
//!
//! A message is a type with a name and a reply type. An object matches on the name exactly, so both
//! sides share one definition. It goes by the runtime's RPC, as two texts, and one text comes back: a request and its
//! response by `fetch` take several times as long.

pub mod account;
pub mod client_registry;
pub mod device_authorization;
pub mod directory;
pub mod keyring;
mod receiving;
mod sending;
mod sql;
mod storage;

pub use sending::send;

use latchkey_protocol::json::FromJson;
use serde::Serialize;

use crate::trace::Operation;
use receiving::{Answered, Object, Received, alarm_failed, class, reply, unknown};
use storage::{Known, Storage};

/// A message to an object.
pub trait Message: Serialize + FromJson {
    /// Its name, unique per object.
    const NAME: &'static str;
    /// What the object answers.
    type Reply: Serialize + FromJson;
}

/// Asks an object of any kind whether it is well. It stores nothing.
#[derive(Debug, Serialize, FromJson)]
pub struct Health {}

impl Message for Health {
    const NAME: &'static str = "health";
    type Reply = SchemaVersions;
}

/// The schema versions of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
pub struct SchemaVersions {
    /// What it has stored is of this one; 0 when it has stored nothing.
    pub stored: u32,
    /// The one that this release writes.
    pub newest: u32,
}

/// Names the binding of a kind of object.
#[derive(Debug, Clone, Copy)]
pub enum ObjectKind {
    /// [`account::Account`], one per person.
    Account,
    /// [`directory::Directory`], one per sign-in identifier.
    Directory,
    /// [`client_registry::ClientRegistry`], one per shard.
    ClientRegistry,
    /// [`device_authorization::DeviceAuthorization`], one per user code.
    DeviceAuthorization,
    /// [`keyring::Keyring`], one per deployment.
    Keyring,
}

impl ObjectKind {
    /// What its binding is called.
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Account => "ACCOUNT",
            Self::Directory => "DIRECTORY",
            Self::ClientRegistry => "CLIENT_REGISTRY",
            Self::DeviceAuthorization => "DEVICE_AUTHORIZATION",
            Self::Keyring => "KEYRING",
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Account => Operation::AccountCalls,
            Self::Directory => Operation::DirectoryCalls,
            Self::ClientRegistry => Operation::ClientRegistryCalls,
            Self::DeviceAuthorization => Operation::DeviceAuthorizationCalls,
            Self::Keyring => Operation::KeyringCalls,
        }
    }
}
