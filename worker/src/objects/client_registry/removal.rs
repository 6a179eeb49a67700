//! Removing a client with what people allowed it.
//!
//! The row goes first, so that the client gets nothing more. Then each account that ever allowed it is
//! told, 100 at the same time; an account that doesn't answer is told again later.

use futures_util::future::join_all;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::time::Lifetime;

use super::Shard;
use super::messages::{EndGrants, Remove};
use crate::bindings::Bindings;
use crate::failure::Failure;
use crate::log::{Event, Level};
use crate::objects::account::messages::EndGrantsOf;
use crate::objects::sql::{integer, text, time};
use crate::objects::{ObjectKind, send};
use crate::platform;
use latchkey_protocol::json::FromJson;

/// How many accounts are told at the same time.
const AT_ONCE: u64 = 100;
/// How many times that the alarm does so in one run.
const ROUNDS: u32 = 10;
/// When it goes on after a run that left some over.
const AT_LEISURE: Lifetime = Lifetime::seconds(1);
/// When it goes on after an account didn't answer.
const AFTER_FAILURE: Lifetime = Lifetime::minutes(1);

#[derive(FromJson)]
struct ToTell {
    client_id: ClientId,
    account: AccountId,
}

#[derive(FromJson)]
struct Count {
    count: u64,
}

#[derive(FromJson)]
struct IdRow {
    #[serde(rename = "client_id")]
    _client_id: String,
}

impl Shard<'_> {
    pub(super) fn remove(&self, message: &Remove) -> Result<bool, Failure> {
        let Some(database) = self.existing()? else { return Ok(false) };
        let client_id = || text(message.client_id.as_str());
        // Without its row in `removals` no account would ever be told.
        database.together(|| {
            let removed: Option<IdRow> = database.row(
                "DELETE FROM clients WHERE client_id = ? RETURNING client_id",
                vec![client_id()],
            )?;
            if removed.is_none() {
                return Ok(false);
            }
            database.run("DELETE FROM refusals WHERE client_id = ?", vec![client_id()])?;
            database.run(
                "INSERT INTO removals (client_id, removed_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                vec![client_id(), time(platform::now())],
            )?;
            Ok(true)
        })
    }

    pub(super) async fn end_grants_of(&self, message: &EndGrants) -> Result<u64, Failure> {
        self.tell_accounts(Some(&message.client_id)).await?;
        self.left(Some(&message.client_id))
    }

    /// What the alarm does; after how long it goes on, if anything is left.
    pub(super) async fn end_grants_of_removed(&self) -> Result<Option<Lifetime>, Failure> {
        for _ in 0..ROUNDS {
            let failed = self.tell_accounts(None).await?;
            if failed > 0 {
                return Ok(Some(AFTER_FAILURE));
            }
            if self.left(None)? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(AT_LEISURE))
    }

    /// Tells some accounts that a removed client is gone; how many didn't answer.
    async fn tell_accounts(&self, client_id: Option<&ClientId>) -> Result<usize, Failure> {
        let Some(database) = self.existing()? else { return Ok(0) };
        // Those that failed before come last, so that they don't hold the others up.
        let to_tell: Vec<ToTell> = database.rows(
            "SELECT client_id, account FROM client_accounts
             WHERE client_id IN (SELECT client_id FROM removals)
               AND client_id = coalesce(?, client_id)
             ORDER BY failures LIMIT ?",
            vec![optional(client_id), integer(AT_ONCE)],
        )?;
        let env = &Bindings::of_object(self.env.clone(), self.storage.tally().clone());
        let told = join_all(to_tell.iter().map(|one| async move {
            let message = EndGrantsOf { client_id: one.client_id.clone() };
            send(env, ObjectKind::Account, one.account.as_str(), &message).await
        }))
        .await;
        let mut failed = 0;
        for (one, told) in to_tell.iter().zip(told) {
            let row = vec![text(one.client_id.as_str()), text(one.account.as_str())];
            match told {
                Ok(()) => database
                    .run("DELETE FROM client_accounts WHERE client_id = ? AND account = ?", row)?,
                Err(failure) => {
                    failed += 1;
                    Event::new(Level::Error, "failed")
                        .with("cause", failure.to_string())
                        .with("client_id", one.client_id.to_string())
                        .with("do", "Nothing: it is tried again until it works.".to_owned())
                        .write();
                    database.run(
                        "UPDATE client_accounts SET failures = failures + 1
                         WHERE client_id = ? AND account = ?",
                        row,
                    )?;
                }
            }
        }
        database.run(
            "DELETE FROM removals WHERE client_id NOT IN (SELECT client_id FROM client_accounts)",
            vec![],
        )?;
        Ok(failed)
    }

    /// How many accounts are still to be told.
    fn left(&self, client_id: Option<&ClientId>) -> Result<u64, Failure> {
        let Some(database) = self.existing()? else { return Ok(0) };
        let count: Option<Count> = database.row(
            "SELECT count(*) AS count FROM client_accounts
             WHERE client_id IN (SELECT client_id FROM removals)
               AND client_id = coalesce(?, client_id)",
            vec![optional(client_id)],
        )?;
        Ok(count.map_or(0, |row| row.count))
    }
}

fn optional(client_id: Option<&ClientId>) -> worker::SqlStorageValue {
    client_id.map_or(worker::SqlStorageValue::Null, |id| text(id.as_str()))
}
