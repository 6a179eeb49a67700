//! Bytes to typed parameters, and replies to bytes.

mod answer;
mod body;
mod headers;
mod incoming;

pub use answer::{Answer, Kept};
pub use body::{BodyError, BodyStream, Taken};
pub use headers::{CorsPolicy, PageSecurity, all as all_headers, playground_headers};
pub use incoming::{Incoming, MAX_QUERY_BYTES};
