//! What a client decides: which metadata it may follow, which callback it may believe, and what an
//! answer of the token endpoint means for the session that it keeps.
//!
//! `web-client` performs what is decided here. The client parses neither JSON nor addresses itself:
//! the browser does, and these rules see what it read through [`Members`] and [`Address`].

mod address;
pub mod callback;
mod challenge;
mod fault;
mod members;
mod renewal;
mod resource;
mod server;
mod token_answer;
mod trace;
mod well_known;

pub use address::Address;
pub use challenge::{BearerChallenge, union_of_scopes};
pub use fault::MetadataFault;
pub use members::Members;
pub use renewal::{Freshness, freshness, pause};
pub use resource::Resource;
pub use server::Server;
pub use token_answer::{Granted, TokenAnswer};
pub use trace::is_secret;
pub use well_known::{resource_metadata_urls, server_metadata_urls};
