//! Latchkey by itself, with the people who have accounts there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::connection::Connection;
use crate::contender::{Contender, Name, Options};
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
    /// What its configuration has beside what it always has.
    settings: Option<Value>,
    /// Who has an account; nobody until somebody is needed.
    people: Vec<Person>,
}

impl House {
    /// Starts it; what it stores goes below `folder`.
    pub async fn open(connections: usize, folder: &Path) -> Result<Self> {
        Self::open_with(connections, folder, None, None).await
    }

    /// The same with more in its configuration, and with an inspector at a port if one is given.
    pub async fn open_with(
        connections: usize,
        folder: &Path,
        settings: Option<Value>,
        inspector: Option<u16>,
    ) -> Result<Self> {
        let options = Options { log: None, settings: settings.as_ref(), inspector };
        let contender = Contender::start(Name::Latchkey, folder, options).await?;
        Ok(Self { connections, contender, folder: folder.to_owned(), settings, people: Vec::new() })
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
        let options = Options { log, settings: self.settings.as_ref(), ..Options::default() };
        self.contender = Contender::start(Name::Latchkey, &self.folder, options).await?;
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

    /// The process that started its runtime; `None` once it has ended.
    pub fn launcher_id(&self) -> Option<u32> {
        self.contender.launcher_id()
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
