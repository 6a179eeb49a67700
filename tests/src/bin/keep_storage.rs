//! Keeps what the worker in `build/` stores, before its schema changes: `docs/storage-schema.md` says when.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1).filter(|name| !name.starts_with('-')) else {
        eprintln!(
            "Use: cargo run -p latchkey-tests --bin keep_storage -- NAME, such as 2026-11-30_account-4_registry-4"
        );
        return ExitCode::from(2);
    };
    latchkey_tests::release::keep(&name);
    ExitCode::SUCCESS
}
