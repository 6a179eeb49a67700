//! All contenders, running.

use std::path::Path;

use anyhow::Result;
use tokio::try_join;

use crate::connection::Connection;
use crate::contender::{Contender, Name, Options};
use crate::house::{House, PEOPLE};
use crate::party::{ClientKind, Party};
use crate::person::Person;

/// The contenders of a run.
#[derive(Debug)]
pub struct Stage {
    /// How many connections each contender gets.
    pub connections: usize,
    /// Latchkey.
    pub latchkey: House,
    /// The peer.
    pub peer: Contender,
    /// A do-nothing worker in JavaScript.
    pub nothing: Contender,
    /// The platform's own limit, in Rust.
    pub limit: Contender,
    /// The operations of a refresh and of a call, bare.
    pub bare: Contender,
    /// What starts fresh isolates of all of these.
    pub cold: Contender,
}

impl Stage {
    /// Starts all contenders.
    pub async fn set(connections: usize, folder: &Path) -> Result<Self> {
        let (latchkey, peer, nothing, limit, bare, cold) = try_join!(
            House::open(connections, folder),
            Contender::start(Name::Peer, folder, Options::default()),
            Contender::start(Name::Nothing, folder, Options::default()),
            Contender::start(Name::Limit, folder, Options::default()),
            Contender::start(Name::Bare, folder, Options::default()),
            Contender::start(Name::Cold, folder, Options::default()),
        )?;
        Ok(Self { connections, latchkey, peer, nothing, limit, bare, cold })
    }

    /// Ends all contenders.
    pub async fn strike(self) -> Result<()> {
        let Self { latchkey, mut peer, mut nothing, mut limit, mut bare, mut cold, .. } = self;
        try_join!(
            latchkey.close(),
            peer.end(),
            nothing.end(),
            limit.end(),
            bare.end(),
            cold.end()
        )?;
        Ok(())
    }

    /// A party for each connection at the peer.
    pub async fn peer_parties(&self, kind: ClientKind) -> Result<Vec<Party>> {
        let mut connection = Connection::open(self.peer.address).await?;
        let mut parties = Vec::new();
        for number in 0..self.connections {
            let person = Person::believed(number % PEOPLE);
            let resource = "https://id.example/api";
            parties.push(Party::begin(&mut connection, &person, kind, resource).await?);
        }
        Ok(parties)
    }
}
