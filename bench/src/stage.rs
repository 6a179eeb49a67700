//! All contenders, running, and the people who have accounts there.

use std::path::Path;

use anyhow::Result;
use tokio::try_join;

use crate::connection::Connection;
use crate::contender::{Contender, Name};
use crate::party::{ClientKind, Party};
use crate::person::Person;

/// How many people there are, at most: connections share them in turn. One person's requests meet in
/// one object, so that fewer people than connections show how requests for the same person get along.
pub const PEOPLE: usize = 16;

/// The contenders of a run.
#[derive(Debug)]
pub struct Stage {
    /// How many connections each contender gets.
    pub connections: usize,
    /// Latchkey.
    pub latchkey: Contender,
    /// The peer.
    pub peer: Contender,
    /// A do-nothing worker in JavaScript.
    pub nothing: Contender,
    /// The platform's own limit, in Rust.
    pub limit: Contender,
    /// What starts fresh isolates of all of these.
    pub cold: Contender,
    /// Who has an account at Latchkey; nobody until somebody is needed.
    people: Vec<Person>,
}

impl Stage {
    /// Starts all contenders.
    pub async fn set(connections: usize, folder: &Path) -> Result<Self> {
        let (latchkey, peer, nothing, limit, cold) = try_join!(
            Contender::start(Name::Latchkey, folder),
            Contender::start(Name::Peer, folder),
            Contender::start(Name::Nothing, folder),
            Contender::start(Name::Limit, folder),
            Contender::start(Name::Cold, folder),
        )?;
        Ok(Self { connections, latchkey, peer, nothing, limit, cold, people: Vec::new() })
    }

    /// Ends all contenders.
    pub async fn strike(self) -> Result<()> {
        let Self { latchkey, peer, nothing, limit, cold, .. } = self;
        try_join!(latchkey.end(), peer.end(), nothing.end(), limit.end(), cold.end())?;
        Ok(())
    }

    /// The people at Latchkey, one for each connection; several may be the same.
    pub async fn people(&mut self) -> Result<Vec<Person>> {
        let mut connection = Connection::open(self.latchkey.address).await?;
        while self.people.len() < PEOPLE.min(self.connections) {
            let person = Person::sign_up(&mut connection, self.people.len()).await?;
            self.people.push(person);
        }
        Ok(self.people.iter().cycle().take(self.connections).cloned().collect())
    }

    /// A party for each connection at Latchkey, for the resource at this path.
    pub async fn parties(&mut self, kind: ClientKind, path: &str) -> Result<Vec<Party>> {
        let resource = format!("https://id.example{path}");
        let people = self.people().await?;
        let mut connection = Connection::open(self.latchkey.address).await?;
        let mut parties = Vec::new();
        for person in &people {
            parties.push(Party::begin(&mut connection, person, kind, &resource).await?);
        }
        Ok(parties)
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
