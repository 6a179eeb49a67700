//! The rows of `worker/src/objects/account/rows/grants.rs`, as far as decisions see them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use latchkey_protocol::grant::GrantRecord;
use latchkey_protocol::json;

/// A record as it is stored. It is compared and hashed by its stored text.
#[derive(Debug, Clone)]
pub struct Stored(Arc<(GrantRecord, String)>);

impl Stored {
    pub fn new(record: &GrantRecord) -> Self {
        let text = json::write(record).expect("a record is written");
        // What counts is what is read back.
        let record = json::read(&text).expect("a record is read");
        Self(Arc::new((record, text)))
    }

    pub fn record(&self) -> &GrantRecord {
        &self.0.0
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        self.0.1 == other.0.1
    }
}

impl Eq for Stored {}

impl Hash for Stored {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.1.hash(state);
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    pub version: u64,
    pub stored: Stored,
}

/// The conditional write: `INSERT … ON CONFLICT DO NOTHING` when nothing was read, else
/// `UPDATE … WHERE version = ?`. Whether it wrote.
pub fn put(row: &mut Option<Row>, version_read: Option<u64>, stored: &Stored) -> bool {
    let version = row.as_ref().map(|row| row.version);
    if version != version_read {
        return false;
    }
    *row = Some(Row { version: version.unwrap_or(0) + 1, stored: stored.clone() });
    true
}
