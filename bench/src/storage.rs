//! What a Latchkey that is down has stored.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rusqlite::Connection as Database;

/// The databases of one class of objects that have any tables of ours, in the order of their names.
pub fn databases(storage: &Path, class: &str) -> Result<Vec<PathBuf>> {
    let folder = storage.join("do").join(format!("latchkey-{class}"));
    let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut databases = Vec::new();
    for file in files {
        let path = file?.path();
        // Beside the objects' own there is one with their alarms.
        let is_an_object = path.extension().is_some_and(|extension| extension == "sqlite")
            && path.file_stem().is_some_and(|name| name != "metadata");
        if is_an_object && has_table(&Database::open(&path)?, "schema_version")? {
            databases.push(path);
        }
    }
    databases.sort();
    Ok(databases)
}

fn has_table(database: &Database, name: &str) -> Result<bool> {
    let mut tables = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?")?;
    Ok(tables.exists([name])?)
}
