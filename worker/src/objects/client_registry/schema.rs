//! The shard's tables, one script per schema version; see `docs/storage-schema.md`.

pub const MIGRATIONS: &[&str] = &[
    "CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX clients_by_expiry ON clients (expires_at) WHERE expires_at IS NOT NULL;",
    "ALTER TABLE clients ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE TABLE client_accounts (
    client_id TEXT NOT NULL,
    account TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (client_id, account)
) WITHOUT ROWID;
CREATE TABLE removals (
    client_id TEXT PRIMARY KEY,
    removed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE initial_access_tokens (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    uses INTEGER NOT NULL,
    max_uses INTEGER,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;",
];

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
