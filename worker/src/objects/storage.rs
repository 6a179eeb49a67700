//! An object's storage as one message, or one alarm, uses it: the way to its database and its alarm.

use latchkey_protocol::time::Lifetime;
use std::cell::Cell;
use std::time::Duration;

use super::sql::Database;
use super::{Received, SchemaVersions};
use crate::failure::Failure;
use crate::trace::{Operation, Tally};

/// What an object knows of its own storage, as long as it is in memory. Nobody else writes to it, so
/// what was once so is asked once, not with each message.
#[derive(Debug, Default)]
pub struct Known {
    /// The schema is the newest.
    schema: Cell<bool>,
    /// An alarm is set.
    alarm: Cell<bool>,
}

/// The storage, with the counts of the message.
pub struct Storage<'a> {
    state: &'a worker::State,
    known: &'a Known,
    tally: Tally,
}

impl<'a> Storage<'a> {
    /// For a message, whose caller may want the counts.
    pub fn of(state: &'a worker::State, known: &'a Known, received: &Received) -> Self {
        Self { state, known, tally: received.tally.clone() }
    }

    /// For an alarm, which nobody waits for.
    pub fn of_alarm(state: &'a worker::State, known: &'a Known) -> Self {
        // It has gone off, so it isn't set any more.
        known.alarm.set(false);
        Self { state, known, tally: Tally::default() }
    }

    /// The counts.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The database of an object that has stored something, brought to the newest schema; `None` for
    /// one that hasn't, so that asking about a made-up id stores nothing.
    pub fn existing(&self, migrations: &[&str]) -> Result<Option<Database>, Failure> {
        let database = self.database();
        if !self.known.schema.get() {
            if database.is_empty()? {
                return Ok(None);
            }
            database.migrate(migrations)?;
            self.known.schema.set(true);
        }
        Ok(Some(database))
    }

    /// The database of an object that is about to store something.
    pub fn created(&self, migrations: &[&str]) -> Result<Database, Failure> {
        let database = self.database();
        if !self.known.schema.get() {
            database.migrate(migrations)?;
            self.known.schema.set(true);
        }
        Ok(database)
    }

    /// As [`Self::created`], for an object that is most often made by this. `newest` makes at once what the
    /// migrations make one after the other.
    pub fn made(&self, newest: &str, migrations: &[&str]) -> Result<Database, Failure> {
        let database = self.database();
        if !self.known.schema.get() && database.is_empty()? {
            database.make(newest, migrations.len())?;
            self.known.schema.set(true);
        }
        self.created(migrations)
    }

    /// The schema versions: what is stored now, which the next message of another kind brings to the newest.
    pub fn health(&self, migrations: &[&str]) -> Result<SchemaVersions, Failure> {
        let stored = self.database().schema_version()?;
        Ok(SchemaVersions { stored, newest: u32::try_from(migrations.len()).unwrap_or(u32::MAX) })
    }

    fn database(&self) -> Database {
        Database::new(self.state, self.tally.clone())
    }

    /// Whether an alarm is set.
    pub async fn has_alarm(&self) -> worker::Result<bool> {
        if !self.known.alarm.get() {
            self.tally.note(Operation::AlarmsRead, 1);
            self.known.alarm.set(self.state.storage().get_alarm().await?.is_some());
        }
        Ok(self.known.alarm.get())
    }

    /// Sets the alarm, in place of the one that is set.
    pub async fn set_alarm(&self, after: Lifetime) -> worker::Result<()> {
        self.tally.note(Operation::AlarmsSet, 1);
        self.state.storage().set_alarm(Duration::from_secs(after.as_seconds())).await?;
        self.known.alarm.set(true);
        Ok(())
    }

    /// Deletes everything that the object has stored.
    pub async fn delete_all(&self) -> worker::Result<()> {
        self.known.schema.set(false);
        self.known.alarm.set(false);
        self.state.storage().delete_all().await
    }
}
