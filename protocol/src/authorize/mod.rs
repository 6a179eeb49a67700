//! The authorization endpoint's decisions
//! ([RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
//!
//! A request is read in two steps, because an error may only be sent to a redirect URI that is known
//! to be the client's: [`identify`] finds out which client asks, and [`check`] does the rest once the
//! caller has found its record. What can't be sent back is a [`LocalError`]; what can is a
//! [`RedirectError`], which exists only after the redirect URI matched.

mod error;
mod interaction;
mod request;
mod response;
mod test_user;

pub use error::{LocalError, RedirectError, RedirectReason, Refusal};
pub use interaction::{Interaction, SignedIn, interaction};
pub use request::{AuthorizationRequest, Prompt, check, identify};
pub use response::{error_location, success_location};
pub use test_user::{Arrival, TEST_DECISION, TestUserDecision, test_user_decision};

#[cfg(test)]
mod tests;
