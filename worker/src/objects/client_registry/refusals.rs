//! The last refusals of the shard's clients: one row for each client, and one for all that nobody knows.

use latchkey_protocol::administration::{self, KEEP_REFUSALS, RefusedRequest, keep_refusals};
use latchkey_protocol::client::ClientId;

use super::Shard;
use super::messages::{FindRefusals, KeepRefusals, RefusalsOf};
use crate::configuration;
use crate::failure::Failure;
use crate::objects::sql::{Database, RecordRow, record, text, time};
use crate::platform;

/// In place of a client's id in the row of those that nobody knows. No id is empty.
const NOBODY: &str = "";

/// Whether a client is stored here, or anybody ever allowed one that describes itself.
pub(super) const IS_KNOWN: &str = "SELECT client_id AS record FROM clients WHERE client_id = ?1
    UNION ALL SELECT client_id FROM client_accounts WHERE client_id = ?1 LIMIT 1";

impl Shard<'_> {
    pub(super) fn keep_refusals(&self, message: KeepRefusals) -> Result<(), Failure> {
        let database = self.created()?;
        let mut of_nobody = Vec::new();
        for RefusalsOf { client_id, refused } in message.refusals {
            match client_id {
                Some(client_id) if self.is_known(&database, &client_id)? => {
                    add(&database, client_id.as_str(), refused)?;
                }
                client_id => of_nobody.extend(refused.into_iter().map(|refused| {
                    // What isn't the address of a document may be anything, a secret in the wrong field too.
                    let client_id = client_id.clone().filter(ClientId::is_document);
                    RefusedRequest { client_id, ..refused }
                })),
            }
        }
        if of_nobody.is_empty() { Ok(()) } else { add(&database, NOBODY, of_nobody) }
    }

    pub(super) fn find_refusals(
        &self,
        message: &FindRefusals,
    ) -> Result<Vec<RefusedRequest>, Failure> {
        let Some(database) = self.existing()? else { return Ok(Vec::new()) };
        read(&database, message.client_id.as_ref().map_or(NOBODY, ClientId::as_str))
    }

    fn is_known(&self, database: &Database, client_id: &ClientId) -> Result<bool, Failure> {
        let configuration = configuration::load(self.env)
            .map_err(|error| Failure::unavailable("reading the configuration", error))?;
        if administration::is_configured(&configuration, client_id) {
            return Ok(true);
        }
        let known: Option<RecordRow> = database.row(IS_KNOWN, vec![text(client_id.as_str())])?;
        Ok(known.is_some())
    }
}

fn read(database: &Database, client_id: &str) -> Result<Vec<RefusedRequest>, Failure> {
    let statement = "SELECT record FROM refusals WHERE client_id = ?";
    let row: Option<RecordRow> = database.row(statement, vec![text(client_id)])?;
    row.map_or(Ok(Vec::new()), |row| row.read())
}

fn add(database: &Database, client_id: &str, refused: Vec<RefusedRequest>) -> Result<(), Failure> {
    let kept = keep_refusals(read(database, client_id)?, refused);
    database.run(
        "INSERT INTO refusals (client_id, record, forget_at) VALUES (?, ?, ?)
         ON CONFLICT (client_id) DO UPDATE SET record = excluded.record, forget_at = excluded.forget_at",
        vec![
            text(client_id),
            record(&kept)?,
            time(platform::now().plus(KEEP_REFUSALS)),
        ],
    )
}
