//! The whole life of a person's grants, over the decisions of `latchkey-protocol` as they are: no rule is
//! written again here but in [`expected`], which says in a few integers what each answer should be.
//!
//! A [`World`] is what is stored (records and the versions of their rows), what requests are under way
//! (decided, and not yet written), what time it is, and what clients and thieves have in their hands.
//! [`World::actions`] lists what can happen next and [`World::take`] makes it happen; [`properties`] are
//! what must hold whatever happens. `tests/exhaustive.rs` walks every order of events, and the fuzz target
//! `grant_life` of `protocol/fuzz` walks long ones.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "it is a test's: its constants are good, and a slip in it has to fail the test"
)]

mod decide;
mod deployment;
mod event;
pub mod expected;
mod history;
mod notes;
pub mod properties;
mod request;
mod storage;
mod under_way;
mod world;

pub use deployment::Scenario;
pub use event::Event;
pub use request::{Action, By, Presented, Proof, Request};
pub use world::{Fault, World};
