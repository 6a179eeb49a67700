//! Fills the storage of a Latchkey that is down, by SQL: copies of rows that it wrote itself, under ids of their own.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection as Database, params};

use super::Grows;
use crate::connection::Connection;
use crate::house::House;
use crate::party::{Client, ClientKind};
use crate::storage::databases;

/// How many shards a deployment has (`client_registry_shards`, by default).
const SHARDS: u32 = 16;
/// How many registrations it takes until each shard has one, at most, but for one run in ten million.
const REGISTRATIONS: u32 = 300;
/// How many grants a client has where a person has many: somewhat fewer than are kept.
const GRANTS_OF_A_CLIENT: u32 = 100;
/// How a full log is made up (`docs/storage-schema.md`), and what each sort is copied from.
const FULL_LOG: [(&str, u32, &str); 5] = [
    ("called", 5_000, "SELECT record FROM activity WHERE kind = 'called' LIMIT 1"),
    (
        "refused",
        1_500,
        "SELECT json_set(json_remove(record, '$.status', '$.duration_ms'),
            '$.kind', 'refused', '$.reason', 'insufficient_scope')
         FROM activity WHERE kind = 'called' LIMIT 1",
    ),
    ("code_redeemed", 1_500, "SELECT record FROM activity WHERE kind = 'code_redeemed' LIMIT 1"),
    ("sign_in_refused", 500, r#"SELECT '{"kind":"sign_in_refused"}'"#),
    ("consented", 1_500, "SELECT record FROM activity WHERE kind = 'consented' LIMIT 1"),
];

/// Has Latchkey make what is copied afterwards.
pub async fn prepare(grows: Grows, house: &mut House) -> Result<()> {
    let mut connection = Connection::open(house.address()).await?;
    match grows {
        Grows::Clients => {
            for _ in 0..REGISTRATIONS {
                Client::register(&mut connection, ClientKind::Public).await?;
            }
        }
        Grows::Grants | Grows::Log => {
            for mut entry in
                crate::work::at_latchkey(crate::work::Work::ProtectedJwt, house).await?
            {
                for visitor in &mut entry.visitors {
                    let _ = visitor.once(&mut connection).await?;
                }
            }
        }
    }
    Ok(())
}

/// Brings it to the size that is wanted.
pub fn fill(grows: Grows, size: u32, storage: &Path) -> Result<()> {
    let class = match grows {
        Grows::Clients => "ClientRegistry",
        Grows::Grants | Grows::Log => "Account",
    };
    let files = databases(storage, class)?;
    let wanted = match grows {
        Grows::Clients => usize::try_from(SHARDS)?,
        Grows::Grants | Grows::Log => crate::house::PEOPLE,
    };
    ensure!(
        files.len() <= wanted,
        "{} objects of {class}: at most {wanted} were expected",
        files.len()
    );
    if matches!(grows, Grows::Clients) {
        ensure!(
            files.len() == wanted,
            "{} shards have a client, not {wanted}: run it again",
            files.len()
        );
    }
    for (number, file) in files.iter().enumerate() {
        let mut database = Database::open(file).with_context(|| file.display().to_string())?;
        let transaction = database.transaction()?;
        match grows {
            // What doesn't divide goes to the first shards.
            Grows::Clients => {
                let number = u32::try_from(number)?;
                clients(&transaction, size / SHARDS + u32::from(number < size % SHARDS))?;
            }
            Grows::Grants => grants(&transaction, size)?,
            Grows::Log => log(&transaction, size)?,
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Leaves as many clients as are wanted, or makes more.
fn clients(database: &Database, wanted: u32) -> Result<()> {
    let there: u32 = database.query_row("SELECT count(*) FROM clients", [], |row| row.get(0))?;
    // The template is deleted last, so at least one stays.
    database.execute(
        "DELETE FROM clients WHERE client_id NOT IN (SELECT client_id FROM clients LIMIT ?)",
        [wanted.max(1)],
    )?;
    copies(database, "clients", wanted.saturating_sub(there.min(wanted.max(1))), &|_| {
        [("client_id", "substr(client_id, 1, length(client_id) - 22) || new".to_owned())].into()
    })
}

/// Makes grants of clients that have a hundred each.
fn grants(database: &Database, wanted: u32) -> Result<()> {
    let there: u32 = database.query_row("SELECT count(*) FROM grants", [], |row| row.get(0))?;
    copies(database, "grants", wanted.saturating_sub(there), &|n| {
        let client = format!(
            "substr(client_id, 1, length(client_id) - 22) || printf('%020daA', {n} / {GRANTS_OF_A_CLIENT})"
        );
        [("id", "new".to_owned()), ("client_id", client)].into()
    })
}

/// Copies one row so many times. `ids` says what becomes of its ids, which are replaced in its record too; `new` is
/// a new random one, and the argument a number that counts up.
fn copies(
    database: &Database,
    table: &str,
    times: u32,
    ids: &dyn Fn(&str) -> Vec<(&'static str, String)>,
) -> Result<()> {
    let mut columns = database.prepare("SELECT name FROM pragma_table_info(?)")?;
    let columns: Vec<String> =
        columns.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let ids = ids("n");
    let record = ids.iter().fold("record".to_owned(), |record, (column, new)| {
        format!("replace({record}, {column}, {new})")
    });
    let of = |column: &String| match ids.iter().find(|(name, _)| name == column) {
        Some((_, new)) => new.clone(),
        None if column == "record" => record.clone(),
        None => column.clone(),
    };
    let values: Vec<_> = columns.iter().map(of).collect();
    // Materialized, or each mention of a new id would draw another one.
    let statement = format!(
        "WITH RECURSIVE counted(n) AS (SELECT 1 WHERE ?1 > 0 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1),
            drawn(n, new) AS MATERIALIZED (SELECT n, lower(hex(randomblob(10))) || 'aA' FROM counted),
            template AS MATERIALIZED (SELECT * FROM {table} LIMIT 1)
         INSERT INTO {table} ({}) SELECT {} FROM drawn, template",
        columns.join(", "),
        values.join(", ")
    );
    let added = database.execute(&statement, [times])?;
    ensure!(added == usize::try_from(times)?, "{added} rows of {table}, not {times}");
    Ok(())
}

/// Fills the log up, or leaves it as it is.
fn log(database: &Database, wanted: u32) -> Result<()> {
    if wanted == 0 {
        return Ok(());
    }
    for (kind, most, template) in FULL_LOG {
        let there: u32 =
            database.query_row("SELECT count(*) FROM activity WHERE kind = ?", [kind], |row| {
                row.get(0)
            })?;
        let statement = format!(
            "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1)
             INSERT INTO activity (at, kind, record, client_id)
             SELECT (SELECT max(at) FROM activity), ?2, record, json_extract(record, '$.client_id')
             FROM counted, ({template}) AS template(record)"
        );
        let statement = statement.replace("AS template(record)", "AS template");
        let statement = statement
            .replace(&format!("({template})"), &format!("(SELECT ({template}) AS record)"));
        database.execute(&statement, params![most.saturating_sub(there), kind])?;
    }
    let all: u32 = database.query_row("SELECT count(*) FROM activity", [], |row| row.get(0))?;
    ensure!(all >= wanted, "{all} entries, not {wanted}");
    Ok(())
}
