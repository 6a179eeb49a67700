//! What of a request reaches the server behind the gateway, and what of its answer comes back.
//!
//! The client's credential never passes (MRS-15), and who calls is said in headers that no client can
//! write.

mod cache;
pub mod location;
mod names;
pub mod request_headers;
pub mod response_headers;

#[cfg(test)]
mod location_tests;
#[cfg(test)]
mod tests;
