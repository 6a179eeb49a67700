//! The browser's generator.

use latchkey_protocol::entropy::Entropy;

/// `crypto.getRandomValues`.
pub struct BrowserEntropy;

impl Entropy for BrowserEntropy {
    #[expect(clippy::disallowed_methods, reason = "the package's one place that draws randomness")]
    fn fill(&mut self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            wasm_bindgen::throw_str("latchkey: this browser has no secure random numbers");
        }
    }
}
