//! The browser: everything that reads or does something outside this package, and nothing that decides.

pub mod abort;
pub mod address;
pub mod channel;
pub mod clock;
pub mod entropy;
pub mod http;
pub mod lock;
pub mod object;
pub mod page;
pub mod store;
