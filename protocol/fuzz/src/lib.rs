//! What the fuzz targets assert. Each function takes the bytes of a stranger and panics when a promise is
//! broken; `fuzz_targets/` hands them to libFuzzer, `corpus/` has bytes to begin with.
//!
//! Where a target takes several texts they are separated by the byte `0xff`, which no text in UTF-8 has.

pub mod client_side;
pub mod credentials;
mod deployment;
pub mod forms;
pub mod gateway;
pub mod grant_life;
pub mod json;
pub mod jwt;
pub mod mcp;
pub mod redirect_uri;
pub mod registration;
pub mod uris;

/// The texts of an input; `None` when one of them is no UTF-8.
fn texts<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let mut texts = [""; N];
    for (text, piece) in texts.iter_mut().zip(data.splitn(N, |byte| *byte == 0xff)) {
        *text = std::str::from_utf8(piece).ok()?;
    }
    Some(texts)
}

/// A text that may be absent: there is no way to send an empty header.
fn optional(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
