//! What the browser package decides, compiled from the same `protocol` crate that the server decides with.
//!
//! `js/` asks the browser (requests, storage, windows, other tabs) and comes here with what it read; nothing here waits
//! or reaches out. So the WebAssembly has no parser of JSON or of addresses, no clock and no scheduler: the page has
//! them already. `js/index.d.ts` is what a developer sees.
#![deny(missing_docs)]

mod address;
mod authorization;
mod discovery;
mod entropy;
mod fault;
mod members;
mod pkce;
mod tokens;
mod trace;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

pub use authorization::{AuthorizationRequest, begin_authorization, read_callback};
pub use discovery::{
    check_resource, check_server, is_safe, read_challenge, resource_metadata_urls,
    server_metadata_urls, union_of_scopes,
};
pub use pkce::{Pkce, create_pkce, create_state};
pub use tokens::{fingerprint, freshness, pause, read_token_answer};
pub use trace::is_secret;
