//! HMAC-SHA256 with a 256-bit key, the only way it is used here.

use hmac::digest::Key;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The HMAC-SHA256 ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)) of the concatenated `parts`.
#[must_use]
pub fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // RFC 2104 section 2: a key shorter than the block is padded with zeros. A whole block is the
    // one key length for which making the MAC can't fail.
    let mut block = Key::<Hmac<Sha256>>::default();
    for (target, source) in block.iter_mut().zip(key) {
        *target = *source;
    }
    let mut mac = <Hmac<Sha256> as Mac>::new(&block);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4231_4_2_test_case_1_with_the_key_padded() {
        let mut key = [0; 32];
        key[..20].copy_from_slice(&[0x0b; 20]);
        let expected = [
            0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b,
            0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c,
            0x2e, 0x32, 0xcf, 0xf7,
        ];
        assert_eq!(hmac_sha256(&key, &[b"Hi ", b"There"]), expected);
    }
}
