//! The browser package in real Chromium against real `wrangler dev` (issue 5).
//!
//! An app is a site of its own with a careful policy; the network between its browser and Latchkey is the
//! tests', so that they can lose, keep and forge what passes. A case says in a few lines of JavaScript
//! what an app would do.

mod app;
mod callbacks;
mod clocks;
mod expiry;
mod failures;
mod fake;
mod fetch;
mod loading;
mod metadata;
mod pinning;
mod popup;
mod registration;
mod sign_in;
mod sign_out;
mod silence;
mod site;
mod steps;
mod storage;
mod tabs;
mod worker_storage;
mod world;

pub use world::World;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let cases = [
        loading::trials(),
        steps::trials(),
        sign_in::trials(),
        popup::trials(),
        callbacks::trials(),
        metadata::trials(),
        pinning::trials(),
        registration::trials(),
        tabs::trials(),
        failures::trials(),
        expiry::trials(),
        clocks::trials(),
        storage::trials(),
        worker_storage::trials(),
        fetch::trials(),
        sign_out::trials(),
        silence::trials(),
    ];
    cases.into_iter().flatten().collect()
}

/// A case of this module.
fn case(title: &str, run: fn(&World)) -> Case {
    Case::new(title, move |servers| run(servers.web_client()))
}
