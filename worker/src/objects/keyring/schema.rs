//! Scripts per schema version; see `docs/storage-schema.md`.

/// One script per version, the first for version 1. A script that has landed is never changed.
pub const MIGRATIONS: &[&str] = &[
    "CREATE TABLE keys (
    key_id TEXT PRIMARY KEY,
    signs_from INTEGER NOT NULL,
    public_jwk TEXT NOT NULL,
    private_jwk TEXT NOT NULL,
    sealing_key TEXT NOT NULL
) WITHOUT ROWID",
    // A sealing key becomes a key of its own, which takes over and goes by itself.
    "CREATE TABLE keys_2 (
    key_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    made_at INTEGER,
    used_from INTEGER NOT NULL,
    dropped_at INTEGER,
    public_jwk TEXT,
    secret TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO keys_2 (key_id, kind, origin, used_from, public_jwk, secret)
    SELECT key_id, 'sig', 'made', signs_from, public_jwk, private_jwk FROM keys;
INSERT INTO keys_2 (key_id, kind, origin, used_from, secret)
    SELECT 'sealing-' || key_id, 'enc', 'made', signs_from, sealing_key FROM keys;
DROP TABLE keys;
ALTER TABLE keys_2 RENAME TO keys",
];

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
