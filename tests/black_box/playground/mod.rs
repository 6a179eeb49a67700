//! The playground in real Chromium: at Latchkey, and at servers that are wrong.

mod faulty;
mod looks;
mod page;
mod secrecy;
mod serving;
mod walks;
mod wrong_servers;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let cases = [
        serving::trials(),
        walks::trials(),
        wrong_servers::trials(),
        secrecy::trials(),
        looks::trials(),
    ];
    cases.into_iter().flatten().collect()
}
