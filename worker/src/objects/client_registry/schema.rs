//! The shard's tables, one script per schema version; see `docs/storage-schema.md`.

pub const MIGRATIONS: &[&str] = &[
    "CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX clients_by_expiry ON clients (expires_at) WHERE expires_at IS NOT NULL;",
    "CREATE TABLE used_assertions (
    client_id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    forget_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, token_hash)
) WITHOUT ROWID;
CREATE INDEX used_assertions_by_end ON used_assertions (forget_at);",
    "CREATE TABLE revoked_access_tokens (
    token_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    forget_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX revoked_access_tokens_by_end ON revoked_access_tokens (forget_at);",
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
    "CREATE TABLE refusals (
    client_id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    forget_at INTEGER NOT NULL
) WITHOUT ROWID;",
];

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
