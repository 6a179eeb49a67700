//! Sign-in and consent in real Chromium, driven by WebDriver.

mod chromium;
mod decisions;
mod driver;
mod hostile;
mod listener;
mod looks;
mod visit;
mod walks;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    [walks::trials(), decisions::trials(), hostile::trials(), looks::trials()]
        .into_iter()
        .flatten()
        .collect()
}
