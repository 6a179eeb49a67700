//! The account's tables, one script per schema version; see `docs/storage-schema.md`.

pub const MIGRATIONS: &[&str] = &[
    "CREATE TABLE profile (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    account TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    forget_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE grants (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    record TEXT NOT NULL,
    forget_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_end ON grants (forget_at);
CREATE TABLE revoked_access_tokens (
    token_id TEXT PRIMARY KEY,
    forget_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    record TEXT NOT NULL
);",
    "ALTER TABLE grants ADD COLUMN last_called_at INTEGER;
CREATE TABLE personal_access_tokens (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used_at INTEGER,
    forget_at INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE activity ADD COLUMN client_id TEXT;
UPDATE activity SET client_id = json_extract(record, '$.client_id');",
    "CREATE TABLE user_code_tries (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    record TEXT NOT NULL,
    forget_at INTEGER NOT NULL
);",
    // Without AUTOINCREMENT, whose counter is one more row written with each entry. The newest entry is
    // the last to go, so the numbers still count up.
    "CREATE TABLE activity_4 (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    record TEXT NOT NULL,
    client_id TEXT
);
INSERT INTO activity_4 SELECT id, at, kind, record, client_id FROM activity;
DROP TABLE activity;
ALTER TABLE activity_4 RENAME TO activity;",
];

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
