//! The browser's own parser of addresses.

use latchkey_protocol::client_side::Address;
use web_sys::Url;

/// Reads an absolute address; `None` when it is none, or the parser had to repair it: what is checked is what
/// is followed.
pub fn parse(text: &str) -> Option<Address> {
    // Spaces around it and tabs inside are dropped by the parser.
    if text.bytes().any(|byte| byte <= b' ' || byte == b'\\') {
        return None;
    }
    let url = Url::new(text).ok()?;
    Some(Address {
        protocol: url.protocol(),
        hostname: url.hostname(),
        origin: url.origin(),
        pathname: url.pathname(),
        search: url.search(),
        has_extras: !url.username().is_empty() || !url.password().is_empty() || text.contains('#'),
    })
}
