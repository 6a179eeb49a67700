//! Randomness as an argument.

/// A source of cryptographically secure random bytes, handed in by whoever performs I/O.
///
/// The worker passes the runtime's generator; tests pass a sequence they know.
pub trait Entropy {
    /// Fills `bytes` with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);

    /// Draws `N` random bytes.
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// A predictable source for tests: it counts, so that two draws never agree.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct CountingEntropy(u64);

#[cfg(test)]
impl Entropy for CountingEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        use sha2::{Digest, Sha256};
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            let block = Sha256::digest(self.0.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
