//! What a sign-in by redirect remembers until its callback, each under its own state (needs #40).
//!
//! It is in `sessionStorage`, which the tab that began the sign-in alone can read: a callback that somebody else began
//! finds nothing there.

use latchkey_protocol::client_side::Members;
use web_sys::Storage;

use crate::fault::Fault;
use crate::platform::object::{Fields, JsMembers};
use crate::platform::{clock, store};

const PREFIX: &str = "latchkey:sign-in:";
/// How long a person may take to sign in, in milliseconds: an hour.
const LIFETIME: f64 = 3_600_000.0;

/// Keeps a transaction.
pub fn keep(state: &str, transaction: Fields) -> Result<(), Fault> {
    let storage = store::web_storage("sessionStorage")?;
    forget_old(&storage);
    let transaction = transaction.with("begun", now());
    let kept = storage.set_item(&[PREFIX, state].concat(), &transaction.to_json());
    kept.map_err(|_| {
        Fault::new(
            "storage_blocked",
            "This browser keeps nothing for this page. Sign in by a popup.",
        )
    })
}

/// Takes a transaction out: a state counts once (BRW-01). `None` when there is none, or it is too old.
pub fn take(state: &str) -> Option<JsMembers> {
    let storage = store::web_storage("sessionStorage").ok()?;
    let name = [PREFIX, state].concat();
    let text = storage.get_item(&name).ok()??;
    storage.remove_item(&name).ok()?;
    JsMembers::parse(&text).filter(is_recent)
}

fn forget_old(storage: &Storage) {
    let count = storage.length().unwrap_or_default();
    let names: Vec<String> =
        (0..count).filter_map(|index| storage.key(index).ok().flatten()).collect();
    for name in names.iter().filter(|name| name.starts_with(PREFIX)) {
        let text = storage.get_item(name).ok().flatten().unwrap_or_default();
        if !JsMembers::parse(&text).is_some_and(|transaction| is_recent(&transaction)) {
            let _ = storage.remove_item(name);
        }
    }
}

fn is_recent(transaction: &JsMembers) -> bool {
    // Of either sign: a clock that was set in between.
    transaction.number("begun").is_some_and(|begun| (now() - begun).abs() < LIFETIME)
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn now() -> f64 {
    clock::now() as f64
}
