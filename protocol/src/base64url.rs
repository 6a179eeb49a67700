//! Base64url of what has 256 bits: secrets, their hashes, code challenges.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The 43 characters of 32 bytes, without padding
/// ([RFC 4648 section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5)).
///
/// Into a buffer of this length, because the crate's own `encode` brings a panic and all that formats
/// it, a tenth of the browser package.
pub(crate) fn encode(bytes: &[u8; 32]) -> String {
    let mut buffer = [0; 43];
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut buffer).unwrap_or_default();
    let text = buffer.get(..length).and_then(|text| std::str::from_utf8(text).ok());
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn rfc4648_5_it_is_what_the_crate_writes(bytes: [u8; 32]) {
            assert_eq!(encode(&bytes), URL_SAFE_NO_PAD.encode(bytes));
        }
    }
}
