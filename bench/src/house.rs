//! Latchkey by itself, with the people who have accounts there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::connection::Connection;
use crate::contender::{Contender, Name};
use crate::party::{ClientKind, Party};
use crate::person::Person;

/// How many people there are, at most: connections share them in turn. One person's requests meet in
/// one object, so that fewer people than connections show how requests for the same person get along.
pub const PEOPLE: usize = 16;

/// A running Latchkey. What it stores outlives it.
#[derive(Debug)]
pub struct House {
    /// How many connections it gets.
    pub connections: usize,
    contender: Contender,
    folder: PathBuf,
    /// Who has an account; nobody until somebody is needed.
    people: Vec<Person>,
}

impl House {
    /// Starts it; what it stores goes below `folder`.
    pub async fn open(connections: usize, folder: &Path) -> Result<Self> {
        let contender = Contender::start(Name::Latchkey, folder, None).await?;
        Ok(Self { connections, contender, folder: folder.to_owned(), people: Vec::new() })
    }

    /// Ends it and, once `meanwhile` has had its way with what it stored, starts it again. With a file for
    /// its log it counts what each request does, and says it there.
    pub async fn reopen(
        &mut self,
        log: Option<&Path>,
        meanwhile: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        self.contender.end().await?;
        meanwhile(&Contender::storage(Name::Latchkey, &self.folder))?;
        self.contender = Contender::start(Name::Latchkey, &self.folder, log).await?;
        Ok(())
    }

    /// Ends it.
    pub async fn close(mut self) -> Result<()> {
        self.contender.end().await
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.contender.address
    }

    /// The people, one for each connection; several may be the same.
    pub async fn people(&mut self) -> Result<Vec<Person>> {
        let mut connection = Connection::open(self.address()).await?;
        while self.people.len() < PEOPLE.min(self.connections) {
            let person = Person::sign_up(&mut connection, self.people.len()).await?;
            self.people.push(person);
        }
        Ok(self.people.iter().cycle().take(self.connections).cloned().collect())
    }

    /// A party for each connection, for the resource at this path.
    pub async fn parties(&mut self, kind: ClientKind, path: &str) -> Result<Vec<Party>> {
        let resource = format!("https://id.example{path}");
        let people = self.people().await?;
        let mut connection = Connection::open(self.address()).await?;
        let mut parties = Vec::new();
        for person in &people {
            parties.push(Party::begin(&mut connection, person, kind, &resource).await?);
        }
        Ok(parties)
    }
}
