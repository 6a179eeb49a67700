//! The one place that reads the clock and draws random bytes.

use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::time::UnixTime;

/// The current time. The runtime's clock stands still between two I/O operations.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> UnixTime {
    UnixTime::from_seconds(worker::Date::now().as_millis() / 1000)
}

/// Milliseconds since the Unix epoch, to measure how long something took.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn milliseconds() -> u64 {
    worker::Date::now().as_millis()
}

/// The runtime's generator.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeEntropy;

impl Entropy for RuntimeEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws random bytes")]
    fn fill(&mut self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Zeros in place of a secret would be worse than no answer.
            worker::console_error!("latchkey: the runtime has no randomness: {error}");
            std::process::abort();
        }
    }
}
