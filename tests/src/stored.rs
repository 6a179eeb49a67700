//! What a server has stored: rows and values, however they lie in files at the moment.
//!
//! The sizes of the files say little. SQLite moves what is stored from one file to another when it
//! likes, and workerd closes the database of an object that was idle for ten seconds.

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a folder is read that changes while it is being read.
const ATTEMPTS: usize = 200;
/// The time between two readings, in which a write that was under way ends.
const PAUSE: Duration = Duration::from_millis(50);

/// Where Miniflare notes an object's name for its own use; an object that was only asked something
/// has this table and nothing else.
const NAME_TABLE: &str = "__miniflare_do_name";
/// Where a shard of clients notes the last refusals, of each client at most fifty.
const REFUSALS_TABLE: &str = "refusals";
/// What workerd's own tables begin with: alarms, and values that were put without SQL.
const WORKERD: &str = "_cf_";

/// Files with their bytes.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What is stored: each thing in words, and how often it is there; and of how many clients the last
/// refusals are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored(BTreeMap<String, usize>, usize);

impl Stored {
    /// Reads a storage folder, whose server may be running.
    ///
    /// # Panics
    ///
    /// When the folder never comes to rest, or a database can't be read.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let mut stored = Self(BTreeMap::new(), 0);
        let files = files_at_rest(folder);
        for (path, bytes) in &files {
            let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
            if has_ending(path, ".sqlite") {
                let tables = tables(&files, path);
                let tables = tables.unwrap_or_else(|error| panic!("{name}: {error}"));
                stored.add_database(&name, tables);
            } else if !has_ending(path, ".sqlite-wal") {
                stored.add(format!("{name}: {}", String::from_utf8_lossy(bytes)));
            }
        }
        stored
    }

    fn add_database(&mut self, name: &str, tables: BTreeMap<String, Vec<String>>) {
        for (table, rows) in tables {
            if table.starts_with(WORKERD) {
                // An alarm may be set to another time, so a row here counts and its content doesn't.
                rows.iter().for_each(|_| self.add(format!("{name} {table}: a row")));
            } else if table == REFUSALS_TABLE {
                // A refusal is to change nothing else, which is what a comparison has to show.
                self.add(format!("{name} {table}"));
                self.1 += rows.len();
            } else if table != NAME_TABLE {
                self.add(format!("{name} {table}"));
                rows.iter().for_each(|row| self.add(format!("{name} {table}: {row}")));
            }
        }
    }

    fn add(&mut self, what: String) {
        *self.0.entry(what).or_default() += 1;
    }

    /// Whether anything that is stored has this text in it.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        !self.with(text).is_empty()
    }

    /// Whatever is stored that has this text in it.
    #[must_use]
    pub fn with(&self, text: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|what| what.contains(text)).collect()
    }

    /// Of how many clients the last refusals are kept, those that nobody knows together as one in each shard.
    #[must_use]
    pub const fn refused_clients(&self) -> usize {
        self.1
    }

    /// A sentence for each thing that came or went since.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let count = |stored: &Self, what: &str| stored.0.get(what).copied().unwrap_or_default();
        let mut all: Vec<&String> = self.0.keys().chain(before.0.keys()).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
            .map(|what| (count(before, what), count(self, what), what))
            .filter(|(was, is, _)| was != is)
            .map(|(was, is, what)| format!("{is} and not {was} of {what}"))
            .collect()
    }
}

/// Every file in a folder, byte by byte as it lies there.
///
/// # Errors
///
/// When a file or folder can't be read, for one because it has just been removed.
pub fn files(folder: &Path) -> io::Result<Files> {
    let mut found = Files::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.insert(entry.path(), std::fs::read(entry.path())?);
        }
    }
    Ok(found)
}

/// The files of a moment in which nothing was written: two readings in a row agree.
fn files_at_rest(folder: &Path) -> Files {
    let read = || {
        let mut files = files(folder)?;
        // An index of the log in shared memory: readers change it too, and SQLite makes it anew.
        files.retain(|path, _| !has_ending(path, "-shm"));
        Ok(files)
    };
    let mut last: io::Result<Files> = read();
    for _ in 0..ATTEMPTS {
        std::thread::sleep(PAUSE);
        let next = read();
        match (last, next) {
            (Ok(last), Ok(next)) if last == next => return next,
            (_, next) => last = next,
        }
    }
    panic!("{} is never at rest: {:?}", folder.display(), last.map(|files| files.len()));
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(ending.as_bytes())
}

/// The tables of a database with their rows in words, read from a copy.
fn tables(files: &Files, path: &Path) -> rusqlite::Result<BTreeMap<String, Vec<String>>> {
    let folder = tempfile::Builder::new().prefix("latchkey-stored-").tempdir().expect("a folder");
    let copy = folder.path().join("copy.sqlite");
    for ending in ["", "-wal"] {
        if let Some(bytes) = files.get(&with_ending(path, ending)) {
            std::fs::write(with_ending(&copy, ending), bytes).expect("a copy");
        }
    }
    let database = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let names = texts(
        &database,
        r"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'",
        |row| row.get(0),
    )?;
    let rows = |table: String| {
        let rows = texts(&database, &format!("SELECT * FROM \"{table}\""), in_words)?;
        Ok((table, rows))
    };
    names.into_iter().map(rows).collect()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn texts(
    database: &Connection,
    statement: &str,
    read: fn(&Row<'_>) -> rusqlite::Result<String>,
) -> rusqlite::Result<Vec<String>> {
    database.prepare(statement)?.query_map([], read)?.collect()
}

fn in_words(row: &Row<'_>) -> rusqlite::Result<String> {
    let count = row.as_ref().column_count();
    let values: rusqlite::Result<Vec<Value>> = (0..count).map(|index| row.get(index)).collect();
    Ok(format!("{:?}", values?))
}
