//! Sign-in, consent and the account in real Chromium, driven by WebDriver.

mod account;
pub(crate) mod chromium;
mod decisions;
mod driver;
mod hostile;
pub(crate) mod listener;
pub(crate) mod looks;
mod looks_of_account;
mod looks_of_devices;
mod tabs;
pub(crate) mod visit;
mod walks;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let cases = [
        walks::trials(),
        decisions::trials(),
        account::trials(),
        hostile::trials(),
        looks::trials(),
        looks_of_account::trials(),
        looks_of_devices::trials(),
    ];
    cases.into_iter().flatten().collect()
}
