//! What a request does at the platform: its hops, and the rows behind them. Counted where
//! `log.trace` asks for it, and part of the request's line; elsewhere nothing is counted.
//!
//! The counts are the request's own: they travel in its [`Bindings`](crate::bindings::Bindings), since an
//! isolate serves many requests at once. What the answer waits for is told from what goes on after it.

use latchkey_protocol::json;
use latchkey_protocol::json::FromJson;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is counted. Each has its price, or its time; `docs/cost.md` has both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A message to a person's account.
    AccountCalls,
    /// A message to the object of a sign-in identifier.
    DirectoryCalls,
    /// A message to a shard of clients.
    ClientRegistryCalls,
    /// A message to the object of a user code.
    DeviceAuthorizationCalls,
    /// A message to the keyring.
    KeyringCalls,
    /// A value asked of KV, whether or not it is there.
    KvReads,
    /// A value written to KV.
    KvWrites,
    /// A value deleted in KV, at the price of a write.
    KvDeletes,
    /// A request over the network.
    Fetches,
    /// A request by service binding.
    ServiceCalls,
    /// A file asked of the static assets.
    AssetCalls,
    /// A question to one of the platform's rate limits.
    RateLimits,
    /// Rows that SQLite read in an object.
    RowsRead,
    /// Rows, and entries of indexes, that SQLite wrote in an object.
    RowsWritten,
    /// An alarm looked at.
    AlarmsRead,
    /// An alarm set, at the price of a row written.
    AlarmsSet,
    /// A signature made by the runtime.
    Signatures,
    /// A signature checked by the runtime.
    SignatureChecks,
}

impl Operation {
    /// Each of them, in the order in which data points have them.
    pub const ALL: [Self; 18] = [
        Self::AccountCalls,
        Self::DirectoryCalls,
        Self::ClientRegistryCalls,
        Self::DeviceAuthorizationCalls,
        Self::KeyringCalls,
        Self::KvReads,
        Self::KvWrites,
        Self::KvDeletes,
        Self::Fetches,
        Self::ServiceCalls,
        Self::AssetCalls,
        Self::RateLimits,
        Self::RowsRead,
        Self::RowsWritten,
        Self::AlarmsRead,
        Self::AlarmsSet,
        Self::Signatures,
        Self::SignatureChecks,
    ];
}

/// Counts operations, or nothing where nobody asked.
#[derive(Debug, Clone, Default)] // Cloned to whoever counts for the same request or message.
pub struct Tally(Option<Rc<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    operations: RefCell<BTreeMap<Operation, u64>>,
    /// How many hops are under way now.
    under_way: Cell<u64>,
    /// How many times a hop began while no other was under way.
    in_turn: Cell<u64>,
}

impl Tally {
    /// One that counts.
    pub fn counting() -> Self {
        Self(Some(Rc::default()))
    }

    /// Whether it counts. What costs something to find out is asked for only then.
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Counts what costs no time of its own.
    pub fn note(&self, operation: Operation, times: u64) {
        if let Some(counts) = &self.0
            && times > 0
        {
            *counts.operations.borrow_mut().entry(operation).or_default() += times;
        }
    }

    /// Counts a hop, which is under way until what is returned is dropped.
    pub fn hop(&self, operation: Operation) -> UnderWay {
        self.note(operation, 1);
        if let Some(counts) = &self.0 {
            if counts.under_way.get() == 0 {
                counts.in_turn.set(counts.in_turn.get().saturating_add(1));
            }
            counts.under_way.set(counts.under_way.get().saturating_add(1));
        }
        UnderWay(self.0.clone())
    }

    /// The counts as text, for whoever asked for them; `None` where nobody did.
    pub fn to_text(&self) -> Option<String> {
        let counts = self.0.as_ref()?;
        json::write(&*counts.operations.borrow()).ok()
    }

    /// Adds what another one counted.
    pub fn add(&self, text: &str) {
        let Ok(counted) = json::read::<BTreeMap<Operation, u64>>(text) else { return };
        for (operation, times) in counted {
            self.note(operation, times);
        }
    }

    /// How often this was counted.
    pub fn of(&self, operation: Operation) -> u64 {
        let counts = self.0.as_ref();
        counts.and_then(|counts| counts.operations.borrow().get(&operation).copied()).unwrap_or(0)
    }

    /// As the line has it: what was counted, and how many hops were waited for one after the other.
    pub fn summary(&self) -> serde_json::Value {
        let Some(counts) = &self.0 else { return serde_json::Value::Null };
        let mut summary =
            self.to_text().and_then(|text| json::parse(&text).ok()).unwrap_or_default();
        if let Some(members) = summary.as_object_mut()
            && counts.in_turn.get() > 0
        {
            members.insert("in_turn".to_owned(), counts.in_turn.get().into());
        }
        summary
    }
}

/// A hop that is under way.
#[must_use]
#[derive(Debug)]
pub struct UnderWay(Option<Rc<Counts>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(counts) = &self.0 {
            counts.under_way.set(counts.under_way.get().saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hops_that_are_under_way_together_are_one_turn() {
        let tally = Tally::counting();
        let first = tally.hop(Operation::AccountCalls);
        let second = tally.hop(Operation::ClientRegistryCalls);
        drop((first, second));
        drop(tally.hop(Operation::Fetches));
        tally.note(Operation::Signatures, 1);
        assert_eq!(
            tally.summary(),
            json!({ "account_calls": 1, "client_registry_calls": 1, "fetches": 1,
                "signatures": 1, "in_turn": 2 })
        );
    }

    #[test]
    fn what_an_object_counted_is_added_to_what_its_caller_counted() {
        let object = Tally::counting();
        object.note(Operation::RowsRead, 3);
        object.note(Operation::RowsWritten, 0);
        let caller = Tally::counting();
        caller.note(Operation::RowsRead, 1);
        caller.add(&object.to_text().expect("counts"));
        caller.add("no counts");
        assert_eq!(caller.summary(), json!({ "rows_read": 4 }));
    }

    #[test]
    fn nothing_is_counted_where_nobody_asked() {
        let tally = Tally::default();
        drop(tally.hop(Operation::KvReads));
        tally.note(Operation::RowsRead, 1);
        assert!(!tally.is_on());
        assert_eq!(tally.to_text(), None);
    }
}
