//! The pieces of work, each in a file of its own.

mod authorize_code;
mod cold;
mod create_object;
mod introspect;
mod limit;
pub mod metadata;
mod protected;
mod refresh;
mod register;
mod repeated;
mod revoke;

use std::net::SocketAddr;

use anyhow::Result;

use crate::house::House;
use crate::load::Visitor;
use crate::stage::Stage;

pub use cold::measure as measure_cold;
pub use create_object::measure as measure_creation;
pub use protected::{ASKED, personal_access_token};

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The authorization server's metadata.
    Metadata,
    /// Dynamic client registration.
    Register,
    /// An authorization request of somebody who is signed in, and the exchange of its code.
    AuthorizeCode,
    /// A refresh with the token that the last one gave.
    Refresh,
    /// A call of a protected resource with an access token.
    ProtectedJwt,
    /// A call of a protected resource with a personal access token.
    ProtectedPat,
    /// Introspection of an access token.
    Introspect,
    /// Revocation of an access token.
    Revoke,
    /// Creating an object.
    CreateObject,
    /// The first request of a cold isolate.
    Cold,
}

impl Work {
    /// Every piece of work, in the order in which they are measured.
    pub const ALL: [Self; 10] = [
        Self::Metadata,
        Self::Register,
        Self::AuthorizeCode,
        Self::Refresh,
        Self::ProtectedJwt,
        Self::ProtectedPat,
        Self::Introspect,
        Self::Revoke,
        Self::CreateObject,
        Self::Cold,
    ];

    /// Its name, in flags and in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Register => "register",
            Self::AuthorizeCode => "authorize_code",
            Self::Refresh => "refresh",
            Self::ProtectedJwt => "protected_jwt",
            Self::ProtectedPat => "protected_pat",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::CreateObject => "create_object",
            Self::Cold => "cold",
        }
    }

    /// What it is, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Metadata => "Metadata",
            Self::Register => "Registration",
            Self::AuthorizeCode => "Authorize and code exchange",
            Self::Refresh => "Refresh",
            Self::ProtectedJwt => "Protected call, access token",
            Self::ProtectedPat => "Protected call, personal access token",
            Self::Introspect => "Introspection",
            Self::Revoke => "Revocation",
            Self::CreateObject => "Creating an object",
            Self::Cold => "First request of a cold isolate",
        }
    }

    /// What the platform's limit for it is.
    pub const fn limit(self) -> &'static str {
        match self {
            Self::Metadata | Self::ProtectedJwt | Self::ProtectedPat => "do nothing, in Rust",
            Self::Register | Self::AuthorizeCode | Self::Refresh | Self::Revoke => {
                "bare row write, in Rust"
            }
            Self::Introspect => "bare row read, in Rust",
            Self::CreateObject => "bare object with a row, in Rust",
            Self::Cold => "do nothing, in Rust",
        }
    }

    /// What is to be reached, as multiples of the peer and of the limit.
    pub const fn wanted(self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Metadata => (None, Some(0.95)),
            Self::Register => (Some(2.0), None),
            Self::AuthorizeCode => (Some(3.0), None),
            Self::Refresh => (Some(4.0), Some(0.75)),
            Self::ProtectedJwt => (Some(2.5), Some(0.85)),
            _ => (None, None),
        }
    }
}

/// Who an entry is for, in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Latchkey.
    Latchkey,
    /// Latchkey, where it asks the person's account at each call.
    LatchkeyAsked,
    /// An API beside Latchkey that checks its access tokens by itself.
    LatchkeyBeside,
    /// The peer.
    Peer,
    /// The platform's limit.
    Limit,
    /// The platform's operations for this work, and nothing else.
    Bare,
    /// A do-nothing worker in JavaScript.
    JavaScript,
}

impl Side {
    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latchkey => "latchkey",
            Self::LatchkeyAsked => "latchkey_asked",
            Self::LatchkeyBeside => "latchkey_beside",
            Self::Peer => "peer",
            Self::Limit => "limit",
            Self::Bare => "bare",
            Self::JavaScript => "javascript",
        }
    }
}

/// One contender's part in a piece of work.
pub struct Entry {
    /// Whose.
    pub side: Side,
    /// Where.
    pub address: SocketAddr,
    /// Who visits it.
    pub visitors: Vec<Box<dyn Visitor>>,
}

impl Entry {
    fn new<V: Visitor + 'static>(
        side: Side,
        address: SocketAddr,
        visitors: impl IntoIterator<Item = V>,
    ) -> Self {
        let boxed = |visitor| -> Box<dyn Visitor> { Box::new(visitor) };
        Self { side, address, visitors: visitors.into_iter().map(boxed).collect() }
    }
}

/// Makes a piece of work ready: who takes part, with all that they need beforehand.
pub async fn entries(work: Work, stage: &mut Stage) -> Result<Vec<Entry>> {
    match work {
        Work::Metadata => Ok(metadata::entries(stage)),
        Work::Register => register::entries(stage).await,
        Work::AuthorizeCode => authorize_code::entries(stage).await,
        Work::Refresh => refresh::entries(stage).await,
        Work::ProtectedJwt => protected::with_access_tokens(stage).await,
        Work::ProtectedPat => protected::with_personal_access_tokens(stage).await,
        Work::Introspect => introspect::entries(stage).await,
        Work::Revoke => revoke::entries(stage).await,
        // These two are no closed loops of several contenders: `turns.rs` measures them otherwise.
        Work::CreateObject | Work::Cold => Ok(Vec::new()),
    }
}

/// The same with Latchkey alone. Nothing of what the platform is measured by takes part.
pub async fn at_latchkey(work: Work, house: &mut House) -> Result<Vec<Entry>> {
    match work {
        Work::Metadata => Ok(vec![metadata::ours(house)]),
        Work::Register => Ok(vec![register::ours(house)]),
        Work::AuthorizeCode => Ok(vec![authorize_code::ours(house).await?]),
        Work::Refresh => Ok(vec![refresh::ours(house).await?]),
        Work::ProtectedJwt => protected::ours_with_access_tokens(house).await,
        Work::ProtectedPat => protected::ours_with_personal_access_tokens(house).await,
        Work::Introspect => Ok(vec![introspect::ours(house).await?]),
        Work::Revoke => Ok(vec![revoke::ours(house).await?]),
        Work::CreateObject | Work::Cold => Ok(Vec::new()),
    }
}
