//! The single requests of the flows, each on its own: what tools use, and what the client is made of.

mod authorization;
mod callback;
pub mod discovery;
mod pkce;
mod registration;
mod tokens;

pub use authorization::{AuthorizationRequest, Wish, create_authorization_request};
pub use callback::{code_of, query_of, read_callback};
pub use discovery::{discover_resource, discover_server};
pub use pkce::{Pkce, create_pkce, create_state, fresh_state};
pub use registration::{register, register_client};
pub use tokens::{
    TokenResponse, ask_for_tokens, introspect_token, redeem_code, refresh_tokens, refusal_of,
    revoke, revoke_token,
};

use latchkey_protocol::client_side::Server;
use wasm_bindgen::JsValue;

use crate::fault::Fault;
use crate::platform::address;
use crate::platform::object::JsMembers;

/// Reads the metadata that a step is given: what the caller trusts, and still checked.
fn server_of(metadata: &JsValue) -> Result<Server, Fault> {
    Ok(Server::read(&JsMembers(metadata.clone()), None, address::parse)?)
}
