//! The harness of the black box tests: a real server under `wrangler dev`, a browser without
//! JavaScript, an OAuth client that does exactly what it is told, and a raw connection for input
//! that no client library would send.
//!
//! Everything stays on loopback. A helper that can't do its part panics with what it saw, since
//! that is how a test fails.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test on the host: it fails by panicking, and waits by the host's clock"
)]

pub mod account;
pub mod admin;
pub mod browser;
pub mod challenge;
pub mod chaos;
pub mod client;
pub mod cookies;
pub mod counted;
pub mod deployment;
pub mod device;
pub mod document_host;
pub mod faults;
pub mod front;
pub mod http;
pub mod jwt;
pub mod leaks;
pub mod log;
pub mod loopback;
pub mod middle;
pub mod needles;
pub mod page;
pub mod pkce;
pub mod process;
pub mod random;
pub mod raw;
pub mod release;
pub mod secrets;
pub mod server;
pub mod signer;
pub mod stored;
pub mod stream;
pub mod upstream;
pub mod walk;

pub use browser::{Browser, Landing};
pub use challenge::Challenge;
pub use client::{Authorization, Callback, Client, Tokens};
pub use counted::{Counted, Counts, ray};
pub use deployment::{ADMIN_TOKEN, Deployment};
pub use device::Device;
pub use document_host::{Answer, DocumentHost};
pub use front::Front;
pub use http::{Call, Reply};
pub use loopback::Loopback;
pub use middle::Middle;
pub use page::{Form, Page};
pub use server::Server;
pub use signer::Signer;
pub use stored::Stored;
pub use stream::Stream;
pub use upstream::Upstream;
pub use walk::{Person, Walk};
