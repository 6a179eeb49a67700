//! Latchkey in the browser, on the same `protocol` crate that the server decides with.
//!
//! What JavaScript sees is `js/index.js` and `js/index.d.ts`, a thin shell over the exports of this crate. `platform`
//! asks the browser, `steps` are the single requests of the flows, `keeper` keeps a session's tokens and refreshes
//! them, and `client` signs people in and sends their requests.
#![deny(missing_docs)]

mod client;
mod fault;
mod keeper;
mod platform;
mod steps;

pub use client::Client;
pub use keeper::Keeper;
pub use steps::{
    AuthorizationRequest, Pkce, TokenResponse, create_authorization_request, create_pkce,
    create_state, discover_resource, discover_server, introspect_token, read_callback, redeem_code,
    refresh_tokens, register_client, revoke_token,
};
