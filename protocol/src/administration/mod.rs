//! The admin API: how an operator makes, reads, changes and removes clients, gives out initial
//! access tokens, and looks after the keys.
//!
//! Metadata has the names of [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2);
//! what the operator decides is the object `policy` beside it. Elsewhere unknown members are ignored;
//! here one is a typing error that somebody relies on, so it is refused.

mod client;
mod error;
mod health;
mod initial_access_token;
mod keys;
mod list;
mod policy;
mod refusals;
#[cfg(test)]
mod tests;

pub use client::{LONGEST_GRACE, create, document_view, patch, read_grace, rotate_secret, view};
pub use error::AdminError;
pub use health::{Facts, KeysHealth, Warning, is_configured, warnings};
pub use initial_access_token::{new_initial_access_token, view_initial_access_token};
pub use keys::{
    KeyAction, KeyOrigin, KeyStanding, KeyUse, KeyView, OwnKey, SEALING_KEY_ID, published,
};
pub use list::{Filter, ListRequest, Page, Position, pages};
pub use refusals::{KEEP_REFUSALS, KEPT_REFUSALS, RefusedRequest, keep_refusals};

use crate::secret::Secret;

/// The shortest admin token that is accepted, in bytes: whoever can guess it owns the deployment.
pub const SHORTEST_ADMIN_TOKEN: usize = 32;

/// Passes when `presented` is the operator's token. Takes the same time for every wrong one.
///
/// # Errors
///
/// [`AdminError::TokenTooShort`] (500): the deployment's own token could be guessed, so that it opens
/// nothing. [`AdminError::WrongToken`] (401).
pub fn authorize(expected: &Secret, presented: &Secret) -> Result<(), AdminError> {
    if expected.expose().len() < SHORTEST_ADMIN_TOKEN {
        return Err(AdminError::TokenTooShort);
    }
    if expected.hash().matches(presented) { Ok(()) } else { Err(AdminError::WrongToken) }
}
