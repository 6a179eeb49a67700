//! Names and values that no other test uses.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// 64 bits that differ from call to call and from run to run. Nothing here is a real secret, so the
/// standard library's per-process random keys are enough.
fn bits() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(COUNTER.fetch_add(1, Ordering::Relaxed));
    hasher.write_u128(std::time::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_nanos()));
    hasher.finish()
}

/// `length` letters and digits.
#[must_use]
pub fn text(length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bits = bits();
        for _ in 0..12 {
            text.push(char::from(ALPHABET[(bits % 32) as usize]));
            bits /= 32;
        }
    }
    text.truncate(length);
    text
}
