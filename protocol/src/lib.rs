//! The pure protocol logic of Latchkey, an OAuth 2.1 authorization server for the edge.
//!
//! Everything here takes records, a request, `now` and entropy, and returns a decision. Nothing
//! here performs I/O, reads a clock or draws a random number, so every rule runs on the host, in a
//! Worker and in a browser alike. The server (`worker/`) and the browser package (`web-client/`)
//! both depend on this crate, never the other way round.
//!
//! Modules are named for what they decide; start at [`authorize`], [`grant`] and [`registration`]. A
//! resource server that checks access tokens itself needs the feature `verifier` and its module alone.
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

// By this name what is derived finds this crate, here as in others.
extern crate self as latchkey_protocol;

pub mod access;
pub mod activity;
pub mod administration;
pub mod authorize;
mod base64url;
pub mod bearer;
pub mod challenge;
pub mod client;
pub mod client_assertion;
pub mod client_authentication;
pub mod client_id_metadata;
pub mod client_metadata;
pub mod client_side;
pub mod configuration;
pub mod device;
pub mod device_authorization;
pub mod email;
pub mod entropy;
pub mod error;
pub mod forwarding;
pub mod grant;
pub mod identifier;
pub mod introspection;
pub mod json;
pub mod jwt;
pub mod key_schedule;
pub mod keyring_secret;
mod letter_case;
pub mod mac;
pub mod mcp;
pub mod metadata;
pub mod network;
pub mod order;
pub mod params;
pub mod personal_access_token;
pub mod pkce;
pub mod protected_resource;
pub mod pseudonym;
pub mod redirect_uri;
pub mod registration;
pub mod requested_scope;
pub mod resource;
pub mod revocation;
pub mod scope;
pub mod sealed;
pub mod secret;
pub mod session;
pub mod sign_in_throttle;
pub mod subject;
#[cfg(test)]
mod test_support;
pub mod time;
pub mod token;
pub mod token_request;
pub mod user_code;
pub mod user_code_throttle;
#[cfg(feature = "verifier")]
pub mod verifier;
