//! Latchkey in the browser: PKCE on the same `protocol` crate that the server decides with.
//!
//! The package grows into the full client (discovery, sign-in, tokens, tabs); what is here is
//! complete in itself: everything a page needs to begin an authorization code flow and to believe
//! its callback.
#![deny(missing_docs)]

mod callback;
mod entropy;
mod pkce;

pub use callback::read_callback;
pub use pkce::{Pkce, create_pkce, create_state};
